import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { connect, type Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import type { NanoUsd } from 'turnpike-core/internal/kernel/money'
import { fakeProvider } from 'turnpike-core/internal/testing/fake-provider'
import { verify } from '../../gateway/src/ledger/verify.ts'
import { createHandler } from '../../gateway/src/pipeline/handle.ts'
import { serveOnBun } from '../../gateway/src/runtime/bun.ts'
import type { Listening } from '../../gateway/src/runtime/runtime.ts'
import { endpoints } from '../../gateway/src/table.ts'
import { type TestHouse, testHouse } from '../house.ts'
import { chat, type Door, doors, knock, until, wildcards } from '../laws/doors.ts'
import { http, post, type RawProvider, type RawRequest, rawProvider, sayRaw } from './raw.ts'

/** What a provider of any format would have said: its words are right, how they travel is each manner's own affair. */
interface Said {
  readonly type: string
  readonly bytes: Uint8Array
  readonly stream: boolean
  /** the number in the request's words */
  readonly id: string
}
type Manner = (socket: Socket, said: Said) => void | Promise<void>

const idle = 0.2
const close = { connection: 'close' }
const answered = new WeakSet<Socket>()
/** callers who leave once their request is at the provider, by the number in its words */
const leavers = new Map<string, AbortController>()

const counted = ({ type, bytes }: Said, headers: Readonly<Record<string, string>> = close, body = bytes) =>
  http('200 OK', { 'content-type': type, ...headers }, body)
const chunkedHead = ({ type }: Said, headers = '') =>
  `HTTP/1.1 200 OK\r\ncontent-type: ${type}\r\nconnection: close\r\ntransfer-encoding: chunked\r\n${headers}\r\n`
const packed = { 'content-encoding': 'gzip', ...close }
const leave = (id: string) => setTimeout(() => leavers.get(id)?.abort(), Number(id) % 20)

/** Writes an answer byte by byte; `gapMs` before each. */
async function drip(socket: Socket, bytes: Uint8Array, gapMs: number): Promise<void> {
  for (const byte of bytes) {
    if (socket.destroyed) return
    socket.write(Buffer.of(byte))
    await Bun.sleep(gapMs)
  }
  socket.end()
}

/** Answers that are right in what they say, however strange the way. */
const sound: Readonly<Record<string, Manner>> = {
  plain: (socket, said) => void socket.end(counted(said)),
  'half-closed': (socket, said) => void socket.end(counted(said, {})),
  crumbs(socket, said) {
    const crumbs = [...said.bytes].flatMap((byte) => [Buffer.from('1\r\n'), Buffer.of(byte), Buffer.from('\r\n')])
    socket.end(Buffer.concat([Buffer.from(chunkedHead(said)), ...crumbs, Buffer.from('0\r\n\r\n')]))
  },
  async extended(socket, said) {
    socket.write(chunkedHead(said, 'trailer: x-sum\r\n'))
    for (let at = 0; at < said.bytes.length; at += 97) {
      const piece = said.bytes.subarray(at, at + 97)
      socket.write(`000${piece.length.toString(16).toUpperCase()};name=value;quoted="a b"\r\n`)
      socket.write(piece)
      socket.write('\r\n')
    }
    socket.end('0;last\r\nx-sum: 1\r\n\r\n')
  },
  gzip: (socket, said) => void socket.end(counted(said, packed, gzipSync(said.bytes))),
  'gzip-crumbs'(socket, said) {
    const crumbs = [...gzipSync(said.bytes)].flatMap((byte) => [Buffer.from('1;x\r\n'), Buffer.of(byte, 13, 10)])
    const head = Buffer.from(chunkedHead(said, 'content-encoding: gzip\r\n'))
    socket.end(Buffer.concat([head, ...crumbs, Buffer.from('0\r\n\r\n')]))
  },
}

/** Sound answers over connections that end later, as when a provider's patience for quiet ones is over while the next request is sent. */
const ending: Readonly<Record<string, Manner>> = {
  stale(socket, said) {
    if (answered.has(socket)) socket.end()
    else socket.write(counted(said, {}))
    answered.add(socket)
  },
  async closing(socket, said) {
    socket.write(counted(said, {}))
    await Bun.sleep(Number(said.id) % 5)
    socket.end()
  },
}

/** Answers that cannot be taken for complete. */
const broken: Readonly<Record<string, Manner>> = {
  reset: (socket) => void socket.resetAndDestroy(),
  async 'reset-within'(socket, said) {
    const bytes = counted(said)
    // between two events, the last of them not among what is sent
    socket.write(bytes.subarray(0, said.stream ? bytes.lastIndexOf('\n\n', -100) + 2 : -30))
    await Bun.sleep(5)
    socket.resetAndDestroy()
  },
  poisoned: (socket) => void socket.end(http('200 OK', { 'content-type': 'text/html', ...close }, '<html>')),
  'gzip-cut'(socket, said) {
    const bytes = gzipSync(said.bytes)
    socket.end(counted(said, packed, bytes.subarray(0, bytes.length / 2)))
  },
  'gzip-garbage': (socket, said) => void socket.end(counted(said, packed)),
  'bad-chunk': (socket, said) => void socket.end(`${chunkedHead(said)}zz\r\nwhat\r\n0\r\n\r\n`),
}

/** Answers that nobody waits for. */
const left: Readonly<Record<string, Manner>> = {
  silent: (_, { id }) => void leave(id),
  endless(socket, said) {
    socket.write(counted(said).subarray(0, -10))
    leave(said.id)
  },
}

const slow: Readonly<Record<string, Manner>> = {
  drips: (socket, said) => drip(socket, counted(said), 1),
  async 'drips-too-slowly'(socket, said) {
    const bytes = counted(said)
    socket.write(bytes.subarray(0, -20))
    await drip(socket, bytes.subarray(-20), idle * 2500)
  },
}
const manners: Readonly<Record<string, Manner>> = { ...sound, ...ending, ...broken, ...left, ...slow }

let provider: RawProvider
let house: TestHouse
let at: { url: string; key: string }
const fake = fakeProvider()

async function play(socket: Socket, { head, body }: RawRequest): Promise<void> {
  const [, target] = head.split(' ')
  const [, manner = 'plain', id = '0'] = /\[([a-z-]+) (\d+)\]/.exec(body) ?? []
  const response = await fake.handle(new Request(`http://provider${target}`, { method: 'POST', body }))
  const type = response.headers.get('content-type') ?? ''
  const said = { type, bytes: await response.bytes(), stream: type.startsWith('text/event-stream'), id }
  // what is kept for other tests would be taken for a leak here
  fake.requests.length = provider.requests.length = provider.closed.length = 0
  await manners[manner]?.(socket, said)
}

beforeAll(async () => {
  provider = await rawProvider(play)
  house = await testHouse({
    models: [
      ...wildcards(provider.url),
      {
        model_name: 'idle/*',
        litellm_params: { model: 'openai/*', api_base: `${provider.url}/v1`, stream_idle_timeout: idle },
      },
    ],
    router: { num_retries: 0, disable_cooldowns: true },
    env: { OPENAI_BASE_URL: `${provider.url}/v1` },
  })
  at = { url: house.url, key: await house.key() }
})

afterAll(async () => {
  provider.close()
  await house.close()
})

let number = 0
interface Asked {
  readonly door: Door
  readonly group: string
  readonly manner: string
  readonly stream: boolean
}
type Ending = 'answered' | 'failed' | 'left' | string

/** Asks, and says how it ended; what is neither an answer nor a failure in the caller's format is told in full. */
async function ask({ door, group, manner, stream }: Asked, key = at.key, headers = {}): Promise<Ending> {
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
const everywhere = (manner: string) => Promise.all(pairs.map((pair) => ask({ ...pair, manner })))

describe('an answer that travels strangely', () => {
  test.each(Object.keys(sound))('is read on every surface, from every format: %s', async (manner) => {
    expect(new Set(await everywhere(manner))).toEqual(new Set(['answered']))
  })

  test.each(Object.keys(broken))('is no answer anywhere when it is broken: %s', async (manner) => {
    expect(new Set(await everywhere(manner))).toEqual(new Set(['failed']))
  })

  test('whose provider then closes its half leaves no connection that fails the next request', async () => {
    const ends: string[] = []
    for (let times = 0; times < 100; times++) {
      ends.push(await ask({ door: chat, group: 'chat', manner: 'half-closed', stream: times % 2 === 0 }))
      await Bun.sleep(times % 4)
    }
    expect(new Set(ends)).toEqual(new Set(['answered']))
  })

  test.each(Object.keys(ending))(
    'over a connection that ends under the next request costs a retry: %s',
    async (manner) => {
      const ends: string[] = []
      const retries = { 'x-litellm-num-retries': '2' }
      for (const stream of [false, true, true, false])
        ends.push(await ask({ door: chat, group: 'chat', manner, stream }, at.key, retries))
      expect(ends).toEqual(Array(4).fill('answered'))
    },
  )

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
  const key = await house.key({ max_budget: 1000, max_parallel_requests: 60 })
  const { house: inner } = house.gateway
  const before = await inner.store.ledger.find({}, 100_000)
  const dice = seeded(20_261_122)
  const pick = <T>(list: readonly T[]): T => list[Math.floor(dice() * list.length)] as T
  const mix = [...Object.keys(sound), ...Object.keys(broken), ...Object.keys(left)]
  const expected = (manner: string): Ending => (manner in sound ? 'answered' : manner in broken ? 'failed' : 'left')
  const wrong: string[] = []
  let asked = 0
  const worker = async (until: number): Promise<void> => {
    while (asked < until) {
      asked++
      const manner = pick(mix)
      const end = await ask({ ...pick(pairs), manner }, key)
      if (end !== expected(manner)) wrong.push(`${manner}: ${end}`)
    }
  }
  const run = async (until: number): Promise<number> => {
    await Promise.all(Array.from({ length: 50 }, () => worker(until)))
    await inner.ledger.flush()
    Bun.gc(true)
    return process.memoryUsage.rss()
  }
  const begun = performance.now()
  const warm = await run(2000)
  const end = await run(10_000)
  expect(performance.now() - begun).toBeLessThan(40_000)
  expect(wrong).toEqual([])
  expect(end / warm).toBeLessThanOrEqual(1.25)

  await until(() => provider.open() === 0, 'no upstream socket is open')
  for (const { id } of inner.router.pool.deployments) expect(inner.router.health.inFlight(id), id).toBe(0)
  const rows = (await inner.store.ledger.find({}, 100_000)).slice(0, -before.length || undefined)
  expect(rows.length).toBe(10_000)
  expect(await verify(inner.store)).toEqual({ difference: 0, mismatches: [] })

  // what was not spent can be set aside to the last nano-dollar, and all sixty places taken
  const principal = await inner.access.identify({ secret: key, headers: new Headers() })
  const rest = 1000e9 - rows.reduce((sum, { spend }) => sum + spend, 0)
  const asks = { principal, tags: [], model: 'gpt', tokens: { input: 0, total: 0 } }
  const admit = (worstCase: number) => inner.admission.admit({ ...asks, worstCase: worstCase as NanoUsd })
  expect(rest).toBeLessThan(1000e9)
  await expect((async () => admit(rest + 1))()).rejects.toThrow('Budget has been exceeded')
  const all = [await admit(rest), ...(await Promise.all(Array.from({ length: 59 }, () => admit(0))))]
  await expect((async () => admit(0))()).rejects.toThrow('max_parallel_requests')
  for (const one of all) one.settle({ spend: 0 as NanoUsd, tokens: 0, shares: [] })
}, 60_000)

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
