import { describe, expect, test } from 'bun:test'
import { createAnthropic } from '@ai-sdk/anthropic'
import { createOpenAI } from '@ai-sdk/openai'
import {
  APICallError,
  generateText,
  jsonSchema,
  type LanguageModel,
  type ModelMessage,
  Output,
  stepCountIs,
  streamText,
  tool,
} from 'ai'
import { backends, citySchema, dot, failure, openScene, until } from './scene.ts'
import { twoCalls } from './two-calls.ts'

const scene = openScene()
Object.assign(globalThis, { AI_SDK_LOG_WARNINGS: false })
const openai = (apiKey = scene.key) => createOpenAI({ apiKey, baseURL: `${scene.house.url}/v1` })
const anthropic = (apiKey = scene.key) => createAnthropic({ apiKey, baseURL: `${scene.house.url}/v1` })

/** The three wire formats that the AI SDK speaks to us. */
const dialects: Readonly<Record<string, (model: string, key?: string) => LanguageModel>> = {
  'openai chat': (model, key) => openai(key).chat(model),
  'openai responses': (model, key) => openai(key).responses(model),
  anthropic: (model, key) => anthropic(key)(model),
}
const pairs = Object.keys(dialects).flatMap((dialect) => backends.map((backend) => ({ dialect, ...backend })))

const once = { maxRetries: 0, maxOutputTokens: 4096 }

interface Weather {
  readonly city: string
}

/** A tool that runs, and where it was asked about. */
function weather() {
  const asked: string[] = []
  const get_weather = tool({
    description: 'Says the weather',
    inputSchema: jsonSchema<Weather>(citySchema),
    execute: async ({ city }: Weather) => {
      asked.push(city)
      return `Sunny in ${city}`
    },
  })
  return { asked, tools: { get_weather } }
}

describe.each(pairs)('the AI SDK, $dialect, over $format', ({ dialect, model: name, format }) => {
  const model = (key?: string) => (dialects[dialect] ?? (() => name))(name, key)

  test('gets a whole answer with usage', async () => {
    const answer = await generateText({ model: model(), prompt: 'Say hello', system: 'Be a pirate', ...once })
    expect(answer.text).toBe('You said: Say hello')
    expect(answer.finishReason).toBe('stop')
    expect(answer.usage.inputTokens).toBeGreaterThan(0)
    expect(answer.usage.outputTokens).toBeGreaterThan(0)
    expect(answer.response.timestamp.getFullYear()).toBeGreaterThan(2023)
    expect(scene.seen().body).toContain('Be a pirate')
  })

  test('reads a stream to its end', async () => {
    const answer = streamText({ model: model(), prompt: 'one two three', ...once })
    expect((await Array.fromAsync(answer.textStream)).join('')).toBe('You said: one two three')
    expect(await answer.finishReason).toBe('stop')
    expect((await answer.usage).outputTokens).toBeGreaterThan(0)
  })

  test('runs a tool and goes on to the final answer, whole', async () => {
    const { asked, tools } = weather()
    const answer = await generateText({
      model: model(),
      prompt: 'Please call get_weather',
      tools,
      stopWhen: stepCountIs(3),
      ...once,
    })
    expect(asked).toEqual(['Paris'])
    expect(answer.steps).toHaveLength(2)
    expect(answer.text).toStartWith('You said:')
    expect(scene.seen().body).toContain('Sunny in Paris')
  })

  test('runs a tool and goes on to the final answer, streamed', async () => {
    const { asked, tools } = weather()
    const answer = streamText({
      model: model(),
      prompt: 'Please call get_weather',
      tools,
      stopWhen: stepCountIs(3),
      ...once,
    })
    expect(await answer.text).toStartWith('You said:')
    expect(asked).toEqual(['Paris'])
    expect(scene.seen().body).toContain('Sunny in Paris')
  })

  test.each([false, true])('runs two calls at once and sends both results, streamed: %p', async (streamed) => {
    const { asked, tools } = weather()
    scene.house.provider.script(twoCalls(format, streamed))
    const asking = {
      model: model(),
      prompt: 'Weather in Paris and Rome?',
      tools,
      stopWhen: stepCountIs(3),
      ...once,
    }
    const text = streamed ? await streamText(asking).text : (await generateText(asking)).text
    expect(text).toStartWith('You said:')
    expect(asked.sort()).toEqual(['Paris', 'Rome'])
    expect(scene.seen().body).toContain('Sunny in Paris')
    expect(scene.seen().body).toContain('Sunny in Rome')
  })

  test('parses an answer that had to fit a schema', async () => {
    const { output } = await generateText({
      model: model(),
      // over Anthropic's format the SDK asks models it does not know for a schema by a tool named json
      prompt: 'Where is the Louvre? call json',
      output: Output.object({ schema: jsonSchema<Weather>(citySchema) }),
      ...once,
    })
    expect(output).toEqual({ city: 'Paris' })
  })

  test('shows an image', async () => {
    const messages: ModelMessage[] = [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is this?' },
          { type: 'image', image: dot, mediaType: 'image/png' },
        ],
      },
    ]
    const answer = await generateText({ model: model(), messages, ...once })
    expect(answer.text).toBe('You said: What is this?')
    expect(scene.seen().body).toContain(dot)
  })

  test('is refused with 401 for a key that nobody made', async () => {
    const error = await failure(generateText({ model: model('sk-nobody-made-this-key'), prompt: 'hi', ...once }))
    expect((error as APICallError).statusCode).toBe(401)
  })

  test('learns of 429 as something to try again', async () => {
    scene.house.provider.script('status-429')
    const error = await failure(generateText({ model: model(), prompt: 'hi', ...once }))
    expect(APICallError.isInstance(error)).toBe(true)
    expect(error).toMatchObject({ statusCode: 429, isRetryable: true })
    expect((error as APICallError).message).toContain('The fake provider answers 429.')
  })

  test('hears of a stream that breaks', async () => {
    scene.house.provider.script('die-after-content:2+slow-chunks:10')
    const heard: unknown[] = []
    const answer = streamText({
      model: model(),
      prompt: 'a b c d',
      onError: ({ error }) => void heard.push(error),
      ...once,
    })
    for await (const _text of answer.textStream);
    expect(heard).toHaveLength(1)
    expect(await answer.finishReason.then(String, () => 'failed')).not.toBe('stop')
  })

  test('frees the provider when it stops reading', async () => {
    scene.house.provider.script('slow-chunks:20+count:200')
    const abort = new AbortController()
    const answer = streamText({
      model: model(),
      prompt: 'count',
      abortSignal: abort.signal,
      onError: () => {},
      ...once,
    })
    for await (const _text of answer.textStream) break
    const request = scene.seen()
    abort.abort()
    await until(() => request.aborted, 'the provider hears of the abort')
  })
})

const thinking = [
  ['openai chat', { openai: { reasoningEffort: 'high', forceReasoning: true } }],
  [
    'openai responses',
    { openai: { reasoningEffort: 'high', reasoningSummary: 'auto', forceReasoning: true, store: false } },
  ],
  ['anthropic', { anthropic: { thinking: { type: 'enabled', budgetTokens: 2048 } } }],
] as const

describe.each(thinking)('the AI SDK, %s, thinking', (dialect, providerOptions) => {
  test.each(['o', 'codex', 'claude', 'gem'])('has %s told how hard', async (name) => {
    const { asked, tools } = weather()
    const before = scene.count()
    const answer = await generateText({
      model: (dialects[dialect] ?? (() => name))(name),
      prompt: 'think and call get_weather',
      tools,
      providerOptions,
      stopWhen: stepCountIs(3),
      ...once,
    })
    expect(asked).toEqual(['Paris'])
    expect(answer.text).toStartWith('You said:')
    const first = scene.house.provider.requests[before]
    expect(first?.body).toMatch(/"thinkingBudget":|"budget_tokens":|"(?:reasoning_)?effort":/)
    // its chat dialect has no place for thoughts
    if (dialect !== 'openai chat') expect(answer.steps[0]?.reasoningText).toBe('Let me think about it.')
  })
})

describe('the AI SDK', () => {
  test.each(pairs.filter(({ dialect }) => dialect !== 'openai responses'))(
    'goes on with a conversation, $dialect over $format',
    async ({ dialect, model: name }) => {
      const model = (dialects[dialect] ?? (() => name))(name)
      const messages: ModelMessage[] = [{ role: 'user', content: 'first words' }]
      const first = await generateText({ model, messages, ...once })
      const next: ModelMessage[] = [...messages, ...first.response.messages, { role: 'user', content: 'second words' }]
      expect((await generateText({ model, messages: next, ...once })).text).toBe('You said: second words')
      expect(scene.seen().body).toContain('You said: first words')
    },
  )

  test.each(['claude', 'gem', 'gpt'])(
    'goes on with a conversation by responses that it has not stored, over %s',
    async (name) => {
      const model = openai().responses(name)
      const providerOptions = { openai: { store: false } }
      const messages: ModelMessage[] = [{ role: 'user', content: 'first words' }]
      const first = await generateText({ model, messages, providerOptions, ...once })
      const next: ModelMessage[] = [...messages, ...first.response.messages, { role: 'user', content: 'second words' }]
      expect((await generateText({ model, messages: next, providerOptions, ...once })).text).toBe(
        'You said: second words',
      )
      expect(scene.seen().body).toContain('You said: first words')
    },
  )

  test('is told what to do when it counts on a stored answer that nobody keeps', async () => {
    const model = openai().responses('claude')
    const messages: ModelMessage[] = [{ role: 'user', content: 'first words' }]
    const first = await generateText({ model, messages, ...once })
    const next: ModelMessage[] = [...messages, ...first.response.messages, { role: 'user', content: 'second words' }]
    const error = await failure(generateText({ model, messages: next, ...once }))
    expect(error).toMatchObject({ statusCode: 400, isRetryable: false })
    expect((error as APICallError).message).toContain('`store` is false')
  })

  test.each([
    ['openai chat', 'gpt'],
    ['anthropic', 'claude'],
  ])('tries again when and as the provider says, %s', async (dialect, name) => {
    const error = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }
    scene.house.provider.script(Response.json(error, { status: 529, headers: { 'retry-after-ms': '1' } }))
    const before = scene.count()
    const model = (dialects[dialect] ?? (() => name))(name)
    const answer = await generateText({ model, prompt: 'hi again', maxRetries: 1 })
    expect(answer.text).toBe('You said: hi again')
    expect(scene.count()).toBe(before + 2)
  })
})
