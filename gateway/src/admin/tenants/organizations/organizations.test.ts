import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { type Asking, openAsking } from '../users/testing/asking.ts'

let api: Asking
let boss: string
beforeEach(async () => {
  api = await openAsking()
  await api.get('POST /organization/new', {
    organization_id: 'acme',
    organization_alias: 'Acme',
    max_budget: 100,
    rpm_limit: 50,
    models: ['gpt', 'claude*'],
  })
  boss = await api.person('boss')
  await api.get('POST /organization/member_add', {
    organization_id: 'acme',
    member: { role: 'org_admin', user_id: 'boss' },
  })
})
afterEach(() => api.house.close())

describe('an organization', () => {
  test('is made with budget and models, and shown with members and teams', async () => {
    await api.get('POST /team/new', { team_id: 'red', organization_id: 'acme' })
    expect(await api.get('GET /organization/info', { organization_id: 'acme' })).toMatchObject({
      organization_id: 'acme',
      organization_alias: 'Acme',
      models: ['gpt', 'claude*'],
      spend: 0,
      litellm_budget_table: { max_budget: 100, rpm_limit: 50 },
      members: [{ user_id: 'boss', user_role: 'org_admin' }],
      teams: [{ team_id: 'red', models: ['gpt', 'claude*'] }],
    })
    expect(await api.get('POST /organization/info', { organizations: ['acme'] })).toMatchObject([
      { organization_id: 'acme' },
    ])
    expect((await api.ask('GET /organization/info', { organization_id: 'none' })).status).toBe(404)
    expect((await api.ask('POST /organization/new', { organization_alias: 'x', organization_id: 'acme' })).status).toBe(
      400,
    )
    expect((await api.ask('POST /organization/new', {})).status).toBe(400)
  })

  test('changes what is named, clears by null, keeps the rest, and acts on the next request', async () => {
    await api.get('POST /team/new', { team_id: 'red', organization_id: 'acme' })
    const key = await api.house.key({ team_id: 'red' })
    expect((await api.chat(key)).status).toBe(200)
    expect(
      await api.get('PATCH /organization/update', { organization_id: 'acme', rpm_limit: null, models: ['claude'] }),
    ).toMatchObject({ max_budget: 100, rpm_limit: null, models: ['claude'], organization_alias: 'Acme' })
    expect((await api.chat(key)).status).toBe(403)
    expect(await api.trail('LiteLLM_OrganizationTable', 'acme')).toEqual(['created', 'updated', 'updated'])
  })

  test('goes with its teams and keys', async () => {
    await api.get('POST /team/new', { team_id: 'red', organization_id: 'acme' })
    const key = await api.house.key({ team_id: 'red' })
    expect((await api.ask('DELETE /organization/delete', { organization_ids: ['acme'] }, boss)).status).toBe(401)
    expect(await api.get('DELETE /organization/delete', { organization_ids: ['acme'] })).toMatchObject([
      { organization_id: 'acme' },
    ])
    expect((await api.chat(key)).status).toBe(401)
    expect((await api.ask('GET /team/info', { team_id: 'red' })).status).toBe(404)
    expect(await api.get('GET /organization/list')).toEqual([] as never)
  })
})

describe('its administrators', () => {
  test('make teams in it, within its bounds, and in no other', async () => {
    await api.get('POST /organization/new', { organization_id: 'other', organization_alias: 'Other' })
    const own = { organization_id: 'acme' }
    const made = await api.get(
      'POST /team/new',
      { ...own, team_id: 'red', max_budget: 100, models: ['claude-new'] },
      boss,
    )
    expect(made).toMatchObject({ organization_id: 'acme', members_with_roles: [{ user_id: 'boss', role: 'admin' }] })
    for (const beyond of [
      { max_budget: 101 },
      { rpm_limit: 51 },
      { models: ['gem'] },
      { models: [] },
      { model_aliases: { a: 'gem' } },
    ])
      expect((await api.ask('POST /team/new', { ...own, ...beyond }, boss)).status).toBe(400)
    expect((await api.ask('POST /team/new', { organization_id: 'other' }, boss)).status).toBe(403)
    expect((await api.ask('POST /team/new', {}, boss)).status).toBe(403)
  })

  test('change and delete its teams, but do not take them out of it', async () => {
    await api.get('POST /team/new', { team_id: 'red', organization_id: 'acme' })
    await api.get('POST /team/new', { team_id: 'blue' })
    await api.get('POST /team/update', { team_id: 'red', max_budget: 20 }, boss)
    expect((await api.ask('POST /team/update', { team_id: 'red', max_budget: 200 }, boss)).status).toBe(400)
    expect((await api.ask('POST /team/update', { team_id: 'red', organization_id: null }, boss)).status).toBe(403)
    expect((await api.ask('POST /team/update', { team_id: 'blue', organization_id: 'acme' }, boss)).status).toBe(403)
    expect((await api.ask('POST /team/block', { team_id: 'blue' }, boss)).status).toBe(403)
    expect(await api.get('GET /team/list', {}, boss)).toMatchObject([{ team_id: 'red' }])
    expect(await api.get('POST /team/delete', { team_ids: ['red'] }, boss)).toMatchObject([{ team_id: 'red' }])
  })

  test('see it, and change nothing that binds it', async () => {
    await api.get('POST /organization/new', { organization_id: 'other', organization_alias: 'Other' })
    expect(await api.get('GET /organization/list', {}, boss)).toMatchObject([{ organization_id: 'acme' }])
    await api.get('PATCH /organization/update', { organization_id: 'acme', organization_alias: 'ACME' }, boss)
    for (const field of [{ max_budget: 1000 }, { models: [] }, { rpm_limit: null }])
      expect((await api.ask('PATCH /organization/update', { organization_id: 'acme', ...field }, boss)).status).toBe(
        403,
      )
    for (const organization_id of ['other', 'none']) {
      expect((await api.ask('GET /organization/info', { organization_id }, boss)).status).toBe(403)
      expect((await api.ask('PATCH /organization/update', { organization_id, metadata: {} }, boss)).status).toBe(403)
    }
    expect((await api.ask('POST /organization/new', { organization_alias: 'Mine' }, boss)).status).toBe(401)
  })

  test('see its people, and no others', async () => {
    await api.person('stranger')
    await api.get(
      'POST /organization/member_add',
      { organization_id: 'acme', member: { role: 'internal_user', user_id: 'ann' } },
      boss,
    )
    const { users } = await api.get('GET /user/list', {}, boss)
    expect(users).toMatchObject([{ user_id: 'ann' }, { user_id: 'boss' }])
    expect((await api.ask('GET /user/list', { organization_ids: 'other' }, boss)).status).toBe(403)
  })
})

test('members are added, changed and taken out, and have their role on the next request', async () => {
  const ann = await api.person('ann')
  const place = { organization_id: 'acme', user_id: 'ann' }
  const added = await api.get('POST /organization/member_add', {
    organization_id: 'acme',
    member: [{ role: 'internal_user', user_id: 'ann' }],
  })
  expect(added).toMatchObject({
    organization_id: 'acme',
    updated_users: [{ user_id: 'ann' }],
    updated_organization_memberships: [{ user_id: 'ann', user_role: 'internal_user' }],
  })
  expect((await api.ask('POST /organization/member_add', { ...place, member: [] })).status).toBe(400)
  expect((await api.ask('POST /team/new', { organization_id: 'acme' }, ann)).status).toBe(401)
  expect(await api.get('PATCH /organization/member_update', { ...place, role: 'org_admin' }, boss)).toMatchObject({
    user_role: 'org_admin',
  })
  expect((await api.ask('POST /team/new', { organization_id: 'acme' }, ann)).status).toBe(200)
  await api.get('DELETE /organization/member_delete', place, boss)
  expect((await api.ask('POST /team/new', { organization_id: 'acme' }, ann)).status).toBe(401)
  expect((await api.ask('DELETE /organization/member_delete', place)).status).toBe(404)
  expect((await api.ask('PATCH /organization/member_update', { ...place, max_budget_in_organization: 3 })).status).toBe(
    400,
  )
})
