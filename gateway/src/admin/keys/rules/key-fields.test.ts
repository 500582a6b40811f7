import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type Desk, openDesk } from '../testing/desk.ts'
import { unservedOfKeys } from './shapes.ts'

let desk: Desk
beforeAll(async () => {
  desk = await openDesk()
})
afterAll(() => desk.close())

const refusal = async (what: string, body: unknown) => {
  const { status, error } = await desk.ask(what, body)
  return { status, param: error.param?.split('.')[0], message: error.message }
}

describe('what is refused', () => {
  test.each([
    ['max_budget', -1],
    ['max_budget', '10'],
    ['max_budget', 1e300],
    ['soft_budget', -0.5],
    ['rpm_limit', 1.5],
    ['rpm_limit', -1],
    ['tpm_limit', '10'],
    ['max_parallel_requests', true],
    ['duration', 'soon'],
    ['duration', -1],
    ['budget_duration', '30'],
    ['budget_duration', '0d'],
    ['budget_limits', [{}]],
    ['budget_limits', [{ budget_duration: 'x', max_budget: 1 }]],
    ['model_max_budget', { gpt: 'much' }],
    ['models', 'gpt-x'],
    ['models', [1]],
    ['models', ['']],
    ['aliases', { a: 1 }],
    ['metadata', []],
    ['metadata', 'x'],
    ['tags', 'a'],
    ['blocked', 'yes'],
    ['key_type', 'root'],
    ['allowed_routes', ['v1/models']],
    ['allowed_ips', ['10.0.0']],
    ['allowed_ips', ['10.0.0.0/33']],
    ['allowed_ips', ['::1/129']],
    ['enforced_params', ['a b']],
    ['permissions', { everything: true }],
    ['permissions', { get_spend_routes: 'yes' }],
    ['key_alias', ''],
    ['user_id', 7],
    ['team_id', 'x'.repeat(2000)],
    ['send_invite_email', 'yes'],
  ])('%s: %j', async (name, value) => {
    expect(await refusal('POST /key/generate', { [name]: value })).toMatchObject({ status: 400, param: name })
  })

  test('a NaN that JSON cannot write, and bodies that are no object', async () => {
    for (const text of ['{"max_budget": NaN}', '[]'])
      expect(await desk.ask('POST /key/generate', {}, { text })).toMatchObject({
        status: 400,
        error: { param: 'request_body' },
      })
  })

  test('a field that is not served is refused unless it says nothing', async () => {
    const silent = Object.fromEntries(Object.keys(unservedOfKeys).map((name) => [name, null]))
    await desk.generate({
      ...silent,
      config: {},
      permissions: {},
      allowed_cache_controls: [],
      auto_rotate: false,
      spend: 0,
      rpm_limit_type: 'best_effort_throughput',
    })
    const filled = {
      guardrails: ['pii'],
      tpm_limit_type: 'dynamic',
      auto_rotate: true,
      rotation_interval: '30d',
      spend: 3,
      object_permission: { mcp_servers: ['a'] },
      config: { model_list: [{}] },
    }
    for (const [name, value] of Object.entries(filled))
      expect(await refusal('POST /key/generate', { [name]: value })).toMatchObject({ status: 400, param: name })
    expect((await desk.ask('POST /key/generate', { metadata: { model_rpm_limit: { x: 1 } } })).error.param).toBe(
      'metadata.model_rpm_limit',
    )
    expect(
      (await desk.ask('POST /key/generate', { metadata: { permissions: { get_spend_routes: true } } })).error.param,
    ).toBe('metadata.permissions')
  })

  test('an unknown field is refused with the name that was meant', async () => {
    expect((await refusal('POST /key/generate', { max_bugdet: 1 })).message).toBe(
      'Unknown field max_bugdet. Did you mean max_budget?',
    )
    expect((await refusal('POST /key/update', { key: 'sk-x', user_role: 'proxy_admin' })).param).toBe('user_role')
    expect((await refusal('POST /key/block', { key: 'sk-x', force: true })).param).toBe('force')
  })

  test('a key type and routes that contradict each other', async () => {
    expect((await refusal('POST /key/generate', { key_type: 'read_only', allowed_routes: ['/v1/*'] })).param).toBe(
      'allowed_routes',
    )
  })

  test('an increase without an end, and a budget that does not exist', async () => {
    expect((await refusal('POST /key/generate', { temp_budget_increase: 5 })).param).toBe('temp_budget_expiry')
    expect((await refusal('POST /key/generate', { budget_id: 'nobody' })).param).toBe('budget_id')
  })

  test('a refused body leaves no key behind', async () => {
    await refusal('POST /key/generate', { key_alias: 'refused', max_budget: -1 })
    expect((await desk.done('GET /key/list?key_alias=refused')).total_count).toBe(0)
  })
})

describe('what acts', () => {
  test('every budget and limit is kept and shown as it was sent', async () => {
    const asked = {
      max_budget: 5,
      soft_budget: 2.5,
      budget_duration: '30d',
      budget_limits: [{ budget_duration: '1d', max_budget: 1 }],
      model_max_budget: { gpt: { budget_limit: 0.5, time_period: '1d', rpm_limit: 3 } },
      budget_fallbacks: { gpt: ['o'] },
      temp_budget_increase: 2,
      temp_budget_expiry: '2026-12-01T00:00:00.000Z',
      model_rpm_limit: { gpt: 5 },
      model_tpm_limit: { gpt: 500 },
    }
    const { key } = await desk.generate(asked)
    expect((await desk.done(`GET /key/info?key=${key}`)).info).toMatchObject({
      ...asked,
      spend: 0,
      model_max_budget_usage: { gpt: { current_spend: 0, budget_limit: 0.5, time_period: '1d' } },
    })
  })

  test('a budget row stands where the key says nothing', async () => {
    const row = { id: 'small', maxBudget: 0 as never, budgetDuration: '1d' }
    await desk.house.store.budgets.insert({
      value: row,
      extra: {},
      createdAt: 0,
      createdBy: '',
      updatedAt: 0,
      updatedBy: '',
    })
    const made = await desk.generate({ budget_id: 'small' })
    expect(made).toMatchObject({
      budget_id: 'small',
      max_budget: null,
      litellm_budget_table: { budget_id: 'small', max_budget: 0, budget_duration: '1d' },
      budget_reset_at: '2026-11-23T00:00:00.000Z',
    })
    expect(await desk.chat(made.key)).toBe(429)
  })

  test('a limit of a model, addresses and enforced members hold from the next request on', async () => {
    const { key } = await desk.generate({ model_rpm_limit: { gpt: 1 } })
    expect(await desk.chat(key)).toBe(200)
    expect(await desk.chat(key)).toBe(429)
    await desk.done('POST /key/update', { key, model_rpm_limit: null, enforced_params: ['user'] })
    expect(await desk.chat(key)).toBe(400)
    await desk.done('POST /key/update', { key, enforced_params: null, allowed_ips: ['203.0.113.0/24'] })
    expect(await desk.chat(key)).toBe(403)
    expect(await desk.done('POST /key/update', { key, allowed_ips: ['127.0.0.1', '::1'] })).toMatchObject({
      allowed_ips: ['127.0.0.1', '::1'],
      enforced_params: null,
    })
    expect(await desk.chat(key)).toBe(200)
  })

  test('permissions are shown as a field of their own and outlive new metadata', async () => {
    const { key, metadata } = await desk.generate({ permissions: { get_spend_routes: true }, metadata: { a: 1 } })
    expect(metadata).toEqual({ a: 1 })
    expect(await desk.done('POST /key/update', { key, metadata: { b: 1 } })).toMatchObject({
      metadata: { b: 1 },
      permissions: { get_spend_routes: true },
    })
    expect((await desk.keyOf(key)).metadata).toEqual({ b: 1, permissions: { get_spend_routes: true } })
    expect((await desk.done('POST /key/update', { key, permissions: null })).permissions).toEqual({})
  })
})
