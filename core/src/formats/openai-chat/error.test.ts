import { describe, expect, test } from 'bun:test'
import { GatewayError } from '../../kernel/faults.ts'
import { errorFrame, failureIn, readError, writeError } from './error.ts'

describe('errors', () => {
  test('are written with a code that is text and a param that is null', () => {
    expect(writeError(new GatewayError('budget-exceeded', 'Spent'))).toEqual({
      error: { message: 'Spent', type: 'budget_exceeded', param: null, code: '429' },
    })
    expect(writeError(new GatewayError('store-down', 'Away'))).toMatchObject({ error: { type: 'no_db_connection' } })
    expect(writeError(new GatewayError('model-denied', 'No', { kind: 'team_model_access_denied' }))).toMatchObject({
      error: { type: 'team_model_access_denied', code: '403' },
    })
  })

  test('keep a provider’s words', () => {
    const error = new GatewayError('context-overflow', 'prompt is too long: 9 > 8', {
      param: 'messages',
      vendorCode: 'context_length_exceeded',
    })
    expect(JSON.parse(errorFrame(error).data)).toMatchObject({
      error: { message: 'prompt is too long: 9 > 8', param: 'messages', code: 'context_length_exceeded' },
    })
  })

  test('are read with status, words and waiting time', () => {
    const body = { error: { message: 'Rate limit reached', type: 'requests', code: 'rate_limit_exceeded' } }
    const headers = new Headers({ 'retry-after': '2' })
    const error = readError(429, headers, new TextEncoder().encode(JSON.stringify(body)))
    expect(error).toMatchObject({
      code: 'provider-limit',
      message: 'Rate limit reached',
      detail: { vendorType: 'requests', vendorCode: 'rate_limit_exceeded', retryAfterMs: 2000 },
    })
  })

  test('inside an answer are found at the top and in a choice, and nothing else is one', () => {
    expect(failureIn({ error: 'Model not found' })?.message).toBe('Model not found')
    expect(failureIn({ choices: [{ error: { message: 'Upstream', code: 502 } }] })?.code).toBe('provider-failed')
    expect(failureIn({ error: null, choices: [{ error: null }] })).toBeUndefined()
    expect(failureIn({ error: {} })).toBeUndefined()
  })
})
