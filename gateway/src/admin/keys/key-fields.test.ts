import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { unserved } from './key-fields.ts'
import { openDesk } from './test-desk.ts'

let desk: Awaited<ReturnType<typeof openDesk>>
beforeEach(async () => {
  desk = await openDesk()
})
afterEach(() => desk.close())

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
    ['key_alias', ''],
    ['user_id', 7],
    ['team_id', 'x'.repeat(2000)],
    ['send_invite_email', 'yes'],
  ])('%s: %j', async (name, value) => {
    const error = await desk.refusal('POST /key/generate', { [name]: value })
    expect(error).toMatchObject({ code: 'invalid-request', status: 400 })
    expect(error.detail.param?.split('.')[0]).toBe(name)
  })

  test('a NaN that JSON cannot write, and bodies that are no object', async () => {
    expect((await desk.refusal('POST /key/generate', undefined, { text: '{"max_budget": NaN}' })).code).toBe(
      'invalid-json',
    )
    expect((await desk.refusal('POST /key/generate', undefined, { text: '' })).code).toBe('invalid-json')
    expect((await desk.refusal('POST /key/generate', undefined, { text: '[]' })).detail.param).toBe('request_body')
  })

  test('a field that is not served is refused unless it says nothing', async () => {
    const empty = Object.fromEntries(Object.keys(unserved).map((name) => [name, null]))
    await desk.generate({
      ...empty,
      config: {},
      permissions: {},
      allowed_cache_controls: [],
      auto_rotate: false,
      spend: 0,
      rpm_limit_type: 'best_effort_throughput',
    })
    const filled = {
      guardrails: ['pii'],
      model_max_budget: { x: { budget_limit: 1 } },
      budget_limits: [{}],
      permissions: { a: true },
      model_rpm_limit: { x: 1 },
      temp_budget_increase: 5,
      tpm_limit_type: 'dynamic',
      auto_rotate: true,
      spend: 3,
      budget_id: 'b',
    }
    for (const [name, value] of Object.entries(filled))
      expect((await desk.refusal('POST /key/generate', { [name]: value })).detail.param).toBe(name)
    expect((await desk.refusal('POST /key/generate', { metadata: { model_rpm_limit: { x: 1 } } })).detail.param).toBe(
      'metadata.model_rpm_limit',
    )
  })

  test('an unknown field is refused with the name that was meant', async () => {
    const error = await desk.refusal('POST /key/generate', { max_bugdet: 1 })
    expect(error.message).toBe('Unknown field max_bugdet. Did you mean max_budget?')
    expect((await desk.refusal('POST /key/update', { key: 'sk-x', user_role: 'proxy_admin' })).detail.param).toBe(
      'user_role',
    )
    expect((await desk.refusal('POST /key/block', { key: 'sk-x', force: true })).detail.param).toBe('force')
  })

  test('a key type and routes that contradict each other', async () => {
    expect(
      (await desk.refusal('POST /key/generate', { key_type: 'read_only', allowed_routes: ['/v1/*'] })).detail.param,
    ).toBe('allowed_routes')
  })

  test('the models of a team, when there is a team to ask', async () => {
    await desk.generate({ models: ['all-team-models'] })
    expect(
      (await desk.refusal('POST /key/generate', { models: ['all-team-models'], team_id: 'blue' })).detail.param,
    ).toBe('models')
  })

  test('a refused body leaves no key behind', async () => {
    await desk.refusal('POST /key/generate', { key_alias: 'first', max_budget: -1 })
    expect((await desk.ask('GET /key/list')).total_count).toBe(0)
  })
})
