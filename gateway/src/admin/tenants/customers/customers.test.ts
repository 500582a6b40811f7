import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { nanoUsd } from 'turnpike-core/internal/kernel/money'
import { type Asking, openAsking } from '../users/testing/asking.ts'

let api: Asking
beforeEach(async () => {
  api = await openAsking()
})
afterEach(() => api.house.close())

const pricedModel = [
  {
    model_name: 'gpt',
    litellm_params: { model: 'openai/gpt-4o', use_chat_completions_api: true },
    model_info: { input_cost_per_token: 0.001, output_cost_per_token: 0.001 },
  },
]

describe('/customer/new', () => {
  test('sets down a budget that holds for requests which name the customer', async () => {
    expect(
      await api.get('POST /customer/new', { user_id: 'c1', alias: 'One', max_budget: 0, budget_duration: '1d' }),
    ).toMatchObject({
      user_id: 'c1',
      alias: 'One',
      blocked: false,
      spend: 0,
      litellm_budget_table: { max_budget: 0, budget_duration: '1d' },
    })
    const key = await api.house.key()
    expect((await api.chat(key, { user: 'c1' })).status).toBe(429)
    expect((await api.chat(key, { user: 'c2' })).status).toBe(200)
    await api.get('POST /customer/update', { user_id: 'c1', max_budget: null })
    expect((await api.chat(key, { user: 'c1' })).status).toBe(200)
    expect(await api.trail('LiteLLM_EndUserTable', 'c1')).toEqual(['created', 'updated'])
  })

  test('an id is taken once', async () => {
    await api.get('POST /end_user/new', { user_id: 'c1' })
    const { status, body } = await api.ask('POST /customer/new', { user_id: 'c1' })
    expect(status).toBe(400)
    expect(body.error).toMatchObject({ param: 'user_id', message: expect.stringContaining('Customer already exists') })
  })

  test.each([
    ['max_budget', { max_budget: 1, budget_id: 'b' }],
    ['allowed_model_region', { allowed_model_region: 'mars' }],
    ['default_model', { default_model: 'gpt' }],
    ['spend', { spend: 3 }],
    ['budget_id', { budget_id: 'nowhere' }],
    ['user', { user: 'x' }],
  ])('refuses %s by its name', async (name, fields) => {
    const { status, body } = await api.ask('POST /customer/new', { user_id: 'c1', ...fields })
    expect(status).toBe(400)
    expect((body.error as { param: string }).param).toBe(name)
  })

  test('is for proxy admins', async () => {
    const ann = await api.person('ann')
    expect((await api.ask('POST /customer/new', { user_id: 'c1' }, ann)).status).toBe(401)
    expect((await api.ask('GET /customer/list', {}, ann)).status).toBe(401)
    const viewer = await api.person('eve', { user_role: 'proxy_admin_viewer' })
    expect((await api.ask('GET /customer/list', {}, viewer)).status).toBe(200)
    expect((await api.ask('POST /customer/new', { user_id: 'c1' }, viewer)).status).toBe(401)
  })
})

test('a customer keeps what an update does not name', async () => {
  await api.get('POST /customer/new', { user_id: 'c1', alias: 'One', max_budget: 3, rpm_limit: 4 })
  expect(await api.get('POST /end_user/update', { user_id: 'c1', max_budget: 5 })).toMatchObject({
    alias: 'One',
    max_budget: 5,
    rpm_limit: 4,
  })
  expect((await api.ask('POST /customer/update', { user_id: 'nobody', alias: 'x' })).status).toBe(404)
})

test('who has spent something is shown without ever being set down', async () => {
  await api.house.close()
  api = await openAsking({ models: pricedModel })
  expect((await api.ask('GET /customer/info', { end_user_id: 'c9' })).status).toBe(404)
  expect((await api.chat(await api.house.key(), { user: 'c9' })).status).toBe(200)
  const { spend } = await api.get('GET /end_user/info', { end_user_id: 'c9' })
  expect(spend).toBeGreaterThan(0)
  expect(await api.house.gateway.house.store.balanceOf('end-user:c9')).toBe(nanoUsd(Number(spend)))
  expect(await api.get('POST /customer/update', { user_id: 'c9', alias: 'Nine' })).toMatchObject({
    alias: 'Nine',
    spend,
  })
})

test('blocking acts on the next request, for who is set down and who is not', async () => {
  await api.get('POST /customer/new', { user_id: 'c1', alias: 'One' })
  const key = await api.house.key()
  const user_ids = ['c1', 'c2']
  expect((await api.chat(key, { user: 'c1' })).status).toBe(200)
  expect(await api.get('POST /customer/block', { user_ids })).toMatchObject({
    blocked_users: [
      { user_id: 'c1', alias: 'One', blocked: true },
      { user_id: 'c2', blocked: true },
    ],
  })
  for (const user of user_ids) expect((await api.chat(key, { user })).status).toBe(401)
  await api.get('POST /end_user/unblock', { user_ids })
  for (const user of user_ids) expect((await api.chat(key, { user })).status).toBe(200)
  expect(await api.trail('LiteLLM_EndUserTable', 'c2')).toEqual(['blocked', 'unblocked'])
})

describe('a customer of a region', () => {
  const place = (id: string, info: object = {}, params: object = {}) => ({
    model_name: 'gpt',
    litellm_params: { model: 'openai/gpt-4o', use_chat_completions_api: true, ...params },
    model_info: { id, ...info },
  })

  test('is answered only by deployments there, and anybody else by all', async () => {
    await api.house.close()
    const models = [place('eu', { region: 'eu' }), place('us', {}, { region_name: 'us-east-1' }), place('anywhere')]
    api = await openAsking({ models, router: { num_retries: 0 } })
    const key = await api.house.key()
    expect(await api.get('POST /customer/new', { user_id: 'c1', allowed_model_region: 'eu' })).toMatchObject({
      allowed_model_region: 'eu',
    })
    const homes = async (user: string) => {
      const seen = new Set<string | null>()
      for (let call = 0; call < 24; call++) seen.add((await api.chat(key, { user })).headers.get('x-litellm-model-id'))
      return [...seen].sort()
    }
    expect(await homes('c1')).toEqual(['eu'])
    expect(await homes('c2')).toEqual(['anywhere', 'eu', 'us'])
    expect((await api.chat(key, { user: 'c1' })).headers.get('x-litellm-model-region')).toBe('eu')
    expect((await api.chat(key, { user: 'c2' })).headers.get('x-litellm-model-region')).toBeNull()

    await api.get('POST /customer/update', { user_id: 'c1', alias: 'One' })
    expect(await homes('c1')).toEqual(['eu'])
    await api.get('POST /customer/update', { user_id: 'c1', allowed_model_region: 'us' })
    expect(await homes('c1')).toEqual(['us'])
    await api.get('POST /customer/update', { user_id: 'c1', allowed_model_region: null })
    expect(await homes('c1')).toEqual(['anywhere', 'eu', 'us'])
  })

  test('is refused in plain words where nobody is there, also by fallbacks', async () => {
    await api.house.close()
    const models = [place('us', { region: 'us' }), { ...place('far'), model_name: 'other' }]
    api = await openAsking({ models, router: { fallbacks: [{ gpt: ['other'] }] } })
    const key = await api.house.key()
    await api.get('POST /customer/new', { user_id: 'c1', allowed_model_region: 'eu' })
    const { status, body } = await api.chat(key, { user: 'c1' })
    expect(status).toBe(403)
    expect((body.error as { message: string }).message).toContain('in the region that this caller may use (eu)')
    expect(api.house.provider.requests.length).toBe(0)
  })
})

test('lists come in pages, and deleting needs all of them to be there', async () => {
  for (const user_id of ['a', 'b', 'c']) await api.get('POST /customer/new', { user_id })
  const page = await api.ask('GET /customer/list', { page_size: 2 })
  expect(page.body).toMatchObject([{ user_id: 'a' }, { user_id: 'b' }])
  expect(page.headers.get('x-turnpike-more')).toBe('true')
  expect((await api.ask('POST /customer/delete', { user_ids: ['a', 'z'] })).status).toBe(404)
  expect(await api.get('POST /customer/delete', { user_ids: ['a', 'b'] })).toMatchObject({ deleted_customers: 2 })
  expect(await api.get('GET /customer/list')).toMatchObject([{ user_id: 'c' }])
})
