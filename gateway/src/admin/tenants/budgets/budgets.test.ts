import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { type Asking, openAsking } from '../users/testing/asking.ts'

let api: Asking
beforeEach(async () => {
  api = await openAsking()
})
afterEach(() => api.house.close())

describe('/budget', () => {
  test('is made, shown, changed in part, and deleted', async () => {
    const made = await api.get('POST /budget/new', {
      budget_id: 'small',
      max_budget: 3,
      budget_duration: '1d',
      rpm_limit: 4,
      model_max_budget: { gpt: { budget_limit: 1, time_period: '1d' } },
    })
    expect(made).toMatchObject({
      budget_id: 'small',
      max_budget: 3,
      budget_duration: '1d',
      rpm_limit: 4,
      soft_budget: null,
    })
    expect(made.budget_reset_at).toBeString()
    expect(await api.get('POST /budget/update', { budget_id: 'small', max_budget: 5, rpm_limit: null })).toMatchObject({
      max_budget: 5,
      rpm_limit: null,
      budget_duration: '1d',
      model_max_budget: { gpt: { budget_limit: 1, time_period: '1d' } },
    })
    expect(await api.get('POST /budget/info', { budgets: ['small', 'none'] })).toMatchObject([{ budget_id: 'small' }])
    expect(await api.get('GET /budget/list')).toMatchObject([{ budget_id: 'small' }])
    expect(await api.get('GET /budget/settings', { budget_id: 'small' })).toContainEqual(
      expect.objectContaining({ field_name: 'max_budget', field_value: 5 }),
    )
    await api.get('POST /budget/delete', { id: 'small' })
    expect((await api.ask('POST /budget/delete', { id: 'small' })).status).toBe(404)
    expect((await api.ask('POST /budget/update', { budget_id: 'small', max_budget: 1 })).status).toBe(404)
    expect(await api.trail('LiteLLM_BudgetTable', 'small')).toEqual(['created', 'updated', 'deleted'])
  })

  test('holds for whoever refers to it, from the next request on', async () => {
    await api.get('POST /budget/new', { budget_id: 'shared', max_budget: 10 })
    const key = await api.person('ann', { budget_id: 'shared' })
    expect((await api.chat(key)).status).toBe(200)
    await api.get('POST /budget/update', { budget_id: 'shared', max_budget: 0 })
    expect((await api.chat(key)).status).toBe(429)
    await api.get('POST /user/update', { user_id: 'ann', max_budget: 5 })
    expect((await api.chat(key)).status).toBe(200)
    const { status, body } = await api.ask('POST /budget/delete', { id: 'shared' })
    expect(status).toBe(400)
    expect(body.detail).toEqual({ error: 'Budget shared is in use by ann of users: give them another budget first.' })
    await api.get('POST /user/update', { user_id: 'ann', budget_id: null })
    await api.get('POST /budget/delete', { id: 'shared' })
  })

  test.each([
    ['budget_id', { budget_id: 'there' }],
    ['max_budget', { max_budget: -1 }],
    ['budget_reset_at', { budget_reset_at: '2027-01-01' }],
    ['max_bugdet', { max_bugdet: 1 }],
  ])('refuses a wrong %s', async (name, fields) => {
    await api.get('POST /budget/new', { budget_id: 'there' })
    const { status, body } = await api.ask('POST /budget/new', fields)
    expect(status).toBe(400)
    expect((body.error as { param: string }).param).toBe(name)
    expect(body.detail).toBeDefined()
  })

  test('is for proxy admins', async () => {
    const ann = await api.person('ann')
    expect((await api.ask('POST /budget/new', {}, ann)).status).toBe(401)
    expect((await api.ask('GET /budget/list', {}, ann)).status).toBe(401)
  })
})

describe('/tag', () => {
  test('is made, shown, changed in part, and deleted', async () => {
    expect(
      await api.get('POST /tag/new', { name: 'prod', description: 'Live', max_budget: 9, rpm_limit: 3 }),
    ).toMatchObject({
      message: 'Tag prod created successfully',
      tag: { name: 'prod', description: 'Live', max_budget: 9, spend: 0, models: [] },
    })
    expect((await api.ask('POST /tag/new', { name: 'prod' })).body.detail).toEqual({ error: 'Tag prod already exists' })
    expect(await api.get('POST /tag/update', { name: 'prod', max_budget: null })).toMatchObject({
      tag: { max_budget: null, rpm_limit: 3, description: 'Live' },
    })
    expect(await api.get('POST /tag/info', { names: ['prod', 'none'] })).toEqual({
      prod: expect.objectContaining({ name: 'prod' }),
    } as never)
    expect((await api.ask('POST /tag/info', { names: ['none'] })).status).toBe(404)
    expect(await api.get('GET /tag/list')).toMatchObject([{ name: 'prod' }])
    expect(await api.get('POST /tag/delete', { name: 'prod' })).toEqual({ message: 'Tag prod deleted successfully' })
    expect((await api.ask('POST /tag/update', { name: 'prod' })).status).toBe(404)
    expect(await api.trail('LiteLLM_TagTable', 'prod')).toEqual(['created', 'updated', 'deleted'])
  })

  test('has a budget that holds for requests with the tag', async () => {
    await api.get('POST /tag/new', { name: 'prod', max_budget: 0 })
    const key = await api.house.key()
    expect((await api.chat(key, { metadata: { tags: ['prod'] } })).status).toBe(429)
    expect((await api.chat(key, { metadata: { tags: ['dev'] } })).status).toBe(200)
  })

  test('does not pretend to choose deployments', async () => {
    const { status, body } = await api.ask('POST /tag/new', { name: 'prod', models: ['a'] })
    expect(status).toBe(400)
    expect((body.error as { param: string }).param).toBe('models')
    await api.get('POST /tag/new', { name: 'prod', models: [], model_info: null })
  })
})
