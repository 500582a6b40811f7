import { describe, expect, test } from 'bun:test'
import OpenAI, { AuthenticationError, BadRequestError, InternalServerError, RateLimitError } from 'openai'
import type { ResponseInputItem, ResponseStreamEvent, Tool } from 'openai/resources/responses/responses'
import { backends, citySchema, dot, failure, openScene, until } from './scene.ts'
import { twoCalls } from './two-calls.ts'

const scene = openScene()
const client = (apiKey = scene.key) => new OpenAI({ apiKey, baseURL: `${scene.house.url}/v1`, maxRetries: 0 })
const tools: Tool[] = [
  { type: 'function', name: 'get_weather', description: 'Says the weather', parameters: citySchema, strict: true },
]
const typesOf = (events: readonly ResponseStreamEvent[]) =>
  events.map(({ type }) => type).filter((type, at, all) => type !== all[at - 1])

describe.each(backends)('the openai package, responses, over $format', ({ model, format }) => {
  test('gets a whole answer with usage', async () => {
    const answer = await client().responses.create({ model, input: 'Say hello' })
    expect(answer).toMatchObject({ object: 'response', status: 'completed', error: null })
    expect(answer.output_text).toBe('You said: Say hello')
    expect(answer.output.map(({ type }) => type)).toEqual(['message'])
    expect(answer.created_at).toBeGreaterThan(1_700_000_000)
    expect(answer.usage?.input_tokens).toBeGreaterThan(0)
    expect(answer.usage?.output_tokens).toBeGreaterThan(0)
    expect(answer.usage?.total_tokens).toBe((answer.usage?.input_tokens ?? 0) + (answer.usage?.output_tokens ?? 0))
  })

  test('reads the events of a stream in their order', async () => {
    const stream = await client().responses.create({ model, input: 'one two three', stream: true })
    const events = await Array.fromAsync(stream)
    expect(typesOf(events)).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ])
    expect(events.map(({ sequence_number }) => sequence_number)).toEqual(events.map((_, at) => at))
    const text = events.map((event) => (event.type === 'response.output_text.delta' ? event.delta : '')).join('')
    expect(text).toBe('You said: one two three')
    const last = events.at(-1)
    if (last?.type !== 'response.completed') throw new Error('not completed')
    expect(last.response.created_at).toBeGreaterThan(1_700_000_000)
    expect(last.response.usage?.output_tokens).toBeGreaterThan(0)
    expect(last.response.output).toHaveLength(1)
  })

  test('has its stream folded by the client', async () => {
    const answer = await client().responses.stream({ model, input: 'one two three' }).finalResponse()
    expect(answer.output_text).toBe('You said: one two three')
  })

  test('calls a tool, sends the result back and gets the final answer', async () => {
    const input: ResponseInputItem[] = [{ role: 'user', content: 'Please call get_weather' }]
    const asked = await client().responses.create({ model, input, tools })
    const call = asked.output.find((item) => item.type === 'function_call')
    if (!call) throw new Error('no call')
    expect(call.name).toBe('get_weather')
    expect(JSON.parse(call.arguments)).toEqual({ city: 'Paris' })
    expect(scene.seen().body).toContain('Name of the city')
    const answer = await client().responses.create({
      model,
      input: [
        ...input,
        ...(asked.output as ResponseInputItem[]),
        { type: 'function_call_output', call_id: call.call_id, output: 'Sunny, 21 degrees' },
      ],
      tools,
    })
    expect(answer.output_text).toStartWith('You said:')
    expect(scene.seen().body).toContain('Sunny, 21 degrees')
  })

  test('reads the events of a streamed tool call in their order', async () => {
    const stream = await client().responses.create({ model, input: 'Please call get_weather', tools, stream: true })
    const events = (await Array.fromAsync(stream)).filter(
      (event) => !('item' in event) || event.item.type !== 'reasoning',
    )
    expect(typesOf(events)).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.function_call_arguments.delta',
      'response.function_call_arguments.done',
      'response.output_item.done',
      'response.completed',
    ])
    const done = events.find((event) => event.type === 'response.function_call_arguments.done')
    expect(JSON.parse(done?.arguments ?? '')).toEqual({ city: 'Paris' })
  })

  test.each([false, true])('gets two calls at once and answers both, streamed: %p', async (streamed) => {
    const input: ResponseInputItem[] = [{ role: 'user', content: 'Weather in Paris and Rome?' }]
    scene.house.provider.script(twoCalls(format, streamed))
    const asked = streamed
      ? await client().responses.stream({ model, input, tools }).finalResponse()
      : await client().responses.create({ model, input, tools })
    const calls = asked.output.flatMap((item) => (item.type === 'function_call' ? [item] : []))
    expect(calls.map((call) => JSON.parse(call.arguments))).toEqual([{ city: 'Paris' }, { city: 'Rome' }])
    expect(new Set(calls.map((call) => call.call_id)).size).toBe(2)
    const answer = await client().responses.create({
      model,
      input: [
        ...input,
        ...calls.map(({ call_id, name, arguments: args }) => ({
          type: 'function_call' as const,
          call_id,
          name,
          arguments: args,
        })),
        ...calls.map(({ call_id }, at) => ({ type: 'function_call_output' as const, call_id, output: `result ${at}` })),
      ],
      tools,
    })
    expect(answer.output_text).toStartWith('You said:')
    expect(scene.seen().body).toContain('result 0')
    expect(scene.seen().body).toContain('result 1')
  })

  test('parses an answer that had to fit a schema', async () => {
    const answer = await client().responses.parse({
      model,
      input: 'Where is the Louvre?',
      text: { format: { type: 'json_schema', name: 'place', strict: true, schema: citySchema } },
    })
    expect(JSON.parse(answer.output_text)).toEqual({ city: 'Paris' })
    expect(scene.seen().body).toContain('Name of the city')
  })

  test('has its instructions heard, from the field and from the items', async () => {
    await client().responses.create({
      model,
      instructions: 'Speak like a pirate',
      input: [
        { role: 'developer', content: 'Rhyme' },
        { role: 'user', content: 'hi' },
      ],
    })
    expect(scene.seen().body).toContain('Speak like a pirate')
    expect(scene.seen().body).toContain('Rhyme')
  })

  test('shows an image', async () => {
    const answer = await client().responses.create({
      model,
      input: [
        {
          role: 'user',
          content: [
            { type: 'input_text', text: 'What is this?' },
            { type: 'input_image', image_url: `data:image/png;base64,${dot}`, detail: 'auto' },
          ],
        },
      ],
    })
    expect(answer.output_text).toBe('You said: What is this?')
    expect(scene.seen().body).toContain(dot)
  })

  test('sees the thoughts as a reasoning item, whole and streamed', async () => {
    const body = { model, input: 'think hard', reasoning: { effort: 'high' as const, summary: 'auto' as const } }
    const answer = await client().responses.create(body)
    const thought = answer.output.find((item) => item.type === 'reasoning')
    expect(JSON.stringify(thought)).toContain('Let me think about it.')
    expect(answer.output_text).toBe('You said: think hard')
    const folded = await client().responses.stream(body).finalResponse()
    expect(folded.output.map(({ type }) => type)).toEqual(['reasoning', 'message'])
    expect(JSON.stringify(folded.output[0])).toContain('Let me think about it.')
  })

  test('gets an AuthenticationError for a key that nobody made', async () => {
    const error = await failure(client('sk-nobody-made-this-key').responses.create({ model, input: 'hi' }))
    expect(error).toBeInstanceOf(AuthenticationError)
  })

  test('gets a RateLimitError for a provider that answers 429', async () => {
    scene.house.provider.script('status-429')
    const error = await failure(client().responses.create({ model, input: 'hi' }))
    expect(error).toBeInstanceOf(RateLimitError)
    expect((error as RateLimitError).headers?.get('retry-after')).toBe('1')
  })

  test.each([false, true])('gets an InternalServerError for a provider that fails, streamed: %p', async (stream) => {
    scene.house.provider.script('status-500')
    const error = await failure(client().responses.create({ model, input: 'hi', stream }))
    expect(error).toBeInstanceOf(InternalServerError)
  })

  test('gets an error, not a short answer, from a stream that breaks', async () => {
    scene.house.provider.script('die-after-content:2+slow-chunks:10')
    const stream = await client().responses.create({ model, input: 'a b c d', stream: true })
    const seen: string[] = []
    for await (const event of stream) seen.push(event.type)
    // the package hands on both; where the bytes are the provider's own, we cannot know the response to fail
    expect(seen.at(-1)).toBe(format === 'openai-responses' ? 'error' : 'response.failed')
    expect(seen).not.toContain('response.completed')
  })

  test('frees the provider when it stops reading', async () => {
    scene.house.provider.script('slow-chunks:20+count:200')
    const stream = await client().responses.create({ model, input: 'count', stream: true })
    const request = scene.seen()
    for await (const event of stream) if (event.type === 'response.output_text.delta') break
    await until(() => request.aborted, 'the provider hears of the abort')
  })
})

describe('the openai package, responses', () => {
  test('gets a BadRequestError that names a model which nobody has', async () => {
    const error = await failure(client().responses.create({ model: 'nobody-has-this', input: 'hi' }))
    expect(error).toBeInstanceOf(BadRequestError)
    expect((error as BadRequestError).message).toContain('nobody-has-this')
  })

  test('is told by name what another format cannot carry', async () => {
    const error = await failure(
      client().responses.create({ model: 'claude', input: 'hi', previous_response_id: 'resp_kept_elsewhere' }),
    )
    expect(error).toBeInstanceOf(BadRequestError)
    expect((error as BadRequestError).message).toContain('previous_response_id')
  })

  test.each(['gpt', 'claude', 'gem'])('is told which hosted tool %s cannot run, or has it left out', async (model) => {
    const body = { model, input: 'hi', tools: [...tools, { type: 'web_search' as const }] }
    const error = await failure(client().responses.create(body))
    expect(error).toBeInstanceOf(BadRequestError)
    expect((error as BadRequestError).message).toContain('`web_search`')
    const willing = { ...body, drop_params: true }
    const { data, response } = await client().responses.create(willing).withResponse()
    expect(data.output_text).toBe('You said: hi')
    expect(response.headers.get('x-turnpike-warnings')).toContain('web_search')
    expect(scene.seen().body).toContain('get_weather')
    expect(scene.seen().body).not.toContain('web_search')
    expect(scene.seen().body).not.toContain('drop_params')
  })

  test('does not have a hosted tool left out that it insists on', async () => {
    const insisting = {
      model: 'claude',
      input: 'hi',
      tools: [{ type: 'web_search' as const }],
      tool_choice: 'required' as const,
      drop_params: true,
    }
    expect(await failure(client().responses.create(insisting))).toBeInstanceOf(BadRequestError)
  })
})
