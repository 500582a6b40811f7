import { describe, expect, test } from 'bun:test'
import { GatewayError } from '../kernel/faults.ts'
import { readOpenaiError, readOpenaiErrorObject, writeOpenaiError } from './openai-error.ts'

const read = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  readOpenaiError(
    status,
    new Headers(headers),
    new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body)),
    'openai-chat',
  )

describe('errors in the OpenAI formats', () => {
  test('the vendor words, the field at fault and the wait are kept', () => {
    const error = read(
      400,
      {
        error: {
          message: 'Too long.',
          type: 'invalid_request_error',
          param: 'messages',
          code: 'context_length_exceeded',
        },
      },
      { 'retry-after-ms': '250' },
    )
    expect(error.code).toBe('context-overflow')
    expect(error.detail).toMatchObject({
      status: 400,
      param: 'messages',
      vendorType: 'invalid_request_error',
      vendorCode: 'context_length_exceeded',
      retryAfterMs: 250,
    })
    expect(error.detail.upstream?.format).toBe('openai-chat')
  })

  const shapes: readonly [string, unknown, string][] = [
    ['an error that is a text', { error: 'No such thing.' }, 'No such thing.'],
    ['a bare message', { message: 'Plain.' }, 'Plain.'],
    ['a detail', { detail: 'Detailed.' }, 'Detailed.'],
    ['an array around the error', [{ error: { code: 400, message: 'Wrapped.' } }], 'Wrapped.'],
    [
      'a list of what is wrong where',
      { detail: [{ loc: ['body', 'messages', 0], msg: 'field required' }, { msg: 'and more' }] },
      'messages.0: field required; and more',
    ],
    ['plain text', 'upstream connect error', 'upstream connect error'],
    [
      'a page',
      '<html><head><style>a{}</style></head><body><h1>502</h1>\nBad <b>Gateway</b></body></html>',
      '502 Bad Gateway',
    ],
    ['nothing', '', 'The provider answered with status 502 and no explanation.'],
  ]
  for (const [name, body, message] of shapes)
    test(`${name} is understood`, () => {
      expect(read(502, body).message).toBe(message)
    })

  test('a long page is cut at 500 characters', () => {
    expect(read(500, 'x'.repeat(9000)).message).toHaveLength(500)
  })

  test('an error inside a stream gets the status that its words mean', () => {
    const error = readOpenaiErrorObject({ code: 'rate_limit_exceeded', message: 'Slow down.' })
    expect([error.code, error.status]).toEqual(['provider-limit', 429])
  })

  test('absent words are null, never the text None, and the code is always a string', () => {
    expect(writeOpenaiError(new GatewayError('budget-exceeded', 'Spent.'))).toEqual({
      error: { message: 'Spent.', type: 'budget_exceeded', param: null, code: '429' },
    })
  })

  test('the finer kind wins over the vendor type, which wins over the table', () => {
    const type = (detail: { kind?: string; vendorType?: string }) =>
      writeOpenaiError(new GatewayError('model-denied', 'No.', detail))
    expect(type({ kind: 'team_model_access_denied', vendorType: 'x' })).toMatchObject({
      error: { type: 'team_model_access_denied' },
    })
    expect(type({ vendorType: 'x' })).toMatchObject({ error: { type: 'x' } })
    expect(type({})).toMatchObject({ error: { type: 'key_model_access_denied' } })
  })
})
