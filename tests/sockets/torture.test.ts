import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { NanoUsd } from 'turnpike-core/internal/kernel/money'
import { verify } from '../../gateway/src/ledger/verify.ts'
import { createHandler } from '../../gateway/src/pipeline/handle.ts'
import { serveOnBun } from '../../gateway/src/runtime/bun.ts'
import type { Listening } from '../../gateway/src/runtime/runtime.ts'
import { endpoints } from '../../gateway/src/table.ts'
import { type TestHouse, testHouse } from '../house.ts'
import { chat, type Door, doors, knock, price, until, wildcards } from '../laws/doors.ts'
import { broken, ending, idle, leavers, left, play, sound } from './manners.ts'
import { post, type RawProvider, rawProvider, sayRaw } from './raw.ts'

let provider: RawProvider
/** its connections end under whoever uses them again, which therefore is nobody else */
let fleeting: RawProvider
let house: TestHouse
let at: { url: string; key: string }
const folder = mkdtempSync(join(tmpdir(), 'turnpike-torture-'))

/** What is kept of requests would be taken for a leak. */
async function listen(): Promise<RawProvider> {
  const listening = await rawProvider((socket, request) => {
    listening.requests.length = listening.closed.length = 0
    return play(socket, request)
  })
  return listening
}

beforeAll(async () => {
  provider = await listen()
  fleeting = await listen()
  const entry = (group: string, { url }: RawProvider, params = {}) => ({
    model_name: `${group}/*`,
    litellm_params: { model: 'openai/*', api_base: `${url}/v1`, ...params },
    model_info: price,
  })
  house = await testHouse({
    models: [
      ...wildcards(provider.url),
      entry('fleeting', fleeting),
      entry('idle', provider, { stream_idle_timeout: idle }),
    ],
    router: { num_retries: 0, disable_cooldowns: true },
    // rows in memory would be taken for a leak
    general: { database_url: `sqlite:${join(folder, 'torture.db')}` },
    env: { OPENAI_BASE_URL: `${provider.url}/v1` },
  })
  at = { url: house.url, key: await house.key() }
})

afterAll(async () => {
  provider.close()
  fleeting.close()
  await house.close()
  rmSync(folder, { recursive: true, force: true })
})

let number = 0
interface Asked {
  readonly door: Door
  readonly group: string
  readonly manner: string
  readonly stream: boolean
  readonly headers?: Record<string, string>
}

/** Asks, and says how it ended; what is neither an answer nor a failure in the caller's format is told in full. */
async function ask({ door, group, manner, stream, headers = {} }: Asked, key = at.key): Promise<string> {
  const id = String(++number)
  const controller = new AbortController()
  if (manner in left) leavers.set(id, controller)
  try {
    const asking = { model: `${group}/m`, text: `[${manner} ${id}]`, stream, headers, signal: controller.signal }
    const response = await fetch(knock(door, { url: at.url, key }, asking))
    const text = await response.text()
    if (response.status === 200 && !stream && text.includes(`You said: [${manner} ${id}]`)) return 'answered'
    if (response.status === 200 && stream) {
      const errors = door.errorEvents(text)
      if (errors === 0 && door.complete(text) && door.words(text) === `You said: [${manner} ${id}]`) return 'answered'
      if (errors === 1 && !door.complete(text)) return 'failed'
    }
    if (response.status >= 500 && door.readRefusal(JSON.parse(text))) return 'failed'
    return `${door.format} ${group} ${manner} ${stream}: ${response.status} ${text}`
  } catch (thrown) {
    return controller.signal.aborted ? 'left' : `${door.format} ${group} ${manner} ${stream}: ${thrown}`
  } finally {
    leavers.delete(id)
  }
}

const pairs = doors.flatMap((door) =>
  [door.own, door.foreign].flatMap((group) => [false, true].map((stream) => ({ door, group, stream }))),
)
/** Bun keeps a connection until it has heard of its end, and asks nothing twice: a retry of ours must. */
const fleet = { group: 'fleeting', headers: { 'x-litellm-num-retries': '2' } }
const everywhere = (manner: string) => Promise.all(pairs.map((pair) => ask({ ...pair, manner })))

describe('an answer that travels strangely', () => {
  test.each(Object.keys(sound))('is read on every surface, from every format: %s', async (manner) => {
    expect(new Set(await everywhere(manner))).toEqual(new Set(['answered']))
  })

  test.each(Object.keys(broken))('is no answer anywhere when it is broken: %s', async (manner) => {
    expect(new Set(await everywhere(manner))).toEqual(new Set(['failed']))
  })

  test.each([
    ['half-closed', 100],
    ['closing', 8],
    ['stale', 4],
  ])('over a connection that ends after it fails no later request: %s', async (manner, times) => {
    const ends = new Set<string>()
    for (let at = 0; at < times; at++) {
      ends.add(await ask({ door: chat, manner, stream: at % 3 === 0, ...fleet }))
      await Bun.sleep(at % 4)
    }
    expect(ends).toEqual(new Set(['answered']))
  })

  test('byte by byte is read while each byte is in time, and given up when one is not', async () => {
    const begun = performance.now()
    expect(await ask({ door: chat, group: 'idle', manner: 'drips', stream: true })).toBe('answered')
    expect(performance.now() - begun).toBeGreaterThan(idle * 1000)
    const again = performance.now()
    expect(await ask({ door: chat, group: 'idle', manner: 'drips-too-slowly', stream: true })).toBe('failed')
    expect(performance.now() - again).toBeWithin(idle * 1000 - 20, idle * 1000 + 500)
  })
})

describe('a caller who drips', () => {
  let hasty: Listening
  beforeAll(() => {
    const { house: inner } = house.gateway
    const general = { ...inner.config.general, body: { maxBytes: 1 << 20, timeoutMs: 500 } }
    const handle = createHandler(endpoints, { ...inner, config: { ...inner.config, general } })
    const refuse = () => new Response(null, { status: 500 })
    hasty = serveOnBun({ hostname: '127.0.0.1', port: 0, handle, refuse })
  })
  afterAll(() => hasty.cut())

  test('the body is cut on time, the head holds up nobody, and others are served meanwhile', async () => {
    const { port } = new URL(hasty.url)
    const text = post('/v1/chat/completions', at.key, ' '.repeat(5000))
    const bodyAt = text.indexOf('\r\n\r\n') + 4
    const drips = (from: number) => {
      let [heard, cut] = ['', 0]
      const begun = performance.now()
      const socket = connect(Number(port), '127.0.0.1', async () => {
        socket.write(text.slice(0, from))
        for (let sent = from; !socket.destroyed && heard === '' && sent < text.length; sent++) {
          socket.write(text.slice(sent, sent + 1))
          await Bun.sleep(10)
        }
      })
      socket.on('error', () => {})
      socket.on('data', (block) => {
        heard += block
        cut ||= performance.now() - begun
      })
      return { socket, heard: () => heard, cut: () => cut }
    }
    const [bodies, heads] = [bodyAt, 20].map((from) => Array.from({ length: 60 }, () => drips(from)))
    const body = JSON.stringify(chat.body('chat/m', '[plain 1]', false))
    const times: number[] = []
    while (bodies?.some(({ heard }) => heard() === '') && times.length < 200) {
      const begun = performance.now()
      expect((await sayRaw(hasty.url, post('/v1/chat/completions', at.key, body))).status).toBe(200)
      times.push(performance.now() - begun)
      await Bun.sleep(20)
    }
    expect(times.length).toBeGreaterThan(5)
    expect(Math.max(...times)).toBeLessThan(500)
    for (const { heard, cut } of bodies ?? []) {
      expect(heard()).toStartWith('HTTP/1.1 408')
      expect(cut()).toBeWithin(450, 1500)
    }
    for (const { socket } of [...(bodies ?? []), ...(heads ?? [])]) socket.destroy()
  })
})

test('10,000 mixed requests leave no socket, lease, reservation or memory behind', async () => {
  const key = await house.key({ max_budget: 1000, max_parallel_requests: 120 })
  const { house: inner } = house.gateway
  await inner.ledger.flush()
  const before = new Set((await inner.store.ledger.find({}, 100_000)).map(({ id }) => id))
  const dice = seeded(20_261_122)
  const pick = <T>(list: readonly T[]): T => list[Math.floor(dice() * list.length)] as T
  const mix = ['half-closed', ...Object.keys(sound), ...Object.keys(broken), ...Object.keys(left)]
  const expected = (manner: string) => (manner in broken ? 'failed' : manner in left ? 'left' : 'answered')
  const wrong: string[] = []
  let asked = 0
  const worker = async (until: number): Promise<void> => {
    while (asked < until) {
      asked++
      const manner = pick(mix)
      const end = await ask({ ...pick(pairs), ...(manner in ending && fleet), manner }, key)
      if (end !== expected(manner)) wrong.push(`${manner}: ${end}`)
    }
  }
  const run = async (until: number): Promise<number> => {
    await Promise.all(Array.from({ length: 50 }, () => worker(until)))
    await inner.ledger.flush()
    return settledMemory()
  }
  const begun = performance.now()
  const warm = await run(2000)
  const end = await run(10_000)
  expect(performance.now() - begun).toBeLessThan(40_000)
  expect(wrong).toEqual([])
  // the store of this house is in memory, and with it the rows of eight thousand further requests
  expect(end / warm).toBeLessThanOrEqual(1.5)

  await until(() => provider.open() + fleeting.open() === 0, 'no upstream socket is open')
  for (const { id } of inner.router.pool.deployments) expect(inner.router.health.inFlight(id), id).toBe(0)
  const rows = (await inner.store.ledger.find({}, 100_000)).filter(({ id }) => !before.has(id))
  expect(rows.length).toBe(10_000)
  expect(await verify(inner.store)).toEqual({ difference: 0, mismatches: [] })

  // what was not spent can be set aside to the last nano-dollar, and every place taken: twice as many as ask at once, for whoever left is noticed a moment later
  const principal = await inner.access.identify({ secret: key, headers: new Headers() })
  const rest = 1000e9 - rows.reduce((sum, { spend }) => sum + spend, 0)
  const asks = { principal, tags: [], model: 'gpt', tokens: { input: 0, total: 0 } }
  const admit = (worstCase: number) => inner.admission.admit({ ...asks, worstCase: worstCase as NanoUsd })
  expect(rest).toBeLessThan(1000e9)
  await expect((async () => admit(rest + 1))()).rejects.toThrow('Budget has been exceeded')
  const all = [await admit(rest), ...(await Promise.all(Array.from({ length: 119 }, () => admit(0))))]
  await expect((async () => admit(0))()).rejects.toThrow('max_parallel_requests')
  for (const one of all) one.settle({ spend: 0 as NanoUsd, tokens: 0, shares: [] })
}, 60_000)

/** Resident memory once everything that is free has been given back: the allocator takes its time after a collection. */
async function settledMemory(): Promise<number> {
  let least = Number.POSITIVE_INFINITY
  for (let round = 0; round < 8; round++) {
    Bun.gc(true)
    await Bun.sleep(100)
    least = Math.min(least, process.memoryUsage.rss())
  }
  return least
}

/** The same throws each time (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
