import { describe, expect, test } from 'bun:test'
import { isGatewayError } from '../../kernel/faults.ts'
import type { JsonObject } from '../../kernel/json.ts'
import fixture from './fixtures/answer.json' with { type: 'json' }
import { readResponse, writeResponse } from './response.ts'

const wire = (value: unknown): JsonObject => JSON.parse(JSON.stringify(value))
const body = (message: JsonObject, more: JsonObject = {}): JsonObject => ({
  id: 'x',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', ...message }, finish_reason: 'stop', ...more }],
})
const content = (message: JsonObject) => readResponse(body(message)).choices[0]?.content

function failure(value: JsonObject): string {
  try {
    readResponse(value)
  } catch (error) {
    if (isGatewayError(error)) return `${error.code}: ${error.message}`
    throw error
  }
  return 'no failure'
}

describe('reading an answer', () => {
  test('takes choices, citations, probabilities and usage', () => {
    const response = readResponse(fixture as JsonObject)
    expect(response).toMatchObject({ id: 'chatcmpl-1', createdAt: 1741570283, serviceTier: 'default' })
    expect(response.choices[0]).toEqual({
      index: 0,
      content: [
        {
          type: 'text',
          text: 'Ruby 3.4 [1] is out.',
          citations: [{ kind: 'url', url: 'https://example.com/ruby', title: 'Ruby', start: 9, end: 12 }],
        },
      ],
      finish: { reason: 'stop', raw: 'stop' },
      logprobs: [{ token: 'Ruby', logprob: -0.25, bytes: [82, 117, 98, 121], top: [{ token: 'The', logprob: -1.5 }] }],
    })
    expect(response.choices[1]?.finish.reason).toBe('tool-calls')
    expect(response.usage).toMatchObject({
      input: 120,
      fresh: 15,
      cacheRead: 100,
      audioIn: 5,
      output: 30,
      reasoning: 10,
    })
    expect(response.native).toEqual({ format: 'openai-chat', fields: { system_fingerprint: 'fp_1' } })
  })

  test('writing it again gives what came, with LiteLLM’s count of cached tokens', () => {
    const written = wire(writeResponse(readResponse(fixture as JsonObject)))
    expect(written).toEqual({ ...fixture, usage: { ...fixture.usage, cache_read_input_tokens: 100 } } as JsonObject)
  })

  test('reasoning is found under every name', () => {
    const said = [{ type: 'reasoning', text: 'Hm' } as const, { type: 'text', text: 'A' } as const]
    expect(content({ content: 'A', reasoning_content: 'Hm' })).toEqual(said)
    expect(content({ content: 'A', reasoning: 'Hm' })).toEqual(said)
    expect(content({ content: 'A', reasoning_details: [{ type: 'reasoning.text', text: 'Hm' }] })).toEqual(said)
    expect(
      content({
        content: [
          { type: 'thinking', thinking: [{ type: 'text', text: 'Hm' }] },
          { type: 'text', text: 'A' },
        ],
      }),
    ).toEqual(said)
  })

  test('sealed details come back whole', () => {
    const details = [{ type: 'reasoning.encrypted', data: 'zzz', format: 'openai-responses-v1', index: 0 }]
    const response = readResponse(body({ content: 'A', reasoning: 'Hm', reasoning_details: details }))
    expect(wire(writeResponse(response))).toMatchObject({
      choices: [{ message: { reasoning_content: 'Hm', reasoning_details: details } }],
    })
  })

  test('odd calls are put right', () => {
    const calls = content({
      content: null,
      tool_calls: [{ id: '', function: { name: 'f', arguments: { a: 1 } } }],
      function_call: { name: '', arguments: '' },
    })
    expect(calls).toMatchObject([{ type: 'tool-call', name: 'f', input: '{"a":1}' }])
    expect(calls?.[0]).toHaveProperty('id', expect.stringMatching(/^call_\w+$/))
    expect(readResponse(body({ tool_calls: [{ id: 'a', function: { name: 'f' } }] })).choices[0]?.finish).toEqual({
      reason: 'tool-calls',
      raw: 'stop',
    })
  })

  test('Perplexity’s marks become citations', () => {
    const answer = { ...body({ content: 'So [2].' }), citations: ['https://a.example', 'https://b.example'] }
    expect(readResponse(answer).choices[0]?.content).toEqual([
      { type: 'text', text: 'So [2].', citations: [{ kind: 'url', url: 'https://b.example', start: 3, end: 6 }] },
    ])
  })

  test('a recording keeps its id, format and transcript', () => {
    const audio = { id: 'audio_1', data: 'UklGRg==', expires_at: 5, transcript: 'Hi' }
    const response = readResponse(body({ content: null, audio }))
    expect(response.choices[0]?.content).toEqual([
      {
        type: 'media',
        kind: 'audio',
        source: { type: 'base64', mediaType: 'audio/wav', data: 'UklGRg==' },
        name: 'audio_1',
        transcript: 'Hi',
      },
    ])
  })

  test('a failure inside a body of status 200 is thrown as what it is', () => {
    expect(failure({ error: { message: 'Slow down', code: 429 } })).toBe('provider-limit: Slow down')
    expect(failure({ object: 'error', message: 'Bad', type: 'invalid_request_error' })).toBe('provider-refused: Bad')
  })

  test('what is no answer is garbled', () => {
    expect(failure({})).toStartWith('provider-garbled')
    expect(failure({ choices: [] })).toStartWith('provider-garbled')
    expect(failure({ choices: [{ index: 0 }] })).toStartWith('provider-garbled')
    expect(failure(null as unknown as JsonObject)).toStartWith('provider-garbled')
  })
})

describe('writing an answer', () => {
  const answer = readResponse(body({ content: 'A' }))
  const choice = (parts: readonly object[], finish: object = { reason: 'stop' }) =>
    (
      wire(writeResponse({ ...answer, choices: [{ index: 0, content: parts as never, finish: finish as never }] }))
        .choices as JsonObject[]
    )[0]

  test('what is not there is absent', () => {
    expect(choice([{ type: 'text', text: 'A' }])).toEqual({
      index: 0,
      message: { role: 'assistant', content: 'A', refusal: null },
      logprobs: null,
      finish_reason: 'stop',
    })
  })

  test('calls have null content, and stop means them', () => {
    const written = choice([{ type: 'tool-call', id: 'a', name: 'f', kind: 'custom', input: 'free' }])
    expect(written).toMatchObject({
      finish_reason: 'tool_calls',
      message: { content: null, tool_calls: [{ id: 'a', type: 'custom', custom: { name: 'f', input: 'free' } }] },
    })
  })

  test('Anthropic’s seals travel as thinking blocks', () => {
    const opaque = { format: 'anthropic-messages', kind: 'signature', value: 's' }
    expect(choice([{ type: 'reasoning', text: 'Hm', opaque }])).toMatchObject({
      message: {
        reasoning_content: 'Hm',
        thinking_blocks: [{ type: 'thinking', thinking: 'Hm', signature: 's' }],
      },
    })
  })

  test('the provider’s own finish stands beside OpenAI’s', () => {
    expect(choice([], { reason: 'stop-sequence', raw: 'stop_sequence', sequence: 'END' })).toMatchObject({
      finish_reason: 'stop',
      provider_specific_fields: { native_finish_reason: 'stop_sequence', stop_sequence: 'END' },
    })
    expect(choice([], { reason: 'refusal', raw: 'refusal' })).toMatchObject({ finish_reason: 'content_filter' })
    expect(choice([{ type: 'refusal', text: 'No' }], { reason: 'refusal' })).toMatchObject({
      finish_reason: 'stop',
      message: { refusal: 'No', content: null },
    })
  })
})
