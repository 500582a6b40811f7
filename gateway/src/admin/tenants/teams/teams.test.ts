import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { type Asking, openAsking } from '../users/testing/asking.ts'

let api: Asking
beforeEach(async () => {
  api = await openAsking()
})
afterEach(() => api.house.close())

/** A key of a user who administers a team. */
async function adminOf(teamId: string, userId = 'boss'): Promise<string> {
  const key = await api.person(userId)
  await api.get('POST /team/member_add', { team_id: teamId, member: { role: 'admin', user_id: userId } })
  return key
}

describe('/team/new', () => {
  test('makes a team with budget, members and defaults for members', async () => {
    const team = await api.get('POST /team/new', {
      team_id: 'red',
      team_alias: 'The reds',
      max_budget: 100,
      budget_duration: '30d',
      tpm_limit: 1000,
      models: ['gpt'],
      model_aliases: { fast: 'gpt' },
      metadata: { a: 1 },
      members_with_roles: [
        { role: 'admin', user_id: 'ann' },
        { role: 'user', user_email: 'bob@example.com' },
      ],
      team_member_budget: 10,
      team_member_rpm_limit: 5,
    })
    expect(team).toMatchObject({
      team_id: 'red',
      team_alias: 'The reds',
      max_budget: 100,
      tpm_limit: 1000,
      models: ['gpt'],
      model_aliases: { fast: 'gpt' },
      metadata: { a: 1 },
      blocked: false,
      spend: 0,
      team_member_budget_table: { max_budget: 10, rpm_limit: 5 },
    })
    expect(team.budget_reset_at).toBeString()
    const { team_info, team_memberships } = await api.get('GET /team/info', { team_id: 'red' })
    const roles = (team_info as { members_with_roles: { user_email: string | null; role: string }[] })
      .members_with_roles
    expect(roles).toHaveLength(2)
    expect(roles).toContainEqual({ user_id: 'ann', user_email: null, role: 'admin' } as never)
    expect(roles.map(({ user_email }) => user_email)).toContain('bob@example.com')
    expect(team_memberships).toMatchObject([{ litellm_budget_table: { max_budget: 10 } }, { spend: 0 }])
    expect(await api.get('GET /user/info', { user_id: 'ann' })).toMatchObject({ user_info: { teams: ['red'] } })
    expect(await api.trail('LiteLLM_TeamTable', 'red')).toEqual(['created', 'updated', 'updated'])
  })

  test('an id is taken once, and a body that is refused leaves no team behind', async () => {
    await api.get('POST /team/new', { team_id: 'red' })
    const { status, body } = await api.ask('POST /team/new', { team_id: 'red' })
    expect(status).toBe(400)
    expect(body.detail).toEqual({ error: 'Team id = red already exists. Please use a different team id.' })
    const twice = [{ role: 'user', user_id: 'ann' }]
    expect(
      (await api.ask('POST /team/new', { team_id: 'blue', members_with_roles: twice, members: ['ann'] })).status,
    ).toBe(400)
    await api.person('bob', { user_email: 'bob@example.com' })
    const stolen = [{ role: 'user', user_id: 'new', user_email: 'bob@example.com' }]
    expect((await api.ask('POST /team/new', { team_id: 'blue', members_with_roles: stolen })).status).toBe(409)
    expect((await api.ask('GET /team/info', { team_id: 'blue' })).status).toBe(404)
    expect(await api.trail('LiteLLM_TeamTable', 'blue')).toEqual([])
  })

  test.each([
    ['guardrails', ['pii']],
    ['router_settings', { num_retries: 1 }],
    ['tpm_limit_type', 'guaranteed_throughput'],
    ['team_member_permissions', ['/global/spend']],
    ['team_member_key_duration', '1d'],
    ['tags', ['a']],
    ['organization_id', 'nowhere'],
    ['team_id', 'a:b'],
    ['members_with_roles', [{ role: 'owner', user_id: 'x' }]],
    ['max_bugdet', 1],
  ])('refuses %s: %j by its name', async (name, value) => {
    const { status, body } = await api.ask('POST /team/new', { [name]: value })
    expect(status).toBe(400)
    expect(String((body.error as { param?: string }).param)).toStartWith(name)
  })

  test('members never have more than the team', async () => {
    const body = { max_budget: 10, team_member_budget: 11 }
    expect(((await api.ask('POST /team/new', body)).body.error as { param: string }).param).toBe('team_member_budget')
    expect((await api.ask('POST /team/new', { rpm_limit: 5, team_member_rpm_limit: 6 })).status).toBe(400)
  })

  test('people without an organization make no teams', async () => {
    const key = await api.person('ann')
    expect((await api.ask('POST /team/new', {}, key)).status).toBe(401)
  })
})

describe('/team/update', () => {
  test('changes what it names, clears by null, and keeps the rest', async () => {
    await api.get('POST /team/new', {
      team_id: 'red',
      max_budget: 5,
      models: ['gpt'],
      team_member_budget: 2,
      metadata: { a: 1 },
    })
    const { data } = await api.get('POST /team/update', { team_id: 'red', max_budget: null, rpm_limit: 4 })
    expect(data).toMatchObject({ max_budget: null, rpm_limit: 4, models: ['gpt'], metadata: { a: 1 } })
    expect(data).toMatchObject({ team_member_budget_table: { max_budget: 2 } })
    expect(await api.get('PATCH /team/red', { team_member_budget: null, models: [] })).toMatchObject({
      data: { team_member_budget_table: null, models: [], rpm_limit: 4 },
    })
    expect(await api.trail('LiteLLM_TeamTable', 'red')).toEqual(['created', 'updated', 'updated'])
    expect((await api.ask('POST /team/update', { team_id: 'none', rpm_limit: 1 })).status).toBe(404)
  })

  test('acts on the next request: models, blocking and budget', async () => {
    await api.get('POST /team/new', { team_id: 'red', models: ['gpt'] })
    const key = await api.house.key({ team_id: 'red' })
    expect((await api.chat(key)).status).toBe(200)
    await api.get('POST /team/update', { team_id: 'red', models: ['claude'] })
    expect((await api.chat(key)).status).toBe(403)
    await api.get('POST /team/model/add', { team_id: 'red', models: ['gpt'] })
    expect((await api.chat(key)).status).toBe(200)
    await api.get('POST /team/block', { team_id: 'red' })
    expect((await api.chat(key)).status).toBe(401)
    expect(await api.get('POST /team/unblock', { team_id: 'red' })).toMatchObject({ blocked: false })
    expect((await api.chat(key)).status).toBe(200)
    await api.get('POST /team/update', { team_id: 'red', max_budget: 0 })
    expect((await api.chat(key)).status).toBe(429)
  })

  test('whoever administers a team changes what binds its members, not what binds the team', async () => {
    await api.get('POST /team/new', { team_id: 'red', max_budget: 10, models: ['gpt'] })
    await api.get('POST /team/new', { team_id: 'blue' })
    const key = await adminOf('red')
    const own = { team_id: 'red', team_alias: 'Reds', team_member_budget: 3 }
    expect(await api.get('POST /team/update', own, key)).toMatchObject({ data: { team_alias: 'Reds', max_budget: 10 } })
    for (const field of [
      { max_budget: 20 },
      { models: [] },
      { blocked: false },
      { model_aliases: { a: 'b' } },
      { tpm_limit: null },
    ])
      expect((await api.ask('POST /team/update', { team_id: 'red', ...field }, key)).status).toBe(403)
    expect((await api.ask('POST /team/update', { team_id: 'red', team_member_budget: 30 }, key)).status).toBe(400)
    expect((await api.ask('POST /team/model/add', { team_id: 'red', models: ['claude'] }, key)).status).toBe(403)
    for (const team_id of ['blue', 'none']) {
      const { status, body } = await api.ask('POST /team/update', { team_id, team_alias: 'Mine' }, key)
      expect(status).toBe(403)
      expect(String((body.error as { message: string }).message)).toContain('Only a proxy admin')
    }
    expect((await api.ask('POST /team/delete', { team_ids: ['red'] }, key)).status).toBe(403)
    expect((await api.ask('POST /team/unblock', { team_id: 'red' }, key)).status).toBe(403)
  })
})

describe('models of a team', () => {
  test('are added and taken away; a team with none left may call none', async () => {
    await api.get('POST /team/new', { team_id: 'red', models: ['gpt', 'claude'] })
    expect(await api.get('POST /team/model/delete', { team_id: 'red', models: ['gpt'] })).toMatchObject({
      models: ['claude'],
    })
    expect(await api.get('POST /team/model/delete', { team_id: 'red', models: ['claude'] })).toMatchObject({
      models: ['no-default-models'],
    })
    const key = await api.house.key({ team_id: 'red' })
    expect((await api.chat(key)).status).toBe(403)
    expect(await api.get('POST /team/model/add', { team_id: 'red', models: ['gpt'] })).toMatchObject({
      models: ['gpt'],
    })
  })

  test('nothing can be taken away from a team that has all', async () => {
    await api.get('POST /team/new', { team_id: 'red' })
    expect((await api.ask('POST /team/model/delete', { team_id: 'red', models: ['gpt'] })).status).toBe(400)
  })
})

test('/team/delete takes keys and memberships with it and keeps what they were', async () => {
  await api.get('POST /team/new', { team_id: 'red', team_alias: 'Reds', members: ['ann'] })
  await api.get('POST /team/new', { team_id: 'blue' })
  const [red, blue] = [await api.house.key({ team_id: 'red' }), await api.house.key({ team_id: 'blue' })]
  expect((await api.ask('POST /team/delete', { team_ids: ['red', 'none'] })).status).toBe(404)
  expect((await api.chat(red)).status).toBe(200)
  expect(await api.get('POST /team/delete', { team_ids: ['red'] })).toMatchObject([{ team_id: 'red' }])
  expect((await api.chat(red)).status).toBe(401)
  expect((await api.chat(blue)).status).toBe(200)
  const { store } = api.house.gateway.house
  expect(await store.deleted.count({ where: { kind: 'key' } })).toBe(1)
  expect(await store.teamMembers.count({})).toBe(0)
  expect(await api.get('GET /v2/team/list', { status: 'deleted' })).toMatchObject({
    teams: [{ team_alias: 'Reds' }],
    total: 1,
  })
  expect(await api.trail('LiteLLM_TeamTable', 'red')).toEqual(['created', 'updated', 'deleted'])
})

describe('reading', () => {
  test('members see their team and of its keys only their own', async () => {
    await api.get('POST /team/new', { team_id: 'red', members: ['ann', 'bob'] })
    const ann = await api.house.key({ user_id: 'ann', team_id: 'red' })
    await api.house.key({ user_id: 'bob', team_id: 'red' })
    const info = await api.get('GET /team/info', { team_id: 'red' }, ann)
    expect(info).toMatchObject({ team_id: 'red', keys: [{ user_id: 'ann' }], team_memberships: [{ user_id: 'ann' }] })
    expect(info.keys).toHaveLength(1)
    expect((await api.get('GET /team/info', { team_id: 'red' })).keys).toHaveLength(2)
    const stranger = await api.person('eve')
    for (const team_id of ['red', 'none'])
      expect((await api.ask('GET /team/info', { team_id }, stranger)).status).toBe(403)
    const ofTeam = await api.house.key({ team_id: 'red' })
    expect(await api.get('GET /team/info', {}, ofTeam)).toMatchObject({ team_id: 'red', keys: [] })
    expect(await api.get('GET /team/red/members/me', {}, ann)).toMatchObject({ user_id: 'ann', role: 'user' })
  })

  test('lists are of all teams for who reads everything, else of the own ones', async () => {
    for (const team_id of ['red', 'blue', 'green'])
      await api.get('POST /team/new', { team_id, team_alias: `Team ${team_id}` })
    const ann = await api.person('ann', { teams: ['red'] })
    expect(await api.get('GET /team/list', {}, ann)).toMatchObject([
      { team_id: 'red', team_memberships: [{ user_id: 'ann' }] },
    ])
    expect((await api.ask('GET /team/list', { user_id: 'bob' }, ann)).status).toBe(403)
    expect(await api.get('GET /v2/team/list', { page: 2, page_size: 2 })).toMatchObject({
      teams: [{ team_id: 'red', members_count: 1, keys_count: 0 }],
      total: 3,
      page: 2,
      page_size: 2,
      total_pages: 2,
    })
    expect(await api.get('GET /v2/team/list', { team_alias: 'BLU' })).toMatchObject({
      teams: [{ team_id: 'blue' }],
      total: 1,
    })
    expect(await api.get('GET /v2/team/list', {}, ann)).toMatchObject({ total: 1 })
    expect(await api.get('GET /v2/team/list', { team_id: 'blue' }, ann)).toMatchObject({ total: 0 })
    const cut = await api.ask('GET /team/list', { page_size: 2 })
    expect(cut.headers.get('x-turnpike-more')).toBe('true')
  })
})

test('permissions of members are listed and set by whoever administers the team', async () => {
  await api.get('POST /team/new', { team_id: 'red' })
  const key = await adminOf('red')
  const team_member_permissions = ['/key/generate', '/key/info']
  await api.get('POST /team/permissions_update', { team_id: 'red', team_member_permissions }, key)
  expect(await api.get('GET /team/permissions_list', { team_id: 'red' }, key)).toMatchObject({
    team_member_permissions,
  })
  const bad = { team_id: 'red', team_member_permissions: ['/user/new'] }
  expect((await api.ask('POST /team/permissions_update', bad, key)).status).toBe(400)
})
