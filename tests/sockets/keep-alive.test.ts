import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { ModelEntry } from 'turnpike-core/internal/router/model-list/entry'
import { type TestHouse, testHouse } from '../house.ts'
import { chat, type Door, doors, gemini, knock, messages, until, wildcards } from '../laws/doors.ts'
import { chunk, delta, finish, http, type Play, type RawProvider, rawProvider, streamHead } from './raw.ts'

const quiet = 0.15
const quietMs = quiet * 1000

/** What the provider of bare sockets does, by the name of the model. */
const plays: Readonly<Record<string, Play>> = {
  silent: () => {},
  async 'pauses-before'(socket) {
    await Bun.sleep(quietMs * 3.5)
    socket.write(`${streamHead + chunk(delta('late') + finish)}0\r\n\r\n`)
  },
  async 'pauses-within'(socket) {
    socket.write(streamHead + chunk(delta('one ')))
    await Bun.sleep(quietMs * 3.5)
    socket.write(`${chunk(delta('two') + finish)}0\r\n\r\n`)
  },
  async 'pauses-in-an-event'(socket) {
    const whole = delta('two')
    socket.write(streamHead + chunk(delta('one ')) + chunk(whole.slice(0, 30)))
    await Bun.sleep(quietMs * 3.5)
    socket.write(`${chunk(whole.slice(30) + finish)}0\r\n\r\n`)
  },
  async 'fails-late'(socket) {
    await Bun.sleep(quietMs * 2.5)
    socket.write(http('503 Service Unavailable', { 'content-type': 'application/json' }, '{"error":{"message":"no"}}'))
  },
}

let provider: RawProvider
let house: TestHouse
let at: { url: string; key: string }

beforeAll(async () => {
  provider = await rawProvider((socket, request) => {
    const { model } = JSON.parse(request.body) as { model: string }
    return plays[model]?.(socket, request)
  })
  const entry = (name: string, model: string, params = {}): ModelEntry => ({
    model_name: name,
    litellm_params: { model: `openai/${model}`, api_base: provider.url, stream_keepalive_seconds: quiet, ...params },
  })
  house = await testHouse({
    models: (place) => [
      ...wildcards(place, { stream_keepalive_seconds: quiet }),
      ...Object.keys(plays).map((name) => entry(name, name)),
      entry('off', 'pauses-before', { stream_keepalive_seconds: 0 }),
      entry('guarded', 'silent', { stream_idle_timeout: 0.4, stream_timeout: 0.4 }),
      entry('stalling', 'pauses-within', { stream_idle_timeout: quiet * 1.7 }),
      { model_name: 'sound', litellm_params: { model: 'openai/sound', api_base: `${place}/v1` } },
    ],
    router: {
      num_retries: 0,
      disable_cooldowns: true,
      fallbacks: [{ guarded: ['sound'] }, { 'fails-late': ['sound'] }],
    },
  })
  at = { url: house.url, key: await house.key() }
})

afterAll(async () => {
  provider.close()
  await house.close()
})

interface Heard {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** milliseconds until the head, the first byte and the last */
  readonly head: number
  readonly first: number
  readonly last: number
}

async function hear(door: Door, model: string, fields = {}, headers = {}): Promise<Heard> {
  const begun = performance.now()
  const since = () => performance.now() - begun
  const response = await fetch(knock(door, at, { model, stream: true, fields, headers }))
  const head = since()
  let [first, text] = [0, '']
  const decoder = new TextDecoder()
  for await (const block of response.body ?? []) {
    first ||= since()
    text += decoder.decode(block as Uint8Array, { stream: true })
  }
  return { status: response.status, headers: response.headers, text, head, first, last: since() }
}

const pings = (text: string): number => text.split(': ping\n\n').length - 1
const rowOf = async (mark: string) => {
  await house.gateway.house.ledger.flush()
  return (await house.gateway.house.store.ledger.find({}, 1000)).filter(({ tags }) => tags.includes(mark))
}

describe('before the first content', () => {
  test.concurrent('a caller who waits hears a comment at each interval, and then the answer', async () => {
    const { status, headers, text, first } = await hear(chat, 'pauses-before')
    expect(status).toBe(200)
    expect(headers.get('content-type')).toContain('text/event-stream')
    expect(headers.get('x-litellm-model-id')).toBeNull()
    expect(headers.get('x-litellm-call-id')).toBeString()
    expect(first).toBeGreaterThan(quietMs - 10)
    expect(first).toBeLessThan(quietMs * 2)
    expect(pings(text)).toBe(3)
    expect(text.startsWith(': ping\n\n')).toBe(true)
    expect(chat.words(text)).toBe('late')
    expect(chat.complete(text)).toBe(true)
  })

  test.concurrent.each(
    doors.flatMap((door) => [door.own, door.foreign].map((group) => [door.format, group, door] as const)),
  )('every surface is kept alive by what its clients skip: %s, provider %s', async (_, group, door) => {
    const { text } = await hear(door, `${group}/slow-first-byte:400`)
    expect(text.startsWith(': ping\n\n: ping\n\n')).toBe(true)
    expect(text.slice(0, text.indexOf('data:'))).not.toContain('event: ping\n')
    expect(door.words(text)).toBe('You said: Hello there')
    expect(door.complete(text)).toBe(true)
  })

  test.concurrent('Google’s array gets white space, and is still JSON', async () => {
    const request = knock(gemini, at, { model: 'gem/slow-first-byte:400', stream: true })
    const text = await (await fetch(request.url.replace('?alt=sse', ''), request)).text()
    expect(text.startsWith('\n\n[')).toBe(true)
    expect(JSON.parse(text)).toBeArray()
  })

  test.concurrent('a whole answer is not committed early', async () => {
    const response = await fetch(knock(chat, at, { model: 'fails-late', fields: { disable_fallbacks: true } }))
    expect(response.status).toBe(503)
  })

  test.concurrent('0 turns it off', async () => {
    const { head, text } = await hear(chat, 'off')
    expect(head).toBeGreaterThan(quietMs * 3)
    expect(pings(text)).toBe(0)
  })

  test.concurrent('a fallback still answers after the status was sent, and pings put off no deadline', async () => {
    for (const model of ['guarded', 'fails-late']) {
      const { text, last } = await hear(chat, model)
      expect(pings(text)).toBeGreaterThan(1)
      expect(chat.words(text)).toBe('You said: Hello there')
      expect(last).toBeLessThan(400 + 500)
    }
  })

  test.concurrent.each(doors.map((door) => [door.format, door] as const))(
    'a final failure after that is one error event in the caller’s format: %s',
    async (_, door) => {
      const mark = `late-failure-${door.format}`
      const headers = { 'x-litellm-tags': mark, 'x-litellm-stream-timeout': '0.4' }
      const { status, text } = await hear(door, 'silent', {}, headers)
      expect(status).toBe(200)
      expect(door.errorEvents(text)).toBe(1)
      expect(door.complete(text)).toBe(false)
      expect(text).not.toContain('[DONE]')
      expect((await rowOf(mark)).map(({ outcome, status: booked }) => [outcome, booked])).toEqual([['failed', 408]])
    },
  )

  test('a caller who leaves after the first ping frees the provider at once and leaves one row', async () => {
    const mark = 'leaves-after-ping'
    const controller = new AbortController()
    const before = provider.requests.length
    const response = await fetch(
      knock(chat, at, {
        model: 'silent',
        stream: true,
        signal: controller.signal,
        headers: { 'x-litellm-tags': mark },
      }),
    )
    expect(provider.requests.length).toBe(before + 1)
    const open = provider.open()
    await response.body?.getReader().read()
    controller.abort()
    await until(() => provider.open() === open - 1, 'the provider is let go', 500)
    expect((await rowOf(mark)).map(({ outcome }) => outcome)).toEqual(['abandoned'])
  })
})

describe('within a stream', () => {
  test.concurrent('silence between two events is filled with comments, and not between two halves of one', async () => {
    const between = await hear(chat, 'pauses-within')
    expect(pings(between.text)).toBe(3)
    expect(chat.words(between.text)).toBe('one two')
    const inside = await hear(chat, 'pauses-in-an-event', { stream_options: { include_usage: true } })
    expect(pings(inside.text)).toBe(0)
    expect(chat.words(inside.text)).toBe('one two')
  })

  test.concurrent('a Messages stream is kept alive by its own ping event', async () => {
    const heard = [messages.own, messages.foreign].map((group) => hear(messages, `${group}/slow-chunks:200`))
    for (const { text } of await Promise.all(heard)) {
      expect(text.lastIndexOf('event: ping\ndata: {"type":"ping"}\n\n')).toBeGreaterThan(text.indexOf('"text_delta"'))
      expect(messages.words(text)).toBe('You said: Hello there')
    }
  })

  test.concurrent('pings do not put off the idle deadline', async () => {
    const { text, last } = await hear(chat, 'stalling')
    expect(pings(text)).toBe(1)
    expect(chat.errorEvents(text)).toBe(1)
    expect(last).toBeLessThan(quietMs * 1.7 + 500)
  })
})
