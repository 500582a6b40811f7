import { describe, expect, test } from 'bun:test'
import { GatewayError } from '../kernel/faults.ts'
import { helloIn, textOf } from '../testing/calls.ts'
import { fakeProvider } from '../testing/fake-provider.ts'
import type { FormatId } from '../vocabulary/format-id.ts'
import { buildTarget } from './build-target.ts'
import { compile } from './compile.ts'
import { type Fetch, type Reply, send } from './send.ts'
import type { Deadlines } from './target.ts'

const models: { readonly [F in FormatId]: string } = {
  'openai-chat': 'openai/gpt-4o',
  'openai-responses': 'openai/gpt-4o',
  'anthropic-messages': 'anthropic/claude-x',
  gemini: 'gemini/gemini-x',
}
const key = 'sk-canary-654321'

function compiled(stream: boolean, format: FormatId = 'openai-chat') {
  return compile(helloIn(format, { stream }), buildTarget({ model: models[format], apiKey: key }, {}))
}

/** Sends against the fake provider, which answers with what is scripted. */
function sending(script?: string | Response, format: FormatId = 'openai-chat') {
  const fake = fakeProvider()
  if (script !== undefined) fake.script(script)
  const fetch: Fetch = (url, init) => fake.handle(new Request(url, init))
  return {
    fake,
    whole: (deadlines: Deadlines = {}, signal?: AbortSignal) =>
      send(compiled(false, format), { fetch, deadlines, signal }),
    stream: (deadlines: Deadlines = {}, signal?: AbortSignal) =>
      send(compiled(true, format), { fetch, deadlines, signal }),
  }
}

async function failure(promise: Promise<unknown>): Promise<GatewayError> {
  const thrown = await promise.then(
    () => new Error('it did not fail'),
    (error: unknown) => error,
  )
  if (!(thrown instanceof GatewayError)) throw thrown
  return thrown
}

async function rest(reply: Reply): Promise<string> {
  if (reply.kind !== 'stream') throw new Error('not a stream')
  let text = reply.head.map(textOf).join('')
  for (let block = await reply.next(); block; block = await reply.next()) text += textOf(block)
  return text
}

const json = (text: string) => new Response(text, { headers: { 'content-type': 'application/json' } })
const formats = Object.keys(models) as FormatId[]

describe('before an answer bears content', () => {
  test.each(formats)('an error in the first event of a %s stream is the attempt’s failure', async (format) => {
    const { stream } = sending('error-first-event', format)
    const error = await failure(stream())
    expect(error.fault.blame).toBe('provider')
    expect(error.status).toBeGreaterThanOrEqual(500)
    expect(error.detail.upstream).toBeUndefined()
  })

  test.each(formats)(
    'what came up to the first content of a %s stream is kept, and no byte is lost',
    async (format) => {
      const { stream } = sending(undefined, format)
      const reply = await stream()
      if (reply.kind !== 'stream') throw new Error('not a stream')
      expect(reply.status).toBe(200)
      expect(reply.head.map(textOf).join('')).toContain('You')
      const direct = fakeProvider()
      const { url, headers, body } = compiled(true, format)
      const request = new Request(url, { method: 'POST', headers, body: body as Uint8Array<ArrayBuffer> })
      expect(await rest(reply)).toBe(await (await direct.handle(request)).text())
    },
  )

  test('a connection that breaks is unreachable, and one that closes early is garbled', async () => {
    expect((await failure(sending('die-before-content').stream())).code).toBe('provider-unreachable')
    const early = new Response('data: {"id":"1","object":"chat.completion.chunk","choices":[]}\n\n')
    expect((await failure(sending(early).stream())).code).toBe('provider-garbled')
  })
})

describe('a 200 that is no answer', () => {
  test.each(['empty-body', 'html-body', 'null-body', 'bytes:[]', 'bytes:{"half":'])('%s is garbled', async (script) => {
    expect((await failure(sending(script).whole())).code).toBe('provider-garbled')
    expect((await failure(sending(script).stream())).code).toBe('provider-garbled')
  })

  test('an error object is that error, without the bytes that would lie', async () => {
    const limit = json('{"error":{"message":"slow down","code":429}}')
    const error = await failure(sending(limit).whole())
    expect([error.code, error.status, error.message, error.detail.upstream]).toEqual([
      'provider-limit',
      429,
      'slow down',
      undefined,
    ])
    expect((await failure(sending(json('{"error":"broken"}')).whole())).status).toBe(502)
    expect((await sending(json('{"error":null,"choices":[]}')).whole()).kind).toBe('whole')
  })

  test('a whole answer to a call for a stream is told as what it is', async () => {
    expect((await sending(json('{"choices":[]}')).stream()).kind).toBe('whole')
  })
})

describe('a failing answer', () => {
  test('a redirect is not followed', async () => {
    const { fake, whole } = sending(
      new Response('', { status: 307, headers: { location: 'https://elsewhere.example/' } }),
    )
    const error = await failure(whole())
    expect([error.code, error.message.includes('307'), fake.requests.length]).toEqual(['provider-garbled', true, 1])
  })

  test('the runtime is told not to follow redirects, and not to give up by itself', async () => {
    let told: RequestInit & { timeout?: unknown } = {}
    const fetch: Fetch = async (_url, init) => {
      told = init
      return json('{"choices":[]}')
    }
    await send(compiled(false), { fetch })
    expect([told.redirect, told.timeout, told.method]).toEqual(['manual', false, 'POST'])
  })

  test('a body without end is read to its bound', async () => {
    let pulled = 0
    let cancelled = false
    const endless = new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull(controller) {
        pulled++
        controller.enqueue(new Uint8Array(64 * 1024).fill(0x20))
      },
      cancel: () => void (cancelled = true),
    })
    const error = await failure(sending(new Response(endless, { status: 500 })).whole())
    expect([error.code, cancelled]).toEqual(['provider-failed', true])
    expect(pulled).toBeLessThan(20)
  })

  test('repeats no credential, neither in its words nor in its bytes', async () => {
    const echo = new Response(`{"error":{"message":"Incorrect API key ${key}"}}`, {
      status: 401,
      headers: { 'www-authenticate': key },
    })
    const error = await failure(sending(echo).whole())
    const { upstream } = error.detail
    expect(error.code).toBe('provider-auth')
    expect(
      error.message + textOf(upstream?.body ?? new Uint8Array()) + JSON.stringify([...(upstream?.headers ?? [])]),
    ).not.toContain(key)
  })
})

describe('deadlines', () => {
  test('the whole call', async () => {
    const { fake, whole } = sending('hang')
    const error = await failure(whole({ totalMs: 15 }))
    expect([error.code, error.message, fake.requests[0]?.aborted]).toEqual([
      'provider-timeout',
      'Request timed out: the provider sent no complete answer within 0.015 s.',
      true,
    ])
  })

  test('the first content of a stream, and of nothing else', async () => {
    const error = await failure(sending('hang').stream({ firstByteMs: 15 }))
    expect(error.message).toContain('no content within')
    expect((await sending('slow-first-byte:30').whole({ firstByteMs: 5 })).kind).toBe('whole')
    expect(await rest(await sending('slow-chunks:4+count:6').stream({ firstByteMs: 20 }))).toContain('[DONE]')
  })

  test('the wait for further data, begun anew with each block', async () => {
    const slow = await sending('slow-chunks:10+count:5').stream({ idleMs: 60 })
    expect(await rest(slow)).toContain('[DONE]')
    const { fake, stream } = sending('slow-chunks:5000')
    const error = await failure(stream({ idleMs: 15, firstByteMs: 15 }))
    expect(error.code).toBe('provider-timeout')
    expect(fake.requests[0]?.aborted).toBe(true)
    const reply = await sending(pausing()).stream({ idleMs: 15 })
    const idle = await failure(rest(reply))
    expect([idle.code, idle.message.includes('no further data')]).toEqual(['provider-timeout', true])
  })

  test('a total deadline ends a stream that is well under way', async () => {
    const reply = await sending('slow-chunks:10+count:50').stream({ totalMs: 60 })
    expect((await failure(rest(reply))).code).toBe('provider-timeout')
  })
})

/** A stream with content that then says nothing more, and never ends; real connections break with the signal. */
function pausing(): Response {
  const chunk = { id: '1', object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content: 'hi' } }] }
  let sent = false
  return new Response(
    new ReadableStream<Uint8Array<ArrayBuffer>>(
      {
        async pull(controller) {
          if (sent) {
            await new Promise((resolve) => setTimeout(resolve, 40))
            return controller.error(new Error('aborted'))
          }
          sent = true
          controller.enqueue(new TextEncoder().encode(`data: ${JSON.stringify(chunk)}\n\n`))
        },
      },
      { highWaterMark: 0 },
    ),
  )
}

describe('a caller who leaves', () => {
  test('before the answer closes the call to the provider', async () => {
    const { fake, whole } = sending('hang')
    const leaving = new AbortController()
    const error = failure(whole({}, leaving.signal))
    setTimeout(() => leaving.abort(), 5)
    expect((await error).code).toBe('client-gone')
    expect(fake.requests[0]?.aborted).toBe(true)
  })

  test('before the call is made lets none be made', async () => {
    const { whole } = sending('hang')
    expect((await failure(whole({}, AbortSignal.abort()))).code).toBe('client-gone')
  })

  test('amid a stream closes it, and so does close', async () => {
    const { fake, stream } = sending('slow-chunks:20+count:50')
    const leaving = new AbortController()
    const reply = await stream({}, leaving.signal)
    leaving.abort()
    expect((await failure(rest(reply))).code).toBe('client-gone')
    expect(fake.requests[0]?.aborted).toBe(true)
    const closed = sending('slow-chunks:20+count:50')
    const open = await closed.stream()
    if (open.kind === 'stream') open.close()
    expect(closed.fake.requests[0]?.aborted).toBe(true)
  })

  test('is told apart from a failure of the wire, whose words keep the address to themselves', async () => {
    const fetch: Fetch = () => Promise.reject(Object.assign(new Error(`connect ${key}`), { code: 'ECONNREFUSED' }))
    const error = await failure(send(compiled(false), { fetch }))
    expect([error.code, error.message]).toEqual([
      'provider-unreachable',
      'The connection to the provider failed (ECONNREFUSED).',
    ])
  })
})
