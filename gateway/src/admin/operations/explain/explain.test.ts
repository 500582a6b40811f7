import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import { providerKey, type TestHouse, testHouse } from '../../../../../tests/house.ts'

let at: TestHouse

beforeAll(async () => {
  at = await testHouse({
    router: { num_retries: 0, fallbacks: [{ pair: ['claude'] }] },
    models: (place) => [
      ...['good', 'status-401'].map((behaviour, index) => ({
        model_name: 'pair',
        litellm_params: {
          model: `openai/${behaviour}`,
          api_base: `${place}/v1`,
          order: index + 1,
          extra_headers: { 'x-tenant': 'sk-canary' },
        },
        model_info: { id: `pair-${index}`, input_cost_per_token: 0.001, output_cost_per_token: 0.001 },
      })),
      {
        model_name: 'down',
        // a credential of its own: who shares one with a deployment that is refused goes out of rotation too
        litellm_params: { model: 'openai/status-401', api_base: `${place}/v1`, api_key: 'sk-of-its-own' },
        model_info: { id: 'down-0' },
      },
    ],
  })
})
afterAll(() => at.close())

async function ask(what: string, body?: object, key = at.master): Promise<{ status: number; body: JsonObject }> {
  const [method = '', path = ''] = what.split(' ')
  const response = await fetch(at.url + path, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  })
  return { status: response.status, body: (await response.json()) as JsonObject }
}

const request = (model: string) => ({ model, max_tokens: 10, messages: [{ role: 'user', content: 'Hello there' }] })
const explain = (body: object, key?: string) => ask('POST /utils/explain', body, key)

describe('/utils/explain', () => {
  test('follows a call of a key step by step and sends nothing', async () => {
    const key = await at.key({ key_alias: 'alice-key', models: ['pair', 'claude'], max_budget: 5, rpm_limit: 7 })
    const { status, body } = await explain({ key, request: request('pair') })
    expect(status).toBe(200)
    expect(body).toMatchObject({
      caller: { kind: 'key', key_alias: 'alice-key' },
      model: { asked: 'pair', group: 'pair', deployments: 2 },
      estimate: { price_known: true },
      would_be: 'sent',
      strategy: 'simple-shuffle',
      candidates: [
        { deployment: 'pair-0', eligible: true, order: 1, request: { url: `${at.provider.url}/v1/chat/completions` } },
        { deployment: 'pair-1', eligible: true, order: 2 },
      ],
      fallbacks: [{ group: 'claude', candidates: [{ request: { format: 'anthropic-messages' } }] }],
    })
    const limits = body.limits as JsonObject[]
    expect(limits.find((one) => one.limits === 'budget')).toMatchObject({
      limit_usd: 5,
      spent_usd: 0,
      left_usd: 5,
      fits: true,
    })
    expect(limits.find((one) => one.limits === 'requests')).toMatchObject({ scope: 'api_key', limit: 7, wants: 1 })
    expect((body.candidates as JsonObject[])[0]).toMatchObject({ request: { body: { model: 'good', max_tokens: 10 } } })
    expect(at.provider.requests).toHaveLength(0)
    for (const secret of [providerKey, 'sk-canary', key]) expect(JSON.stringify(body)).not.toContain(secret)
    // by alias and by hash it is the same key
    const { token } = body.caller as { token: string }
    for (const name of ['alice-key', token])
      expect((await explain({ key: name, request: request('pair') })).body.caller).toEqual(body.caller as never)
  })

  test('says what is left after something was spent, and refuses in the words of the step', async () => {
    const key = await at.key({ models: ['pair'], max_budget: 0.3 })
    expect((await ask('POST /v1/chat/completions', request('pair'), key)).status).toBe(200)
    await at.gateway.house.ledger.flush()
    const { body } = await explain({ key, request: { ...request('pair'), max_tokens: 500 } })
    const [budget] = (body.limits as JsonObject[]).filter((one) => one.limits === 'budget')
    expect(Number(budget?.spent_usd)).toBeGreaterThan(0)
    expect(Number(budget?.left_usd)).toBeCloseTo(0.3 - Number(budget?.spent_usd), 9)
    expect(body).toMatchObject({ would_be: 'refused', refused: { step: 'admit' } })
    expect((await ask('POST /v1/chat/completions', { ...request('pair'), max_tokens: 500 }, key)).status).toBe(429)
    const denied = await explain({ key, request: request('gpt') })
    expect(denied.body).toMatchObject({ would_be: 'refused', refused: { status: 403 } })
    expect((await explain({ key, request: request('nobody') })).body).toMatchObject({ refused: { status: 400 } })
    await ask('POST /key/block', { key })
    expect((await explain({ key, request: request('pair') })).body).toMatchObject({
      would_be: 'refused',
      refused: { step: 'identify', why: 'blocked-key: the key is blocked' },
    })
  })

  test('tells which deployment is passed over, and why', async () => {
    await ask('POST /v1/chat/completions', request('down'))
    const { body } = await explain({ request: request('down') })
    expect(body).toMatchObject({
      caller: { kind: 'master' },
      would_be: 'without a deployment',
      candidates: [{ deployment: 'down-0', eligible: false, why: expect.stringMatching(/^cooling: .*provider-auth/) }],
    })
  })

  test('passes over whose provider has spent its budget', async () => {
    const house = await testHouse({
      router: { provider_budget_config: { openai: { budget_limit: 0.000001, time_period: '1d' } } },
    })
    try {
      const response = await fetch(`${house.url}/utils/explain`, {
        method: 'POST',
        headers: { authorization: `Bearer ${house.master}`, 'content-type': 'application/json' },
        body: JSON.stringify({ request: request('gpt') }),
      })
      expect(await response.json()).toMatchObject({
        would_be: 'without a deployment',
        candidates: [
          { eligible: false, why: 'over-limit: no room in the budget of provider openai', budgets: [{ fits: false }] },
        ],
      })
    } finally {
      await house.close()
    }
  })

  test('is for oneself, and for administrators of everybody', async () => {
    const [mine, other] = [await at.key({ key_alias: 'mine' }), await at.key()]
    expect((await explain({ request: request('gpt') }, mine)).body).toMatchObject({ caller: { key_alias: 'mine' } })
    expect((await explain({ key: mine, request: request('gpt') }, mine)).status).toBe(200)
    expect((await explain({ key: other, request: request('gpt') }, mine)).status).toBe(403)
    expect((await explain({ key: 'sk-nobody', request: request('gpt') })).status).toBe(404)
    expect((await explain({ request: request('gpt'), call_type: 'x' })).body).toMatchObject({ would_be: 'refused' })
  })
})

describe('/exchange/{id}', () => {
  test('shows a request with every attempt, to who may see it', async () => {
    const user = await ask('POST /user/new', { user_role: 'internal_user', user_id: 'ann' })
    const key = String(user.body.key)
    const answer = await fetch(`${at.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify(request('pair')),
    })
    await answer.text()
    const id = answer.headers.get('x-litellm-call-id')
    const { status, body } = await ask(`GET /exchange/${id}`, undefined, key)
    expect(status).toBe(200)
    expect(body).toMatchObject({
      request_id: id,
      row: { request_id: id, user: 'ann' },
      trace: [{ step: 1, kind: 'answered', deployment: 'pair-0', provider: 'openai' }],
    })
    const other = await ask('POST /user/new', { user_role: 'internal_user', user_id: 'bob' })
    expect((await ask(`GET /exchange/${id}`, undefined, String(other.body.key))).status).toBe(404)
    expect((await ask(`GET /exchange/${id}`)).body.trace).toMatchObject([{ api_base: `${at.provider.url}/v1` }])
  })

  test('tells of those that were passed over', async () => {
    const key = await at.key({ user_id: 'ann' })
    const response = await fetch(`${at.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify(request('down')),
    })
    await response.text()
    await at.gateway.house.ledger.flush()
    const [row] = await at.gateway.house.store.ledger.find({ model: 'down' }, 1)
    const { body } = await ask(`GET /exchange/${row?.id}`)
    expect(body.trace).toMatchObject([{ deployment: 'down-0' }])
  })
})
