import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { connect } from 'node:net'
import { createHandler } from '../../gateway/src/pipeline/handle.ts'
import { serveOnBun } from '../../gateway/src/runtime/bun.ts'
import type { Listening } from '../../gateway/src/runtime/runtime.ts'
import { endpoints } from '../../gateway/src/table.ts'
import { type TestHouse, testHouse } from '../house.ts'
import { chat, type Door, doors } from '../laws/doors.ts'
import { chunk, post, sayRaw } from './raw.ts'

let house: TestHouse
let hasty: Listening
let key: string

/** The same house, with another patience for bodies. */
beforeAll(async () => {
  house = await testHouse()
  key = await house.key()
  const { config } = house.gateway.house
  const body = { maxBytes: 1 << 20, timeoutMs: 300 }
  hasty = serveOnBun({
    hostname: '127.0.0.1',
    port: 0,
    handle: createHandler(endpoints, {
      ...house.gateway.house,
      config: { ...config, general: { ...config.general, body } },
    }),
    refuse: () => new Response(null, { status: 500 }),
  })
})
afterAll(async () => {
  hasty.cut()
  await house.close()
})

const each = doors.map((door) => [door.format, door] as const)
const model = (door: Door): string =>
  door.format === 'anthropic-messages' ? 'claude' : door.format === 'gemini' ? 'gem' : 'o'

describe('a body that is too large', () => {
  test.each(each)('is 413 in the caller’s format before it is read: %s', async (_, door) => {
    const text = post(door.path(model(door), false), key, '', { 'content-length': String((64 << 20) + 1) })
    const begun = performance.now()
    const { status, body } = await sayRaw(house.url, text)
    expect(status).toBe(413)
    expect(door.readRefusal(JSON.parse(body))?.message).toContain('64 MB')
    expect(performance.now() - begun).toBeLessThan(500)
  })

  test.each(each)('is 413 as soon as its chunks pass the limit: %s', async (_, door) => {
    const head = post(door.path(model(door), false), key, '', { 'content-length': '', 'transfer-encoding': 'chunked' })
    const piece = chunk('x'.repeat(1 << 19))
    const { status, body } = await sayRaw(hasty.url, head + piece + piece + piece + piece)
    expect(status).toBe(413)
    expect(door.readRefusal(JSON.parse(body))?.message).toContain('1 MB')
  })

  test('is 413 when it only unpacks to that size', async () => {
    const packed = Bun.gzipSync(new TextEncoder().encode(JSON.stringify({ model: 'gpt', x: 'y'.repeat(8 << 20) })))
    const response = await fetch(`${hasty.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-encoding': 'gzip' },
      body: packed,
    })
    expect(response.status).toBe(413)
    expect(chat.readRefusal(await response.json())).toBeDefined()
  })

  test('without a key is refused unread: the key is looked at first', async () => {
    const before = process.memoryUsage.rss()
    const sent = await Promise.all(
      Array.from({ length: 200 }, () =>
        sayRaw(
          house.url,
          post('/v1/chat/completions', '', '', { authorization: '', 'content-length': String(64 << 20) }),
        ),
      ),
    )
    expect(new Set(sent.map(({ status }) => status))).toEqual(new Set([401]))
    expect(process.memoryUsage.rss() - before).toBeLessThan(50 << 20)
  })

  test('of a management call has a smaller bound', async () => {
    const text = post('/key/generate', house.master, '', { 'content-length': String(9 << 20) })
    expect((await sayRaw(house.url, text)).status).toBe(413)
  })
})

describe('a body that does not arrive', () => {
  test.each(each)('is 408 in the caller’s format when the patience is over: %s', async (_, door) => {
    for (const length of [{ 'content-length': '500' }, { 'content-length': '', 'transfer-encoding': 'chunked' }]) {
      const begun = performance.now()
      const { status, body } = await sayRaw(hasty.url, post(door.path(model(door), false), key, '', length))
      expect(status).toBe(408)
      expect(door.readRefusal(JSON.parse(body))?.message).toContain('0.3 s')
      expect(performance.now() - begun).toBeLessThan(900)
    }
  })

  test('because its sender hung up is no answered request, and costs nothing', async () => {
    const { hostname, port } = new URL(house.url)
    const before = house.provider.requests.length
    const socket = connect(Number(port), hostname, () => {
      socket.write(post('/v1/chat/completions', key, '', { 'content-length': '500' }))
      setTimeout(() => socket.destroy(), 50)
    })
    await new Promise((resolve) => socket.on('close', resolve))
    await Bun.sleep(100)
    expect(house.provider.requests.length).toBe(before)
    await house.gateway.house.ledger.flush()
    const rows = await house.gateway.house.store.ledger.find({}, 1000)
    expect(rows.filter(({ spend }) => spend !== 0)).toEqual([])
    expect(rows.filter(({ outcome }) => outcome === 'failed')).toEqual([])
  })
})

describe('a body in another dress', () => {
  test.each(each)('is read from chunks, cut anywhere: %s', async (_, door) => {
    const text = JSON.stringify(door.body(model(door), 'Grüße aus Köln 🚂', false))
    const bytes = Buffer.from(text)
    const pieces = Array.from({ length: bytes.length }, (_, at) => bytes.subarray(at, at + 1))
    const head = post(door.path(model(door), false), key, '', { 'content-length': '', 'transfer-encoding': 'chunked' })
    const chunks = pieces.map((piece) => Buffer.concat([Buffer.from('1\r\n'), piece, Buffer.from('\r\n')]))
    const { status, body } = await sayRaw(
      house.url,
      Buffer.concat([Buffer.from(head), ...chunks, Buffer.from('0\r\n\r\n')]),
    )
    expect(status).toBe(200)
    expect(Buffer.from(body, 'latin1').toString()).toContain('Grüße aus Köln')
  })

  test.each(['gzip', 'deflate'] as const)('packed by %s is unpacked', async (encoding) => {
    const text = new TextEncoder().encode(JSON.stringify(chat.body('gpt', 'packed words', false)))
    const packed = new Response(new Blob([text]).stream().pipeThrough(new CompressionStream(encoding)))
    const response = await fetch(`${house.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-encoding': encoding },
      body: await packed.bytes(),
    })
    expect(response.status).toBe(200)
    expect(await response.text()).toContain('packed words')
  })

  test('that claims to be packed and is not is the caller’s fault', async () => {
    for (const [encoding, status] of [
      ['gzip', 400],
      ['br', 415],
      ['nonsense', 415],
    ] as const) {
      const response = await fetch(`${house.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-encoding': encoding },
        body: JSON.stringify(chat.body('gpt', 'x', false)),
      })
      expect(response.status).toBe(status)
      expect(chat.readRefusal(await response.json())).toBeDefined()
    }
  })

  test.each([
    ['nothing', ''],
    ['no JSON', '{"model":'],
    ['a list', '[]'],
    ['null', 'null'],
    ['a number', '1e999'],
    ['deep nesting', `{"model":"gpt","messages":${'['.repeat(100_000)}`],
    ['bytes that are no UTF-8', Buffer.from([0x7b, 0xff, 0xfe, 0x7d])],
  ])('that is %s is a 400 in the caller’s format, on every surface', async (_, body) => {
    for (const door of doors) {
      const response = await fetch(house.url + door.path(model(door), false), {
        method: 'POST',
        headers: { authorization: `Bearer ${key}` },
        body,
      })
      expect(response.status).toBe(400)
      expect(door.readRefusal(await response.json())).toBeDefined()
    }
  })
})
