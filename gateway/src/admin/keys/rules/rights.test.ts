import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { nanoUsd } from 'turnpike-core/internal/kernel/money'
import { type Desk, openDesk } from '../testing/desk.ts'

let desk: Desk
beforeEach(async () => {
  desk = await openDesk()
})
afterEach(() => desk.close())

/** Status and field of a refusal. */
async function refused(what: string, body: object, by: unknown) {
  const { status, error } = await desk.ask(what, body, { by })
  return `${status} ${error.param ?? error.type}`
}

/** A user with a key of their own. */
async function person(changes: Parameters<Desk['user']>[0] = {}) {
  const user = await desk.user(changes)
  const { key, token } = await desk.generate({ user_id: user.id })
  return { ...user, key, token }
}

describe('internal users', () => {
  test('make, change and delete keys of their own', async () => {
    const ann = await person()
    const by = ann.key
    const made = await desk.generate({ max_budget: 1, metadata: { a: 1 } }, { by })
    expect(made).toMatchObject({ user_id: ann.id, created_by: ann.id })
    expect(await desk.done('POST /key/update', { key: made.key, key_alias: 'mine' }, { by })).toMatchObject({
      key_alias: 'mine',
      max_budget: 1,
      metadata: { a: 1 },
      updated_by: ann.id,
    })
    expect(await desk.done('POST /key/delete', { key_aliases: ['mine'] }, { by })).toEqual({ deleted_keys: ['mine'] })
    expect(await desk.trail(made.token)).toEqual([
      `created by ${ann.id}`,
      `updated by ${ann.id}`,
      `deleted by ${ann.id}`,
    ])
  })

  test('have nothing to do with keys of others, whether these exist or not', async () => {
    const [ann, bob] = [await person(), await person()]
    const by = ann.key
    expect(await refused('POST /key/generate', { user_id: bob.id }, by)).toBe('403 user_id')
    expect(await refused('POST /key/generate', { organization_id: 'acme' }, by)).toBe('403 organization_id')
    expect(await refused('POST /key/generate', { team_id: 'blue' }, by)).toBe('400 team_id')
    for (const key of [bob.token, bob.key, 'sk-nobody-has-this-one']) {
      expect(await refused('POST /key/update', { key, max_budget: 1 }, by)).toBe('403 key')
      expect(await refused('POST /key/delete', { keys: [ann.token, key] }, by)).toBe('403 key')
      expect(await refused('POST /key/block', { key }, by)).toBe('403 key')
      expect(await refused('POST /key/regenerate', { key }, by)).toBe('403 key')
      expect(await refused(`POST /key/${key}/reset_spend`, { reset_to: 0 }, by)).toBe('403 key')
      expect(await refused(`GET /key/info?key=${key}`, {}, by)).toBe('403 key')
      expect(await refused('POST /v2/key/info', { keys: [key] }, by)).toBe('403 key')
    }
    expect(await refused('POST /key/update', { key: by, user_id: bob.id }, by)).toBe('403 user_id')
    expect(await refused('POST /key/bulk_update', { keys: [{ key: by, max_budget: 1 }] }, by)).toStartWith('401')
    expect((await desk.keyOf(bob.key)).maxBudget).toBeUndefined()
  })

  test('do not raise or remove what limits a key, nor unblock it, nor give it permissions', async () => {
    const ann = await person()
    const by = ann.key
    const bounds = {
      max_budget: 5,
      budget_duration: '30d',
      rpm_limit: 10,
      tpm_limit: 100,
      max_parallel_requests: 3,
      model_rpm_limit: { gpt: 5 },
      budget_limits: [{ budget_duration: '1d', max_budget: 1 }],
    }
    const { key } = await desk.generate({ user_id: ann.id, ...bounds })
    const more = [
      { max_budget: 6 },
      { max_budget: null },
      { budget_duration: '1d' },
      { rpm_limit: 11 },
      { tpm_limit: null },
      { max_parallel_requests: 4 },
      { model_rpm_limit: { gpt: 6 } },
      { model_rpm_limit: null },
      { budget_limits: null },
      { temp_budget_increase: 1, temp_budget_expiry: '2027-01-01' },
      { permissions: { get_spend_routes: true } },
      { blocked: true },
    ]
    for (const body of more)
      expect(await refused('POST /key/update', { key, ...body }, by)).toBe(`403 ${Object.keys(body)[0]}`)
    expect(await desk.done('POST /key/update', { key, max_budget: 4, rpm_limit: 9 }, { by })).toMatchObject({
      ...bounds,
      max_budget: 4,
      rpm_limit: 9,
    })
    expect(await refused('POST /key/generate', { permissions: { get_spend_routes: true } }, by)).toBe('403 permissions')
    await desk.done('POST /key/block', { key })
    expect(await refused('POST /key/unblock', { key }, by)).toBe('403 key')
    expect(await refused(`POST /key/${key}/reset_spend`, { reset_to: 0 }, by)).toBe('403 key')
  })

  test('never give a key more than they have themselves', async () => {
    const ann = await person({ models: ['gpt', 'claude*'], maxBudget: nanoUsd(2), rpmLimit: 10 })
    const by = ann.key
    for (const body of [{ models: ['gpt', 'o'] }, { max_budget: 3 }, { rpm_limit: 11 }])
      expect(await refused('POST /key/generate', body, by)).toBe(`400 ${Object.keys(body)[0]}`)
    const increase = { max_budget: 1, temp_budget_increase: 2, temp_budget_expiry: '2027-01-01' }
    expect(await refused('POST /key/generate', increase, by)).toBe('400 max_budget')
    const { key } = await desk.generate({ models: ['gpt', 'claude-new'], max_budget: 2 }, { by })
    expect(await refused('POST /key/update', { key, models: ['o'] }, by)).toBe('400 models')
    await desk.done('POST /key/update', { key, models: [] }, { by })
    expect(await desk.chat(key, 'o')).toBe(403)
  })

  test('do not loosen where a key may come from, what it may call, what it must say and how long it lasts', async () => {
    const ann = await person()
    const { key } = await desk.generate({
      user_id: ann.id,
      allowed_ips: ['127.0.0.1', '::1'],
      allowed_routes: ['llm_api_routes', 'info_routes'],
      enforced_params: ['user'],
      duration: '1d',
    })
    const by = ann.key
    for (const change of [
      { allowed_ips: [] },
      { allowed_ips: ['127.0.0.1', '10.0.0.0/8'] },
      { allowed_routes: [] },
      { allowed_routes: ['llm_api_routes', 'management_routes'] },
      { enforced_params: [] },
      { duration: '-1' },
      { duration: '2d' },
    ]) {
      const [field = ''] = Object.keys(change)
      expect(await refused('POST /key/update', { key, ...change }, by), JSON.stringify(change)).toBe(`403 ${field}`)
    }
    const narrower = { allowed_ips: ['127.0.0.1'], allowed_routes: ['info_routes'], enforced_params: ['user', 'tags'] }
    expect(await desk.done('POST /key/update', { key, ...narrower }, { by })).toMatchObject(narrower)
  })

  test('do not make a key for routes that the key they ask with may not call', async () => {
    const ann = await person()
    const narrow = await desk.generate({ user_id: ann.id, allowed_routes: ['key_management_routes'] })
    expect(await refused('POST /key/generate', {}, narrow.key)).toBe('403 allowed_routes')
    const made = await desk.generate({ allowed_routes: ['key_management_routes'] }, { by: narrow.key })
    expect(made.allowed_routes).toEqual(['key_management_routes'])
  })

  test('a key whose user has no row manages nothing', async () => {
    const { key } = await desk.generate({ user_id: 'nobody' })
    expect((await desk.ask('POST /key/generate', {}, { by: key })).status).toBe(401)
  })
})

describe('teams', () => {
  test('their admins make keys for members and for nobody, and manage all of them', async () => {
    const [ann, bob, eve] = [await person(), await person(), await person()]
    const team = await desk.team({ maxBudget: nanoUsd(10) }, { [ann.id]: 'admin', [bob.id]: 'user' })
    const by = ann.key
    const bobs = await desk.generate({ team_id: team.id, user_id: bob.id, max_budget: 1 }, { by })
    expect(bobs).toMatchObject({ team_id: team.id, user_id: bob.id })
    expect(await refused('POST /key/generate', { team_id: team.id, user_id: eve.id }, by)).toBe('400 team_id')
    expect(await refused('POST /key/generate', { team_id: team.id, max_budget: 11 }, by)).toBe('400 max_budget')
    expect(await desk.done('POST /key/update', { key: bobs.key, max_budget: 2 }, { by })).toMatchObject({
      max_budget: 2,
    })
    await desk.done('POST /key/block', { key: bobs.key }, { by })
    await desk.done('POST /key/unblock', { key: bobs.key }, { by })
    const service = await desk.done('POST /key/service-account/generate', { team_id: team.id, key_alias: 'ci' }, { by })
    expect(service).toMatchObject({ user_id: null, team_id: team.id, metadata: { service_account_id: 'ci' } })
    expect(await desk.done('POST /key/update', { key: service.key, metadata: { b: 1 } }, { by })).toMatchObject({
      metadata: { b: 1, service_account_id: 'ci' },
    })
    await desk.done('POST /key/delete', { keys: [service.key, bobs.key] }, { by })
    expect((await desk.ask('POST /key/service-account/generate', {}, { by })).error.param).toBe('team_id')
  })

  test('their members do what the team lets them, and see its keys', async () => {
    const [ann, bob] = [await person(), await person()]
    const team = await desk.team({}, { [ann.id]: 'user', [bob.id]: 'user' })
    const bobs = await desk.generate({ team_id: team.id, user_id: bob.id })
    const by = ann.key
    expect((await desk.done(`GET /key/info?key=${bobs.token}`, {}, { by })).key).toBe(bobs.token)
    const denied = await desk.ask('POST /key/generate', { team_id: team.id }, { by })
    expect(denied).toMatchObject({ status: 401, error: { type: 'team_member_permission_error' } })
    const permit = (memberPermissions: readonly string[]) =>
      desk.house.store.teams.change(team.id, (row) => ({ ...row, value: { ...row.value, memberPermissions } }))
    await permit(['/key/generate', '/key/update'])
    expect(await desk.generate({ team_id: team.id }, { by })).toMatchObject({ user_id: ann.id, team_id: team.id })
    expect(await refused('POST /key/generate', { team_id: team.id, user_id: bob.id }, by)).toBe('403 user_id')
    await desk.done('POST /key/update', { key: bobs.token, key_alias: 'bobs' }, { by })
    expect((await desk.ask('POST /key/delete', { keys: [bobs.token] }, { by })).status).toBe(401)
    expect(await refused('POST /key/block', { key: bobs.token }, by)).toBe('403 key')
  })

  test('whoever asks, a key of a team has models of the team, and stays in its organization', async () => {
    const acme = await desk.organization({ models: ['gpt', 'o', 'claude'] })
    const team = await desk.team({ models: ['gpt', 'g*'], modelAliases: { fast: 'gpt' }, organizationId: acme.id })
    expect((await desk.ask('POST /key/generate', { team_id: team.id, models: ['o'] })).error.param).toBe('models')
    expect((await desk.ask('POST /key/generate', { team_id: team.id, models: ['groq'] })).error).toMatchObject({
      param: 'models',
      message: expect.stringContaining('its organization'),
    })
    expect((await desk.ask('POST /key/generate', { team_id: team.id, organization_id: 'other' })).error.param).toBe(
      'organization_id',
    )
    await desk.generate({ team_id: team.id, models: ['all-team-models'] })
    const { key } = await desk.generate({ models: ['o'], organization_id: acme.id })
    expect((await desk.ask('POST /key/update', { key, team_id: team.id })).error.param).toBe('models')
    await desk.done('POST /key/update', { key, team_id: team.id, models: ['gpt'] })
  })

  test('the admin of an organization manages the keys of its teams, and of no other', async () => {
    const ann = await person()
    const acme = await desk.organization({}, [ann.id])
    const [blue, red] = [await desk.team({ organizationId: acme.id }), await desk.team()]
    const [inside, outside] = [await desk.generate({ team_id: blue.id }), await desk.generate({ team_id: red.id })]
    // who administers what is part of the snapshot of her key
    desk.house.access.forgetTenants()
    const by = ann.key
    await desk.done('POST /key/update', { key: inside.key, max_budget: 1 }, { by })
    expect((await desk.done(`GET /key/list?organization_id=${acme.id}`, {}, { by })).total_count).toBe(0)
    expect((await desk.done('GET /key/list?include_team_keys=true', {}, { by })).total_count).toBe(2)
    expect((await desk.done(`GET /key/list?team_id=${blue.id}`, {}, { by })).keys).toEqual([inside.token])
    expect(await refused('POST /key/update', { key: outside.key, max_budget: 1 }, by)).toBe('403 key')
    expect(await refused('POST /key/update', { key: inside.key, team_id: red.id }, by)).toBe('400 team_id')
  })
})

describe('keys in the name of another user', () => {
  test('never let an admin of a team act as that user', async () => {
    const [ann, boss] = [await person(), await person({ role: 'proxy_admin' })]
    const team = await desk.team({}, { [ann.id]: 'admin', [boss.id]: 'user' })
    const by = ann.key
    const forBoss = { team_id: team.id, user_id: boss.id }
    expect(await refused('POST /key/generate', { ...forBoss, key_type: 'management' }, by)).toBe('403 key_type')
    expect(await refused('POST /key/generate', { ...forBoss, allowed_routes: ['/key'] }, by)).toBe('403 key_type')
    const made = await desk.generate(forBoss, { by })
    expect(made.allowed_routes).toEqual(['llm_api_routes'])
    expect(await desk.chat(made.key)).toBe(200)
    expect((await desk.ask('GET /key/list', {}, { by: made.key })).status).toBe(403)
    expect(await refused('POST /key/update', { key: made.key, allowed_routes: [] }, by)).toBe('403 key_type')

    const own = await desk.generate({ team_id: team.id }, { by })
    expect(await refused('POST /key/update', { key: own.key, user_id: boss.id }, by)).toBe('403 key_type')

    const bosses = await desk.generate(forBoss)
    expect(await refused('POST /key/regenerate', { key: bosses.token }, by)).toBe('403 key_type')
    await desk.done('POST /key/update', { key: bosses.token, max_budget: 1 }, { by })
    expect((await desk.done('POST /key/regenerate', { key: made.token }, { by })).allowed_routes).toEqual([
      'llm_api_routes',
    ])
  })
})

describe('many at once', () => {
  test('those that can be changed are, and the others are told with why', async () => {
    const [one, two] = [await desk.generate({ rpm_limit: 5 }), await desk.generate()]
    const answer = await desk.done('POST /key/bulk_update', {
      keys: [
        { key: one.key, max_budget: 3, tags: ['a'] },
        { key: 'sk-nobody-has-this', max_budget: 1 },
        { key: two.token, budget_id: 'nobody' },
      ],
    })
    expect(answer).toMatchObject({
      total_requested: 3,
      successful_updates: [{ key: one.key, key_info: { max_budget: 3, rpm_limit: 5, metadata: { tags: ['a'] } } }],
      failed_updates: [
        { key: 'sk-nobody-has-this', failed_reason: 'Key not found in database' },
        { key: two.token, failed_reason: expect.stringContaining('nobody') },
      ],
    })
    const keys = Array.from({ length: 501 }, () => ({ key: one.key }))
    expect((await desk.ask('POST /key/bulk_update', { keys })).error.param).toBe('keys')
    expect((await desk.ask('POST /key/bulk_update', { keys: [{ key: one.key, rpm_limit: 1 }] })).status).toBe(400)
  })
})
