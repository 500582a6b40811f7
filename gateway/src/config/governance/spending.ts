import { type NanoUsd, zeroUsd } from 'turnpike-core/internal/kernel/money'
import { isTimeZone, type ResetClock, readDuration, readTimeOfDay, utcClock } from '../../vocabulary/duration.ts'
import type { BudgetRules, HealthRules, LimitRules, RequestLogRules, SpendCap } from '../governance.ts'
import type { Section } from '../section.ts'
import type { Sections } from './sections.ts'

export function readBudgets({ litellm, router, general }: Sections): BudgetRules {
  return {
    clock: readClock(litellm),
    gateway: cap(litellm, ['max_budget'], ['budget_duration']),
    providers: caps(router, 'provider_budget_config'),
    tags: caps(litellm, 'tag_budget_config'),
    customerBudgetId: litellm.text('max_end_user_budget_id'),
    userBudgetOnTeamKeys: general.flag('apply_user_budget_to_team_keys') ?? false,
  }
}

function readClock(litellm: Section): ResetClock {
  const zone = litellm.text('timezone')
  const resetTime = litellm.text('budget_reset_time')
  if (zone !== undefined && !isTimeZone(zone))
    litellm.complain('timezone', 'must be the name of a time zone such as Europe/Berlin')
  if (resetTime !== undefined && readTimeOfDay(resetTime) === undefined)
    litellm.complain('budget_reset_time', 'must be a time of day such as "06:30" or "06:30:00"')
  return { timeZone: zone ?? utcClock.timeZone, ...(resetTime !== undefined && { resetTime }) }
}

/** An amount and its period under one of their names; at the top 0 means that there is none, as LiteLLM has it. */
function cap(section: Section, amounts: readonly string[], periods: readonly string[]): SpendCap | undefined {
  const maxBudget = first(amounts, (key) => section.money(key))
  const duration = first(periods, (key) => section.duration(key))
  return maxBudget === undefined || maxBudget === zeroUsd ? undefined : { maxBudget, duration }
}

const amounts = ['budget_limit', 'max_budget']
const periods = ['time_period', 'budget_duration']

function caps(section: Section, key: string): Readonly<Record<string, SpendCap>> {
  const map = section.inner(key)
  const found = (map?.keys ?? []).flatMap((name): [string, SpendCap][] => {
    const entry = map?.inner(name)
    entry?.only([...amounts, ...periods])
    const maxBudget = entry && first(amounts, (member): NanoUsd | undefined => entry.money(member))
    if (!entry || maxBudget === undefined) {
      if (entry && !amounts.some((member) => entry.keys.includes(member))) map?.complain(name, 'needs `max_budget`')
      return []
    }
    return [[name, { maxBudget, duration: first(periods, (member) => entry.duration(member)) }]]
  })
  return Object.fromEntries(found)
}

function first<T>(keys: readonly string[], read: (key: string) => T | undefined): T | undefined {
  for (const key of keys) {
    const found = read(key)
    if (found !== undefined) return found
  }
  return undefined
}

export function readLimits({ general }: Sections): LimitRules {
  return {
    keyParallelRequests: general.whole('max_parallel_requests', 1),
    parallelRequests: general.whole('global_max_parallel_requests', 1),
    countedTokens: general.choice('token_rate_limit_type', ['total', 'input', 'output']) ?? 'total',
  }
}

export function readRequestLogs({ general }: Sections): RequestLogRules {
  const kept = general.duration('maximum_spend_logs_retention_period')
  return {
    enabled: !(general.flag('disable_spend_logs') ?? false),
    storePrompts: general.flag('store_prompts_in_spend_logs') ?? false,
    keepFor: kept === undefined ? undefined : readDuration(kept),
  }
}

export function readHealth({ general }: Sections): HealthRules {
  return {
    background: general.flag('background_health_checks') ?? false,
    intervalMs: (general.number('health_check_interval', 1) ?? 300) * 1000,
    details: general.flag('health_check_details') ?? true,
  }
}
