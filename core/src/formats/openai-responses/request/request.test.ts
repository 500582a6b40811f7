import { describe, expect, test } from 'bun:test'
import { isGatewayError } from '../../../kernel/faults.ts'
import type { Json, JsonObject } from '../../../kernel/json.ts'
import type { ModelProfile } from '../../../models/profile.ts'
import type { ChatRequest } from '../../../vocabulary/chat-request.ts'
import type { AssistantMessage, Message } from '../../../vocabulary/messages.ts'
import fixture from '../fixtures/request.json' with { type: 'json' }
import { openaiResponses } from '../index.ts'

const { server, client } = openaiResponses
const read = (body: JsonObject) => server.readRequest(body, {}).value
const write = (request: Partial<ChatRequest>, profile: Partial<ModelProfile> = {}) =>
  client.writeRequest({ model: 'm', messages: [user], ...request }, { model: 'm', ...profile })
const user: Message = { role: 'user', content: [{ type: 'text', text: 'Hi.' }] }

function failure(act: () => unknown): { code: string; param: string | undefined } {
  try {
    act()
  } catch (error) {
    if (isGatewayError(error)) return { code: error.code, param: error.detail.param }
    throw error
  }
  throw new Error('it did not fail')
}

describe('requests of the Responses format', () => {
  test('a coding client gets back word for word what it sent', () => {
    const request = read(fixture)
    const { value, warnings } = client.writeRequest(request, { model: request.model })
    expect(value).toEqual(fixture)
    expect(warnings).toEqual([])
    expect(read(value)).toEqual(request)
  })

  test('consecutive items of the model are one turn, in their order', () => {
    const turn = read(fixture).messages.find((message): message is AssistantMessage => message.role === 'assistant')
    expect(turn?.id).toBe('msg_1')
    expect(turn?.content.map(({ type }) => type)).toEqual(['reasoning', 'text', 'tool-call', 'tool-call'])
    expect(turn?.content[2]).toMatchObject({ name: 'browser_click', namespace: 'mcp__playwright', itemId: 'fc_1' })
  })

  test('input as one text, and instructions, are messages', () => {
    expect(read({ model: 'm', instructions: 'Be brief.', input: 'Hi.' }).messages).toEqual([
      { role: 'system', content: [{ type: 'text', text: 'Be brief.' }] },
      user,
    ])
  })

  test('a system message in the input does not turn into instructions', () => {
    const input = [{ type: 'message', role: 'system', content: [{ type: 'input_text', text: 'A' }] }]
    const { value } = client.writeRequest(read({ model: 'm', input }), { model: 'm' })
    expect(value.instructions).toBeUndefined()
    expect(value.input).toEqual(input)
  })

  test('a probe with empty input is a request', () => {
    expect(read({ model: 'm', input: [], max_output_tokens: 1 })).toEqual({
      model: 'm',
      messages: [],
      maxOutputTokens: 1,
    })
  })

  test('what only this format knows is kept and dropped elsewhere', () => {
    const fields = { truncation: 'auto', previous_response_id: 'resp_1', tool_choice: { type: 'file_search' } }
    expect(read({ model: 'm', input: 'Hi.', ...fields }).native).toEqual({ format: 'openai-responses', fields })
  })

  const faults: readonly [string, JsonObject, string][] = [
    ['input of a wrong kind', { input: 7 }, 'input'],
    ['an item that is no object', { input: ['x'] }, 'input[0]'],
    ['an unknown role', { input: [{ role: 'boss', content: 'x' }] }, 'input[0].role'],
    ['an unknown content type', { input: [{ role: 'user', content: [{ type: 'odd' }] }] }, 'input[0].content[0].type'],
    [
      'an image without source',
      { input: [{ role: 'user', content: [{ type: 'input_image' }] }] },
      'input[0].content[0]',
    ],
    ['a call without arguments', { input: [{ type: 'function_call', call_id: 'c', name: 'f' }] }, 'input[0].arguments'],
    ['a result without call', { input: [{ type: 'function_call_output', output: 'x' }] }, 'input[0].call_id'],
    ['a tool without name', { input: 'x', tools: [{ type: 'function' }] }, 'tools[0].name'],
    ['a temperature in words', { input: 'x', temperature: 'hot' }, 'temperature'],
    ['an odd output shape', { input: 'x', text: { format: { type: 'xml' } } }, 'text.format.type'],
    ['an odd effort', { input: 'x', reasoning: { effort: 'huge' } }, 'reasoning.effort'],
  ]
  for (const [name, body, param] of faults)
    test(`${name} is refused by its path`, () => {
      expect(failure(() => read({ model: 'm', ...body }))).toEqual({ code: 'invalid-request', param })
    })
})

describe('requests from other formats', () => {
  test('a thinking model is asked for sealed reasoning and stores nothing', () => {
    const { value, warnings } = write({}, { thinking: 'effort' })
    expect(value).toMatchObject({ store: false, include: ['reasoning.encrypted_content'] })
    expect(warnings.map(({ path }) => path)).toEqual(['store'])
    expect(write({}).value).not.toHaveProperty('store')
    expect(
      write({ native: { format: 'openai-responses', fields: {} } }, { thinking: 'effort' }).value.store,
    ).toBeUndefined()
  })

  test('usage is never asked for: this format always tells it', () => {
    expect(JSON.stringify(write({ stream: true, includeUsage: true }).value)).not.toContain('stream_options')
  })

  test('reasoning that another format sealed is left out with a warning, its own goes back', () => {
    const seal = (format: 'anthropic-messages' | 'openai-responses') =>
      ({ type: 'reasoning', text: '', opaque: { format, kind: 'encrypted', value: 'gAAA' } }) as const
    const turn: Message = { role: 'assistant', content: [seal('anthropic-messages'), seal('openai-responses')] }
    const { value, warnings } = write({ messages: [user, turn] })
    expect((value.input as readonly Json[])[1]).toEqual({ type: 'reasoning', summary: [], encrypted_content: 'gAAA' })
    expect(warnings).toMatchObject([{ kind: 'dropped', path: 'messages.1.content.0' }])
  })

  test('schemas are not strict unless the caller said so', () => {
    const tools = [
      { type: 'function', name: 'f' },
      { type: 'function', name: 'g', strict: true },
    ] as const
    expect(write({ tools }).value.tools).toMatchObject([{ strict: false }, { strict: true }])
  })

  test('a failed result says so in its text', () => {
    const result: Message = { role: 'tool', callId: 'c', content: [{ type: 'text', text: 'gone' }], isError: true }
    const { value, warnings } = write({ messages: [result] })
    expect(value.input).toEqual([{ type: 'function_call_output', call_id: 'c', output: 'Error: gone' }])
    expect(warnings).toMatchObject([{ kind: 'adjusted', path: 'messages.0.isError' }])
  })

  test('media in results go along', () => {
    const image = {
      type: 'media',
      kind: 'image',
      source: { type: 'base64', mediaType: 'image/png', data: 'AAAA' },
    } as const
    const { value } = write({ messages: [{ role: 'tool', callId: 'c', content: [image] }] })
    expect(value.input).toMatchObject([{ output: [{ type: 'input_image', image_url: 'data:image/png;base64,AAAA' }] }])
  })

  test('a result without kind answers the custom call of its id', () => {
    const call = { type: 'tool-call', id: 'c', name: 'run', kind: 'custom', input: 'x' } as const
    const messages: Message[] = [
      { role: 'assistant', content: [call] },
      { role: 'tool', callId: 'c', content: [] },
    ]
    expect(write({ messages }).value.input).toMatchObject([{}, { type: 'custom_tool_call_output', output: '' }])
  })

  test('sampling wishes without a field are warned of', () => {
    const { warnings } = write({ topK: 4, seed: 1, stop: ['x'], temperature: 1 }, { sampling: false })
    expect(warnings.map(({ path }) => path).sort()).toEqual(['seed', 'stop', 'temperature', 'topK'])
  })

  test('what would change the meaning is refused by name', () => {
    expect(failure(() => write({ choices: 2 }))).toEqual({ code: 'unsupported', param: 'choices' })
    expect(failure(() => write({ modalities: ['audio'] }))).toEqual({ code: 'unsupported', param: 'modalities' })
    const film = { type: 'media', kind: 'video', source: { type: 'url', url: 'https://v.example' } } as const
    expect(failure(() => write({ messages: [{ role: 'user', content: [film] }] }))).toEqual({
      code: 'unsupported',
      param: 'messages.0.content.0',
    })
  })

  test('an effort that the model does not take becomes the nearest that it takes', () => {
    const effort = (wish: 'xhigh' | 'minimal' | 'none', efforts: string[]) =>
      write({ reasoning: { effort: wish } }, { thinking: 'effort', efforts }).value.reasoning
    expect(effort('xhigh', ['low', 'medium', 'high'])).toEqual({ effort: 'high' })
    expect(effort('minimal', ['none', 'low'])).toEqual({ effort: 'low' })
    expect(effort('none', ['minimal', 'low'])).toEqual({ effort: 'minimal' })
  })

  test('a budget becomes an effort', () => {
    const { value, warnings } = write({ reasoning: { mode: 'enabled', budgetTokens: 30_000 } })
    expect(value.reasoning).toEqual({ effort: 'high' })
    expect(warnings).toMatchObject([{ kind: 'adjusted', path: 'reasoning' }])
  })

  test('an illegal tool name is replaced in tools, choice and history alike', () => {
    const call = { type: 'tool-call', id: 'c', name: 'a.b', kind: 'function', input: '{}' } as const
    const { value } = write({
      tools: [{ type: 'function', name: 'a.b' }],
      toolChoice: { type: 'tool', name: 'a.b' },
      messages: [{ role: 'assistant', content: [call] }],
    })
    const [tool] = value.tools as readonly JsonObject[]
    expect(tool?.name).toMatch(/^a_b_[0-9a-f]{8}$/)
    expect(value.tool_choice).toEqual({ type: 'function', name: tool?.name })
    expect(value.input).toMatchObject([{ name: tool?.name }])
  })
})
