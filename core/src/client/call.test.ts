import { describe, expect, test } from 'bun:test'
import { GatewayError } from '../kernel/faults.ts'
import { callFrom } from '../testing/calls.ts'
import { vendorHeadersOf } from './call.ts'

function refusal(make: () => unknown): [code: string, param: string | undefined] {
  try {
    make()
  } catch (thrown) {
    if (thrown instanceof GatewayError) return [thrown.code, thrown.detail.param]
    throw thrown
  }
  return ['nothing', undefined]
}

describe('the envelope of a call', () => {
  test('a model that is missing, empty or no text is refused by the name of the field', () => {
    for (const body of ['{}', '{"model":""}', '{"model":null}', '{"model":7}', '{"model":["gpt-4o"]}'])
      expect(refusal(() => callFrom('openai-chat', body))).toEqual(['invalid-request', 'model'])
  })

  test('a stream that is neither true nor false is refused; null and absent are no stream', () => {
    for (const stream of ['"true"', '1', '{}'])
      expect(refusal(() => callFrom('openai-chat', `{"model":"m","stream":${stream}}`))).toEqual([
        'invalid-request',
        'stream',
      ])
    expect(callFrom('openai-chat', '{"model":"m","stream":null}').stream).toBe(false)
    expect(callFrom('openai-chat', '{"model":"m"}').stream).toBe(false)
    expect(callFrom('openai-chat', '{"model":"m","stream":true}').stream).toBe(true)
  })

  test('a member that stands there twice is refused, however its name is written', () => {
    expect(refusal(() => callFrom('openai-chat', '{"model":"a","model":"b"}'))).toEqual(['invalid-json', 'model'])
    expect(refusal(() => callFrom('openai-chat', '{"model":"a","mod\\u0065l":"b"}'))).toEqual(['invalid-json', 'model'])
  })

  test('what is no JSON object is refused', () => {
    for (const body of ['', '[]', 'null', '"x"', '{"model":"m"', '{"model":"m"} x', "{'model':'m'}"])
      expect(refusal(() => callFrom('openai-chat', body))[0]).toBe('invalid-json')
  })

  test('an illegal escape deep inside is told when the body is read, as the caller’s mistake', () => {
    const call = callFrom('openai-chat', '{"model":"m","messages":[{"role":"user","content":"\\x"}]}')
    expect(refusal(() => call.body())).toEqual(['invalid-json', undefined])
  })

  test('the path says model and stream where the format has them there, over the body', () => {
    const call = callFrom('gemini', '{"contents":[{"parts":[{"text":"hi"}]}]}', { model: 'gemini-x', stream: true })
    expect([call.model, call.stream]).toEqual(['gemini-x', true])
    expect(call.request().value.model).toBe('gemini-x')
  })

  test('fields are read one by one, the body and the request once', () => {
    const call = callFrom('openai-chat', { model: 'm', messages: [{ role: 'user', content: 'hi' }], n: 2 })
    expect([call.field('n'), call.field('absent')]).toEqual([2, undefined])
    expect(call.body()).toBe(call.body())
    expect(call.request()).toBe(call.request())
  })
})

describe('headers that mean something to the vendor', () => {
  test('go through: versions, betas, client marks', () => {
    const headers = {
      'anthropic-version': '2023-06-01',
      'anthropic-beta': 'token-efficient-tools-2025-02-19',
      'openai-beta': 'responses=v1',
      'x-goog-api-client': 'genai-js/1.0',
      'x-client-request-id': 'abc',
      'session-id': 's1',
      session_id: 's2',
      originator: 'codex',
    }
    expect(vendorHeadersOf(new Headers(headers))).toEqual(headers)
  })

  test('are never credentials, addresses or the connection’s own', () => {
    const headers = new Headers({
      authorization: 'Bearer sk-1',
      'proxy-authorization': 'Basic x',
      'x-api-key': 'sk-2',
      'api-key': 'sk-3',
      'x-goog-api-key': 'sk-4',
      'x-goog-user-project': 'p',
      'x-goog-iam-authorization-token': 'sk-5',
      'anthropic-api-key': 'sk-6',
      'openai-organization': 'org',
      'openai-project': 'proj',
      'x-litellm-api-key': 'sk-7',
      cookie: 'session=1',
      host: 'gateway.example',
      'content-length': '3',
      'x-forwarded-for': '10.0.0.1',
      'session-token': 'sk-8',
    })
    expect(vendorHeadersOf(headers)).toEqual({})
  })
})
