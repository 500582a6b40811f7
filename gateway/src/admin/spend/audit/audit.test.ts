import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { Json, JsonObject } from 'turnpike-core/internal/kernel/json'
import { type Asking, openAsking } from '../../tenants/users/testing/asking.ts'

let api: Asking
let ann: string

beforeAll(async () => {
  api = await openAsking()
  ann = await api.person('ann')
  await api.get('POST /team/new', { team_id: 'blue', max_budget: 1 })
  await api.get('POST /team/update', { team_id: 'blue', max_budget: 2 })
  await api.get('POST /team/delete', { team_ids: ['blue'] })
})
afterAll(() => api.house.close())

const actions = (list: Json | undefined) => (list as JsonObject[]).map(({ action }) => action)
const blue = { table_name: 'LiteLLM_TeamTable', object_id: 'blue' }

describe('/audit', () => {
  test('shows who changed what, before and after, newest first', async () => {
    const page = await api.get('GET /audit', blue)
    expect(page).toMatchObject({ total: 3, page: 1, page_size: 10, total_pages: 1 })
    expect(actions(page.audit_logs)).toEqual(['deleted', 'updated', 'created'])
    const [, updated, created] = page.audit_logs as JsonObject[]
    expect(updated).toMatchObject({
      ...blue,
      changed_by: 'default_user_id',
      changed_by_api_key: '',
      before_value: { max_budget: 1 },
      updated_values: { max_budget: 2 },
      previous_hash: created?.hash as string,
    })
    expect(created).toMatchObject({ before_value: null })
    expect(await api.get(`GET /audit/${updated?.id}`)).toEqual(updated!)
  })

  test('filters and pages', async () => {
    expect(actions((await api.get('GET /audit', { ...blue, sort_order: 'asc' })).audit_logs)).toEqual([
      'created',
      'updated',
      'deleted',
    ])
    expect((await api.get('GET /audit', { ...blue, page: 2, page_size: 2 })).audit_logs).toHaveLength(1)
    expect((await api.get('GET /audit', { ...blue, action: 'updated' })).total).toBe(1)
    expect((await api.get('GET /audit', { object_team_id: 'blue' })).total).toBe(3)
    expect((await api.get('GET /audit', { object_key_hash: ann })).total).toBeGreaterThan(0)
    expect((await api.get('GET /audit', { changed_by: 'nobody' })).total).toBe(0)
    const today = new Date(api.house.gateway.house.now()).toISOString().slice(0, 10)
    expect((await api.get('GET /audit', { ...blue, start_date: today, end_date: today })).total).toBe(3)
    expect((await api.get('GET /audit', { ...blue, end_date: '2026-01-01' })).total).toBe(0)
  })

  test('what contradicts itself or is unknown is said', async () => {
    expect((await api.ask('GET /audit', { object_team_id: 'blue', object_id: 'red' })).status).toBe(400)
    const absent = await api.ask('GET /audit/nothing')
    expect(absent.status).toBe(404)
    expect(absent.body.detail).toBeDefined()
  })

  test('is for those who read everything', async () => {
    expect((await api.ask('GET /audit', {}, ann)).status).toBe(401)
    await api.person('eve', { user_role: 'proxy_admin_viewer' })
    const eve = String((await api.get('POST /key/generate', { user_id: 'eve' })).key)
    expect((await api.ask('GET /audit', {}, eve)).status).toBe(200)
  })
})
