import { GatewayError } from 'turnpike-core/internal/kernel/faults'
import { type NanoUsd, toUsd } from 'turnpike-core/internal/kernel/money'
import type { Level } from '../shared/shared.ts'
import type { BudgetItem, LimitItem } from './plan.ts'
import type { ScopeKind } from './scopes.ts'

/** A place or a reservation is free again when some request ends, nobody knows when: ask again soon. */
const soonMs = 1000

/** What stood in the way. */
export interface Refusal<Item> {
  readonly item: Item
  readonly level: Level
  /** how much was asked for */
  readonly amount: number
  readonly limit: number
  /** milliseconds since 1970 */
  readonly now: number
  readonly resetAt?: number | undefined
}

/** 429 naming scope, limit, value and reset of a limit. */
export function rateLimited({ item, level, limit, now }: Refusal<LimitItem>): GatewayError {
  const resetAt = level.resetAt ?? now + soonMs
  const left = Math.max(0, limit - level.used)
  return new GatewayError(
    'rate-limited',
    `Rate limit exceeded for ${item.descriptor}: ${item.value}. Limit type: ${item.kind}. Current limit: ${limit}, Remaining: ${left}. Limit resets at: ${shownTime(resetAt)} UTC`,
    {
      kind: 'throttling_error',
      retryAfterMs: item.kind === 'max_parallel_requests' ? soonMs : Math.max(1, resetAt - now),
      headers: {
        rate_limit_type: item.kind === 'max_parallel_requests' ? 'concurrent_requests' : item.kind,
        reset_at: String(Math.ceil(resetAt / 1000)),
      },
    },
  )
}

/** 429 naming scope, spend, limit and what running requests hold. */
export function budgetExceeded(refusal: Refusal<BudgetItem>): GatewayError {
  const { level, amount, limit, now, resetAt } = refusal
  const spent = level.used as NanoUsd
  const known = knownWords(refusal, shownUsd(spent), shownUsd(limit))
  const room = `. Running requests may still cost ${shownUsd(level.reserved)}, and this one up to ${shownUsd(amount)}`
  const back = resetAt === undefined ? '' : `. The budget resets at: ${shownTime(resetAt)} UTC`
  // what only running requests hold may be free again in a moment
  const retryAfterMs = spent + amount <= limit ? soonMs : resetAt === undefined ? undefined : Math.max(1, resetAt - now)
  return new GatewayError('budget-exceeded', (spent >= limit ? known : known + room) + back, {
    kind: 'budget_exceeded',
    ...(refusal.item.model !== undefined && { model: refusal.item.model }),
    headers: {
      rate_limit_type: 'budget',
      ...(resetAt !== undefined && { reset_at: String(Math.ceil(resetAt / 1000)) }),
    },
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  })
}

/** LiteLLM's words, which its clients look for (https://docs.litellm.ai/docs/proxy/users). */
function knownWords({ item }: Refusal<BudgetItem>, spent: string, limit: string): string {
  const { scope, model, duration } = item
  const window = duration === undefined ? '' : ` (per ${duration})`
  const costs = `Current cost: ${spent}, Max budget: ${limit}${window}`
  if (model !== undefined) return `${ofModel(item, model)}. ${costs}`
  const head = 'Budget has been exceeded!'
  const over = `over budget. Spend=${spent}, Budget=${limit}${window}`
  switch (scope.kind) {
    case 'api_key':
      return `${head} Key=${scope.alias ?? 'None'} (${keyName(scope)}) ${costs}`
    case 'user':
      return `ExceededBudget: User=${scope.id} ${over}`
    case 'team':
      return `${head} Team=${scope.id} ${costs}`
    case 'team_member':
      return `${head} User=${scope.id.slice(scope.id.indexOf(':') + 1)} in Team=${scope.id.slice(0, scope.id.indexOf(':'))} ${costs}`
    case 'organization':
      return `${head} Organization=${scope.id} ${costs}`
    case 'end_user':
      return `ExceededBudget: End User=${scope.id} ${over}`
    case 'tag':
      return `${head} Tag=${scope.id} ${costs}`
    case 'proxy':
      return `${head} ${costs}`
  }
}

/** What LiteLLM calls those whose models may have a budget; it knows keys, users and end users only. */
const owners: Readonly<Record<ScopeKind, string>> = {
  api_key: 'Virtual Key',
  user: 'User',
  team: 'Team',
  team_member: 'Team Member',
  organization: 'Organization',
  end_user: 'End User',
  tag: 'Tag',
  proxy: 'Proxy',
}

function ofModel({ scope }: BudgetItem, model: string): string {
  const alias = scope.kind === 'api_key' ? `, key_alias: ${scope.alias ?? 'None'}` : ''
  return `LiteLLM ${owners[scope.kind]}: ${scope.id}${alias}, exceeded budget for model=${model}`
}

function keyName(scope: BudgetItem['scope']): string {
  return (scope.terms as { readonly name?: string }).name ?? scope.id
}

function shownTime(time: number): string {
  return new Date(time).toISOString().slice(0, 19).replace('T', ' ')
}

/** Dollars without an exponent, exact to the nano-dollar, with a point as Python prints them. */
function shownUsd(amount: number): string {
  return toUsd(amount as NanoUsd)
    .toFixed(9)
    .replace(/0{1,8}$/, '')
}
