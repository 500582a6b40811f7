import { createHash } from 'node:crypto'
import type { Redis } from 'ioredis'
import { type Breaker, createBreaker } from '../breaker.ts'
import { deadline, within } from '../deadline.ts'

/** A script and what Redis calls it. */
export interface Script {
  readonly lua: string
  readonly sha: string
}

export function script(lua: string): Script {
  return { lua, sha: createHash('sha1').update(lua).digest('hex') }
}

/** What a script is asked with. */
export interface Question {
  readonly script: Script
  readonly keys: readonly string[]
  readonly words: readonly (string | number)[]
}

export interface LinkPorts {
  /** a client that does not connect by itself, neither now nor again */
  readonly open: () => Redis
  readonly connectMs: number
  readonly waitMs: number
  readonly probeEveryMs: number
  /** loaded into every new connection, so that what is sent acts in the order in which it is sent */
  readonly scripts: readonly Script[]
  /** asks the one question of a new connection, which comes before all others */
  readonly greeting: () => Question
  /** hears the answer; from now on questions go there */
  readonly joined: (answer: unknown) => void
  readonly cut: (reason: string) => void
  /** a connection could not be made */
  readonly failed: (reason: string) => void
}

/** The connection that questions go by. When it is lost or does not answer, everything on its way fails at once. */
export interface Link {
  /** the answer, however late; rejects at once when the connection is cut */
  ask(question: Question): Promise<unknown>
  /** the answer, or undefined when it is late; enough late ones in a row cut the connection */
  soon<T>(answer: Promise<T>): Promise<T | undefined>
  publish(channel: string, message: string): void
  cut(reason: string): void
  /** resolves after the first try to connect */
  readonly tried: Promise<void>
  close(): void
}

export function createLink(ports: LinkPorts): Link {
  const { waitMs } = ports
  const waiting = new Set<(error: Error) => void>()
  const first = Promise.withResolvers<void>()
  let client: Redis | undefined

  const breaker: Breaker = createBreaker({
    probeEveryMs: ports.probeEveryMs,
    probe: () => connect().finally(first.resolve),
    opened(reason) {
      const wasJoined = client !== undefined
      client?.disconnect()
      client = undefined
      if (wasJoined) ports.cut(reason)
      for (const reject of waiting) reject(new Error(reason))
      waiting.clear()
    },
  })

  async function connect(): Promise<void> {
    const fresh = ports.open()
    let said = 'it cannot be reached'
    fresh.on('error', (error: Error) => {
      said = error.message
    })
    fresh.once('close', () => {
      if (client === fresh) breaker.trip('the connection was closed')
    })
    try {
      await deadline(fresh.connect(), ports.connectMs, 'no connection in time')
      const loaded = Promise.all(ports.scripts.map(({ lua }) => fresh.script('LOAD', lua)))
      await deadline(loaded, waitMs, 'no answer in time')
      const answer = await deadline(evaluate(fresh, ports.greeting()), waitMs, 'no answer in time')
      if (!breaker.open || fresh.status !== 'ready') throw new Error('the connection was closed')
      client = fresh
      breaker.close()
      ports.joined(answer)
    } catch (error) {
      fresh.disconnect()
      ports.failed(error instanceof Error && !/closed/i.test(error.message) ? error.message : said)
    }
  }

  function ask(question: Question): Promise<unknown> {
    const asked = client
    if (!asked) return Promise.reject(new Error('Redis is not connected'))
    return new Promise((resolve, reject) => {
      waiting.add(reject)
      evaluate(asked, question)
        .then(resolve, reject)
        .finally(() => waiting.delete(reject))
    })
  }

  breaker.trip('not connected yet')
  return {
    ask,
    async soon(answer) {
      // a loop that was held up elsewhere finds timers due before it has read what has long arrived
      const found = (await within(answer, waitMs * 0.8)) ?? (await within(answer, waitMs * 0.1))
      if (found === undefined) breaker.failed('it does not answer in time')
      else breaker.worked()
      return found
    },
    publish(channel, message) {
      client?.publish(channel, message).catch(() => {})
    },
    cut: breaker.trip,
    tried: first.promise,
    close() {
      breaker.stop()
      client?.disconnect()
      client = undefined
      for (const reject of waiting) reject(new Error('the gateway is closing'))
      waiting.clear()
    },
  }
}

async function evaluate(client: Redis, { script, keys, words }: Question): Promise<unknown> {
  try {
    return await client.evalsha(script.sha, keys.length, ...keys, ...words)
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
    return client.eval(script.lua, keys.length, ...keys, ...words)
  }
}
