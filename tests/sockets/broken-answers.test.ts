import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { type TestHouse, testHouse } from '../house.ts'
import { chat, type Door, doors, knock, until, wildcards } from '../laws/doors.ts'
import { chunk, completion, delta, finish, http, type Play, type RawProvider, rawProvider, streamHead } from './raw.ts'

const json = { 'content-type': 'application/json' }
const packed = (text: string, encoding: string): Uint8Array =>
  encoding === 'br' ? brotliCompressSync(text) : gzipSync(text)
const story = delta('one ') + delta('two') + finish

/** What the provider does, by the name of the model; its own words are on the wire, not those of an HTTP library. */
const plays: Readonly<Record<string, Play>> = {
  'reset-before': (socket) => void socket.resetAndDestroy(),
  'close-before': (socket) => void socket.end(),
  async 'reset-within'(socket) {
    socket.write(streamHead + chunk(delta('one ')))
    await Bun.sleep(60)
    socket.resetAndDestroy()
  },
  async 'close-within'(socket) {
    socket.write(streamHead + chunk(delta('one ')))
    await Bun.sleep(60)
    socket.end()
  },
  'chunked-short'(socket) {
    socket.end(
      `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n${chunk(completion).slice(0, 60)}`,
    )
  },
  'counted-short': (socket) => void socket.end(http('200 OK', { ...json, 'content-length': '9999' }, completion)),
  'garbage-status': (socket) => void socket.write('HELO what do you want\r\n\r\n'),
  redirect: (socket) => void socket.write(http('302 Found', { location: 'http://127.0.0.1:1/steal' }, '')),
  whole: (socket) => void socket.write(http('200 OK', json, completion)),
  gzip: (socket, { body }) => compressed(socket, body, 'gzip'),
  br: (socket, { body }) => compressed(socket, body, 'br'),
  'huge-error': (socket) => void socket.write(http('500 Internal Server Error', json, `"${'x'.repeat(3 << 20)}"`)),
}

function compressed(socket: Parameters<Play>[0], body: string, encoding: string): void {
  if (!body.includes('"stream":true')) {
    socket.write(http('200 OK', { ...json, 'content-encoding': encoding }, packed(completion, encoding)))
    return
  }
  const bytes = packed(story, encoding)
  socket.write(streamHead.replace('\r\n\r\n', `\r\ncontent-encoding: ${encoding}\r\n\r\n`))
  for (const piece of [bytes.subarray(0, 20), bytes.subarray(20)]) {
    socket.write(`${piece.length.toString(16)}\r\n`)
    socket.write(piece)
    socket.write('\r\n')
  }
  socket.write('0\r\n\r\n')
}

let provider: RawProvider
let house: TestHouse
let at: { url: string; key: string }

beforeAll(async () => {
  provider = await rawProvider((socket, request) => {
    const { model } = JSON.parse(request.body) as { model: string }
    return plays[model]?.(socket, request)
  })
  house = await testHouse({
    models: (place) => [
      ...wildcards(place),
      { model_name: 'raw/*', litellm_params: { model: 'openai/*', api_base: provider.url } },
      { model_name: 'spare', litellm_params: { model: 'openai/whole', api_base: `${place}/v1` } },
      ...wildcards(place).map(({ model_name, litellm_params: params }) => ({
        model_name: model_name.replace('/*', '-fails-first'),
        litellm_params: { ...params, model: params.model.replace('*', 'error-first-event') },
      })),
    ],
    router: {
      num_retries: 0,
      disable_cooldowns: true,
      fallbacks: ['chat', 'resp', 'claude', 'gem'].map((group) => ({ [`${group}-fails-first`]: ['spare'] })),
    },
  })
  at = { url: house.url, key: await house.key() }
})

afterAll(async () => {
  provider.close()
  await house.close()
})

async function ask(door: Door, model: string, stream: boolean, fields = {}, headers = {}) {
  const response = await fetch(knock(door, at, { model, stream, fields, headers }))
  const bytes = await response.bytes()
  const text = new TextDecoder().decode(bytes)
  return { status: response.status, headers: response.headers, text }
}

const everyDoor = doors.flatMap((door) => [door.own, door.foreign].map((group) => [door.format, group, door] as const))

describe('a connection that breaks', () => {
  test.concurrent.each(['reset-before', 'close-before', 'chunked-short', 'counted-short'])(
    'before the answer is a failure that says so: %s',
    async (model) => {
      const { status, text } = await ask(chat, `raw/${model}`, false)
      expect(status).toBe(500)
      expect(chat.readRefusal(JSON.parse(text))?.message).toContain('connection to the provider failed')
    },
  )

  test.concurrent.each(['reset-before', 'close-before', 'chunked-short', 'counted-short'])(
    'before the answer falls over: %s',
    async (model) => {
      for (const stream of [false, true]) {
        const { status, text } = await ask(chat, `raw/${model}`, stream, { fallbacks: ['spare'] })
        expect(status).toBe(200)
        expect(stream ? chat.words(text) : text).toContain('You said: Hello there')
      }
    },
  )

  test.concurrent.each(['reset-within', 'close-within'])('after content ends in one error event: %s', async (model) => {
    const { status, text } = await ask(chat, `raw/${model}`, true, { fallbacks: ['spare'] })
    expect(status).toBe(200)
    expect(chat.words(text)).toBe('one ')
    expect(chat.errorEvents(text)).toBe(1)
    expect(chat.complete(text)).toBe(false)
  })

  test.concurrent.each(everyDoor)(
    'after content ends in one error event in the caller’s format: %s, provider %s',
    async (_, group, door) => {
      const { status, text } = await ask(door, `${group}/die-after-content:2+slow-chunks:30`, true)
      expect(status).toBe(200)
      expect(door.words(text).startsWith('You')).toBe(true)
      expect(door.errorEvents(text)).toBe(1)
      expect(door.complete(text)).toBe(false)
    },
  )
})

describe('an answer that is none', () => {
  test.concurrent('with a garbage status line is given up on time', async () => {
    const begun = performance.now()
    const { status } = await ask(chat, 'raw/garbage-status', false, {}, { 'x-litellm-timeout': '0.5' })
    expect([408, 500, 502]).toContain(status)
    expect(performance.now() - begun).toBeLessThan(1200)
  })

  test.concurrent('by redirect is not followed: a key never travels to another place', async () => {
    const { status, text } = await ask(chat, 'raw/redirect', false)
    expect(status).toBe(502)
    expect(text).toContain('redirect')
    expect(text).not.toContain('steal')
  })

  test.concurrent.each([
    'empty-body',
    'html-body',
    'null-body',
    'error-first-event',
    'bytes:{"error":{"message":"no"}}',
  ])('under a 200 is a failure on every surface: %s', async (behaviour) => {
    for (const [, group, door] of everyDoor)
      for (const stream of [false, true]) {
        if (door.format === 'gemini' && group === 'gem' && behaviour.startsWith('bytes:')) continue
        const { status, text } = await ask(door, `${group}/${behaviour}`, stream)
        const shown = `${door.format} ${group} ${behaviour} ${stream}: ${status} ${text.slice(0, 80)}`
        expect(status, shown).toBeGreaterThanOrEqual(500)
        expect(door.readRefusal(JSON.parse(text)), shown).toBeDefined()
      }
  })

  test.concurrent.each(everyDoor)(
    'falls over invisibly when its first event is an error: %s, provider %s',
    async (_, group, door) => {
      const { status, text, headers } = await ask(door, `${group}-fails-first`, true)
      expect(status).toBe(200)
      expect(headers.get('x-litellm-attempted-fallbacks')).toBe('1')
      expect(door.words(text)).toBe('You said: Hello there')
      expect(door.errorEvents(text)).toBe(0)
      expect(door.complete(text)).toBe(true)
    },
  )

  test.concurrent.each(everyDoor)(
    'that begins with an error is told in the provider’s own words: %s, provider %s',
    async (_, group, door) => {
      const { text } = await ask(door, `${group}/error-first-event`, true)
      expect(door.readRefusal(JSON.parse(text))?.message).toContain('overloaded')
    },
  )

  test.concurrent('of megabytes is read to its bound and told without them', async () => {
    const { status, text } = await ask(chat, 'raw/huge-error', false)
    expect(status).toBe(500)
    expect(text.length).toBeLessThan(2 << 20)
  })
})

describe('a compressed answer', () => {
  test.concurrent.each(['gzip', 'br'])('by %s reaches the caller readable, whole and streamed', async (encoding) => {
    const whole = await ask(chat, `raw/${encoding}`, false)
    expect(whole.status).toBe(200)
    expect(whole.headers.get('content-encoding')).toBeNull()
    expect(JSON.parse(whole.text)).toMatchObject({ choices: [{ message: { content: 'hello' } }] })
    const streamed = await ask(chat, `raw/${encoding}`, true)
    expect(streamed.status).toBe(200)
    expect(streamed.headers.get('content-encoding')).toBeNull()
    expect(chat.words(streamed.text)).toBe('one two')
    expect(chat.complete(streamed.text)).toBe(true)
  })

  test.concurrent.each(everyDoor)('reaches every surface readable: %s, provider %s', async (_, group, door) => {
    const streamed = await ask(door, `${group}/gzip`, true)
    expect(door.words(streamed.text)).toBe('You said: Hello there')
    const whole = await ask(door, `${group}/gzip`, false)
    expect(whole.status).toBe(200)
    expect(whole.text).toContain('You said: Hello there')
  })
})

test('breaking connections leave no words on the operator’s log, and no sockets', async () => {
  expect(house.log.filter((line) => /\bat \S+:\d+/.test(line))).toEqual([])
  await until(() => provider.open() <= 8, 'the pool is small again')
})
