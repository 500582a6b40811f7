import { describe, expect, test } from 'bun:test'

import { faultsIn, readText, usd } from '../testing/read-text.ts'

const governance = (text: string) => readText(text).governance

describe('budgets', () => {
  test('are none unless they are set, and turn at midnight in UTC', () => {
    expect(governance('{}').budgets).toEqual({
      clock: { timeZone: 'UTC' },
      gateway: undefined,
      providers: {},
      tags: {},
      customerBudgetId: undefined,
      userBudgetOnTeamKeys: false,
    })
    expect(governance('litellm_settings: {max_budget: 0, budget_duration: 1d}\n').budgets.gateway).toBeUndefined()
  })

  test('are read for the gateway, for providers and for tags, in nano-dollars', () => {
    const { budgets } = governance(
      [
        'litellm_settings:',
        '  max_budget: 0.000000001',
        '  budget_duration: 1mo',
        '  timezone: Europe/Berlin',
        '  budget_reset_time: "06:30"',
        '  max_end_user_budget_id: free',
        '  tag_budget_config: {prod: {max_budget: 2.5, budget_duration: 7d}, dev: {max_budget: 0}}',
        'router_settings:',
        '  provider_budget_config: {openai: {budget_limit: 0.1, time_period: 1d}, other: {max_budget: "3"}}',
        'general_settings: {apply_user_budget_to_team_keys: true}',
        '',
      ].join('\n'),
    )
    expect(budgets).toEqual({
      clock: { timeZone: 'Europe/Berlin', resetTime: '06:30' },
      gateway: { maxBudget: usd(0.000000001), duration: '1mo' },
      providers: {
        openai: { maxBudget: usd(0.1), duration: '1d' },
        other: { maxBudget: usd(3), duration: undefined },
      },
      tags: {
        prod: { maxBudget: usd(2.5), duration: '7d' },
        // of a tag that may spend nothing
        dev: { maxBudget: usd(0), duration: undefined },
      },
      customerBudgetId: 'free',
      userBudgetOnTeamKeys: true,
    })
  })
})

describe('limits and request logs', () => {
  test('have defaults', () => {
    const { limits, requestLogs } = governance('{}')
    expect(limits).toEqual({ keyParallelRequests: undefined, parallelRequests: undefined, countedTokens: 'total' })
    expect(requestLogs).toEqual({ enabled: true, storePrompts: false, keepFor: undefined })
  })

  test('are read', () => {
    const { limits, requestLogs } = governance(
      'general_settings: {max_parallel_requests: 5, global_max_parallel_requests: 100, token_rate_limit_type: output, disable_spend_logs: true, store_prompts_in_spend_logs: true, maximum_spend_logs_retention_period: 30d}\n',
    )
    expect(limits).toEqual({ keyParallelRequests: 5, parallelRequests: 100, countedTokens: 'output' })
    expect(requestLogs).toEqual({ enabled: false, storePrompts: true, keepFor: { count: 30, unit: 'd' } })
  })
})

describe('a rule that cannot be kept', () => {
  test.each([
    ['litellm_settings: {max_budget: -1}\n', /^1:20: `max_budget` must be at least 0/],
    ['litellm_settings: {max_budget: .nan}\n', /^1:20: .*must be a number/],
    ['litellm_settings: {max_budget: 1e-12}\n', /^1:20: .*at least 0\.000000001/],
    ['litellm_settings: {max_budget: 1e12}\n', /^1:20: .*at most 9000000/],
    ['litellm_settings: {budget_duration: monthly}\n', /^1:20: .*30s, 12h, 7d or 1mo/],
    ['litellm_settings: {timezone: Berlin}\n', /^1:20: .*Europe\/Berlin/],
    ['litellm_settings: {budget_reset_time: "24:00"}\n', /^1:20: .*06:30/],
    ['litellm_settings: {tag_budget_config: {a: {max_budgets: 1}}}\n', /^1:44: .*did you mean `max_budget`/],
    ['litellm_settings: {tag_budget_config: {a: {budget_duration: 1d}}}\n', /^1:40: `a` needs `max_budget`/],
    ['router_settings: {provider_budget_config: [openai]}\n', /^1:19: .*must be a mapping/],
    ['general_settings: {max_parallel_requests: 1.5}\n', /^1:20: .*whole number/],
    ['general_settings: {global_max_parallel_requests: 0}\n', /^1:20: .*at least 1/],
    ['general_settings: {token_rate_limit_type: all}\n', /^1:20: .*one of total, input, output/],
    ['general_settings: {maximum_spend_logs_retention_period: 30}\n', /^1:20: .*must be text/],
    ['general_settings: {disable_budget_reservation: true}\n', /^1:20: .*does not act/],
  ])('stops the start at its place: %j', (text, expected) => {
    expect(faultsIn(text)[0]).toMatch(expected)
  })
})
