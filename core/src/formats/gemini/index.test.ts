import { describe, expect, test } from 'bun:test'
import { GatewayError } from '../../kernel/faults.ts'
import { run } from '../../kernel/transducer.ts'
import type { ChatRequest } from '../../vocabulary/chat-request.ts'
import type { ChatResponse } from '../../vocabulary/chat-response.ts'
import { fold } from '../../vocabulary/fold.ts'
import { unfold } from '../../vocabulary/unfold.ts'
import { usageOf } from '../../vocabulary/usage.ts'
import { gemini } from './index.ts'

const { server, client } = gemini
const signature = { format: 'gemini', kind: 'signature', value: 'c2ln' } as const
const picture = {
  type: 'media',
  kind: 'image',
  source: { type: 'base64', mediaType: 'image/png', data: 'AA==' },
} as const

const requests: Readonly<Record<string, Partial<ChatRequest>>> = {
  'a plain question': {},
  settings: {
    temperature: 0,
    topP: 0.5,
    topK: 3,
    maxOutputTokens: 9,
    stop: ['x'],
    seed: 1,
    choices: 2,
    logprobs: 0,
    frequencyPenalty: 1,
    presencePenalty: -1,
    modalities: ['text', 'image'],
    serviceTier: 'flex',
    audio: { voice: 'Puck' },
  },
  'a schema for the answer': {
    output: { type: 'json-schema', schema: { type: 'object', $defs: { a: { const: 1 } } } },
  },
  'any JSON': { output: { type: 'json' } },
  'thinking by level': { reasoning: { effort: 'high', summary: 'auto' } },
  'no thinking': { reasoning: { mode: 'disabled', summary: 'omitted' } },
  'tools of two kinds': {
    tools: [
      {
        type: 'function',
        name: 'f',
        description: 'd',
        parameters: { type: 'object', properties: { a: { type: ['string', 'null'] } } },
      },
      { type: 'native', format: 'gemini', value: { googleSearch: {} } },
    ],
    toolChoice: { type: 'auto' },
  },
  'a conversation with calls': {
    messages: [
      {
        role: 'system',
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
      },
      { role: 'user', content: [{ type: 'text', text: 'look' }, picture] },
      {
        role: 'assistant',
        content: [
          { type: 'reasoning', text: 'hm', opaque: signature },
          { type: 'text', text: 'so' },
          { type: 'reasoning', text: '', opaque: signature },
          { type: 'tool-call', id: 'a', name: 'f', kind: 'function', input: '{"x":[1]}', opaque: signature },
          { type: 'reasoning', text: '', opaque: signature },
          { type: 'tool-call', id: 'b', name: 'g', kind: 'function', input: '{}' },
        ],
      },
      { role: 'tool', callId: 'a', content: [{ type: 'text', text: 'sunny' }] },
      { role: 'tool', callId: 'b', content: [{ type: 'text', text: 'no' }], isError: true },
      { role: 'user', content: [{ type: 'text', text: 'and?' }] },
    ],
  },
}

const answers: Readonly<Record<string, Partial<ChatResponse['choices'][number]>>> = {
  nothing: { content: [] },
  'a text': { content: [{ type: 'text', text: 'hi' }] },
  'a text cut off': { content: [{ type: 'text', text: 'h' }], finish: { reason: 'length', raw: 'MAX_TOKENS' } },
  'thoughts, a signed text, calls': {
    content: [
      { type: 'reasoning', text: 'hm', opaque: signature },
      { type: 'text', text: 'ö', citations: [{ kind: 'url', url: 'https://a.example', start: 0, end: 1 }] },
      { type: 'reasoning', text: '', opaque: signature },
      { type: 'tool-call', id: 'a', name: 'f', kind: 'function', input: '{"x":[1]}', opaque: signature },
      { type: 'tool-call', id: 'b', name: 'f', kind: 'function', input: '{}' },
    ],
    finish: { reason: 'tool-calls', raw: 'STOP' },
  },
  'a picture and code': {
    content: [
      {
        type: 'native',
        format: 'gemini',
        value: { executableCode: { language: 'PYTHON', code: '1' }, thoughtSignature: 'AA==' },
      },
      picture,
      { type: 'reasoning', text: '', opaque: signature },
      { type: 'text', text: 'done' },
    ],
    logprobs: [{ token: 'd', logprob: -0.1, top: [{ token: 'd', logprob: -0.1 }] }],
  },
}

function answer(choice: Partial<ChatResponse['choices'][number]>): ChatResponse {
  return {
    id: 'r1',
    model: 'gemini-3-pro',
    createdAt: 1_767_000_000,
    serviceTier: 'priority',
    choices: [
      { index: 0, content: [], finish: { reason: 'stop', raw: 'STOP' }, ...choice },
      { index: 1, content: [{ type: 'text', text: 'other' }], finish: { reason: 'content-filter', raw: 'RECITATION' } },
    ],
    usage: usageOf({ input: 50, cacheRead: 10, audioIn: 5, imageIn: 6, output: 30, reasoning: 8, audioOut: 2 }),
    native: { format: 'gemini', fields: { candidates: [{ index: 1, avgLogprobs: -0.5 }] } },
  }
}

const bare = ({ usage: { raw: _, ...usage }, ...rest }: ChatResponse) => ({ ...rest, usage })

describe('L1 round trip', () => {
  test.each(Object.entries(requests))('a request with %s', (_name, more) => {
    const request: ChatRequest = {
      model: 'm',
      messages: [{ role: 'user', content: [{ type: 'text', text: 'hi' }] }],
      stream: true,
      ...more,
    }
    const { value, warnings } = client.writeRequest(request, { model: 'm' })
    expect(warnings).toEqual([])
    const wire = JSON.parse(JSON.stringify(value))
    expect(server.readRequest(wire, { model: 'm', stream: true })).toEqual({ value: request, warnings: [] })
  })

  test.each(Object.entries(answers))('a whole answer of %s', (_name, choice) => {
    const given = answer(choice)
    expect(bare(client.readResponse(server.writeResponse(given, {} as ChatRequest)))).toEqual(bare(given))
  })

  test.each(Object.entries(answers))('a streamed answer of %s', (_name, choice) => {
    const given = answer(choice)
    const frames = run(server.writeStream({} as ChatRequest), unfold(given))
    expect(bare(fold(run(client.readStream(), frames)))).toEqual(bare(given))
  })
})

const bytes = (value: unknown) => new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value))
const failure = (status: number, value: unknown, headers: Record<string, string> = {}) =>
  client.readError(status, new Headers(headers), bytes(value))

describe('errors', () => {
  test('a key that is not valid is an authentication failure, though Google says 400', () => {
    const details = [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'API_KEY_INVALID' }]
    const message = 'API key not valid. Please pass a valid API key.'
    const error = failure(400, { error: { code: 400, message, status: 'INVALID_ARGUMENT', details } })
    expect([error.code, error.message]).toEqual(['provider-auth', message])
    expect(error.detail).toMatchObject({
      vendorType: 'INVALID_ARGUMENT',
      vendorCode: 'API_KEY_INVALID',
      upstream: { format: 'gemini', status: 400 },
    })
  })

  test('a limit says how long to wait, also from within a list', () => {
    const details = [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '34.4s' }]
    const error = failure(429, [
      { error: { code: 429, message: 'Quota exceeded', status: 'RESOURCE_EXHAUSTED', details } },
    ])
    expect([error.code, error.retryAfterMs, error.status]).toEqual(['provider-limit', 34_400, 429])
    expect(failure(429, 'slow', { 'retry-after': '3' }).retryAfterMs).toBe(3000)
  })

  test('a prompt that is too long is known by its wording', () => {
    const message = 'The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).'
    expect(failure(400, { error: { code: 400, message, status: 'INVALID_ARGUMENT' } }).code).toBe('context-overflow')
  })

  test('what is not JSON is told as it is', () => {
    expect(failure(502, '<html>Bad gateway</html>')).toMatchObject({
      code: 'provider-failed',
      message: '<html>Bad gateway</html>',
    })
    expect(failure(500, '').message).toBe('The provider answered 500.')
  })

  test.each([
    ['invalid-request', 400, 'INVALID_ARGUMENT'],
    ['invalid-key', 401, 'UNAUTHENTICATED'],
    ['model-denied', 403, 'PERMISSION_DENIED'],
    ['not-found', 404, 'NOT_FOUND'],
    ['too-large', 413, 'INVALID_ARGUMENT'],
    ['rate-limited', 429, 'RESOURCE_EXHAUSTED'],
    ['internal', 500, 'INTERNAL'],
    ['store-down', 503, 'UNAVAILABLE'],
  ] as const)('%s is told as %d %s', (code, status, word) => {
    expect(server.writeError(new GatewayError(code, 'm'))).toEqual({
      error: { code: status, message: 'm', status: word },
    })
  })

  test('the field at fault and the wait are told as Google tells them', () => {
    const error = new GatewayError('rate-limited', 'm', { param: 'contents[0]', retryAfterMs: 1500 })
    const { error: told } = JSON.parse(server.errorFrame(error).data)
    expect(told.details).toEqual([
      {
        '@type': 'type.googleapis.com/google.rpc.BadRequest',
        fieldViolations: [{ field: 'contents[0]', description: 'm' }],
      },
      { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '1.5s' },
    ])
  })
})
