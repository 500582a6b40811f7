import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { ModelEntry } from 'turnpike-core/internal/router/model-list/entry'
import { type TestHouse, testHouse } from '../house.ts'
import { chat, doors, knock, wildcards } from '../laws/doors.ts'
import { chunk, completion, delta, finish, http, type RawProvider, rawProvider, streamHead } from './raw.ts'

let silent: RawProvider
let stalling: RawProvider
let sound: RawProvider
let loris: RawProvider
let heads: RawProvider
let house: TestHouse
let at: { url: string; key: string }

const entry = (name: string, base: string, params = {}): ModelEntry => ({
  model_name: name,
  litellm_params: { model: 'openai/m', api_base: base, ...params },
})

beforeAll(async () => {
  silent = await rawProvider(() => {})
  stalling = await rawProvider((socket) => void socket.write(streamHead + chunk(delta('one '))))
  sound = await rawProvider((socket, { body }) => {
    if (body.includes('"stream":true')) socket.write(`${streamHead + chunk(delta('sound')) + chunk(finish)}0\r\n\r\n`)
    else socket.write(http('200 OK', { 'content-type': 'application/json' }, completion))
  })
  // a byte now and then, and never an event or an end
  loris = await rawProvider(async (socket, { body }) => {
    const streamed = body.includes('"stream":true')
    socket.write(
      streamed ? streamHead : 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 5000\r\n\r\n{',
    )
    while (!socket.destroyed) {
      await Bun.sleep(20)
      socket.write(streamed ? chunk(': still here\n\n') : ' ')
    }
  })
  heads = await rawProvider((socket) => void socket.write(streamHead))
  house = await testHouse({
    models: (place) => [
      ...wildcards(place),
      entry('silent', silent.url),
      entry('guarded', silent.url, { order: 1, stream_timeout: 0.3, timeout: 0.5 }),
      entry('guarded', sound.url, { order: 2 }),
      entry('falls', silent.url),
      entry('sound', sound.url),
      entry('unanswered', silent.url, { order: 1, connect_timeout: 0.3 }),
      entry('unanswered', sound.url, { order: 2 }),
      entry('heads', heads.url, { connect_timeout: 0.2, stream_timeout: 0.6 }),
      entry('loris', loris.url, { order: 1, stream_timeout: 0.4, timeout: 0.5 }),
      entry('loris', sound.url, { order: 2 }),
      entry('unbounded', stalling.url),
      entry('stalling', stalling.url, { stream_idle_timeout: 0.3 }),
    ],
    router: { num_retries: 0, fallbacks: [{ falls: ['sound'] }], disable_cooldowns: true },
  })
  at = { url: house.url, key: await house.key() }
})

afterAll(async () => {
  for (const provider of [silent, stalling, sound, loris, heads]) provider.close()
  await house.close()
})

async function timed(request: Request): Promise<{ response: Response; text: string; ms: number }> {
  const begun = performance.now()
  const response = await fetch(request)
  const text = await response.text()
  return { response, text, ms: performance.now() - begun }
}

describe('a provider that accepts and stays silent', () => {
  test.concurrent('is given up after x-litellm-timeout, on time, as 408', async () => {
    const { response, ms, text } = await timed(
      knock(chat, at, { model: 'silent', headers: { 'x-litellm-timeout': '0.4' } }),
    )
    expect(response.status).toBe(408)
    expect(chat.readRefusal(JSON.parse(text))?.message).toContain('timed out')
    expect(ms).toBeGreaterThan(390)
    expect(ms).toBeLessThan(900)
  })

  test.concurrent('is given up after x-litellm-stream-timeout when a stream was asked for', async () => {
    const { response, ms } = await timed(
      knock(chat, at, { model: 'silent', stream: true, headers: { 'x-litellm-stream-timeout': '0.4' } }),
    )
    expect(response.status).toBe(408)
    expect(ms).toBeGreaterThan(390)
    expect(ms).toBeLessThan(900)
  })

  test.concurrent.each(doors.map((door) => [door.format, door] as const))(
    'is a 408 in the caller’s format on %s',
    async (_, door) => {
      const { response, text } = await timed(
        knock(door, at, { model: 'silent', stream: true, headers: { 'x-litellm-stream-timeout': '0.2' } }),
      )
      expect(response.status).toBe(408)
      expect(door.readRefusal(JSON.parse(text))).toBeDefined()
    },
  )

  test.concurrent.each([
    [false, 500],
    [true, 300],
  ])('makes way for the next deployment of its group on time (stream: %p)', async (stream, deadline) => {
    const { response, text, ms } = await timed(
      knock(chat, at, { model: 'guarded', stream, headers: { 'x-litellm-num-retries': '2' } }),
    )
    expect(response.status).toBe(200)
    expect(response.headers.get('x-litellm-attempted-retries')).toBe('1')
    expect(text).toContain(stream ? 'sound' : 'hello')
    expect(ms).toBeGreaterThan(deadline - 10)
    expect(ms).toBeLessThan(deadline + 500)
  })

  test.concurrent.each([false, true])('falls over to the fallback group on time (stream: %p)', async (stream) => {
    const { response, text, ms } = await timed(
      knock(chat, at, {
        model: 'falls',
        stream,
        headers: { 'x-litellm-timeout': '0.4', 'x-litellm-stream-timeout': '0.4' },
      }),
    )
    expect(response.status).toBe(200)
    expect(response.headers.get('x-litellm-attempted-fallbacks')).toBe('1')
    expect(text).toContain(stream ? 'sound' : 'hello')
    expect(ms).toBeGreaterThan(390)
    expect(ms).toBeLessThan(900)
  })
})

describe('a provider that sends no head', () => {
  test.concurrent.each([false, true])(
    'is given up after connect_timeout, and another is asked (stream: %p)',
    async (stream) => {
      const { text, ms } = await timed(
        knock(chat, at, { model: 'unanswered', stream, headers: { 'x-litellm-num-retries': '1' } }),
      )
      expect(text).toContain(stream ? 'sound' : 'hello')
      expect(ms).toBeGreaterThan(290)
      expect(ms).toBeLessThan(800)
    },
  )

  test.concurrent('is told apart from one that sends a head and no content', async () => {
    const { response, text, ms } = await timed(knock(chat, at, { model: 'heads', stream: true }))
    expect(response.status).toBe(408)
    expect(text).toContain('no content within 0.6 s')
    expect(ms).toBeGreaterThan(590)
  })
})

describe('a provider that drips', () => {
  test.concurrent.each([
    [false, 500],
    [true, 400],
  ])('is given up all the same, and another is asked (stream: %p)', async (stream, deadline) => {
    const { text, ms } = await timed(
      knock(chat, at, { model: 'loris', stream, headers: { 'x-litellm-num-retries': '1' } }),
    )
    expect(text).toContain(stream ? 'sound' : 'hello')
    expect(ms).toBeGreaterThan(deadline - 10)
    expect(ms).toBeLessThan(deadline + 500)
  })
})

describe('deadlines of the request', () => {
  test.concurrent.each([
    ['silent', { connect_timeout: 0.3 }, {}],
    ['silent', { timeout: 0.3 }, {}],
    ['silent', { request_timeout: 0.3 }, {}],
    ['silent', { stream_timeout: 0.3 }, {}],
    ['silent', {}, { 'x-litellm-connect-timeout': '0.3' }],
    ['unbounded', { stream_idle_timeout: 0.3 }, {}],
    ['unbounded', {}, { 'x-litellm-stream-idle-timeout': '0.3' }],
  ])('%s: %j %j', async (model, fields, headers) => {
    const { text, ms } = await timed(knock(chat, at, { model, stream: true, fields, headers }))
    expect(text).toContain('timed out')
    expect(ms).toBeGreaterThan(290)
    expect(ms).toBeLessThan(900)
    const asked = [...silent.requests, ...stalling.requests].map(({ body }) => body)
    expect(asked.filter((body) => /_timeout|"timeout"/.test(body))).toEqual([])
  })
})

describe('a provider that stops talking within a stream', () => {
  test.concurrent('is given up after stream_idle_timeout with one error event and no [DONE]', async () => {
    const { response, text, ms } = await timed(knock(chat, at, { model: 'stalling', stream: true }))
    expect(response.status).toBe(200)
    expect(chat.words(text)).toBe('one ')
    expect(chat.errorEvents(text)).toBe(1)
    expect(chat.complete(text)).toBe(false)
    expect(ms).toBeGreaterThan(290)
    expect(ms).toBeLessThan(900)
  })

  test.concurrent('is given up when the whole call has taken x-litellm-timeout', async () => {
    const begun = performance.now()
    const { text } = await timed(
      knock(chat, at, {
        model: 'chat/count:1000+slow-chunks:30',
        stream: true,
        headers: { 'x-litellm-timeout': '0.5' },
      }),
    )
    expect(chat.errorEvents(text)).toBe(1)
    expect(chat.complete(text)).toBe(false)
    expect(performance.now() - begun).toBeLessThan(1100)
  })
})

test('after every deadline the provider’s socket is closed', async () => {
  const before = silent.requests.length
  await timed(knock(chat, at, { model: 'silent', headers: { 'x-litellm-timeout': '0.1' } }))
  expect(silent.requests.length).toBe(before + 1)
  await Bun.sleep(100)
  expect(silent.open()).toBe(0)
})
