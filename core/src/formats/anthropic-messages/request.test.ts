import { describe, expect, test } from 'bun:test'
import { GatewayError } from '../../kernel/faults.ts'
import { isArray, isObject, type Json, type JsonObject } from '../../kernel/json.ts'
import type { ModelProfile } from '../../models/profile.ts'
import type { ChatRequest } from '../../vocabulary/chat-request.ts'
import type { AssistantMessage, Message } from '../../vocabulary/messages.ts'
import { readRequest, writeRequest } from './request.ts'

const fixture = (await Bun.file(new URL('./fixtures/request.json', import.meta.url)).json()) as JsonObject
const profile: ModelProfile = { model: 'claude-opus-4-8' }
const hi: Message = { role: 'user', content: [{ type: 'text', text: 'Hi' }] }
const ask = (more: Partial<ChatRequest> = {}): ChatRequest => ({
  model: 'm',
  messages: [hi],
  maxOutputTokens: 100,
  ...more,
})
const write = (more: Partial<ChatRequest> = {}, knowing: Partial<ModelProfile> = {}) =>
  writeRequest(ask(more), { ...profile, ...knowing })
const messagesOf = (body: JsonObject) => body.messages as JsonObject[]
const blocksOf = (message: JsonObject | undefined) => (message?.content ?? []) as JsonObject[]
const kinds = (message: JsonObject | undefined) => blocksOf(message).map(({ type }) => type)

function faultOf(act: () => unknown): GatewayError {
  try {
    act()
  } catch (thrown) {
    if (thrown instanceof GatewayError) return thrown
  }
  throw new Error('nothing was thrown')
}

/** A string of content is shorthand for one text block. */
function spelledOut(value: Json | undefined): Json | undefined {
  if (isArray(value)) return value.map((item) => spelledOut(item) ?? null)
  if (!isObject(value)) return value
  const entries = Object.entries(value).map(([key, member]) => [
    key,
    (key === 'content' || key === 'system') && typeof member === 'string'
      ? [{ type: 'text', text: member }]
      : spelledOut(member),
  ])
  return Object.fromEntries(entries)
}

describe('a request of this format', () => {
  test('goes back to the wire as it came, fields unknown to us included (L1)', () => {
    const read = readRequest(fixture, {})
    const written = writeRequest(read.value, profile)
    expect([...read.warnings, ...written.warnings]).toEqual([])
    expect(spelledOut(written.value)).toEqual(spelledOut(fixture))
    expect(readRequest(written.value, {}).value).toEqual(read.value)
  })

  test('keeps the blocks of its system prompt apart, in order, with their cache marks', () => {
    const [system] = readRequest(fixture, {}).value.messages
    expect(system).toEqual({
      role: 'system',
      content: [
        { type: 'text', text: 'x-billing: v1' },
        { type: 'text', text: 'You are terse.', cache: { ttl: '1h' } },
      ],
    })
  })

  test('gives each result of a tool as a message of its own, before the words of the same turn', () => {
    const roles = readRequest(fixture, {}).value.messages.map(({ role }) => role)
    expect(roles).toEqual(['system', 'user', 'assistant', 'tool', 'tool', 'user', 'system'])
  })

  test('keeps thinking with its seal, calls as JSON text, and what only it knows', () => {
    const said = readRequest(fixture, {}).value.messages[2] as AssistantMessage
    expect(said.content.map(({ type }) => type).join(' ')).toBe(
      'reasoning reasoning text native native tool-call tool-call',
    )
    expect(said.content[0]).toEqual({
      type: 'reasoning',
      text: 'A cat.',
      opaque: { format: 'anthropic-messages', kind: 'signature', value: 'EqQB' },
    })
    expect(said.content[5]).toMatchObject({ id: 'toolu_1', input: '{"at":"cat"}', cache: {} })
  })

  const says = (...content: JsonObject[]) => ({ messages: [{ role: 'user', content }] })
  test.each<[string, JsonObject]>([
    ['messages.0.content.0.source', says({ type: 'image' })],
    ['messages.0.content.0.source.data', says({ type: 'image', source: { type: 'base64', media_type: 'image/png' } })],
    ['messages.0.role', { messages: [{ role: 'tool', content: 'x' }] }],
    ['messages.0.content', { messages: [{ role: 'user' }] }],
    ['messages.0.content.1.tool_use_id', says({ type: 'text', text: 'x' }, { type: 'tool_result' })],
    ['messages.0.content.0.input', says({ type: 'tool_use', id: 'a', name: 'b', input: 'c' })],
    ['messages', { messages: [] }],
    ['model', { model: 7 }],
    ['max_tokens', { max_tokens: '100' }],
    ['tools.0.name', { tools: [{ input_schema: {} }] }],
    ['tool_choice.type', { tool_choice: { type: 'maybe' } }],
  ])('is refused with the place of the fault: %s', (param, more) => {
    const body = { model: 'm', max_tokens: 5, messages: [{ role: 'user', content: 'x' }], ...more }
    const error = faultOf(() => readRequest(body, {}))
    expect(error.code).toBe('invalid-request')
    expect(error.detail.param).toBe(param)
  })

  test('may leave out max_tokens and its content may be a string', () => {
    const { value } = readRequest({ model: 'm', messages: [{ role: 'user', content: 'x' }], system: 's' }, {})
    expect(value).toEqual({
      model: 'm',
      messages: [
        { role: 'system', content: [{ type: 'text', text: 's' }] },
        { role: 'user', content: [{ type: 'text', text: 'x' }] },
      ],
    })
  })
})

describe('a conversation for Anthropic', () => {
  const call: AssistantMessage = {
    role: 'assistant',
    content: [{ type: 'tool-call', kind: 'function', id: 'call.1', name: 'f', input: '{"a": 1}' }],
  }
  const tools = [{ type: 'function', name: 'f', parameters: { type: 'object' } }] as const
  const result: Message = { role: 'tool', callId: 'call.1', content: [{ type: 'text', text: 'r' }] }

  test('puts results first in the one turn behind the call, under an id that is legal on both ends', () => {
    const { value } = write({
      tools,
      messages: [hi, call, { role: 'user', content: [{ type: 'text', text: 'u' }] }, result],
    })
    const [, said, turn] = messagesOf(value)
    expect(kinds(turn)).toEqual(['tool_result', 'text'])
    const id = blocksOf(said)[0]?.id
    expect(id).toMatch(/^[a-zA-Z0-9_-]+$/)
    expect(blocksOf(turn)[0]?.tool_use_id).toBe(id)
  })

  test('moves words between a call and its result in front of the call', () => {
    const words: Message = { role: 'assistant', content: [{ type: 'text', text: 'wait' }] }
    const { value } = write({ tools, messages: [hi, call, words, result] })
    expect(kinds(messagesOf(value)[1])).toEqual(['text', 'tool_use'])
  })

  test('defines the tools that its history calls when the caller offers none, and lets none be called', () => {
    const { value, warnings } = write({ messages: [hi, call, result] })
    expect(value.tools).toEqual([{ name: 'f', input_schema: { type: 'object' } }])
    expect(value.tool_choice).toEqual({ type: 'none' })
    expect(warnings).toContainEqual({ kind: 'emulated', path: 'tools', why: expect.any(String) })
  })

  test('never loses an input that is no JSON object', () => {
    const broken: AssistantMessage = { role: 'assistant', content: [{ ...call.content[0]!, input: '{"a": ' } as never] }
    const { value, warnings } = write({ tools, messages: [hi, broken, result] })
    expect(blocksOf(messagesOf(value)[1])[0]?.input).toEqual({ _raw: '{"a": ' })
    expect(warnings.some(({ path }) => path === 'messages.1.content.0.input')).toBe(true)
  })

  test('starts with the user, ends in no white space and holds no empty text', () => {
    const { value } = write({
      messages: [
        { role: 'assistant', content: [{ type: 'text', text: 'I said' }] },
        {
          role: 'user',
          content: [
            { type: 'text', text: '' },
            { type: 'text', text: 'go' },
          ],
        },
        { role: 'assistant', content: [{ type: 'text', text: 'so \n' }] },
      ],
    })
    expect(messagesOf(value)).toEqual([
      { role: 'user', content: 'Continue.' },
      { role: 'assistant', content: 'I said' },
      { role: 'user', content: 'go' },
      { role: 'assistant', content: 'so' },
    ])
  })

  test('takes no prefill where the model takes none', () => {
    const messages: Message[] = [hi, { role: 'assistant', content: [{ type: 'text', text: '{' }] }]
    expect(messagesOf(write({ messages }, { prefill: false }).value).at(-1)?.role).toBe('user')
    expect(messagesOf(write({ messages }).value).at(-1)?.role).toBe('assistant')
  })

  test('gathers leading instructions in the system prompt and turns later ones into words of the user', () => {
    const { value, warnings } = write({
      messages: [
        { role: 'system', content: [{ type: 'text', text: 'a', cache: {} }] },
        { role: 'developer', content: [{ type: 'text', text: 'b' }] },
        hi,
        { role: 'system', content: [{ type: 'text', text: 'c' }] },
      ],
    })
    expect(value.system).toEqual([
      { type: 'text', text: 'a', cache_control: { type: 'ephemeral' } },
      { type: 'text', text: 'b' },
    ])
    expect(messagesOf(value)).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Hi' },
          { type: 'text', text: 'c' },
        ],
      },
    ])
    expect(warnings.map(({ path }) => path)).toContain('messages.3')
  })

  test('leaves out thinking that others sealed, and says so; the rest of the turn stays', () => {
    const { value, warnings } = write({
      messages: [
        hi,
        {
          role: 'assistant',
          content: [
            { type: 'reasoning', text: 'hm', opaque: { format: 'gemini', kind: 'signature', value: 's' } },
            { type: 'reasoning', text: 'unsealed' },
            { type: 'text', text: 'Yes' },
          ],
        },
        hi,
      ],
    })
    expect(messagesOf(value)[1]).toEqual({ role: 'assistant', content: 'Yes' })
    expect(warnings.map(({ path }) => path)).toEqual(['messages.1.content.0', 'messages.1.content.1'])
  })

  test.each(['audio', 'video'] as const)('refuses %s by name and never drops it', (kind) => {
    const media = { type: 'media', kind, source: { type: 'base64', mediaType: `${kind}/x`, data: 'AA==' } } as const
    const error = faultOf(() => write({ messages: [{ role: 'user', content: [media] }] }))
    expect(error.code).toBe('unsupported')
    expect(error.detail.param).toBe('messages.0.content.0')
  })

  test('sends text files as text and refuses files that Anthropic cannot read', () => {
    const file = (mediaType: string) =>
      write({
        messages: [
          {
            role: 'user',
            content: [{ type: 'media', kind: 'document', source: { type: 'base64', mediaType, data: btoa('a,b') } }],
          },
        ],
      })
    expect(blocksOf(messagesOf(file('text/csv').value)[0])[0]?.source).toEqual({
      type: 'text',
      media_type: 'text/plain',
      data: 'a,b',
    })
    expect(faultOf(() => file('application/msword')).code).toBe('unsupported')
  })
})

describe('settings for Anthropic', () => {
  test('max_tokens is the most that the model gives, or 4096, when the caller names none', () => {
    const bare: ChatRequest = { model: 'm', messages: [hi] }
    expect(writeRequest(bare, profile)).toMatchObject({ value: { max_tokens: 4096 }, warnings: [] })
    expect(writeRequest(bare, { ...profile, maxOutputTokens: 64_000 }).value.max_tokens).toBe(64_000)
  })

  test('an effort is a budget of at least 1024 below max_tokens, or adaptive thinking, as the model has it', () => {
    expect(write({ reasoning: { effort: 'minimal' } }).value).toMatchObject({
      thinking: { type: 'enabled', budget_tokens: 1024 },
      max_tokens: 1124,
    })
    expect(write({ reasoning: { effort: 'high' } }, { thinking: 'adaptive' }).value).toMatchObject({
      thinking: { type: 'adaptive', display: 'summarized' },
      output_config: { effort: 'high' },
      max_tokens: 100,
    })
    expect(
      write({ reasoning: { effort: 'xhigh' } }, { thinking: 'adaptive', efforts: ['low', 'high', 'max'] }).value
        .output_config,
    ).toEqual({ effort: 'max' })
    expect(write({ reasoning: { mode: 'enabled', budgetTokens: 500 } }).value.thinking).toEqual({
      type: 'enabled',
      budget_tokens: 1024,
    })
    expect(write({ reasoning: { effort: 'none' } }).value.thinking).toEqual({ type: 'disabled' })
    expect(write({ reasoning: { effort: 'low' } }, { thinking: 'none' }).warnings).toHaveLength(1)
  })

  test('a budget and max_tokens stay within what the model gives', () => {
    const { value } = write({ reasoning: { mode: 'enabled', budgetTokens: 9000 } }, { maxOutputTokens: 4000 })
    expect(value).toMatchObject({ thinking: { budget_tokens: 2000 }, max_tokens: 4000 })
  })

  test("an effort said in Anthropic's own words turns no thinking on", () => {
    const body = {
      model: 'm',
      max_tokens: 9,
      messages: [{ role: 'user', content: 'x' }],
      output_config: { effort: 'low' },
    }
    for (const thinking of [undefined, 'adaptive', 'budget'] as const) {
      const { value } = writeRequest(readRequest(body, {}).value, { model: 'm', ...(thinking && { thinking }) })
      expect(value).toEqual(body)
    }
  })

  test('thinking excludes a forced choice of tools and sampling, each with a warning', () => {
    const tools = [{ type: 'function', name: 'f' }] as const
    const forced = write({ tools, toolChoice: { type: 'required' }, reasoning: { effort: 'high' } })
    expect(forced.value.thinking).toBeUndefined()
    expect(forced.value.tool_choice).toEqual({ type: 'any' })
    expect(forced.warnings).toContainEqual({ kind: 'dropped', path: 'reasoning', why: expect.any(String) })
    const hot = write({ reasoning: { effort: 'high' }, temperature: 0.2, topK: 5, maxOutputTokens: 9000 })
    expect(hot.value).not.toContainAnyKeys(['temperature', 'top_k'])
    expect(hot.warnings.map(({ path }) => path)).toEqual(['reasoning', 'temperature', 'topK'])
  })

  test('what Anthropic has nothing like is in the warnings by name', () => {
    const { warnings } = write({
      seed: 1,
      frequencyPenalty: 1,
      presencePenalty: 1,
      logprobs: 0,
      logitBias: {},
      verbosity: 'low',
      store: true,
    })
    expect(warnings.map(({ path }) => path).join(' ')).toBe(
      'frequencyPenalty presencePenalty seed logitBias logprobs verbosity store',
    )
    expect(faultOf(() => write({ choices: 2 })).detail.param).toBe('choices')
  })

  test('temperature is held within 0 to 1, and newer models get none', () => {
    expect(write({ temperature: 1.7 }).value.temperature).toBe(1)
    expect(write({ temperature: 0.5 }, { sampling: false }).value.temperature).toBeUndefined()
  })

  test('a schema is brought into the form that Anthropic compiles', () => {
    const schema = {
      type: 'object',
      properties: {
        n: { type: 'integer', minimum: 1 },
        format: { oneOf: [{ type: 'string', format: 'uri' }, { type: 'null' }] },
      },
    }
    const { value, warnings } = write({ output: { type: 'json-schema', schema, strict: true } })
    expect(value.output_config).toEqual({
      format: {
        type: 'json_schema',
        schema: {
          type: 'object',
          properties: {
            n: { type: 'integer', description: '(minimum: 1)' },
            format: { anyOf: [{ type: 'string', format: 'uri' }, { type: 'null' }] },
          },
          additionalProperties: false,
        },
      },
    })
    expect(warnings.map(({ path }) => path)).toEqual(['output.schema'])
    expect(
      faultOf(() => write({ output: { type: 'json-schema', schema } }, { structuredOutput: false })).detail.param,
    ).toBe('output')
  })

  test('JSON without a schema is asked for in words', () => {
    const { value, warnings } = write({ output: { type: 'json' } })
    expect(value.system).toContain('JSON object')
    expect(warnings.map(({ kind }) => kind)).toEqual(['emulated'])
  })

  test('tools get legal names, free input is one argument, and a choice among some sends only those', () => {
    const { value } = write({
      tools: [
        { type: 'function', name: 'read.file', namespace: 'mcp__fs' },
        { type: 'custom', name: 'patch', grammar: { syntax: 'lark', definition: 'start: "x"' } },
        { type: 'function', name: 'other' },
      ],
      toolChoice: { type: 'allowed', mode: 'required', names: ['patch'] },
      parallelTools: false,
    })
    expect(value.tools).toMatchObject([{ name: 'patch', input_schema: { required: ['input'] } }])
    expect(value.tool_choice).toEqual({ type: 'any', disable_parallel_tool_use: true })
    const named = write({ tools: [{ type: 'function', name: 'read.file', namespace: 'mcp__fs' }] }).value
      .tools as JsonObject[]
    expect(named[0]?.name).toMatch(/^[a-zA-Z0-9_-]{1,128}$/)
  })

  test("another format's hosted tool is refused by name, and its fields are dropped by name", () => {
    const native = { format: 'openai-responses', value: { type: 'web_search' } } as const
    expect(faultOf(() => write({ tools: [{ type: 'native', ...native }] })).detail.param).toBe('tools.0')
    expect(write({ native: { format: 'openai-chat', fields: { prediction: {} } } }).warnings[0]?.path).toBe(
      'prediction',
    )
  })

  test('a user is named by an opaque id, never by an address', () => {
    expect(write({ user: 'u-1' }).value.metadata).toEqual({ user_id: 'u-1' })
    expect(write({ user: 'ann@example.com' }).value.metadata).toBeUndefined()
  })
})
