import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import { type TestHouse, testHouse } from '../house.ts'
import { type Ask, chat, doors, knock, wildcards } from './doors.ts'

/** What LiteLLM's clients match on: status, type, param and the beginning of the message (its documentation of October 2026). */

let house: TestHouse
const keys: Record<string, string> = {}

beforeAll(async () => {
  house = await testHouse({
    models: (place) => [
      ...wildcards(place),
      { model_name: 'cooling', litellm_params: { model: 'openai/status-401', api_base: `${place}/v1` } },
    ],
    router: { num_retries: 0 },
  })
  const fields: Record<string, JsonObject> = {
    good: {},
    expired: { duration: '1s' },
    blocked: {},
    poor: { max_budget: 0.0000001 },
    narrow: { models: ['claude'] },
    routes: { allowed_routes: ['info_routes'] },
    slow: { rpm_limit: 1 },
    small: { tpm_limit: 1 },
    single: { max_parallel_requests: 0 },
  }
  for (const [name, given] of Object.entries(fields)) keys[name] = await house.key({ key_alias: name, ...given })
  await admin('/key/block', { key: keys.blocked ?? '' })
  await ask({ model: 'chat/plain' }, 'slow')
  await ask({ model: 'cooling' }, 'good')
  await Bun.sleep(1050)
})
afterAll(() => house.close())

const admin = (path: string, body: JsonObject) =>
  fetch(house.url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${house.master}` },
    body: JSON.stringify(body),
  })

async function ask(given: Ask, who: string) {
  const request = knock(chat, { url: house.url, key: keys[who] ?? who }, given)
  if (who === '') request.headers.delete('authorization')
  const response = await fetch(request)
  const body = (await response.json()) as { error?: Record<string, unknown> }
  return { status: response.status, headers: response.headers, error: body.error ?? {} }
}

const plain: Ask = { model: 'chat/plain' }
const rows: [string, number, string | null, string | null, RegExp, string, Ask][] = [
  ['no key', 401, 'auth_error', null, /^Authentication Error, No api key passed in\./, '', plain],
  [
    'a key without Bearer',
    401,
    'auth_error',
    null,
    /^Authentication Error, Malformed API Key passed in\. Ensure Key has `Bearer ` prefix\./,
    'good',
    { ...plain, headers: { authorization: 'sk-something-here' } },
  ],
  [
    'a key that does not begin with sk-',
    401,
    'auth_error',
    null,
    /^Authentication Error, LiteLLM Virtual Key expected\. Received=.*expected to start with 'sk-'\./,
    'abc-not-a-virtual-key',
    plain,
  ],
  [
    'an unknown key',
    401,
    'token_not_found_in_db',
    'key',
    /^Authentication Error, Invalid proxy server token passed\. Received API Key = sk-\.\.\.\w{4}, Key Hash \(Token\) =[0-9a-f]{64}\. Unable to find token in cache or `LiteLLM_VerificationTokenTable`/,
    'sk-unknown-to-everybody-here',
    plain,
  ],
  [
    'an expired key',
    401,
    'expired_key',
    'sk-...',
    /^Authentication Error - Expired Key\. Key Expiry time .* and current time /,
    'expired',
    plain,
  ],
  [
    'a blocked key',
    401,
    'auth_error',
    null,
    /^Authentication Error, Key is blocked\. Update via `\/key\/unblock` if you're admin\./,
    'blocked',
    plain,
  ],
  [
    'a budget that is used up',
    429,
    'budget_exceeded',
    null,
    /^Budget has been exceeded! Key=poor \(sk-\.\.\.\S{4}\) Current cost: .*, Max budget: /,
    'poor',
    plain,
  ],
  [
    'a model that is not allowed',
    403,
    'key_model_access_denied',
    'model',
    /^key not allowed to access model\. This key can only access models=\['claude'\]\. Tried to access chat\/plain/,
    'narrow',
    plain,
  ],
  [
    'a route that is not allowed',
    403,
    'auth_error',
    null,
    /^Virtual key is not allowed to call this route\. Only allowed to call routes: \['info_routes'\]\. Tried to call route: \/v1\/chat\/completions/,
    'routes',
    plain,
  ],
  [
    'too many requests',
    429,
    'throttling_error',
    null,
    /^Rate limit exceeded for api_key: \S+\. Limit type: requests\. Current limit: 1, Remaining: 0\. Limit resets at: \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/,
    'slow',
    plain,
  ],
  [
    'too many tokens',
    429,
    'throttling_error',
    null,
    /^Rate limit exceeded for api_key: .*Limit type: tokens\. Current limit: 1/,
    'small',
    plain,
  ],
  [
    'too many at once',
    429,
    'throttling_error',
    null,
    /^Rate limit exceeded for api_key: .*Limit type: max_parallel_requests\. Current limit: 0/,
    'single',
    plain,
  ],
  [
    'an unknown model',
    400,
    null,
    'model',
    /Invalid model name passed in model=nobody\. Call `\/v1\/models` to view available models for your key\./,
    'good',
    { model: 'nobody' },
  ],
  [
    'a group that is cooling down',
    503,
    null,
    null,
    /^No deployments available for selected model, Try again in \d+ seconds?\. Passed model=cooling/,
    'good',
    { model: 'cooling' },
  ],
  [
    'a provider that takes too long',
    408,
    null,
    null,
    /timed out/i,
    'good',
    { model: 'chat/hang', headers: { 'x-litellm-timeout': '0.1' } },
  ],
  ['a provider that knows no such key', 401, null, null, /./, 'good', { model: 'claude/status-401' }],
  ['a provider’s limit', 429, null, null, /./, 'good', { model: 'chat/status-429' }],
  ['a provider’s 500', 500, null, null, /./, 'good', { model: 'chat/status-500' }],
  ['a provider’s 503', 503, null, null, /./, 'good', { model: 'chat/status-503' }],
  [
    'a body that is no JSON',
    400,
    'invalid_request_error',
    null,
    /JSON/,
    'good',
    { ...plain, headers: { 'x-broken': '1' } },
  ],
]

describe('a refusal for', () => {
  test.each(rows)('%s is %p %p', async (name, status, type, param, message, who, given) => {
    const told = name.includes('no JSON')
      ? await fetch(`${house.url}/v1/chat/completions`, {
          method: 'POST',
          headers: { authorization: `Bearer ${keys.good}` },
          body: '{"model":',
        }).then(async (response) => ({
          status: response.status,
          headers: response.headers,
          error: ((await response.json()) as { error: Record<string, unknown> }).error,
        }))
      : await ask(given, who)
    expect(told.status).toBe(status)
    expect(String(told.error.message)).toMatch(message)
    if (type !== null) expect(told.error.type).toBe(type)
    if (param === 'sk-...') expect(told.error.param).toMatch(/^sk-\.\.\.\S{4}$/)
    else if (param !== null) expect(told.error.param).toBe(param)
    // a provider's own words go over as they are, a code of null included
    if (!name.startsWith('a provider’s')) expect(typeof told.error.code).toBe('string')
    if (type !== null) expect(told.error.code).toBe(String(status))
  })

  test('a route of the administrator is 401 and says so', async () => {
    const response = await fetch(`${house.url}/key/generate`, {
      method: 'POST',
      headers: { authorization: `Bearer ${keys.good}` },
      body: '{}',
    })
    expect(response.status).toBe(401)
    expect(((await response.json()) as { error: { message: string } }).error.message).toMatch(
      /^Authentication Error, Only proxy admin can be used to generate, delete, update info for new keys\/users\/teams\. Route=\/key\/generate/,
    )
  })
})

describe('headers', () => {
  test('of an answer name the call, the deployment, the cost and the key’s state', async () => {
    const key = await house.key({ max_budget: 5, rpm_limit: 100, tpm_limit: 100_000 })
    const { headers } = await fetch(
      knock(chat, { url: house.url, key }, { ...plain, headers: { 'x-litellm-call-id': 'my-own-id' } }),
    )
    expect(headers.get('x-litellm-call-id')).toBe('my-own-id')
    for (const name of [
      'model-id',
      'version',
      'response-duration-ms',
      'overhead-duration-ms',
      'response-cost',
      'response-cost-input',
      'response-cost-output',
      'key-spend',
    ])
      expect(headers.get(`x-litellm-${name}`), name).toBeTruthy()
    expect(headers.get('x-litellm-model-api-base')).toStartWith(house.provider.url)
    expect(headers.get('x-litellm-model-api-base')).not.toContain('?')
    expect(
      Object.fromEntries(
        ['attempted-retries', 'attempted-fallbacks', 'key-max-budget', 'key-tpm-limit', 'key-rpm-limit'].map((name) => [
          name,
          headers.get(`x-litellm-${name}`),
        ]),
      ),
    ).toEqual({
      'attempted-retries': '0',
      'attempted-fallbacks': '0',
      'key-max-budget': '5.0',
      'key-tpm-limit': '100000',
      'key-rpm-limit': '100',
    })
    expect(headers.get('x-ratelimit-api_key-limit-requests')).toBe('100')
    expect(headers.get('x-ratelimit-api_key-remaining-requests')).toBe('99')
    expect(headers.get('llm_provider-x-request-id')).toStartWith('req_fake')
  })

  test('of a stream tell all but the cost, which nobody knows yet', async () => {
    for (const door of doors) {
      const response = await fetch(
        knock(door, { url: house.url, key: keys.good ?? '' }, { model: `${door.own}/plain`, stream: true }),
      )
      expect(response.headers.get('x-litellm-response-cost')).toBeNull()
      for (const name of ['call-id', 'model-id', 'key-spend', 'attempted-retries'])
        expect(response.headers.get(`x-litellm-${name}`), name).toBeTruthy()
      expect(response.headers.get('cache-control')).toBe('no-cache')
      await response.text()
    }
  })

  test('of a refusal name the call and the key’s state, never the provider’s or what only an answer has', async () => {
    for (const door of doors)
      for (const model of ['nobody', `${door.own}/status-500`]) {
        const key = await house.key({ max_budget: 5, rpm_limit: 100 })
        const { headers, status } = await fetch(knock(door, { url: house.url, key }, { model }))
        expect(status).toBeGreaterThanOrEqual(400)
        expect(headers.get('x-litellm-call-id')).toBeTruthy()
        expect(headers.get('x-litellm-key-spend')).toBe('0.0')
        expect(headers.get('x-litellm-key-max-budget')).toBe('5.0')
        expect(headers.get('x-litellm-key-rpm-limit')).toBe('100')
        for (const [name] of headers) expect(name).not.toMatch(/^llm_provider-|^x-litellm-(?:attempted|response-cost)/)
      }
  })

  test('of every 429 of ours say when to come back', async () => {
    for (const who of ['poor', 'slow', 'small', 'single']) {
      const { headers, status } = await ask(plain, who)
      expect(status).toBe(429)
      if (who !== 'poor') expect(Number(headers.get('retry-after')), who).toBeGreaterThan(0)
    }
  })
})
