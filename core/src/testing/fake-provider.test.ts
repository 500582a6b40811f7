import { describe, expect, test } from 'bun:test'
import { isGatewayError } from '../kernel/faults.ts'
import type { JsonObject } from '../kernel/json.ts'
import { readJsonArray } from '../kernel/json-array.ts'
import { readSse } from '../kernel/sse.ts'
import { run } from '../kernel/transducer.ts'
import type { FormatId } from '../vocabulary/format-id.ts'
import { type FakeProvider, fakeProvider } from './fake-provider.ts'
import { checkStream } from './grammar/index.ts'

const schema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] }

/** The same question in each wire format. */
const wires: Readonly<Record<FormatId, (model: string, said: string, stream: boolean) => [string, JsonObject]>> = {
  'openai-chat': (model, content, stream) => [
    '/v1/chat/completions',
    {
      model,
      stream,
      stream_options: { include_usage: true },
      messages: [{ role: 'user', content }],
      tools: [{ type: 'function', function: { name: 'get_weather', parameters: schema } }],
    },
  ],
  'openai-responses': (model, input, stream) => [
    '/v1/responses',
    { model, stream, input, tools: [{ type: 'function', name: 'get_weather', parameters: schema }] },
  ],
  'anthropic-messages': (model, content, stream) => [
    '/some/prefix/v1/messages',
    {
      model,
      stream,
      max_tokens: 9,
      messages: [{ role: 'user', content }],
      tools: [{ name: 'get_weather', input_schema: schema }],
    },
  ],
  gemini: (model, text, stream) => [
    `/v1beta/models/${model}:${stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
    {
      contents: [{ role: 'user', parts: [{ text }] }],
      tools: [{ functionDeclarations: [{ name: 'get_weather', parameters: schema }] }],
    },
  ],
}
const formats = Object.keys(wires) as FormatId[]

function post(fake: FakeProvider, [path, body]: [string, JsonObject], init: RequestInit = {}): Promise<Response> {
  const url = `http://fake.test${path}`
  return fake.handle(
    new Request(url, { method: 'POST', body: JSON.stringify(body), headers: { 'X-Api-Key': 'k' }, ...init }),
  )
}

const framesOf = async (response: Response) => run(readSse(), [new Uint8Array(await response.arrayBuffer())])

describe.each(formats)('the fake provider of %s', (format) => {
  const ask = (fake: FakeProvider, model: string, said = 'Hello there', stream = false) =>
    post(fake, wires[format](model, said, stream))

  test('echoes, calls a tool and thinks, in whole answers', async () => {
    const fake = fakeProvider()
    expect(await (await ask(fake, 'm')).text()).toContain('You said: Hello there')
    const called = await (await ask(fake, 'm', 'please call get_weather')).text()
    expect(called).toContain('get_weather')
    expect(called.replaceAll('\\', '')).toContain('{"city":"Paris"}')
    expect(await (await ask(fake, 'm', 'please think')).text()).toContain('Let me think')
  })

  test('streams what passes the grammar of the format', async () => {
    const fake = fakeProvider()
    for (const said of ['Hello', 'call get_weather', 'think and call get_weather', 'think of this and that']) {
      const frames = await framesOf(await ask(fake, 'm', said, true))
      expect(checkStream[format](frames, { includeUsage: true })).toEqual([])
      expect(frames.length).toBeGreaterThan(1)
    }
  })

  test('counts the same in both ways', async () => {
    const fake = fakeProvider()
    const numbers = (text: string) => text.match(/"(?:prompt_tokens|input_tokens|promptTokenCount)":(\d+)/)?.[1]
    expect(numbers(await (await ask(fake, 'm', '12345678')).text())).toBe('2')
    expect(numbers(await (await ask(fake, 'm', '12345678', true)).text())).toBe('2')
    expect(numbers(await (await ask(fake, 'no-usage', '12345678')).text())).toBeUndefined()
  })

  test('answers the status its model is named for, in the words of the vendor', async () => {
    const fake = fakeProvider()
    for (const status of [401, 429, 500]) {
      const response = await ask(fake, `status-${status}`)
      expect(response.status).toBe(status)
      expect(JSON.stringify(await response.json())).toContain('"error"')
    }
    expect((await ask(fake, 'status-429')).headers.get('retry-after')).toBe('1')
  })

  test('dies where it is told to', async () => {
    const fake = fakeProvider()
    for (const [model, least] of [
      ['die-before-content', 0],
      ['die-after-content:1', 1],
    ] as const) {
      const reader = (await ask(fake, model, 'one two three four', true)).body!.getReader()
      let read = ''
      const end = (async () => {
        for (;;) {
          const { done, value } = await reader.read()
          if (done) return 'ended'
          read += new TextDecoder().decode(value)
        }
      })()
      await expect(end).rejects.toThrow('broke the connection')
      expect(read.includes('You')).toBe(least > 0)
      expect(read).not.toContain('three')
    }
  })

  test('tells of an error in the first event', async () => {
    const frames = await framesOf(await ask(fakeProvider(), 'error-first-event', 'x', true))
    expect(frames).toHaveLength(1)
    expect(frames[0]?.data).toContain('overloaded')
  })

  test('leaves the end out', async () => {
    const frames = await framesOf(await ask(fakeProvider(), 'no-done', 'x', true))
    expect(frames.at(-1)?.data).not.toMatch(/\[DONE\]|message_stop|response.completed|finishReason/)
  })

  test('sends as many chunks as wanted', async () => {
    const frames = await framesOf(await ask(fakeProvider(), 'count:50', 'x', true))
    expect(frames.filter(({ data }) => /w\d+ "/.test(data) && !/w0 .*w1/.test(data))).toHaveLength(50)
  })
})

describe('the fake provider', () => {
  const ask = wires['openai-chat']

  test('takes its script before anything else, one answer per request', async () => {
    const fake = fakeProvider()
    fake.script('status-500')
    fake.script(new Response('scripted'))
    fake.script((seen) => new Response(seen.method))
    expect((await post(fake, ask('m', 'x', false))).status).toBe(500)
    expect(await (await post(fake, ask('m', 'x', false))).text()).toBe('scripted')
    expect(await (await post(fake, ask('m', 'x', false))).text()).toBe('POST')
    expect((await post(fake, ask('m', 'x', false))).status).toBe(200)
  })

  test('records what it was sent', async () => {
    const fake = fakeProvider()
    await post(fake, ask('m', 'recorded words', false))
    expect(fake.requests[0]?.headers['x-api-key']).toBe('k')
    expect(fake.requests[0]?.body).toContain('recorded words')
    expect(fake.requests[0]?.url).toBe('http://fake.test/v1/chat/completions')
    expect(fake.requests[0]?.aborted).toBe(false)
  })

  test('notices when the caller goes away', async () => {
    const fake = fakeProvider()
    const gone = new AbortController()
    const waiting = post(fake, ask('hang', 'x', false), { signal: gone.signal })
    setTimeout(() => gone.abort(), 5)
    await expect(waiting).rejects.toThrow()
    expect(fake.requests[0]?.aborted).toBe(true)
    expect(fake.requests[0]?.abortedAt).toBeGreaterThan(0)
    const response = await post(fake, ask('slow-chunks:1', 'a b c', true))
    await response.body?.cancel()
    expect(fake.requests[1]?.aborted).toBe(true)
    const late = new AbortController()
    await (await post(fake, ask('m', 'x', true), { signal: late.signal })).text()
    late.abort()
    expect(fake.requests[2]?.aborted).toBe(false)
  })

  test('waits as long as it is told', async () => {
    const before = performance.now()
    await post(fakeProvider(), ask('slow-first-byte:30', 'x', false))
    expect(performance.now() - before).toBeGreaterThan(25)
  })

  test('sends odd bodies', async () => {
    const body = async (model: string) => (await post(fakeProvider(), ask(model, 'x', false))).text()
    expect(await body('empty-body')).toBe('')
    expect(await body('null-body')).toBe('null')
    expect(await body('html-body')).toContain('<html>')
    expect(await body('bytes:{"a" :1}+x')).toBe('{"a" :1}+x')
  })

  test('compresses', async () => {
    const response = await post(fakeProvider(), ask('gzip', 'squeezed', false))
    expect(response.headers.get('content-encoding')).toBe('gzip')
    const plain = response.body!.pipeThrough(new DecompressionStream('gzip'))
    expect(await new Response(plain).text()).toContain('You said: squeezed')
  })

  test('streams Google answers as an array when nobody asked for events', async () => {
    const [, body] = wires.gemini('m', 'Hello', true)
    const response = await post(fakeProvider(), ['/v1beta/models/m:streamGenerateContent', body])
    const bytes = new Uint8Array(await response.arrayBuffer())
    expect(checkStream.gemini(run(readJsonArray(), [bytes]))).toEqual([])
    expect(Array.isArray(JSON.parse(new TextDecoder().decode(bytes)))).toBe(true)
  })

  test('counts tokens without answering', async () => {
    const fake = fakeProvider()
    const messages = [{ role: 'user', content: '12345678' }]
    expect(await (await post(fake, ['/v1/messages/count_tokens', { model: 'm', messages }])).json()).toEqual({
      input_tokens: 2,
    })
    const contents = [{ parts: [{ text: '1234' }] }]
    expect(await (await post(fake, ['/v1beta/models/m:countTokens', { contents }])).json()).toMatchObject({
      totalTokens: 1,
    })
  })

  test('knows the deployments of Azure, and fills a schema', async () => {
    const body = {
      messages: [{ role: 'user', content: 'as JSON' }],
      response_format: { type: 'json_schema', json_schema: { name: 'x', schema } },
    }
    const path = '/openai/deployments/my-gpt/chat/completions?api-version=2024-10-21'
    const answer = JSON.stringify(await (await post(fakeProvider(), [path, body])).json())
    expect(answer).toContain('"model":"my-gpt"')
    expect(answer.replaceAll('\\', '')).toContain('{"city":"Paris"}')
  })

  test('does not know other paths, and never throws our errors', async () => {
    expect((await post(fakeProvider(), ['/v1/unknown', {}])).status).toBe(404)
    expect(
      (await fakeProvider().handle(new Request('http://fake.test/v1/messages', { method: 'POST', body: '{' }))).status,
    ).toBe(400)
    const thrown = await post(fakeProvider(), ask('hang', 'x', false), { signal: AbortSignal.abort() }).catch(
      (error: unknown) => error,
    )
    expect(isGatewayError(thrown)).toBe(false)
    expect(thrown).toBeInstanceOf(Error)
  })
})
