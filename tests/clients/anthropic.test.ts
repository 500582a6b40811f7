import { describe, expect, test } from 'bun:test'
import Anthropic, {
  APIError,
  AuthenticationError,
  BadRequestError,
  InternalServerError,
  RateLimitError,
} from '@anthropic-ai/sdk'
import type { Message, MessageParam, Tool } from '@anthropic-ai/sdk/resources/messages'
import { backends, citySchema, dot, failure, openScene, thinkers, until } from './scene.ts'
import { twoCalls } from './two-calls.ts'

const scene = openScene()
const client = (apiKey = scene.key) => new Anthropic({ apiKey, baseURL: scene.house.url, maxRetries: 0 })
const tools: Tool[] = [{ name: 'get_weather', description: 'Says the weather', input_schema: citySchema }]
const user = (content: string): MessageParam => ({ role: 'user', content })
const limit = { max_tokens: 1024 }
const textOf = ({ content }: Message) => content.map((block) => (block.type === 'text' ? block.text : '')).join('')
const callsOf = ({ content }: Message) => content.flatMap((block) => (block.type === 'tool_use' ? [block] : []))

describe.each(backends)('the Anthropic package over $format', ({ model, format }) => {
  test('gets a whole answer with usage', async () => {
    const answer = await client().messages.create({ model, ...limit, messages: [user('Say hello')] })
    expect(answer).toMatchObject({ type: 'message', role: 'assistant', stop_reason: 'end_turn' })
    expect(textOf(answer)).toBe('You said: Say hello')
    expect(answer.usage.input_tokens).toBeGreaterThan(0)
    expect(answer.usage.output_tokens).toBeGreaterThan(0)
  })

  test('reads the events of a stream in their order', async () => {
    const stream = await client().messages.create({ model, ...limit, messages: [user('one two')], stream: true })
    const events = await Array.fromAsync(stream)
    const order = events.map(({ type }) => type).filter((type, at, all) => type !== all[at - 1])
    expect(order).toEqual([
      'message_start',
      'content_block_start',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ])
    const end = events.find((event) => event.type === 'message_delta')
    expect(end?.delta.stop_reason).toBe('end_turn')
    expect(end?.usage.output_tokens).toBeGreaterThan(0)
  })

  test('has its stream folded into the final message', async () => {
    const stream = client().messages.stream({ model, ...limit, messages: [user('one two three')] })
    const heard: string[] = []
    stream.on('text', (text) => void heard.push(text))
    const answer = await stream.finalMessage()
    expect(textOf(answer)).toBe('You said: one two three')
    expect(heard.join('')).toBe('You said: one two three')
    expect(answer.usage.output_tokens).toBeGreaterThan(0)
    expect(answer.stop_reason).toBe('end_turn')
  })

  test.each([false, true])('calls a tool, sends the result and gets the answer, streamed: %p', async (streamed) => {
    const messages = [user('Please call get_weather')]
    const body = { model, ...limit, messages, tools }
    const asked = streamed ? await client().messages.stream(body).finalMessage() : await client().messages.create(body)
    const [call] = callsOf(asked)
    if (!call) throw new Error('no call')
    expect(asked.stop_reason).toBe('tool_use')
    expect(call).toMatchObject({ name: 'get_weather', input: { city: 'Paris' } })
    expect(scene.seen().body).toContain('Name of the city')
    const result = { type: 'tool_result' as const, tool_use_id: call.id, content: 'Sunny, 21 degrees' }
    const answer = await client().messages.create({
      ...body,
      messages: [...messages, { role: 'assistant', content: asked.content }, { role: 'user', content: [result] }],
    })
    expect(textOf(answer)).toStartWith('You said:')
    expect(scene.seen().body).toContain('Sunny, 21 degrees')
  })

  test.each([false, true])('gets two calls at once and answers both, streamed: %p', async (streamed) => {
    const messages = [user('Weather in Paris and Rome?')]
    const body = { model, ...limit, messages, tools }
    scene.house.provider.script(twoCalls(format, streamed))
    const asked = streamed ? await client().messages.stream(body).finalMessage() : await client().messages.create(body)
    const calls = callsOf(asked)
    expect(calls.map(({ input }) => input)).toEqual([{ city: 'Paris' }, { city: 'Rome' }])
    expect(new Set(calls.map(({ id }) => id)).size).toBe(2)
    const results = calls.map(({ id }, at) => ({
      type: 'tool_result' as const,
      tool_use_id: id,
      content: [{ type: 'text' as const, text: `result ${at}` }],
    }))
    const answer = await client().messages.create({
      ...body,
      messages: [...messages, { role: 'assistant', content: asked.content }, { role: 'user', content: results }],
    })
    expect(textOf(answer)).toStartWith('You said:')
    expect(scene.seen().body).toContain('result 0')
    expect(scene.seen().body).toContain('result 1')
  })

  test('parses an answer that had to fit a schema', async () => {
    const answer = await client().messages.create({
      model,
      ...limit,
      messages: [user('Where is the Louvre?')],
      output_config: { format: { type: 'json_schema', schema: citySchema } },
    })
    expect(JSON.parse(textOf(answer))).toEqual({ city: 'Paris' })
    expect(scene.seen().body).toContain('Name of the city')
  })

  test('has its instructions heard, as text and as blocks', async () => {
    const body = { model, ...limit, messages: [user('hi')] }
    await client().messages.create({ ...body, system: 'Speak like a pirate' })
    expect(scene.seen().body).toContain('Speak like a pirate')
    await client().messages.create({
      ...body,
      system: [{ type: 'text', text: 'Speak like a poet', cache_control: { type: 'ephemeral' } }],
    })
    expect(scene.seen().body).toContain('Speak like a poet')
  })

  test('shows an image', async () => {
    const answer = await client().messages.create({
      model,
      ...limit,
      messages: [
        {
          role: 'user',
          content: [
            { type: 'image', source: { type: 'base64', media_type: 'image/png', data: dot } },
            { type: 'text', text: 'What is this?' },
          ],
        },
      ],
    })
    expect(textOf(answer)).toBe('You said: What is this?')
    expect(scene.seen().body).toContain(dot)
  })

  test('counts tokens without asking for an answer', async () => {
    const { input_tokens } = await client().messages.countTokens({
      model,
      messages: [user('one two three four')],
      system: 'Be brief',
      tools,
    })
    expect(input_tokens).toBeGreaterThan(0)
    const [last] = scene.house.provider.requests.slice(-1)
    if (format === 'anthropic-messages') expect(last?.url).toEndWith('/v1/messages/count_tokens')
    else expect(last?.body).not.toContain('one two three four')
  })

  test('gets an AuthenticationError for a key that nobody made', async () => {
    const error = await failure(
      client('sk-nobody-made-this-key').messages.create({ model, ...limit, messages: [user('hi')] }),
    )
    expect(error).toBeInstanceOf(AuthenticationError)
    expect((error as AuthenticationError).error).toMatchObject({
      type: 'error',
      error: { type: 'authentication_error' },
    })
  })

  test('gets a RateLimitError for a provider that answers 429', async () => {
    scene.house.provider.script('status-429')
    const error = await failure(client().messages.create({ model, ...limit, messages: [user('hi')] }))
    expect(error).toBeInstanceOf(RateLimitError)
    expect((error as RateLimitError).headers?.get('retry-after')).toBe('1')
    expect((error as RateLimitError).error).toMatchObject({ error: { type: 'rate_limit_error' } })
  })

  test.each([false, true])('gets an InternalServerError for a provider that fails, streamed: %p', async (stream) => {
    scene.house.provider.script('status-500')
    const error = await failure(client().messages.create({ model, ...limit, messages: [user('hi')], stream }))
    expect(error).toBeInstanceOf(InternalServerError)
  })

  test('gets an error, not a short answer, from a stream that breaks', async () => {
    scene.house.provider.script('die-after-content:2+slow-chunks:10')
    const stream = client().messages.stream({ model, ...limit, messages: [user('a b c d')] })
    expect(await failure(stream.finalMessage())).toBeInstanceOf(APIError)
  })

  test('frees the provider when it stops reading', async () => {
    scene.house.provider.script('slow-chunks:20+count:200')
    const stream = client().messages.stream({ model, ...limit, messages: [user('count')] })
    stream.on('error', () => {})
    for await (const event of stream) if (event.type === 'content_block_delta') break
    const request = scene.seen()
    stream.abort()
    await until(() => request.aborted, 'the provider hears of the abort')
  })
})

describe.each(thinkers)('the Anthropic package, thinking, over $format', ({ model, format }) => {
  const wish = {
    'openai-chat': '"reasoning_effort":',
    'openai-responses': '"effort":',
    'anthropic-messages': '"budget_tokens":2048',
    gemini: '"thinkingBudget":2048',
  }

  test.each([false, true])('says how hard to think and can send the thoughts back, streamed: %p', async (streamed) => {
    const messages = [user('think and call get_weather')]
    const body = {
      model,
      max_tokens: 4096,
      messages,
      tools,
      thinking: { type: 'enabled' as const, budget_tokens: 2048 },
    }
    const asked = streamed ? await client().messages.stream(body).finalMessage() : await client().messages.create(body)
    expect(scene.seen().body).toContain(wish[format])
    expect(asked.content.map(({ type }) => type)).toEqual(['thinking', 'tool_use'])
    expect(asked.content[0]).toMatchObject({ type: 'thinking', thinking: 'Let me think about it.' })
    const [call] = callsOf(asked)
    const answer = await client().messages.create({
      ...body,
      messages: [
        ...messages,
        { role: 'assistant', content: asked.content },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: call?.id ?? '', content: 'Sunny' }] },
      ],
    })
    expect(textOf(answer)).toStartWith('You said:')
    expect(scene.seen().body).toContain('Sunny')
  })
})

describe('the Anthropic package', () => {
  test('gets a BadRequestError that names a model which nobody has', async () => {
    const error = await failure(
      client().messages.create({ model: 'nobody-has-this', ...limit, messages: [user('hi')] }),
    )
    expect(error).toBeInstanceOf(BadRequestError)
    expect((error as BadRequestError).message).toContain('nobody-has-this')
  })

  test('may show its key as a bearer token', async () => {
    const bearer = new Anthropic({ authToken: scene.key, apiKey: null, baseURL: scene.house.url, maxRetries: 0 })
    const answer = await bearer.messages.create({ model: 'gpt', ...limit, messages: [user('hi')] })
    expect(textOf(answer)).toBe('You said: hi')
    expect(scene.seen().headers.authorization).toBe('Bearer sk-key-that-the-provider-knows')
  })

  test('has its beta features heard where its own format is spoken', async () => {
    await client().beta.messages.create({
      model: 'claude',
      ...limit,
      messages: [user('hi')],
      betas: ['context-1m-2025-08-07'],
    })
    expect(scene.seen().headers['anthropic-beta']).toContain('context-1m-2025-08-07')
    expect(scene.seen().headers['anthropic-version']).toMatch(/^20\d\d-\d\d-\d\d$/)
    expect(scene.seen().headers['x-api-key']).toBe('sk-key-that-the-provider-knows')
  })

  test('lists models', async () => {
    const names = (await Array.fromAsync(client().models.list())).map(({ id }) => id)
    expect(names).toEqual(expect.arrayContaining(['claude', 'gpt', 'gem']))
    expect(await client().models.retrieve('claude')).toMatchObject({ id: 'claude', type: 'model' })
  })

  test('is told by name that servers which Anthropic calls are nothing to others', async () => {
    const body = {
      ...limit,
      messages: [user('hi')],
      mcp_servers: [{ type: 'url' as const, name: 'tickets', url: 'https://mcp.example.com' }],
      betas: ['mcp-client-2025-04-04'],
    }
    const error = await failure(client().beta.messages.create({ ...body, model: 'gpt' }))
    expect(error).toBeInstanceOf(BadRequestError)
    expect((error as BadRequestError).message).toContain('mcp_servers')
    await client().beta.messages.create({ ...body, model: 'claude' })
    expect(scene.seen().body).toContain('"mcp_servers"')
  })
})
