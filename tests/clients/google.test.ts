import { describe, expect, test } from 'bun:test'
import { ApiError, type Content, FinishReason, FunctionCallingConfigMode, GoogleGenAI, type Tool } from '@google/genai'
import { backends, citySchema, dot, failure, openScene, until } from './scene.ts'
import { twoCalls } from './two-calls.ts'

const scene = openScene()
const client = (apiKey = scene.key) => new GoogleGenAI({ apiKey, httpOptions: { baseUrl: scene.house.url } })
const tools: Tool[] = [
  {
    functionDeclarations: [
      { name: 'get_weather', description: 'Says the weather', parametersJsonSchema: { ...citySchema } },
    ],
  },
]
const user = (text: string): Content => ({ role: 'user', parts: [{ text }] })
const statusOf = (error: unknown) => (error instanceof ApiError ? error.status : error)

describe.each(backends)('the Google package over $format', ({ model, format }) => {
  test('gets a whole answer with usage', async () => {
    const answer = await client().models.generateContent({ model, contents: 'Say hello' })
    expect(answer.text).toBe('You said: Say hello')
    expect(answer.candidates?.[0]?.finishReason).toBe(FinishReason.STOP)
    expect(answer.usageMetadata?.promptTokenCount).toBeGreaterThan(0)
    expect(answer.usageMetadata?.candidatesTokenCount).toBeGreaterThan(0)
    expect(answer.usageMetadata?.totalTokenCount).toBeGreaterThan(0)
  })

  test('reads a stream to its end', async () => {
    const stream = await client().models.generateContentStream({ model, contents: 'one two three' })
    const chunks = await Array.fromAsync(stream)
    expect(chunks.map(({ text }) => text ?? '').join('')).toBe('You said: one two three')
    expect(chunks.length).toBeGreaterThan(2)
    expect(chunks.filter(({ candidates }) => candidates?.[0]?.finishReason)).toHaveLength(1)
    expect(chunks.at(-1)?.candidates?.[0]?.finishReason).toBe(FinishReason.STOP)
    expect(chunks.at(-1)?.usageMetadata?.candidatesTokenCount).toBeGreaterThan(0)
  })

  test.each([false, true])('calls a tool, sends the result and gets the answer, streamed: %p', async (streamed) => {
    const contents = [user('Please call get_weather')]
    const parts = await ask({ model, contents, config: { tools } }, streamed)
    const call = parts.find(({ functionCall }) => functionCall)?.functionCall
    expect(call).toMatchObject({ name: 'get_weather', args: { city: 'Paris' } })
    expect(scene.seen().body).toContain('Name of the city')
    const result = {
      functionResponse: { ...(call?.id && { id: call.id }), name: 'get_weather', response: { output: 'Sunny, 21' } },
    }
    const answer = await client().models.generateContent({
      model,
      contents: [...contents, { role: 'model', parts }, { role: 'user', parts: [result] }],
      config: { tools },
    })
    expect(answer.text).toStartWith('You said:')
    expect(scene.seen().body).toContain('Sunny, 21')
  })

  test.each([false, true])('gets two calls at once and answers both, streamed: %p', async (streamed) => {
    const contents = [user('Weather in Paris and Rome?')]
    scene.house.provider.script(twoCalls(format, streamed))
    const parts = await ask({ model, contents, config: { tools } }, streamed)
    const calls = parts.flatMap(({ functionCall }) => (functionCall ? [functionCall] : []))
    expect(calls.map(({ args }) => args)).toEqual([{ city: 'Paris' }, { city: 'Rome' }])
    // Google's own answers bear no ids, and its callers send none back: the results stand in the order of the calls
    const results = calls.map((_, at) => ({
      functionResponse: { name: 'get_weather', response: { output: `result ${at}` } },
    }))
    const answer = await client().models.generateContent({
      model,
      contents: [...contents, { role: 'model', parts }, { role: 'user', parts: results }],
      config: { tools },
    })
    expect(answer.text).toStartWith('You said:')
    expect(scene.seen().body).toContain('result 0')
    expect(scene.seen().body).toContain('result 1')
  })

  test('can insist on a tool', async () => {
    await client().models.generateContent({
      model,
      contents: 'hi',
      config: {
        tools,
        toolConfig: {
          functionCallingConfig: { mode: FunctionCallingConfigMode.ANY, allowedFunctionNames: ['get_weather'] },
        },
      },
    })
    expect(scene.seen().body).toContain('get_weather')
    expect(scene.seen().body).toMatch(/"tool_choice"|"allowedFunctionNames"/)
  })

  test('parses an answer that had to fit a schema, in either spelling', async () => {
    const json = await client().models.generateContent({
      model,
      contents: 'Where is the Louvre?',
      config: { responseMimeType: 'application/json', responseJsonSchema: citySchema },
    })
    expect(JSON.parse(json.text ?? '')).toEqual({ city: 'Paris' })
    const own = await client().models.generateContent({
      model,
      contents: 'Where is the Louvre?',
      config: {
        responseMimeType: 'application/json',
        responseSchema: { type: 'OBJECT', properties: { city: { type: 'STRING' } }, required: ['city'] } as never,
      },
    })
    expect(JSON.parse(own.text ?? '')).toEqual({ city: 'Paris' })
  })

  test('has its instructions heard', async () => {
    await client().models.generateContent({ model, contents: 'hi', config: { systemInstruction: 'Speak like a poet' } })
    expect(scene.seen().body).toContain('Speak like a poet')
  })

  test('shows an image', async () => {
    const answer = await client().models.generateContent({
      model,
      contents: [
        {
          role: 'user',
          parts: [{ inlineData: { mimeType: 'image/png', data: dot } }, { text: 'What is this?' }],
        },
      ],
    })
    expect(answer.text).toBe('You said: What is this?')
    expect(scene.seen().body).toContain(dot)
  })

  test.each([false, true])('sees the thoughts that it asks for, streamed: %p', async (streamed) => {
    const parts = await ask(
      {
        model: model === 'gpt' ? 'o' : model,
        contents: [user('think hard')],
        config: { thinkingConfig: { includeThoughts: true, thinkingBudget: 2048 } },
      },
      streamed,
    )
    const textOf = (thought: boolean) =>
      parts.map((part) => ((part.thought ?? false) === thought ? (part.text ?? '') : '')).join('')
    expect(textOf(true)).toBe('Let me think about it.')
    expect(textOf(false)).toBe('You said: think hard')
    expect(scene.seen().body).toMatch(/"thinkingBudget":2048|"budget_tokens":2048|"(?:reasoning_)?effort":/)
  })

  test('counts tokens without asking for an answer', async () => {
    const { totalTokens } = await client().models.countTokens({ model, contents: 'seven eight nine ten' })
    expect(totalTokens).toBeGreaterThan(0)
    if (format === 'gemini') expect(scene.seen().url).toEndWith('/v1beta/models/gemini-2.5-pro:countTokens')
    else expect(scene.seen().body).not.toContain('seven eight nine ten')
  })

  test('gets an ApiError with 401 for a key that nobody made', async () => {
    const error = await failure(
      client('sk-nobody-made-this-key').models.generateContent({ model, contents: [user('hi')] }),
    )
    expect(statusOf(error)).toBe(401)
    expect((error as ApiError).message).toContain('UNAUTHENTICATED')
  })

  test('gets an ApiError with 429 for a provider that answers so', async () => {
    scene.house.provider.script('status-429')
    const error = await failure(client().models.generateContent({ model, contents: [user('hi')] }))
    expect(statusOf(error)).toBe(429)
    expect((error as ApiError).message).toContain('RESOURCE_EXHAUSTED')
  })

  test('gets an ApiError with 500 for a provider that fails, whole and streamed', async () => {
    scene.house.provider.script('status-500')
    expect(statusOf(await failure(client().models.generateContent({ model, contents: [user('hi')] })))).toBe(500)
    scene.house.provider.script('status-500')
    expect(statusOf(await failure(client().models.generateContentStream({ model, contents: [user('hi')] })))).toBe(500)
  })

  test('gets an error, not a short answer, from a stream that breaks', async () => {
    scene.house.provider.script('die-after-content:2+slow-chunks:10')
    const stream = await client().models.generateContentStream({ model, contents: [user('a b c d')] })
    const error = await failure(Array.fromAsync(stream))
    expect(error).toBeInstanceOf(ApiError)
  })

  test('frees the provider when it stops reading', async () => {
    scene.house.provider.script('slow-chunks:20+count:200')
    const abort = new AbortController()
    const stream = await client().models.generateContentStream({
      model,
      contents: [user('count')],
      config: { abortSignal: abort.signal },
    })
    const request = scene.seen()
    await stream.next()
    abort.abort()
    await failure(Array.fromAsync(stream)).catch(() => undefined)
    await until(() => request.aborted, 'the provider hears of the abort')
  })
})

async function ask(
  params: Parameters<GoogleGenAI['models']['generateContent']>[0],
  streamed: boolean,
): Promise<NonNullable<Content['parts']>> {
  const answers = streamed
    ? await Array.fromAsync(await client().models.generateContentStream(params))
    : [await client().models.generateContent(params)]
  return answers.flatMap(({ candidates }) => candidates?.[0]?.content?.parts ?? [])
}

describe('the Google package', () => {
  test('gets an ApiError that names a model which nobody has', async () => {
    const error = await failure(client().models.generateContent({ model: 'nobody-has-this', contents: 'hi' }))
    expect(statusOf(error)).toBe(400)
    expect((error as ApiError).message).toContain('nobody-has-this')
  })

  test('holds a chat over several turns', async () => {
    const chat = client().chats.create({ model: 'claude' })
    expect((await chat.sendMessage({ message: 'first' })).text).toBe('You said: first')
    expect((await chat.sendMessage({ message: 'second' })).text).toBe('You said: second')
    expect(scene.seen().body).toContain('You said: first')
  })

  test('lists models and gets one', async () => {
    const pager = await client().models.list()
    const names = (await Array.fromAsync(pager)).map(({ name }) => name)
    expect(names).toEqual(expect.arrayContaining(['models/gem', 'models/claude']))
    expect((await client().models.get({ model: 'claude' })).name).toBe('models/claude')
  })

  test('is told by name that a cache of Google is nothing to others', async () => {
    const config = { cachedContent: 'cachedContents/kept-at-google' }
    const error = await failure(client().models.generateContent({ model: 'claude', contents: 'hi', config }))
    expect(statusOf(error)).toBe(400)
    expect((error as ApiError).message).toContain('cachedContent')
    await client().models.generateContent({ model: 'gem', contents: 'hi', config })
    expect(scene.seen().body).toContain('cachedContents/kept-at-google')
  })

  test.each(['gem', 'claude'])("may speak to us on Vertex AI's paths, to %s", async (model) => {
    const vertex = new GoogleGenAI({
      vertexai: true,
      apiKey: scene.key,
      httpOptions: { baseUrl: scene.house.url },
    })
    expect((await vertex.models.generateContent({ model, contents: 'hi' })).text).toBe('You said: hi')
    const chunks = await Array.fromAsync(await vertex.models.generateContentStream({ model, contents: 'a b' }))
    expect(chunks.map(({ text }) => text ?? '').join('')).toBe('You said: a b')
    expect((await vertex.models.countTokens({ model, contents: 'a b c d e' })).totalTokens).toBeGreaterThan(0)
  })
})
