import { describe, expect, test } from 'bun:test'
import { GatewayError } from '../../kernel/faults.ts'
import type { JsonObject } from '../../kernel/json.ts'
import type { ChatRequest } from '../../vocabulary/chat-request.ts'
import type { ChatResponse } from '../../vocabulary/chat-response.ts'
import type { AssistantPart } from '../../vocabulary/parts.ts'
import { noUsage, usageOf } from '../../vocabulary/usage.ts'
import { readError, writeError } from './error.ts'
import { readResponse, writeResponse } from './response.ts'
import { meter } from './wire/usage.ts'

const request: ChatRequest = { model: 'm', messages: [] }
const answer = (content: AssistantPart[], more: Partial<ChatResponse> = {}): ChatResponse => ({
  id: 'msg_1',
  model: 'claude-opus-4-8',
  createdAt: 0,
  choices: [{ index: 0, content, finish: { reason: 'stop', raw: 'end_turn' } }],
  usage: noUsage,
  ...more,
})
const body: JsonObject = {
  id: 'msg_01',
  type: 'message',
  role: 'assistant',
  model: 'claude-opus-4-8',
  content: [
    { type: 'thinking', thinking: 'Well.', signature: 'EqQB' },
    { type: 'redacted_thinking', data: 'Emw=' },
    {
      type: 'text',
      text: 'It is green',
      citations: [
        {
          type: 'char_location',
          cited_text: 'green',
          document_index: 0,
          document_title: 'Grass',
          start_char_index: 13,
          end_char_index: 18,
        },
      ],
    },
    { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: { query: 'x' } },
    { type: 'web_search_tool_result', tool_use_id: 'srvtoolu_1', content: [] },
    {
      type: 'tool_use',
      id: 'toolu_1',
      name: 'look',
      input: { at: 'cat' },
      caller: { type: 'code_execution_20260120', tool_id: 's' },
    },
  ],
  stop_reason: 'stop_sequence',
  stop_sequence: '###',
  container: { id: 'container_1' },
  usage: {
    input_tokens: 10,
    cache_creation_input_tokens: 300,
    cache_read_input_tokens: 2000,
    cache_creation: { ephemeral_5m_input_tokens: 100, ephemeral_1h_input_tokens: 200 },
    output_tokens: 64,
    output_tokens_details: { thinking_tokens: 40 },
    server_tool_use: { web_search_requests: 1 },
    service_tier: 'standard',
  },
}

describe('a whole answer', () => {
  test('is written back as it was read (L1)', () => {
    expect(writeResponse(readResponse(body), request)).toEqual(body)
    const again = readResponse(writeResponse(readResponse(body), request))
    expect(again).toEqual(readResponse(body))
  })

  test('has usage in buckets that never overlap', () => {
    const { raw: _raw, ...usage } = readResponse(body).usage
    expect(usage).toEqual(
      usageOf({
        fresh: 10,
        cacheRead: 2000,
        cacheWrite5m: 100,
        cacheWrite1h: 200,
        output: 64,
        reasoning: 40,
        calls: { web_search: 1 },
      }),
    )
    expect(usage.input).toBe(2310)
  })

  test('counts the tokens of compaction, which the totals leave out', () => {
    const usage = {
      input_tokens: 5,
      output_tokens: 7,
      iterations: [
        { type: 'compaction', input_tokens: 100, output_tokens: 20 },
        { type: 'message', input_tokens: 5, output_tokens: 7 },
      ],
    }
    expect(readResponse({ content: [], usage }).usage).toMatchObject({ fresh: 105, output: 27 })
  })

  test('without content is garbled', () => {
    expect(() => readResponse({ object: 'chat.completion' })).toThrow(/content/)
  })

  test.each([
    ['tool-calls', 'tool_use'],
    ['length', 'max_tokens'],
    ['content-filter', 'refusal'],
    ['pause', 'pause_turn'],
    ['context-length', 'model_context_window_exceeded'],
    ['other', 'end_turn'],
  ] as const)('that ended by %s says %s', (reason, said) => {
    const { stop_reason } = writeResponse(
      answer([], { choices: [{ index: 0, content: [], finish: { reason, raw: 'theirs' } }] }),
      request,
    )
    expect(stop_reason).toBe(said)
  })

  test('that calls a tool says tool_use, though the provider said stop', () => {
    const call = { type: 'tool-call', kind: 'function', id: 'c', name: 'f', input: '' } as const
    const choices = [{ index: 0, content: [call], finish: { reason: 'stop', raw: 'stop' } as const }]
    expect(writeResponse(answer([], { choices }), request)).toMatchObject({
      stop_reason: 'tool_use',
      content: [{ type: 'tool_use', input: {} }],
    })
  })

  test('of another provider keeps refusals, media, free input and web citations in the nearest form', () => {
    const written = writeResponse(
      answer([
        { type: 'reasoning', text: 'hm', opaque: { format: 'gemini', kind: 'signature', value: 's' } },
        { type: 'text', text: 'see', citations: [{ kind: 'url', url: 'https://e.com', title: 'E' }] },
        { type: 'tool-call', kind: 'custom', id: 'c', name: 'patch', input: '*** Begin' },
        { type: 'media', kind: 'image', source: { type: 'url', url: 'https://e.com/i.png' } },
        { type: 'refusal', text: 'No.' },
        { type: 'text', text: '' },
      ]),
      request,
    )
    expect(written.content).toEqual([
      { type: 'thinking', thinking: 'hm', signature: '' },
      {
        type: 'text',
        text: 'see',
        citations: [
          { type: 'web_search_result_location', url: 'https://e.com', title: 'E', cited_text: '', encrypted_index: '' },
        ],
      },
      { type: 'tool_use', id: 'c', name: 'patch', input: { input: '*** Begin' } },
      { type: 'text', text: '[image that this API cannot carry in an answer: https://e.com/i.png]' },
      { type: 'text', text: 'No.' },
    ])
    expect(written.stop_reason).toBe('refusal')
  })
})

describe('the meter', () => {
  test('takes input from message_start, all else from message_delta, and believes an explicit zero', () => {
    const counter = meter()
    expect(counter.usage()).toBeUndefined()
    counter.read({
      type: 'message_start',
      message: { usage: { input_tokens: 9, cache_read_input_tokens: 5, output_tokens: 3 } },
    })
    expect(counter.final()).toBe(false)
    counter.read({ type: 'content_block_delta', delta: {} })
    counter.read({ type: 'message_delta', usage: { output_tokens: 0, input_tokens: null, cache_read_input_tokens: 0 } })
    expect(counter.final()).toBe(true)
    expect(counter.usage()).toMatchObject({ fresh: 9, cacheRead: 0, output: 0, input: 9 })
  })

  test('reads a whole body', () => {
    const counter = meter()
    counter.read(body)
    expect(counter.usage()).toEqual(readResponse(body).usage)
    expect(counter.final()).toBe(true)
  })
})

describe('an error', () => {
  const bytes = (value: unknown) => new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value))

  test('of Anthropic is read with its words, its wait and its bytes', () => {
    const sent = { type: 'error', error: { type: 'rate_limit_error', message: 'Slow down.' }, request_id: 'req_1' }
    const error = readError(429, new Headers({ 'retry-after': '7' }), bytes(sent))
    expect(error).toMatchObject({ code: 'provider-limit', message: 'Slow down.', status: 429, retryAfterMs: 7000 })
    expect(error.detail).toMatchObject({
      vendorType: 'rate_limit_error',
      upstream: { format: 'anthropic-messages', status: 429 },
    })
    expect(writeError(error)).toEqual({ type: 'error', error: sent.error })
  })

  test('that is too long a prompt or an overload is known for what it is', () => {
    const long = {
      type: 'error',
      error: { type: 'invalid_request_error', message: 'prompt is too long: 210000 tokens > 200000 maximum' },
    }
    expect(readError(400, new Headers(), bytes(long)).code).toBe('context-overflow')
    const busy = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }
    expect(readError(529, new Headers(), bytes(busy))).toMatchObject({ code: 'provider-overloaded', status: 529 })
  })

  test('in any other form is still read', () => {
    const page = readError(502, new Headers(), bytes('<html><body>Bad gateway</body></html>'))
    expect(page).toMatchObject({ status: 502, message: expect.stringContaining('Bad gateway') })
    expect(readError(500, new Headers(), bytes('')).message).not.toBe('')
  })

  test.each([
    ['invalid-key', 'authentication_error'],
    ['budget-exceeded', 'rate_limit_error'],
    ['model-denied', 'permission_error'],
    ['too-large', 'request_too_large'],
    ['provider-overloaded', 'overloaded_error'],
    ['internal', 'api_error'],
  ] as const)('of ours, %s, has the type %s', (code, type) => {
    expect(writeError(new GatewayError(code, 'm', { vendorType: 'insufficient_quota' }))).toEqual({
      type: 'error',
      error: { type, message: 'm' },
    })
  })
})
