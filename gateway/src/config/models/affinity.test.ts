import { expect, test } from 'bun:test'
import { faultsIn, readText } from '../testing/read-text.ts'

const text = (settings: string) => `
model_list:
  - model_name: m
    litellm_params: {model: openai/gpt-4o, api_key: k}
router_settings: ${settings}`

const affinity = (settings: string) => readText(text(settings), {}).router.affinity

test('conversations with a name are kept where nothing is said of it', () => {
  expect(affinity('{}')).toBeUndefined()
})

test('the switch goes before the list of checks', () => {
  expect(affinity('{deployment_affinity: true}')?.kinds).toEqual(['session', 'prefix'])
  expect(affinity('{deployment_affinity: false, optional_pre_call_checks: [session_affinity]}')?.kinds).toEqual([])
  expect(affinity('{optional_pre_call_checks: [deployment_affinity, router_budget_limiting]}')?.kinds).toEqual([
    'session',
    'caller',
  ])
})

test('a group may do it in another way or not at all, and the time is in seconds', () => {
  expect(
    affinity('{model_group_affinity_config: {a: [], b: [prompt_caching]}, deployment_affinity_ttl_seconds: 60}'),
  ).toEqual({ kinds: ['session'], groups: { a: [], b: ['prefix'] }, ttlMs: 60_000 })
})

test('places, waits and priorities are read', () => {
  const { router } = readText(text('{default_max_parallel_requests: 5, queue_timeout: 2.5, default_priority: 3}'), {})
  expect([router.maxParallel, router.queueMs, router.priority]).toEqual([5, 2500, 3])
})

test('a check that is not known is complained of, and a budget whose period cannot be read', () => {
  expect(faultsIn(text('{optional_pre_call_checks: [no_such_check]}'), {})[0]).toContain('no_such_check')
  const faults = faultsIn(text('{}').replace('api_key: k', 'api_key: k, max_budget: 1, budget_duration: soon'), {})
  expect(faults[0]).toContain('budget_duration')
})
