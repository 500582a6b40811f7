import { describe, expect, test } from 'bun:test'
import { GatewayError } from '../kernel/faults.ts'
import { createRouter } from '../router/create.ts'
import { fakeProvider } from '../testing/fake-provider.ts'
import { createClient, portsOf } from './client.ts'
import { perform } from './perform.ts'
import { receiptOf } from './receipt.ts'

const environment = {
  OPENAI_API_KEY: 'sk-openai-env',
  ANTHROPIC_API_KEY: 'sk-anthropic-env',
  GEMINI_API_KEY: 'sk-gemini-env',
}
const messages = [{ role: 'user', content: 'hello' }] as const
const gpt = { model: 'gpt-4o', messages, num_retries: 0 } as const

/** A client whose calls reach the fake provider, whatever their host. */
function scene(...script: (string | Response)[]) {
  const fake = fakeProvider()
  for (const next of script) fake.script(next)
  const fetch = (url: string, init: RequestInit) => fake.handle(new Request(url, init))
  const body = (at = 0) => JSON.parse(fake.requests[at]?.body ?? '')
  return { ...createClient({ environment, fetch }), fake, fetch, body }
}

async function failure(promise: Promise<unknown>): Promise<GatewayError> {
  const thrown = await promise.then(
    () => new Error('it did not fail'),
    (error: unknown) => error,
  )
  if (!(thrown instanceof GatewayError)) throw thrown
  return thrown
}

/** All that a stream gives, and what it throws at last. */
async function collect<T>(stream: AsyncIterable<T>): Promise<{ chunks: T[]; error?: GatewayError }> {
  const chunks: T[] = []
  try {
    for await (const chunk of stream) chunks.push(chunk)
  } catch (error) {
    return { chunks, error: error as GatewayError }
  }
  return { chunks }
}

const sseOf = (...chunks: object[]) =>
  new Response(chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join(''), {
    headers: { 'content-type': 'text/event-stream' },
  })
const chunk = (content: string) => ({
  id: 'c1',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'gpt-4o',
  choices: [{ index: 0, delta: { role: 'assistant', content }, finish_reason: null }],
})

describe('completion', () => {
  test.each(['gpt-4o', 'anthropic/claude-sonnet-4-5', 'gemini-2.5-flash'])(
    'of %s is in OpenAI’s shape',
    async (model) => {
      const { completion } = scene()
      const answer = await completion({ model, messages })
      expect(answer).toMatchObject({
        object: 'chat.completion',
        model: model.slice(model.indexOf('/') + 1),
        choices: [{ index: 0, message: { role: 'assistant', content: 'You said: hello' }, finish_reason: 'stop' }],
        usage: { prompt_tokens: 2, completion_tokens: 3, total_tokens: 5 },
      })
      expect(answer.created).toBeGreaterThan(1_700_000_000)
    },
  )

  test('sends the request’s fields and none of the call’s options', async () => {
    const { completion, body } = scene()
    await completion({
      ...gpt,
      temperature: 0.5,
      user: undefined,
      timeout: 9,
      fallbacks: ['gpt-4o'],
      drop_params: false,
    })
    expect(body()).toEqual({ model: 'gpt-4o', messages: [...messages], temperature: 0.5 })
  })

  test('streams chunks; the usage comes only to those who ask for it', async () => {
    const { completion } = scene()
    const plain = await collect(await completion({ ...gpt, stream: true }))
    expect(plain.chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toBe('You said: hello')
    expect(plain.chunks.every(({ usage, choices }) => !usage && choices.length === 1)).toBe(true)
    const asked = await collect(await completion({ ...gpt, stream: true, stream_options: { include_usage: true } }))
    expect(asked.chunks.at(-1)?.usage?.total_tokens).toBe(5)
  })

  test('streams what the provider answers whole all the same', async () => {
    for (const model of ['gpt-4o', 'claude-sonnet-4-5']) {
      const { fetch } = scene()
      const unstreamed = (body: unknown) =>
        new TextDecoder().decode(body as Uint8Array).replace('"stream":true', '"stream":false')
      const { completion } = createClient({
        environment,
        fetch: (url, init) => fetch(url, { ...init, body: unstreamed(init.body) }),
      })
      const stream = await completion({ model, messages, stream: true })
      const { chunks } = await collect(stream)
      expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toBe('You said: hello')
      expect(receiptOf(stream)?.usage?.output).toBe(3)
    }
  })
})

describe('responses', () => {
  test.each(['gpt-4o', 'claude-sonnet-4-5'])('of %s answers whole and streams', async (model) => {
    const { responses } = scene()
    const answer = await responses({ model, input: 'hello' })
    expect([answer.object, answer.status]).toEqual(['response', 'completed'])
    expect(JSON.stringify(answer.output)).toContain('You said: hello')
    const { chunks } = await collect(await responses({ model, input: 'hello', stream: true }))
    expect([chunks[0]?.type, chunks.at(-1)?.type]).toEqual(['response.created', 'response.completed'])
  })
})

describe('options', () => {
  test('fallbacks are tried in order, each with its own key', async () => {
    const { completion, fake } = scene('status-400', 'status-401', 'status-500')
    const names = ['claude-sonnet-4-5', 'gemini-2.5-flash']
    const refused = await failure(completion({ ...gpt, fallbacks: names }))
    expect([refused.code, fake.requests.length]).toEqual(['provider-refused', 1])
    const answer = await completion({ ...gpt, api_key: 'sk-own', fallbacks: names })
    expect(receiptOf(answer)).toMatchObject({ provider: 'gemini', model: 'gemini-2.5-flash', fallbacks: 2 })
    const [, openai, anthropic, gemini] = fake.requests
    expect(openai?.headers.authorization).toBe('Bearer sk-own')
    expect([anthropic?.headers['x-api-key'], anthropic?.headers.authorization]).toEqual(['sk-anthropic-env', undefined])
    expect(gemini?.headers['x-goog-api-key']).toBe('sk-gemini-env')
    expect(JSON.stringify([anthropic, gemini])).not.toMatch(/sk-own|sk-openai/)
  })

  test('num_retries counts the further tries, with waits that grow', async () => {
    const { fake, fetch } = scene('status-500', 'status-500', 'status-500')
    const waits: number[] = []
    const sleep = async (ms: number) => void waits.push(ms)
    const ports = { ...portsOf({ environment, fetch }), sleep, dice: () => 0 }
    const entries = [{ model_name: 'gpt-4o', litellm_params: { model: 'gpt-4o' } }]
    const router = createRouter(entries, { disableCooldowns: true }, ports)
    expect((await failure(perform('openai-chat', { ...gpt, num_retries: 1 }, router))).code).toBe('provider-failed')
    expect([fake.requests.length, waits]).toEqual([2, [500]])
    const answer = await perform('openai-chat', { ...gpt, num_retries: 3 }, router)
    expect([receiptOf(answer)?.retries, waits]).toEqual([1, [500, 500]])
  })

  test('timeout is in seconds and closes the call', async () => {
    const { completion, fake } = scene('hang')
    const error = await failure(completion({ ...gpt, timeout: 0.02 }))
    expect([error.code, error.status, fake.requests[0]?.aborted]).toEqual(['provider-timeout', 408, true])
  })

  test('a signal ends the call as its caller’s doing', async () => {
    const { completion, fake } = scene('hang')
    const leaving = new AbortController()
    const call = failure(completion({ ...gpt, fallbacks: ['claude-sonnet-4-5'], signal: leaving.signal }))
    setTimeout(() => leaving.abort(), 5)
    expect([(await call).code, fake.requests.length]).toEqual(['client-gone', 1])
  })

  test('drop_params leaves out what the model refuses', async () => {
    const { completion, body } = scene()
    await completion({ model: 'o3-mini', messages, temperature: 0.2, drop_params: true })
    await completion({ model: 'o3-mini', messages, temperature: 0.2 })
    expect([body(0).temperature, body(1).temperature]).toEqual([undefined, 0.2])
  })

  test('extra_body and extra_headers reach the provider', async () => {
    const { completion, fake, body } = scene()
    await completion({
      ...gpt,
      temperature: 1,
      extra_body: { temperature: 0, top_k: 5 },
      extra_headers: { 'X-Trace': 't1' },
    })
    expect(body()).toMatchObject({ temperature: 0, top_k: 5 })
    expect(fake.requests[0]?.headers['x-trace']).toBe('t1')
  })

  test('api_base, or base_url, leads elsewhere; the key of the environment stays behind', async () => {
    for (const where of [{ api_base: 'http://own.example/v1' }, { base_url: 'http://own.example/v1' }]) {
      const { completion, fake } = scene()
      await completion({ ...gpt, ...where, api_key: 'sk-own' })
      expect(fake.requests[0]?.url).toBe('http://own.example/v1/chat/completions')
      expect(fake.requests[0]?.headers.authorization).toBe('Bearer sk-own')
      expect((await failure(completion({ ...gpt, ...where }))).code).toBe('provider-auth')
      expect(fake.requests.length).toBe(1)
    }
  })

  test('mock_response answers without calling anybody, whole, streamed, or with a failure', async () => {
    const { completion, fake } = scene()
    const answer = await completion({ ...gpt, mock_response: 'Nice.' })
    expect(answer.choices[0]?.message.content).toBe('Nice.')
    const { chunks } = await collect(await completion({ ...gpt, mock_response: 'Nice day.', stream: true }))
    expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toBe('Nice day.')
    const limit = await failure(completion({ ...gpt, mock_response: 'litellm.RateLimitError' }))
    expect([limit.code, limit.status, limit.provider]).toEqual(['provider-limit', 429, 'openai'])
    const context = await failure(completion({ ...gpt, mock_response: 'litellm.ContextWindowExceededError' }))
    expect([context.code, context.status]).toEqual(['context-overflow', 400])
    expect(fake.requests.length).toBe(0)
  })
})

describe('failures', () => {
  test.each([
    [400, 'provider-refused'],
    [401, 'provider-auth'],
    [403, 'provider-denied'],
    [404, 'provider-not-found'],
    [429, 'provider-limit'],
    [500, 'provider-failed'],
    [503, 'provider-overloaded'],
  ] as const)('of status %d are %s, with status and provider', async (status, code) => {
    const { completion } = scene(`status-${status}`)
    const error = await failure(completion(gpt))
    expect([error.code, error.status, error.provider]).toEqual([code, status, 'openai'])
    expect(error.retryAfterMs).toBe(status === 429 || status === 503 ? 1000 : undefined)
  })

  test('of one call are no reason not to make the next', async () => {
    const { completion } = scene('status-401', 'status-429')
    expect((await failure(completion(gpt))).code).toBe('provider-auth')
    expect((await failure(completion(gpt))).code).toBe('provider-limit')
    expect((await completion(gpt)).choices.length).toBe(1)
  })

  test('of a request say what is wrong with it', async () => {
    const { completion, responses } = scene()
    expect((await failure(completion({ ...gpt, model: 'nobody-knows-me' }))).code).toBe('unknown-model')
    expect((await failure(completion({ ...gpt, model: '' }))).status).toBe(400)
    const error = await failure(responses({ model: 'claude-sonnet-4-5', input: 'x', previous_response_id: 'resp_1' }))
    expect([error.code, error.detail.param]).toEqual(['unsupported', 'previous_response_id'])
  })

  test('a whole answer that cannot be read names its provider', async () => {
    const garbled = new Response('{"unexpected":true}', { headers: { 'content-type': 'application/json' } })
    const error = await failure(scene(garbled).completion({ model: 'claude-sonnet-4-5', messages, num_retries: 0 }))
    expect([error.code, error.provider]).toEqual(['provider-garbled', 'anthropic'])
  })
})

describe('a stream', () => {
  test('that is left early closes the call to the provider', async () => {
    for (const model of ['gpt-4o', 'claude-sonnet-4-5']) {
      const { completion, fake } = scene('slow-chunks:5+count:200')
      const stream = await completion({ model, messages, stream: true })
      for await (const { choices } of stream) if (choices[0]?.delta.content) break
      expect(fake.requests[0]?.aborted).toBe(true)
      expect(receiptOf(stream)?.usage?.source).toBe('counted')
    }
  })

  test('that breaks throws after what it has said, and names the provider', async () => {
    for (const [model, provider] of [
      ['gpt-4o', 'openai'],
      ['claude-sonnet-4-5', 'anthropic'],
    ] as const) {
      const { completion } = scene('die-after-content:3+count:9')
      const { chunks, error } = await collect(await completion({ model, messages, stream: true }))
      expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toBe('w0 w1 w2 ')
      expect([error?.code, error?.provider]).toEqual(['provider-unreachable', provider])
    }
  })

  test('in which the provider tells of an error throws that error, and no chunk holds it', async () => {
    const told = sseOf(chunk('Hi'), { error: { message: 'overloaded', type: 'overloaded_error', code: 503 } })
    const { chunks, error } = await collect(await scene(told).completion({ ...gpt, stream: true }))
    expect(chunks.length).toBe(1)
    expect([error?.code, error?.status, error?.provider]).toEqual(['provider-overloaded', 503, 'openai'])
  })

  test('that just stops, between two frames or within one, is no complete answer', async () => {
    const between = await collect(await scene(sseOf(chunk('Hi'))).completion({ ...gpt, stream: true }))
    expect([between.chunks.length, between.error?.code]).toEqual([1, 'provider-garbled'])
    const text = `data: ${JSON.stringify(chunk('Hi'))}\n\ndata: {"id":"c1","choi`
    const within = await collect(await scene(new Response(text)).completion({ ...gpt, stream: true }))
    expect([within.chunks.length, within.error?.code, within.error?.provider]).toEqual([
      1,
      'provider-garbled',
      'openai',
    ])
  })

  test('that fails in its first event falls back before anything is said', async () => {
    const { completion } = scene('error-first-event')
    const stream = await completion({ ...gpt, stream: true, fallbacks: ['claude-sonnet-4-5'] })
    const { chunks } = await collect(stream)
    expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toBe('You said: hello')
    expect(receiptOf(stream)).toMatchObject({ provider: 'anthropic', fallbacks: 1 })
  })
})
