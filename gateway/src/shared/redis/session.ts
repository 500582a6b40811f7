import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import { catchUp, type Missed } from './catch-up.ts'
import { createKnown, type Known } from './known/known.ts'
import type { Standing } from './known/standing.ts'
import { createLink, type Link, script } from './link.ts'
import { createOutbox, type Outbox } from './outbox.ts'
import { applyScript, beatScript, fenceScript, takeScript } from './scripts.ts'
import { type Keys, keep, numbersOf, wordsOfChange } from './wire.ts'

const scripts = {
  take: script(takeScript),
  apply: script(applyScript),
  fence: script(fenceScript),
  beat: script(beatScript),
} as const

/** What the first sending under a name does beside. */
interface First {
  /** makes the name known, for so long */
  readonly aliveMs?: number
  readonly heard?: () => void
}

/** Changes that go in one step; more would keep Redis from others. */
const mostChanges = 200

export interface SessionPorts {
  readonly open: () => Redis
  readonly replicaId: string
  readonly keys: Keys
  readonly now: () => number
  readonly log: (line: string) => void
  readonly heartbeatMs: number
  readonly deadAfterMs: number
  readonly waitMs: number
  readonly connectMs: number
  readonly probeEveryMs: number
  readonly most: number
  /** hears when Redis can be told again what it was not told */
  readonly back: () => void
}

/** This process as Redis knows it: under one name while it is connected, under the next one after it was cut off. */
export interface Session {
  readonly standing: Standing
  readonly known: Known
  readonly outbox: Outbox
  readonly link: Link
  /** asks for what has the given keys, in one step */
  take(keys: readonly string[], words: readonly (string | number)[]): Promise<unknown>
  /** tells Redis, while it is joined */
  tell(changes: readonly Missed[]): void
  /** what Redis said of its clock */
  clock(redisNow: number): void
  close(): Promise<void>
}

export function createSession(ports: SessionPorts): Session {
  const { keys, now, log, deadAfterMs, replicaId } = ports
  const standing: Standing = { joined: false, cuts: 0, life: 0, replicas: 1, since: now(), ahead: 0 }
  const known = createKnown({ standing, now, most: ports.most })
  const outbox = createOutbox()
  // a process that is started again under the same id must not be taken for the one that died
  const self = `${replicaId}:${randomUUID().slice(0, 8)}`
  let name = ''
  let warned = false

  const clock = (redisNow: number) => {
    standing.ahead = redisNow - now()
  }

  function warn(reason: string): void {
    if (!warned)
      log(
        `Redis is out of reach: ${reason}. Until it is back, this process keeps to its own share of limits and budgets`,
      )
    warned = true
  }

  const link = createLink({
    ...ports,
    scripts: Object.values(scripts),
    greeting: () => ({
      script: scripts.fence,
      keys: [keys.members, ...outbox.names().map(keys.sequence)],
      words: outbox.names(),
    }),
    joined: (answer) => join(numbersOf(answer)),
    cut(reason) {
      standing.joined = false
      standing.since = now()
      standing.cuts++
      warn(reason)
    },
    failed: warn,
  })

  /** Everything up to the sending is one step here too: what is taken afterwards goes to Redis after it. */
  function join([redisNow = 0, ...last]: readonly number[]): void {
    clock(redisNow)
    const remembered = outbox.fenced(last)
    standing.life++
    name = `${self}.${standing.life}`
    outbox.named(name)
    const missed = catchUp({ known, outbox, keys, remembered, redisNow })
    standing.joined = true
    standing.since = now()
    apply(missed.slice(0, mostChanges), { aliveMs: deadAfterMs, heard: met })
    for (let at = mostChanges; at < missed.length; at += mostChanges) apply(missed.slice(at, at + mostChanges))
    void beat()
    ports.back()
  }

  function met(): void {
    outbox.confirmed(name)
    if (warned) log('Redis is back: limits and budgets are shared again')
    warned = false
  }

  function apply(missed: readonly Missed[], { aliveMs, heard }: First = {}): void {
    const number = outbox.send(name, () => {
      for (const { lost } of missed) lost?.()
    })
    const answer = link.ask({
      script: scripts.apply,
      keys: [keys.members, keys.sequence(name), ...missed.map(({ change }) => change.key)],
      words: [
        ...[name, number, aliveMs ?? '', keep.moneyMs, keep.slotsMs, keep.sequenceMs],
        ...missed.flatMap(({ change }) => wordsOfChange(change)),
      ],
    })
    const done = answer.then((raw) => {
      const [kind, , ...ends] = numbersOf(raw)
      if (kind !== 0) return link.cut('it has forgotten this process')
      outbox.arrived(number)
      const running = missed.flatMap(({ runs }) => runs ?? [])
      for (const [at, runs] of running.entries()) runs(ends[at] ?? 0)
      heard?.()
    })
    // a refusal may have come after a part of it: the next connection finds out what is missing
    done.catch(() => link.cut('it refuses what it is told'))
    link.soon(answer).catch(() => {})
  }

  async function beat(): Promise<void> {
    if (!standing.joined) return
    const question = {
      script: scripts.beat,
      keys: [keys.members, keys.sequence(name)],
      words: [name, deadAfterMs, keep.sequenceMs],
    }
    const answer = await link.soon(link.ask(question)).catch(() => undefined)
    if (answer === undefined) return
    const [redisNow = 0, alive = 1] = numbersOf(answer)
    clock(redisNow)
    if (alive < 0) link.cut('it has forgotten this process')
    else standing.replicas = Math.max(1, alive)
  }

  const beating = setInterval(() => void beat(), ports.heartbeatMs)
  beating.unref?.()

  return {
    standing,
    known,
    outbox,
    link,
    clock,
    take: (claimKeys, words) =>
      link.ask({
        script: scripts.take,
        keys: [keys.members, ...claimKeys],
        words: [name, keep.moneyMs, keep.slotsMs, ...words],
      }),
    tell(changes) {
      for (let at = 0; at < changes.length; at += mostChanges) apply(changes.slice(at, at + mostChanges))
    },
    async close() {
      clearInterval(beating)
      if (standing.joined) {
        const leave = { script: scripts.fence, keys: [keys.members, keys.sequence(name)], words: [name] }
        await link.soon(link.ask(leave)).catch(() => undefined)
      }
      standing.joined = false
      link.close()
    },
  }
}
