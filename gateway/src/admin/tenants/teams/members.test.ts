import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { nanoUsd } from 'turnpike-core/internal/kernel/money'
import { type Asking, openAsking } from '../users/testing/asking.ts'

let api: Asking
beforeEach(async () => {
  api = await openAsking()
  await api.get('POST /team/new', { team_id: 'red', max_budget: 10, team_member_budget: 5 })
})
afterEach(() => api.house.close())

const add = (member: unknown, rest = {}) => ({ team_id: 'red', member: member as never, ...rest })

describe('/team/member_add', () => {
  test('adds one or many, makes those whom nobody knows, and gives terms of their own', async () => {
    const one = await api.get('POST /team/member_add', add({ role: 'user', user_id: 'ann' }, { max_budget_in_team: 3 }))
    expect(one).toMatchObject({
      team_id: 'red',
      members_with_roles: [{ user_id: 'ann', role: 'user' }],
      updated_users: [{ user_id: 'ann', user_role: 'internal_user', teams: ['red'] }],
      updated_team_memberships: [{ user_id: 'ann', litellm_budget_table: { max_budget: 3 } }],
    })
    const many = [
      { role: 'admin', user_email: 'bob@example.com' },
      { role: 'user', user_id: 'eve' },
    ]
    const { updated_team_memberships } = await api.get('POST /team/member_add', add(many))
    expect(updated_team_memberships).toMatchObject([
      { role: 'admin', litellm_budget_table: { max_budget: 5 } },
      { user_id: 'eve', litellm_budget_table: { max_budget: 5 } },
    ])
  })

  test('nobody is added twice, and then nobody of the list is', async () => {
    await api.get('POST /team/member_add', add({ role: 'user', user_id: 'ann' }))
    const both = [
      { role: 'user', user_id: 'new' },
      { role: 'user', user_id: 'ann' },
    ]
    expect((await api.ask('POST /team/member_add', add(both))).status).toBe(400)
    expect((await api.ask('GET /user/info', { user_id: 'new' })).status).toBe(404)
  })

  test('a member never has more than the team', async () => {
    const { status, body } = await api.ask(
      'POST /team/member_add',
      add({ role: 'user', user_id: 'ann' }, { max_budget_in_team: 11 }),
    )
    expect(status).toBe(400)
    expect(body.detail).toEqual({ error: 'Team member max_budget (11) cannot exceed the max_budget (10) of its team.' })
  })

  test('is for those who manage the team', async () => {
    const member = await api.person('ann', { teams: ['red'] })
    expect((await api.ask('POST /team/member_add', add({ role: 'admin', user_id: 'ann' }), member)).status).toBe(403)
    const boss = await api.person('boss', { teams: [{ team_id: 'red', user_role: 'admin' }] })
    await api.get('POST /team/member_add', add({ role: 'user', user_id: 'new' }), boss)
    expect(
      (await api.ask('POST /team/member_add', { ...add({ role: 'user', user_id: 'x' }), team_id: 'none' }, boss))
        .status,
    ).toBe(403)
  })

  test.each([
    ['member', { member: { role: 'owner', user_id: 'x' } }],
    ['member', { member: { user_id: 'x' } }],
    ['user_id', { member: { role: 'user' } }],
    ['allowed_models', { member: { role: 'user', user_id: 'x' }, allowed_models: ['gpt'] }],
  ])('refuses a wrong %s: %j', async (name, fields) => {
    const { status, body } = await api.ask('POST /team/member_add', { team_id: 'red', ...fields })
    expect(status).toBe(400)
    expect(String((body.error as { param?: string }).param)).toStartWith(name)
  })
})

test('/team/bulk_member_add tells apart those whom it could not add, or adds everybody', async () => {
  await api.person('ann', { teams: ['red'] })
  const members = [
    { role: 'user', user_id: 'ann' },
    { role: 'user', user_id: 'bob' },
  ]
  expect(await api.get('POST /team/bulk_member_add', { team_id: 'red', members })).toMatchObject({
    total_requested: 2,
    successful_additions: 1,
    failed_additions: 1,
    results: [
      { user_id: 'ann', success: false },
      { user_id: 'bob', success: true, error: null },
    ],
  })
  await api.person('eve')
  expect(await api.get('POST /team/bulk_member_add', { team_id: 'red', all_users: true })).toMatchObject({
    total_requested: 3,
    successful_additions: 1,
  })
})

test('/team/member_update changes what it names and acts on the next request', async () => {
  await api.get('POST /team/member_add', add({ role: 'user', user_id: 'ann' }, { rpm_limit: 7 }))
  const key = await api.house.key({ user_id: 'ann', team_id: 'red' })
  expect((await api.chat(key)).status).toBe(200)
  expect(
    await api.get('POST /team/member_update', { team_id: 'red', user_id: 'ann', max_budget_in_team: 0 }),
  ).toMatchObject({
    user_id: 'ann',
    role: 'user',
    max_budget_in_team: 0,
    rpm_limit: 7,
  })
  expect((await api.chat(key)).status).toBe(429)
  const cleared = { team_id: 'red', user_id: 'ann', max_budget_in_team: null, role: 'admin' }
  expect(await api.get('POST /team/member_update', cleared)).toMatchObject({ max_budget_in_team: 5, role: 'admin' })
  expect((await api.chat(key)).status).toBe(200)
  expect((await api.ask('POST /team/member_update', { team_id: 'red', user_id: 'nobody', role: 'user' })).status).toBe(
    400,
  )
})

test('/team/member_delete takes the keys that they have of the team', async () => {
  await api.get('POST /team/member_add', add({ role: 'user', user_id: 'ann' }))
  const [ofTeam, own] = [
    await api.house.key({ user_id: 'ann', team_id: 'red' }),
    await api.house.key({ user_id: 'ann' }),
  ]
  expect(await api.get('POST /team/member_delete', { team_id: 'red', user_id: 'ann' })).toMatchObject({
    members_with_roles: [],
  })
  expect((await api.chat(ofTeam)).status).toBe(401)
  expect((await api.chat(own)).status).toBe(200)
  expect((await api.ask('POST /team/member_delete', { team_id: 'red', user_id: 'ann' })).status).toBe(400)
})

describe('reset_spend of a member', () => {
  const path = 'POST /team/red/member/ann/reset_spend'

  async function spend(usd: number): Promise<void> {
    const { store, shared, now } = api.house.gateway.house
    const row = {
      endpoint: 'chat.completions',
      startedAt: now(),
      endedAt: now(),
      stream: false,
      keyHash: 'f'.repeat(64),
    }
    const rest = {
      tags: [],
      model: 'gpt',
      incomplete: false,
      spend: nanoUsd(usd),
      status: 200,
      attempts: [],
      metadata: {},
    }
    const owners = { userId: 'ann', teamId: 'red', periods: [], outcome: 'answered' } as const
    const { balances } = await store.ledger.append([{ id: crypto.randomUUID(), ...row, ...rest, ...owners }])
    for (const [bucket, balance] of balances) shared.correct(bucket, balance)
  }

  test('lets them spend again, and leaves what was spent in all', async () => {
    await api.get('POST /team/member_add', add({ role: 'user', user_id: 'ann' }))
    const key = await api.house.key({ user_id: 'ann', team_id: 'red' })
    await spend(5)
    expect((await api.chat(key)).status).toBe(429)
    expect((await api.ask(path, { reset_to: 6 })).status).toBe(400)
    expect(await api.get(path, { reset_to: 1.5 })).toEqual({
      team_id: 'red',
      user_id: 'ann',
      spend: 1.5,
      previous_spend: 5,
      max_budget: 5,
    })
    expect((await api.chat(key)).status).toBe(200)
    const { store } = api.house.gateway.house
    expect(await store.balanceOf('team:red')).toBeGreaterThanOrEqual(nanoUsd(5))
    const balances = await store.balancesOf(['team-member:red:ann', 'user:ann'])
    await store.ledger.rebuild()
    expect(await store.balancesOf(['team-member:red:ann', 'user:ann'])).toEqual(balances)
  })

  test('is not for oneself, nor for those outside', async () => {
    const boss = await api.person('ann', { teams: [{ team_id: 'red', user_role: 'admin' }] })
    expect((await api.ask(path, { reset_to: 0 }, boss)).status).toBe(403)
    expect((await api.ask('POST /team/red/member/nobody/reset_spend', { reset_to: 0 }, boss)).status).toBe(404)
    expect((await api.ask(path, { reset_to: 0 }, await api.person('eve'))).status).toBe(403)
  })
})
