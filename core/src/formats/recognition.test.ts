import { describe, expect, test } from 'bun:test'
import type { FaultCode } from '../kernel/faults.ts'
import { recognise, retryAfterMs } from './recognition.ts'

describe('recognising a failure', () => {
  const seen: readonly (readonly [FaultCode, Parameters<typeof recognise>[0]])[] = [
    ['context-overflow', { status: 400, code: 'context_length_exceeded', message: '' }],
    ['context-overflow', { status: 400, type: 'invalid_request_error', message: 'prompt is too long: 9 tokens > 8' }],
    [
      'context-overflow',
      { status: 400, message: 'The input token count (9) exceeds the maximum number of tokens allowed (8).' },
    ],
    ['context-overflow', { status: 413, type: 'request_too_large', message: 'Request exceeds the maximum size' }],
    [
      'provider-limit',
      { status: 429, type: 'tokens', code: 'rate_limit_exceeded', message: 'Request too large for gpt-4o' },
    ],
    ['provider-limit', { status: 429, message: 'Too many tokens per minute' }],
    ['content-policy', { status: 400, code: 'content_filter', message: 'The response was filtered' }],
    ['content-policy', { status: 400, message: 'Your request was rejected as a result of our safety system.' }],
    ['provider-quota', { status: 429, type: 'insufficient_quota', message: 'You exceeded your current quota' }],
    ['provider-quota', { status: 402, message: 'Payment' }],
    ['provider-quota', { status: 400, type: 'invalid_request_error', message: 'Your credit balance is too low' }],
    ['provider-limit', { status: 429, type: 'RESOURCE_EXHAUSTED', message: 'You exceeded your current quota' }],
    ['provider-auth', { status: 401, message: 'no' }],
    ['provider-auth', { status: 400, message: 'API key not valid. Please pass a valid API key.' }],
    ['provider-denied', { status: 403, type: 'permission_error', message: 'no' }],
    ['provider-not-found', { status: 404, message: 'no' }],
    ['provider-not-found', { status: 400, code: 'model_not_found', message: 'no' }],
    ['provider-timeout', { status: 524, message: '' }],
    ['provider-timeout', { status: 408, message: '' }],
    ['provider-overloaded', { status: 529, type: 'overloaded_error', message: 'Overloaded' }],
    ['provider-overloaded', { status: 200, type: 'overloaded_error', message: 'Overloaded' }],
    ['provider-overloaded', { status: 500, message: 'The model is overloaded. Please try again later.' }],
    ['provider-failed', { status: 502, message: 'Bad gateway' }],
    ['provider-failed', { status: 200, code: '502', message: 'Provider returned error' }],
    ['provider-failed', { status: 500, message: 'The model does not exist in this region' }],
    ['provider-refused', { status: 422, message: 'Field required' }],
    ['provider-refused', { status: 200, type: 'invalid_request_error', message: 'no tool was called' }],
  ]
  for (const [fault, failure] of seen)
    test(`${failure.status} ${failure.code ?? failure.type ?? ''} "${failure.message}" is ${fault}`, () => {
      expect(recognise(failure)).toBe(fault)
    })
})

describe('the time to wait', () => {
  const now = Date.parse('2026-01-01T00:00:00Z')
  const wait = (headers: Record<string, string>) => retryAfterMs(new Headers(headers), now)

  test('is told in milliseconds, seconds or as a date', () => {
    expect(wait({ 'retry-after-ms': '1500', 'retry-after': '9' })).toBe(1500)
    expect(wait({ 'retry-after': '1.5' })).toBe(1500)
    expect(wait({ 'retry-after': 'Thu, 01 Jan 2026 00:00:30 GMT' })).toBe(30_000)
    expect(wait({ 'retry-after': 'Wed, 31 Dec 2025 00:00:30 GMT' })).toBe(0)
  })

  test('is the reset of a limit that is spent, and of no other', () => {
    const limits = { 'x-ratelimit-reset-requests': '20ms', 'x-ratelimit-reset-tokens': '6m0.5s' }
    expect(wait(limits)).toBeUndefined()
    expect(wait({ ...limits, 'x-ratelimit-remaining-tokens': '0', 'x-ratelimit-remaining-requests': '4' })).toBe(
      360_500,
    )
    expect(
      wait({
        'anthropic-ratelimit-requests-remaining': '0',
        'anthropic-ratelimit-requests-reset': '2026-01-01T00:00:07Z',
      }),
    ).toBe(7000)
  })

  test('is unknown when nothing legible is told', () => {
    expect(wait({})).toBeUndefined()
    expect(wait({ 'retry-after': 'soon' })).toBeUndefined()
  })
})
