import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { type Asking, openAsking } from './testing/asking.ts'

let api: Asking
beforeEach(async () => {
  api = await openAsking()
})
afterEach(() => api.house.close())

describe('/user/new', () => {
  test('makes a user with a key that works at once', async () => {
    const made = await api.get('POST /user/new', {
      user_id: 'ann',
      user_email: 'Ann@Example.com',
      user_role: 'internal_user',
      max_budget: 12.5,
      budget_duration: '30d',
      rpm_limit: 10,
      key_alias: 'anns',
      duration: '1d',
      metadata: { note: 1 },
    })
    expect(made).toMatchObject({
      user_id: 'ann',
      user_email: 'Ann@Example.com',
      user_role: 'internal_user',
      max_budget: 12.5,
      budget_duration: '30d',
      rpm_limit: 10,
      models: [],
      spend: 0,
      teams: [],
      metadata: { note: 1 },
      key_alias: 'anns',
    })
    expect(String(made.key)).toStartWith('sk-')
    expect(made.budget_reset_at).toBeString()
    expect(made.expires).toBeString()
    expect((await api.chat(String(made.key))).status).toBe(200)
    expect(await api.trail('LiteLLM_UserTable', 'ann')).toEqual(['created'])
    expect(await api.trail('LiteLLM_VerificationToken', String(made.token))).toEqual(['created'])
  })

  test('makes no key where none is wanted', async () => {
    expect(await api.get('POST /user/new', { user_id: 'bob', auto_create_key: false })).toMatchObject({ key: '' })
    expect((await api.get('GET /user/info', { user_id: 'bob' })).keys).toEqual([])
  })

  test('an id and an address are taken once, whatever the case', async () => {
    await api.get('POST /user/new', { user_id: 'ann', user_email: 'ann@example.com' })
    expect((await api.ask('POST /user/new', { user_id: 'ann' })).status).toBe(409)
    const { status, body } = await api.ask('POST /user/new', { user_email: 'ANN@example.com' })
    expect(status).toBe(409)
    expect(body.error).toMatchObject({ param: 'user_email', code: '409' })
  })

  test('joins the teams that it names, and leaves nothing behind where one is not there', async () => {
    await api.get('POST /team/new', { team_id: 'red' })
    const made = await api.get('POST /user/new', {
      user_id: 'ann',
      teams: [{ team_id: 'red', max_budget_in_team: 2, user_role: 'admin' }],
    })
    expect(made.teams).toEqual(['red'])
    expect((await api.ask('POST /user/new', { user_id: 'bob', teams: ['red', 'blue'] })).status).toBe(404)
    expect((await api.ask('GET /user/info', { user_id: 'bob' })).status).toBe(404)
    const { team_memberships } = await api.get('GET /team/info', { team_id: 'red' })
    expect(team_memberships).toMatchObject([{ user_id: 'ann', litellm_budget_table: { max_budget: 2 } }])
  })

  test.each([
    ['guardrails', ['pii']],
    ['spend', 3],
    ['models', 'gpt'],
    ['max_budget', -1],
    ['budget_duration', 'soon'],
    ['user_role', 'root'],
    ['user_email', 'nobody'],
    ['user_id', 'ann:1d:2026-11-22'],
    ['metadata', { model_rpm_limit: { gpt: 1 } }],
    ['rpm_limit_type', 'guaranteed_throughput'],
    ['budget_id', 'no-such-budget'],
    ['max_bugdet', 1],
  ])('refuses %s: %j by its name', async (name, value) => {
    const { status, body } = await api.ask('POST /user/new', { [name]: value })
    expect(status).toBe(400)
    expect(String((body.error as { param?: string }).param)).toStartWith(name)
  })

  test('what says nothing, or what holds anyway, is taken', async () => {
    const fields = {
      guardrails: [],
      spend: 0,
      config: {},
      rpm_limit_type: 'best_effort_throughput',
      send_invite_email: true,
    }
    await api.get('POST /user/new', { user_id: 'ann', ...fields })
  })

  test('only a proxy admin makes users', async () => {
    const key = await api.person('ann')
    expect((await api.ask('POST /user/new', { user_role: 'proxy_admin' }, key)).status).toBe(401)
    const viewer = await api.person('eve', { user_role: 'proxy_admin_viewer' })
    expect((await api.ask('POST /user/new', {}, viewer)).status).toBe(401)
  })
})

describe('/user/update', () => {
  test('changes what it names, clears by null, and keeps the rest', async () => {
    await api.person('ann', {
      user_email: 'a@example.com',
      max_budget: 5,
      rpm_limit: 3,
      user_alias: 'A',
      models: ['gpt'],
    })
    const { user_id, data } = await api.get('POST /user/update', { user_id: 'ann', max_budget: null, tpm_limit: 9 })
    expect(user_id).toBe('ann')
    expect(data).toMatchObject({
      max_budget: null,
      tpm_limit: 9,
      rpm_limit: 3,
      user_alias: 'A',
      models: ['gpt'],
      user_email: 'a@example.com',
    })
    expect(await api.get('POST /user/update', { user_email: 'a@example.com', user_alias: null })).toMatchObject({
      user_id: 'ann',
      data: { user_alias: null, rpm_limit: 3 },
    })
    expect(await api.trail('LiteLLM_UserTable', 'ann')).toEqual(['created', 'updated', 'updated'])
  })

  test('acts on the next request: models, blocking and budget', async () => {
    const key = await api.person('ann')
    expect((await api.chat(key)).status).toBe(200)
    await api.get('POST /user/update', { user_id: 'ann', models: ['claude'] })
    expect((await api.chat(key)).status).toBe(403)
    await api.get('POST /user/update', { user_id: 'ann', models: [] })
    expect((await api.chat(key)).status).toBe(200)
    await api.get('POST /user/update', { user_id: 'ann', max_budget: 0 })
    expect((await api.chat(key)).status).toBe(429)
    await api.get('POST /user/update', { user_id: 'ann', max_budget: null, blocked: true })
    expect((await api.chat(key)).status).toBe(401)
  })

  test('an address of somebody else is refused', async () => {
    await api.person('ann', { user_email: 'a@example.com' })
    await api.person('bob')
    expect((await api.ask('POST /user/update', { user_id: 'bob', user_email: 'a@example.com' })).status).toBe(409)
  })

  test('a user who is not there is made, as LiteLLM does', async () => {
    expect(await api.get('POST /user/update', { user_id: 'new', max_budget: 1 })).toMatchObject({
      data: { max_budget: 1 },
    })
    expect(await api.trail('LiteLLM_UserTable', 'new')).toEqual(['created'])
  })

  test('many at once: those that fail are told apart', async () => {
    await api.person('ann')
    await api.person('bob', { user_email: 'b@example.com' })
    const users = [
      { user_id: 'ann', max_budget: 1 },
      { user_id: 'ann', user_email: 'b@example.com' },
      { user_id: 'bob', budget_id: 'none' },
    ]
    const answer = await api.get('POST /user/bulk_update', { users })
    expect(answer).toMatchObject({ total_requested: 3, successful_updates: 1, failed_updates: 2 })
    expect(await api.get('POST /user/bulk_update', { all_users: true, user_updates: { rpm_limit: 7 } })).toMatchObject({
      total_requested: 2,
      successful_updates: 2,
    })
    expect(await api.get('GET /v2/user/info', { user_id: 'ann' })).toMatchObject({ rpm_limit: 7, max_budget: 1 })
    expect((await api.ask('POST /user/bulk_update', { users: [{ user_id: 'ann', surprise: 1 }] })).status).toBe(400)
  })
})

test('/user/delete takes keys, memberships and places with it', async () => {
  await api.get('POST /organization/new', { organization_id: 'acme', organization_alias: 'Acme' })
  await api.get('POST /team/new', { team_id: 'red' })
  const key = await api.person('ann', { teams: ['red'], organizations: ['acme'] })
  expect((await api.ask('POST /user/delete', { user_ids: ['ann', 'nobody'] })).status).toBe(404)
  expect((await api.chat(key)).status).toBe(200)
  expect((await api.ask('POST /user/delete', { user_ids: ['ann'] })).body).toEqual(1 as never)
  expect((await api.chat(key)).status).toBe(401)
  const { team_info } = await api.get('GET /team/info', { team_id: 'red' })
  expect(team_info).toMatchObject({ members_with_roles: [] })
  expect(await api.get('GET /organization/info', { organization_id: 'acme' })).toMatchObject({ members: [] })
  expect(await api.trail('LiteLLM_UserTable', 'ann')).toEqual(['created', 'deleted'])
})

describe('reading', () => {
  test('people see themselves, and nobody else', async () => {
    await api.get('POST /team/new', { team_id: 'red' })
    const key = await api.person('ann', {
      teams: ['red'],
      model_max_budget: { gpt: { budget_limit: 3, time_period: '1d' } },
    })
    await api.person('bob')
    const own = await api.get('GET /user/info', {}, key)
    expect(own).toMatchObject({
      user_id: 'ann',
      user_info: {
        user_id: 'ann',
        model_max_budget_usage: { gpt: { current_spend: 0, budget_limit: 3, time_period: '1d' } },
      },
      keys: [{ user_id: 'ann' }],
      teams: [{ team_id: 'red' }],
    })
    expect(JSON.stringify(own)).not.toContain(key)
    for (const user_id of ['bob', 'nobody'])
      expect((await api.ask('GET /user/info', { user_id }, key)).status).toBe(403)
    expect((await api.ask('GET /user/list', {}, key)).status).toBe(403)
  })

  test('who reads everything sees everybody', async () => {
    await api.person('ann', { user_email: 'ann@example.com' })
    const viewer = await api.person('eve', { user_role: 'proxy_admin_viewer' })
    expect(await api.get('GET /user/info', { user_id: 'ann' }, viewer)).toMatchObject({ user_id: 'ann' })
    expect((await api.ask('GET /user/info', { user_id: 'nobody' }, viewer)).status).toBe(404)
    expect(await api.get('GET /user/list', { role: 'proxy_admin_viewer' }, viewer)).toMatchObject({
      users: [{ user_id: 'eve', key_count: 1 }],
      total: 1,
      page: 1,
      page_size: 25,
      total_pages: 1,
    })
    expect(await api.get('GET /user/get_users', { user_email: 'ANN@' })).toMatchObject({ users: [{ user_id: 'ann' }] })
    expect(await api.get('GET /user/info')).toMatchObject({ user_id: null })
  })

  test('lists come in pages', async () => {
    for (const userId of ['a', 'b', 'c']) await api.get('POST /user/new', { user_id: userId, auto_create_key: false })
    const page = await api.get('GET /user/list', { page: 2, page_size: 2, sort_by: 'user_id', sort_order: 'desc' })
    expect(page).toMatchObject({ users: [{ user_id: 'a' }], total: 3, total_pages: 2 })
    expect(await api.get('GET /user/list', { user_ids: 'a,c' })).toMatchObject({ total: 2 })
  })
})

test('new users get what the operator gives to new ones', async () => {
  await api.house.close()
  api = await openAsking({
    litellm: {
      default_internal_user_params: {
        user_role: 'internal_user_viewer',
        max_budget: 4,
        budget_duration: '7d',
        models: ['gpt'],
      },
    },
  })
  expect(await api.get('POST /user/new', { user_id: 'ann' })).toMatchObject({
    user_role: 'internal_user_viewer',
    max_budget: 4,
    budget_duration: '7d',
    models: ['gpt'],
  })
  expect(await api.get('POST /user/new', { user_id: 'root', user_role: 'proxy_admin' })).toMatchObject({
    max_budget: null,
  })
})
