import { describe, expect, test } from 'bun:test'
import { isGatewayError } from '../../../kernel/faults.ts'
import type { JsonObject } from '../../../kernel/json.ts'
import type { ModelProfile } from '../../../models/profile.ts'
import type { ChatRequest } from '../../../vocabulary/chat-request.ts'
import type { Message } from '../../../vocabulary/messages.ts'
import fixture from '../fixtures/request.json' with { type: 'json' }
import { readRequest } from './read.ts'
import { writeRequest } from './write.ts'

const profile: ModelProfile = { model: 'm', thinking: 'effort' }
const hi: Message = { role: 'user', content: [{ type: 'text', text: 'Hi' }] }
const read = (body: JsonObject): ChatRequest => readRequest({ model: 'm', messages: [], ...body }, {}).value
const readMessage = (message: JsonObject): Message | undefined => read({ messages: [message] }).messages[0]
const write = (request: Partial<ChatRequest>, more: Partial<ModelProfile> = {}) =>
  writeRequest({ model: 'm', messages: [hi], ...request }, { ...profile, ...more })
const wire = (value: unknown): JsonObject => JSON.parse(JSON.stringify(value))

/** Code and field of the refusal. */
function refusal(act: () => unknown): [string, string | undefined] {
  try {
    act()
  } catch (error) {
    if (isGatewayError(error)) return [error.code, error.detail.param]
    throw error
  }
  throw new Error('nothing was refused')
}

describe('reading a request', () => {
  test('takes every documented field into the vocabulary', () => {
    const { value, warnings } = readRequest(fixture as JsonObject, {})
    expect(warnings).toEqual([])
    expect(value).toMatchObject({
      model: 'gpt-4.1',
      stream: true,
      includeUsage: true,
      toolChoice: { type: 'allowed', mode: 'required', names: ['get_weather', 'apply_patch'] },
      parallelTools: false,
      output: { type: 'json-schema', name: 'weather', strict: true, schema: { type: 'object' } },
      reasoning: { effort: 'low' },
      maxOutputTokens: 500,
      stop: ['END', 'STOP'],
      logprobs: 2,
      choices: 2,
      modalities: ['text', 'audio'],
      audio: { voice: 'alloy', format: 'mp3' },
      promptCache: { key: 'thread-1', retention: '24h' },
      safetyId: 'hash-1',
    })
    expect(value.native).toEqual({
      format: 'openai-chat',
      fields: { stream_options: { include_obfuscation: false }, web_search_options: { search_context_size: 'low' } },
    })
  })

  test('takes every kind of content part', () => {
    const user = read(fixture as JsonObject).messages[1]
    expect(user?.content).toEqual([
      { type: 'text', text: 'What is on these?' },
      {
        type: 'media',
        kind: 'image',
        source: { type: 'base64', mediaType: 'image/png', data: 'AAAA' },
        detail: 'low',
      },
      { type: 'media', kind: 'image', source: { type: 'url', url: 'https://example.com/boat.png' } },
      { type: 'media', kind: 'audio', source: { type: 'base64', mediaType: 'audio/wav', data: 'UklGRg==' } },
      {
        type: 'media',
        kind: 'document',
        source: { type: 'base64', mediaType: 'application/pdf', data: 'JVBERi0=' },
        name: 'menu.pdf',
      },
      { type: 'media', kind: 'document', source: { type: 'file', id: 'file-1' } },
    ])
  })

  test('what is written comes back the same', () => {
    const request = read(fixture as JsonObject)
    const { value, warnings } = writeRequest(request, { ...profile, model: request.model })
    expect(warnings).toEqual([])
    expect(readRequest(wire(value), {}).value).toEqual(request)
  })

  test('a custom tool’s result is known as one by its call', () => {
    const { messages } = read(fixture as JsonObject)
    expect(messages[3]).not.toHaveProperty('kind')
    expect(messages[4]).toMatchObject({ role: 'tool', callId: 'call_2', kind: 'custom' })
  })

  test('nulls count as absent', () => {
    const value = read({ temperature: null, stop: null, tools: null, reasoning_effort: null, stream_options: null })
    expect(value).toEqual({ model: 'm', messages: [] })
  })

  test('max_completion_tokens wins over max_tokens', () => {
    expect(read({ max_tokens: 5, max_completion_tokens: 9 }).maxOutputTokens).toBe(9)
  })

  test('deprecated functions become tools and their results find their calls', () => {
    const value = read({
      functions: [{ name: 'f', parameters: { type: 'object' } }],
      function_call: { name: 'f' },
      messages: [
        { role: 'assistant', content: null, function_call: { name: 'f', arguments: '{}' } },
        { role: 'function', name: 'f', content: 'ok' },
      ],
    })
    expect(value.tools).toEqual([{ type: 'function', name: 'f', parameters: { type: 'object' } }])
    expect(value.toolChoice).toEqual({ type: 'tool', name: 'f' })
    const [asked, answered] = value.messages
    const call = asked?.content[0]
    expect(call).toMatchObject({ type: 'tool-call', name: 'f', input: '{}' })
    expect(answered).toMatchObject({ role: 'tool', callId: call?.type === 'tool-call' ? call.id : '' })
  })

  test('flat and nested tools stand side by side, and Anthropic’s too', () => {
    const { tools } = read({
      tools: [
        { type: 'function', function: { name: 'a' } },
        { type: 'function', name: 'b', parameters: { type: 'object' } },
        { name: 'c', description: 'd', input_schema: { type: 'object' } },
        { type: 'custom', name: 'e', format: { type: 'grammar', syntax: 'regex', definition: '.*' } },
        { type: 'web_search' },
      ],
    })
    expect(tools).toEqual([
      { type: 'function', name: 'a' },
      { type: 'function', name: 'b', parameters: { type: 'object' } },
      { type: 'function', name: 'c', description: 'd', parameters: { type: 'object' } },
      { type: 'custom', name: 'e', grammar: { syntax: 'regex', definition: '.*' } },
      { type: 'native', format: 'openai-chat', value: { type: 'web_search' } },
    ])
  })

  test('thinking blocks keep their seals', () => {
    const message = readMessage({
      role: 'assistant',
      content: 'Hello',
      reasoning_content: 'Hm',
      thinking_blocks: [
        { type: 'thinking', thinking: 'Hm', signature: 'sig' },
        { type: 'redacted_thinking', data: 'zzz' },
      ],
    })
    expect(message?.content).toEqual([
      { type: 'reasoning', text: 'Hm', opaque: { format: 'anthropic-messages', kind: 'signature', value: 'sig' } },
      { type: 'reasoning', text: '', opaque: { format: 'anthropic-messages', kind: 'redacted', value: 'zzz' } },
      { type: 'text', text: 'Hello' },
    ])
  })

  test('a call keeps Gemini’s seal', () => {
    const call = {
      id: 'c',
      type: 'function',
      function: { name: 'f', arguments: '{}' },
      extra_content: { google: { thought_signature: 'g' } },
    }
    const { messages } = read({ messages: [{ role: 'assistant', tool_calls: [call] }] })
    expect(messages[0]?.content[0]).toMatchObject({ opaque: { format: 'gemini', kind: 'signature', value: 'g' } })
    const { value } = write({ messages }, { thinking: 'level' })
    expect(wire(value).messages).toEqual([{ role: 'assistant', content: null, tool_calls: [call] }])
  })

  test('a cache mark on a message lands on its last part', () => {
    const mark = { type: 'ephemeral', ttl: '1h' }
    expect(readMessage({ role: 'user', content: 'Hi', cache_control: mark })?.content).toEqual([
      { type: 'text', text: 'Hi', cache: { ttl: '1h' } },
    ])
    expect(
      readMessage({ role: 'system', content: [{ type: 'text', text: 'a', cache_control: mark }] })?.content,
    ).toEqual([{ type: 'text', text: 'a', cache: { ttl: '1h' } }])
  })

  test('LiteLLM’s thinking and reasoning_effort objects are understood', () => {
    expect(read({ thinking: { type: 'enabled', budget_tokens: 2048 } }).reasoning).toEqual({
      mode: 'enabled',
      budgetTokens: 2048,
    })
    expect(read({ reasoning_effort: { effort: 'high', summary: 'auto' } }).reasoning).toEqual({
      effort: 'high',
      summary: 'auto',
    })
  })

  test('words that the vocabulary lacks stay native', () => {
    const fields = { reasoning_effort: 'default', verbosity: 'wordy', tool_choice: { type: 'mcp' }, top_logprobs: 3 }
    expect(read({ ...fields, metadata: { a: 'b', tags: ['x'] } })).toEqual({
      model: 'm',
      messages: [],
      metadata: { a: 'b' },
      native: { format: 'openai-chat', fields: { ...fields, metadata: { tags: ['x'] } } },
    })
  })

  test('an unknown member of a message is dropped with a warning', () => {
    const { warnings } = readRequest({ model: 'm', messages: [{ role: 'user', content: 'Hi', mood: 'gay' }] }, {})
    expect(warnings).toMatchObject([{ kind: 'dropped', path: 'messages.0.mood' }])
  })

  const malformed: readonly (readonly [string, JsonObject])[] = [
    ['messages', { messages: 'Hi' }],
    ['messages[0].role', { messages: [{ role: 'robot', content: 'Hi' }] }],
    ['messages[0].content', { messages: [{ role: 'user', content: 7 }] }],
    ['messages[0].content[0].image_url', { messages: [{ role: 'user', content: [{ type: 'image_url' }] }] }],
    [
      'messages[0].content[0].type',
      { messages: [{ role: 'system', content: [{ type: 'image_url', image_url: 'x' }] }] },
    ],
    ['messages[0].tool_call_id', { messages: [{ role: 'tool', content: 'Hi' }] }],
    ['temperature', { temperature: 'hot' }],
    ['stop[1]', { stop: ['a', 1] }],
    ['tools[0].function.name', { tools: [{ type: 'function', function: {} }] }],
    ['tool_choice', { tool_choice: 'perhaps' }],
  ]
  for (const [param, body] of malformed)
    test(`a malformed ${param} is refused by name`, () => {
      expect(refusal(() => read(body))).toEqual(['invalid-request', param])
    })

  test('the model may come with the path', () => {
    expect(readRequest({ messages: [] }, { model: 'from-path' }).value.model).toBe('from-path')
    expect(refusal(() => readRequest({ messages: [] }, {}))).toEqual(['invalid-request', 'model'])
  })
})

describe('writing a request', () => {
  const paths = (request: Partial<ChatRequest>, more: Partial<ModelProfile> = {}) =>
    write(request, more).warnings.map(({ kind, path }) => `${kind} ${path}`)

  test('usage is always asked for when streaming', () => {
    expect(write({ stream: true }).value).toMatchObject({ stream: true, stream_options: { include_usage: true } })
    expect(write({ includeUsage: true }).value).not.toHaveProperty('stream_options')
  })

  test('the profile chooses the field that bounds the answer', () => {
    expect(write({ maxOutputTokens: 5 }).value).toHaveProperty('max_completion_tokens', 5)
    expect(write({ maxOutputTokens: 5 }, { thinking: 'none' }).value).toHaveProperty('max_tokens', 5)
    expect(write({ maxOutputTokens: 5 }, { outputLimitField: 'max_tokens' }).value).toHaveProperty('max_tokens', 5)
  })

  test('a model without sampling loses its parameters with warnings', () => {
    const request = { temperature: 1, topP: 1, frequencyPenalty: 1, presencePenalty: 1, logprobs: 0, seed: 1 }
    expect(paths(request, { sampling: false })).toEqual([
      'dropped temperature',
      'dropped topP',
      'dropped frequencyPenalty',
      'dropped presencePenalty',
      'dropped logprobs',
    ])
    expect(write(request, { sampling: false }).value).toEqual({
      model: 'm',
      messages: [{ role: 'user', content: 'Hi' }],
      seed: 1,
    })
  })

  test('budgets become the nearest effort and efforts the nearest that the model takes', () => {
    const effort = (reasoning: ChatRequest['reasoning'], efforts?: string[]) =>
      write({ reasoning: reasoning ?? {} }, efforts ? { efforts } : {}).value.reasoning_effort
    expect(effort({ mode: 'enabled', budgetTokens: 16_000 })).toBe('high')
    expect(effort({ mode: 'enabled', budgetTokens: 6000 })).toBe('medium')
    expect(effort({ mode: 'enabled', budgetTokens: 1024 })).toBe('low')
    expect(effort({ effort: 'max' }, ['low', 'medium', 'high'])).toBe('high')
    expect(effort({ mode: 'disabled' }, ['minimal', 'low'])).toBe('minimal')
    expect(effort({ mode: 'disabled' })).toBeUndefined()
    expect(paths({ reasoning: { effort: 'max' } }, { efforts: ['high'] })).toEqual(['adjusted reasoning.effort'])
    expect(paths({ reasoning: { effort: 'high' } }, { thinking: 'none' })).toEqual(['dropped reasoning'])
  })

  test('a model with a thinking budget gets it whole', () => {
    const { value, warnings } = write({ reasoning: { mode: 'enabled', budgetTokens: 2048 } }, { thinking: 'budget' })
    expect(warnings).toEqual([])
    expect(value.thinking).toEqual({ type: 'enabled', budget_tokens: 2048 })
  })

  test('what the format has no field for is warned about', () => {
    expect(paths({ topK: 5 })).toEqual(['dropped topK'])
    expect(paths({ native: { format: 'gemini', fields: { labels: {} } } })).toEqual(['dropped native.labels'])
    expect(paths({ messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi', cache: {} }] }] })).toEqual([
      'dropped messages.0.content.0.cache',
    ])
  })

  test('cache marks are kept for endpoints that take them', () => {
    const messages: Message[] = [{ role: 'user', content: [{ type: 'text', text: 'Hi', cache: { ttl: '5m' } }] }]
    expect(write({ messages }, { thinking: 'adaptive' }).value.messages).toEqual([
      { role: 'user', content: [{ type: 'text', text: 'Hi', cache_control: { type: 'ephemeral', ttl: '5m' } }] },
    ])
  })

  test('media in tool results follow in a user message behind the last result', () => {
    const image = { type: 'media', kind: 'image', source: { type: 'url', url: 'https://example.com/a.png' } } as const
    const call = (id: string) => ({ type: 'tool-call', id, name: 'f', kind: 'function', input: '{}' }) as const
    const { value, warnings } = write({
      messages: [
        { role: 'assistant', content: [call('a'), call('b')] },
        { role: 'tool', callId: 'a', content: [{ type: 'text', text: 'Look' }, image] },
        { role: 'tool', callId: 'b', content: [{ type: 'text', text: 'none' }] },
      ],
    })
    expect(warnings).toMatchObject([{ kind: 'emulated', path: 'messages.1.content.1' }])
    const messages = wire(value).messages as JsonObject[]
    expect(messages.map(({ role }) => role)).toEqual(['assistant', 'tool', 'tool', 'user'])
    expect(messages[3]?.content).toContainEqual({ type: 'image_url', image_url: { url: 'https://example.com/a.png' } })
  })

  test('a failed tool says so in words', () => {
    const { value, warnings } = write({
      messages: [{ role: 'tool', callId: 'a', content: [{ type: 'text', text: 'no such file' }], isError: true }],
    })
    expect(warnings).toMatchObject([{ kind: 'adjusted', path: 'messages.0.isError' }])
    expect(value.messages).toEqual([{ role: 'tool', tool_call_id: 'a', content: 'Error: no such file' }])
  })

  test('reasoning goes back within a tool loop only, and never foreign seals', () => {
    const thought = {
      type: 'reasoning',
      text: 'Hm',
      opaque: { format: 'anthropic-messages', kind: 'signature', value: 's' },
    } as const
    const call = { type: 'tool-call', id: 'a', name: 'f', kind: 'function', input: '{}' } as const
    const inLoop = write({ messages: [{ role: 'assistant', content: [thought, call] }] }, { thinking: 'budget' })
    expect(inLoop.value.messages).toMatchObject([{ reasoning_content: 'Hm' }])
    expect(inLoop.warnings).toMatchObject([{ kind: 'dropped', path: 'messages.0.content.0.opaque' }])
    const said = write({ messages: [{ role: 'assistant', content: [thought, { type: 'text', text: 'A' }] }] })
    expect(said.value.messages).toEqual([{ role: 'assistant', content: 'A' }])
    expect(said.warnings.map(({ path }) => path)).toContain('messages.0.content.0')
  })

  test('history with calls and without tools is written as it is', () => {
    const call = { type: 'tool-call', id: 'a', name: 'f', kind: 'function', input: '{}' } as const
    const { value, warnings } = write({ messages: [hi, { role: 'assistant', content: [call] }, hi] })
    expect(warnings).toEqual([])
    expect(value).not.toHaveProperty('tools')
    expect(value.messages).toHaveLength(3)
  })

  test('the profile’s role for instructions is used', () => {
    const { value } = write({ messages: [{ role: 'system', content: [] }] }, { systemRole: 'developer' })
    expect(value.messages).toEqual([{ role: 'developer', content: '' }])
  })

  const userSays = (part: object): Partial<ChatRequest> => ({ messages: [{ role: 'user', content: [part as never] }] })
  const impossible: readonly (readonly [string, string, Partial<ChatRequest>])[] = [
    [
      'a document by its URL',
      'messages.0.content.0',
      userSays({ type: 'media', kind: 'document', source: { type: 'url', url: 'https://example.com/a.pdf' } }),
    ],
    [
      'a part of another format',
      'messages.0.content.0',
      userSays({ type: 'native', format: 'gemini', value: { x: 1 } }),
    ],
    [
      'a hosted tool of another format',
      'tools.0',
      { tools: [{ type: 'native', format: 'anthropic-messages', value: { type: 'web_search_20250305' } }] },
    ],
  ]
  for (const [what, param, request] of impossible)
    test(`${what} is refused by its place, not dropped`, () => {
      expect(refusal(() => write(request))).toEqual(['unsupported', param])
    })
})
