import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { Json, JsonObject } from 'turnpike-core/internal/kernel/json'
import { verify } from '../../../ledger/verify.ts'
import type { LedgerRow } from '../../../store/ledger/row.ts'
import { type Asking, openAsking } from '../../tenants/users/testing/asking.ts'

let api: Asking
let rows: readonly LedgerRow[]
let keys: { readonly ann: string; readonly bob: string }
const today = () => new Date(api.house.gateway.house.now()).toISOString().slice(0, 10)
const yesterday = () => new Date(api.house.gateway.house.now() - 86_400_000).toISOString().slice(0, 10)
const days = () => ({ start_date: yesterday(), end_date: today() })

const nanoOf = (usd: Json | undefined): bigint => BigInt(Math.round(Number(usd) * 1e9))
const spent = (isMeant: (row: LedgerRow) => boolean = () => true): bigint =>
  rows.filter(isMeant).reduce((sum, { spend }) => sum + BigInt(spend), 0n)
const total = (list: Json | undefined, name: string): bigint =>
  (list as JsonObject[]).reduce((sum, one) => sum + nanoOf(one[name]), 0n)
const list = async (path: string, query: JsonObject = {}) => (await api.get(path, query)) as unknown as JsonObject[]

/** Calls of two people, a team, a customer and the master, over three providers, some of which fail. */
beforeAll(async () => {
  api = await openAsking()
  await api.person('ann')
  await api.person('bob')
  await api.get('POST /team/new', {
    team_id: 'blue',
    team_alias: 'The blue ones',
    members_with_roles: [{ user_id: 'bob', role: 'user' }],
  })
  const make = async (fields: JsonObject) => String((await api.get('POST /key/generate', fields)).key)
  keys = {
    ann: await make({ user_id: 'ann', key_alias: 'of-ann', max_budget: 5, budget_duration: '30d' }),
    bob: await make({ user_id: 'bob', team_id: 'blue' }),
  }
  let at = 0
  for (const key of [keys.ann, keys.bob, api.house.master])
    for (const model of ['gpt', 'claude', 'gem']) {
      at++
      await api.chat(key, {
        model,
        user: `customer-${at % 2}`,
        metadata: { tags: at % 2 === 0 ? ['x', 'y'] : ['x'] },
        max_tokens: 30,
      })
    }
  await api.chat(keys.ann, { model: 'no-such-model' })
  const { ledger, store } = api.house.gateway.house
  await ledger.flush()
  rows = await store.ledger.find({}, 1000)
  expect(rows.length).toBeGreaterThanOrEqual(9)
  expect(spent()).toBeGreaterThan(0n)
})
afterAll(() => api.house.close())

describe('every view says what the ledger says, to the nano-dollar', () => {
  test('in all, by day, and by request', async () => {
    expect(nanoOf((await api.get('GET /global/spend')).spend)).toBe(spent())
    const byDay = await list('GET /global/spend/logs')
    expect(byDay).toHaveLength(30)
    expect(total(byDay as Json, 'spend')).toBe(spent())
    expect(total(await list('GET /spend/logs'), 'spend')).toBe(spent())
    expect(total(await list('GET /spend/logs', days()), 'spend')).toBe(spent())
    expect(
      nanoOf(((await api.get('GET /user/daily/activity/aggregated', days())).metadata as JsonObject).total_spend),
    ).toBe(spent())
  })

  test('by key', async () => {
    expect(total(await list('GET /global/spend/keys'), 'total_spend')).toBe(spent())
    const [hash] = rows.filter(({ keyAlias }) => keyAlias === 'of-ann').map(({ keyHash }) => keyHash)
    const shown = (await list('GET /global/spend/keys')).find(({ api_key }) => api_key === hash)
    expect(shown).toMatchObject({ key_alias: 'of-ann' })
    expect(nanoOf(shown?.total_spend)).toBe(spent(({ keyHash }) => keyHash === hash))
    expect(await list('GET /global/spend/keys', { limit: 1 })).toHaveLength(1)
    expect(total(await list('GET /global/spend/logs', { api_key: keys.ann }), 'spend')).toBe(
      spent(({ keyHash }) => keyHash === hash),
    )
    const found = (await list('GET /spend/keys')).find(({ token }) => token === hash)
    expect(nanoOf(found?.spend)).toBe(spent(({ keyHash }) => keyHash === hash))
  })

  test('by user, team, model, provider, tag and customer', async () => {
    const users = await list('GET /spend/users')
    expect(nanoOf(users.find(({ user_id }) => user_id === 'ann')?.spend)).toBe(spent(({ userId }) => userId === 'ann'))
    expect(await list('GET /spend/users', { user_id: 'bob' })).toMatchObject([{ user_id: 'bob' }])
    const teams = await api.get('GET /global/spend/teams')
    expect(teams.teams).toEqual(['The blue ones'])
    expect(total(teams.total_spend_per_team, 'total_spend')).toBe(spent(({ teamId }) => teamId === 'blue'))
    expect(total(teams.daily_spend, 'The blue ones')).toBe(spent(({ teamId }) => teamId === 'blue'))
    expect(total(await list('GET /global/spend/models'), 'total_spend')).toBe(spent())
    expect(total(await list('GET /global/spend/provider', days()), 'spend')).toBe(spent())
    const tags = await list('GET /spend/tags')
    expect(tags.map((row) => row.individual_request_tag)).toEqual(['x', 'y'])
    for (const { individual_request_tag: tag, total_spend, log_count } of tags) {
      expect(nanoOf(total_spend)).toBe(spent((row) => row.tags.includes(String(tag))))
      expect(log_count).toBe(rows.filter((row) => row.tags.includes(String(tag))).length)
    }
    const { spend_per_tag } = await api.get('GET /global/spend/tags', { ...days(), tags: 'y' })
    expect(total(spend_per_tag, 'spend')).toBe(spent((row) => row.tags.includes('y')))
    expect(await api.get('GET /global/spend/all_tag_names')).toEqual({ tag_names: ['x', 'y'] })
    const customers = await list('POST /global/spend/end_users', { startTime: `${yesterday()}T00:00:00Z` })
    expect(total(customers, 'total_spend')).toBe(spent(({ endUser }) => endUser !== undefined))
    const ofKey = await list('POST /global/spend/end_users', { selectedKey: keys.ann })
    expect(total(ofKey, 'total_spend')).toBe(spent((row) => row.keyAlias === 'of-ann' && row.endUser !== undefined))
  })

  test('in reports', async () => {
    const report = (query: JsonObject) => list('GET /global/spend/report', { ...days(), ...query })
    const teams = (await report({})).flatMap((day) => day.teams as JsonObject[])
    expect(teams).toMatchObject([{ team_name: 'The blue ones' }])
    expect(total(teams, 'total_spend')).toBe(spent(({ teamId }) => teamId === 'blue'))
    expect(total(teams[0]!.metadata, 'spend')).toBe(spent(({ teamId }) => teamId === 'blue'))
    const customers = (await report({ group_by: 'customer' })).flatMap((day) => day.customers as JsonObject[])
    expect(total(customers, 'total_spend')).toBe(spent(({ endUser }) => endUser !== undefined))
    const byKey = await report({ group_by: 'api_key' })
    expect(total(byKey, 'total_cost')).toBe(spent())
    expect(
      total(
        byKey.flatMap((key) => key.model_details as JsonObject[]),
        'total_cost',
      ),
    ).toBe(spent())
    expect(total(await report({ internal_user_id: 'ann' }), 'total_cost')).toBe(spent(({ userId }) => userId === 'ann'))
    expect(await report({ api_key: keys.ann })).toHaveLength(1)
    expect(await report({ team_id: 'nothing' })).toEqual([])
    expect((await api.ask('GET /global/spend/report', { ...days(), team_id: 'a', customer_id: 'b' })).status).toBe(400)
  })
})

test('a user sees their own keys and figures, and nothing global', async () => {
  const own = (await api.get('GET /spend/keys', {}, keys.ann)) as unknown as JsonObject[]
  expect(new Set(own.map(({ user_id }) => user_id))).toEqual(new Set(['ann']))
  expect(await api.get('GET /spend/users', {}, keys.ann)).toMatchObject([{ user_id: 'ann' }])
  expect((await api.ask('GET /spend/users', { user_id: 'bob' }, keys.ann)).status).toBe(403)
  for (const path of ['/global/spend', '/global/spend/keys', '/global/spend/teams', '/spend/tags'])
    expect((await api.ask(`GET ${path}`, {}, keys.ann)).status, path).toBe(401)
})

test('who reads everything sees everything, and resets nothing', async () => {
  await api.get('POST /user/new', { user_id: 'eve', user_role: 'proxy_admin_viewer', auto_create_key: false })
  const eve = String((await api.get('POST /key/generate', { user_id: 'eve' })).key)
  expect(nanoOf((await api.get('GET /global/spend', {}, eve)).spend)).toBe(spent())
  expect((await api.ask('POST /global/spend/reset', {}, eve)).status).toBe(401)
  await api.get('POST /user/new', { user_id: 'root', user_role: 'proxy_admin', auto_create_key: false })
  const root = String((await api.get('POST /key/generate', { user_id: 'root' })).key)
  expect((await api.ask('POST /global/spend/reset', {}, root)).status).toBe(403)
})

test('a reset sets keys and teams to zero, keeps what was spent, and the books agree', async () => {
  expect(await api.get('POST /global/spend/reset')).toEqual({
    message: 'Spend for all API Keys and Teams reset successfully',
    status: 'success',
  })
  const { store } = api.house.gateway.house
  for (const { value } of await store.keys.list({ limit: 100 }))
    expect(await store.balanceOf(`key:${value.hash}`)).toBe(0 as never)
  expect((await list('GET /spend/keys')).map(({ spend }) => spend)).not.toContainEqual(expect.any(String))
  expect(total(await list('GET /spend/keys'), 'spend')).toBe(0n)
  expect(await store.balanceOf('team:blue')).toBe(0 as never)
  expect(nanoOf((await api.get('GET /global/spend')).spend)).toBe(spent())
  expect(total(await list('GET /spend/logs', days()), 'spend')).toBe(spent())
  expect(await verify(store)).toEqual({ difference: 0, mismatches: [] })
  expect(await api.trail('LiteLLM_VerificationToken', 'all')).toEqual(['updated'])
  // and what is spent from now on counts again
  await api.chat(keys.ann, { model: 'gpt' })
  const [shown] = ((await api.get('GET /spend/keys', {}, keys.ann)) as unknown as JsonObject[]).filter(
    ({ key_alias }) => key_alias === 'of-ann',
  )
  expect(nanoOf(shown?.spend)).toBeGreaterThan(0n)
})
