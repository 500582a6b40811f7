import { expect, test } from 'bun:test'
import { faultsIn, readText } from '../testing/read-text.ts'

const text = (settings: string) => `
model_list:
  - model_name: m
    litellm_params: {model: openai/gpt-4o, api_key: k}
router_settings: ${settings}`

const routing = (settings: string) => readText(text(settings), {}).router

test('policies are read by kind of failure, for all groups and for one', () => {
  expect(
    routing(`
  retry_policy: {TimeoutErrorRetries: 0, RateLimitErrorRetries: 3}
  model_group_retry_policy: {m: {InternalServerErrorRetries: 1}}
  allowed_fails_policy: {ContentPolicyViolationErrorAllowedFails: 1000, AuthenticationErrorAllowedFails: 2}`),
  ).toMatchObject({
    retryPolicy: { timeout: 0, rateLimit: 3 },
    groupRetryPolicy: { m: { internalServer: 1 } },
    allowedFailsPolicy: { contentPolicy: 1000, authentication: 2 },
  })
})

test('what narrows the choice of deployments is read', () => {
  const settings =
    '{enable_tag_filtering: true, tag_filtering_match_any: false, enable_pre_call_checks: true, default_deployment: m, retry_budget: 0.5}'
  expect(routing(settings)).toMatchObject({
    tagFiltering: true,
    tagMatchAny: false,
    preCallChecks: true,
    defaultDeployment: 'm',
    retryBudget: 0.5,
  })
})

test('a kind that is not known, a part of a retry and more than all of the traffic are complained of', () => {
  expect(faultsIn(text('{retry_policy: {TimeoutErrorRetry: 2}}'), {})[0]).toContain('TimeoutErrorRetries')
  expect(faultsIn(text('{allowed_fails_policy: {TimeoutErrorAllowedFails: 1.5}}'), {})[0]).toContain('whole number')
  expect(faultsIn(text('{retry_budget: 20}'), {})[0]).toContain('retry_budget')
})
