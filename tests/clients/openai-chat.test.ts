import { describe, expect, test } from 'bun:test'
import OpenAI, { AuthenticationError, AzureOpenAI, BadRequestError, InternalServerError, RateLimitError } from 'openai'
import type { ChatCompletionMessageParam, ChatCompletionTool } from 'openai/resources/chat/completions'
import { backends, citySchema, dot, failure, openScene, thinkers, until } from './scene.ts'
import { twoCalls } from './two-calls.ts'

const scene = openScene()
const client = (apiKey = scene.key) => new OpenAI({ apiKey, baseURL: `${scene.house.url}/v1`, maxRetries: 0 })
const tools: ChatCompletionTool[] = [
  { type: 'function', function: { name: 'get_weather', description: 'Says the weather', parameters: citySchema } },
]
const user = (content: string): ChatCompletionMessageParam => ({ role: 'user', content })

describe.each(backends)('the openai package, chat completions, over $format', ({ model, format }) => {
  test('gets a whole answer with usage', async () => {
    const before = Math.floor(Date.now() / 1000)
    const answer = await client().chat.completions.create({ model, messages: [user('Say hello')] })
    expect(answer.object).toBe('chat.completion')
    expect(answer.choices[0]?.message).toMatchObject({ role: 'assistant', content: 'You said: Say hello' })
    expect(answer.choices[0]?.finish_reason).toBe('stop')
    expect(answer.usage?.prompt_tokens).toBeGreaterThan(0)
    expect(answer.usage?.completion_tokens).toBeGreaterThan(0)
    expect(answer.usage?.total_tokens).toBe((answer.usage?.prompt_tokens ?? 0) + (answer.usage?.completion_tokens ?? 0))
    if (format === 'anthropic-messages' || format === 'gemini') expect(answer.created).toBeGreaterThanOrEqual(before)
    else expect(answer.created).toBe(1_750_000_000)
  })

  test('reads a stream to its end, usage last', async () => {
    const stream = await client().chat.completions.create({
      model,
      messages: [user('one two three')],
      stream: true,
      stream_options: { include_usage: true },
    })
    const chunks = await Array.fromAsync(stream)
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toBe('You said: one two three')
    expect(chunks.filter((chunk) => chunk.choices[0]?.finish_reason).map((chunk) => chunk.choices)).toHaveLength(1)
    expect(chunks.at(-1)?.choices).toEqual([])
    expect(chunks.at(-1)?.usage?.completion_tokens).toBeGreaterThan(0)
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1)
    expect(chunks.every(({ created }) => created > 1_700_000_000)).toBe(true)
  })

  test('sees no usage in a stream that it did not ask it of', async () => {
    const stream = await client().chat.completions.create({ model, messages: [user('hi')], stream: true })
    const chunks = await Array.fromAsync(stream)
    expect(chunks.every((chunk) => chunk.choices.length === 1 && !chunk.usage)).toBe(true)
  })

  test('calls a tool, sends the result back and gets the final answer', async () => {
    const messages = [user('Please call get_weather')]
    const asked = await client().chat.completions.create({ model, messages, tools })
    const message = asked.choices[0]?.message
    const call = message?.tool_calls?.[0]
    if (!message || call?.type !== 'function') throw new Error('no call')
    expect(asked.choices[0]?.finish_reason).toBe('tool_calls')
    expect(call.function.name).toBe('get_weather')
    expect(JSON.parse(call.function.arguments)).toEqual({ city: 'Paris' })
    expect(scene.seen().body).toContain('Name of the city')
    const answer = await client().chat.completions.create({
      model,
      messages: [...messages, message, { role: 'tool', tool_call_id: call.id, content: 'Sunny, 21 degrees' }],
      tools,
    })
    expect(answer.choices[0]?.finish_reason).toBe('stop')
    expect(answer.choices[0]?.message.content).toStartWith('You said:')
    expect(scene.seen().body).toContain('Sunny, 21 degrees')
    expect(scene.seen().body).toContain('Paris')
  })

  test('gathers a streamed tool call', async () => {
    const stream = client().chat.completions.stream({ model, messages: [user('Please call get_weather')], tools })
    const answer = await stream.finalChatCompletion()
    const call = answer.choices[0]?.message.tool_calls?.[0]
    expect(answer.choices[0]?.finish_reason).toBe('tool_calls')
    expect(call?.type === 'function' && call.function).toMatchObject({
      name: 'get_weather',
      arguments: '{"city":"Paris"}',
    })
    expect(call?.id).not.toBe('')
  })

  test.each([false, true])('gets two calls at once and answers both, streamed: %p', async (streamed) => {
    const messages = [user('Weather in Paris and Rome?')]
    scene.house.provider.script(twoCalls(format, streamed))
    const asked = streamed
      ? await client().chat.completions.stream({ model, messages, tools }).finalChatCompletion()
      : await client().chat.completions.create({ model, messages, tools })
    const message = asked.choices[0]?.message
    const calls = (message?.tool_calls ?? []).flatMap((call) => (call.type === 'function' ? [call] : []))
    expect(calls.map((call) => JSON.parse(call.function.arguments))).toEqual([{ city: 'Paris' }, { city: 'Rome' }])
    expect(new Set(calls.map(({ id }) => id)).size).toBe(2)
    if (!message) throw new Error('no message')
    const answer = await client().chat.completions.create({
      model,
      messages: [
        ...messages,
        { role: 'assistant', content: message.content, tool_calls: calls },
        ...calls.map(({ id }, at) => ({ role: 'tool' as const, tool_call_id: id, content: `result ${at}` })),
      ],
      tools,
    })
    expect(answer.choices[0]?.message.content).toStartWith('You said:')
    expect(scene.seen().body).toContain('result 0')
    expect(scene.seen().body).toContain('result 1')
  })

  test('parses an answer that had to fit a schema', async () => {
    const answer = await client().chat.completions.parse({
      model,
      messages: [user('Where is the Louvre?')],
      response_format: { type: 'json_schema', json_schema: { name: 'place', strict: true, schema: citySchema } },
    })
    expect(JSON.parse(answer.choices[0]?.message.content ?? '')).toEqual({ city: 'Paris' })
    expect(scene.seen().body).toContain('Name of the city')
  })

  test('has its instructions heard, from system and from developer', async () => {
    await client().chat.completions.create({
      model,
      messages: [{ role: 'system', content: 'Speak like a pirate' }, user('hi')],
    })
    expect(scene.seen().body).toContain('Speak like a pirate')
    await client().chat.completions.create({
      model,
      messages: [{ role: 'developer', content: 'Speak like a poet' }, user('hi')],
    })
    expect(scene.seen().body).toContain('Speak like a poet')
  })

  test('shows an image', async () => {
    const answer = await client().chat.completions.create({
      model,
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'What is this?' },
            { type: 'image_url', image_url: { url: `data:image/png;base64,${dot}` } },
          ],
        },
      ],
    })
    expect(answer.choices[0]?.message.content).toBe('You said: What is this?')
    expect(scene.seen().body).toContain(dot)
  })

  test('gets an AuthenticationError for a key that nobody made', async () => {
    const before = scene.count()
    const error = await failure(
      client('sk-nobody-made-this-key').chat.completions.create({ model, messages: [user('hi')] }),
    )
    expect(error).toBeInstanceOf(AuthenticationError)
    expect(scene.count()).toBe(before)
  })

  test('gets a RateLimitError for a provider that answers 429', async () => {
    scene.house.provider.script('status-429')
    const error = await failure(client().chat.completions.create({ model, messages: [user('hi')] }))
    expect(error).toBeInstanceOf(RateLimitError)
    expect((error as RateLimitError).headers?.get('retry-after')).toBe('1')
    expect((error as RateLimitError).message).toContain('The fake provider answers 429.')
  })

  test.each([false, true])('gets an InternalServerError for a provider that fails, streamed: %p', async (stream) => {
    scene.house.provider.script('status-500')
    const error = await failure(client().chat.completions.create({ model, messages: [user('hi')], stream }))
    expect(error).toBeInstanceOf(InternalServerError)
    expect((error as InternalServerError).status).toBe(500)
  })

  test('gets an error, not a short answer, from a stream that breaks', async () => {
    scene.house.provider.script('die-after-content:2+slow-chunks:10')
    const stream = await client().chat.completions.create({ model, messages: [user('a b c d')], stream: true })
    const error = await failure(Array.fromAsync(stream))
    expect(error).toBeInstanceOf(OpenAI.APIError)
  })

  test('frees the provider when it stops reading', async () => {
    scene.house.provider.script('slow-chunks:20+count:200')
    const stream = await client().chat.completions.create({ model, messages: [user('count')], stream: true })
    const request = scene.seen()
    for await (const _chunk of stream) break
    await until(() => request.aborted, 'the provider hears of the abort')
  })
})

describe.each(thinkers)('the openai package, reasoning, over $format', ({ model, format }) => {
  const effort = {
    'openai-chat': '"reasoning_effort":"high"',
    'openai-responses': '"effort":"high"',
    'anthropic-messages': '"budget_tokens":',
    gemini: '"thinkingBudget":',
  }

  test('says how hard to think and sees the thoughts', async () => {
    const body = { model, messages: [user('think hard')], reasoning_effort: 'high' as const }
    const answer = await client().chat.completions.create(body)
    expect(scene.seen().body).toContain(effort[format])
    expect(answer.choices[0]?.message).toMatchObject({ reasoning_content: 'Let me think about it.' })
    expect(answer.choices[0]?.message.content).toBe('You said: think hard')
    const chunks = await Array.fromAsync(await client().chat.completions.create({ ...body, stream: true }))
    const thought = chunks
      .map(({ choices: [choice] }) => (choice?.delta as { reasoning_content?: string } | undefined)?.reasoning_content)
      .join('')
    expect(thought).toBe('Let me think about it.')
  })
})

describe('the openai package', () => {
  test('gets a BadRequestError that names a model which nobody has', async () => {
    const error = await failure(client().chat.completions.create({ model: 'nobody-has-this', messages: [user('hi')] }))
    expect(error).toBeInstanceOf(BadRequestError)
    expect((error as BadRequestError).message).toContain('nobody-has-this')
  })

  test('lists the models that its key may call', async () => {
    const names = (await Array.fromAsync(client().models.list())).map(({ id }) => id)
    expect(names).toEqual(expect.arrayContaining(['gpt', 'o', 'codex', 'claude', 'gem', 'groq', 'azure']))
    const narrow = client(await scene.house.key({ models: ['claude'] }))
    expect((await Array.fromAsync(narrow.models.list())).map(({ id }) => id)).toEqual(['claude'])
  })

  test('retrieves one model, and gets a 404 for one that is not there', async () => {
    expect(await client().models.retrieve('claude')).toMatchObject({ id: 'claude', object: 'model' })
    expect(await failure(client().models.retrieve('nobody-has-this'))).toBeInstanceOf(OpenAI.NotFoundError)
  })

  test('calls an Azure deployment under its name', async () => {
    const answer = await client().chat.completions.create({ model: 'azure', messages: [user('hi')] })
    expect(answer.choices[0]?.message.content).toBe('You said: hi')
    expect(scene.seen().url).toContain('/openai/deployments/my-gpt-deployment/chat/completions?api-version=2024-10-21')
    expect(scene.seen().headers['api-key']).toBe('sk-key-that-the-provider-knows')
  })

  test('speaks to us as if we were Azure', async () => {
    const azure = new AzureOpenAI({
      apiKey: scene.key,
      endpoint: scene.house.url,
      apiVersion: '2024-10-21',
      deployment: 'claude',
      maxRetries: 0,
    })
    const answer = await azure.chat.completions.create({ model: 'claude', messages: [user('hi')] })
    expect(answer.choices[0]?.message.content).toBe('You said: hi')
  })
})
