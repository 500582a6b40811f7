import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import { type NanoUsd, toUsd } from 'turnpike-core/internal/kernel/money'
import { underlaid } from '../../access/standing.ts'
import type { House } from '../../house.ts'
import type { Stored } from '../../store/aggregate.ts'
import type { Budget } from '../../vocabulary/tenants.ts'
import type { Terms } from '../../vocabulary/terms.ts'
import { resetAt, spentBy } from '../desk.ts'
import { invalid } from '../shapes.ts'
import { iso, termsView } from '../terms.ts'

/** What holds for somebody: their own terms over those of the budget that they refer to. */
export async function effective<T extends Terms>(house: House, terms: T): Promise<T> {
  const budget = await linkedBudget(house, terms)
  return budget ? underlaid(terms, budget.value) : terms
}

export async function linkedBudget(house: House, { budgetId }: Terms): Promise<Stored<Budget> | undefined> {
  return budgetId === undefined ? undefined : house.store.budgets.find(budgetId)
}

export async function checkBudgetId(house: House, terms: Terms): Promise<void> {
  if (terms.budgetId !== undefined && !(await linkedBudget(house, terms)))
    throw invalid('budget_id', `Budget ${terms.budgetId} does not exist. Make it by /budget/new first.`)
}

/** Budgets, limits and what is spent of them, as every tenant shows them. */
export interface MoneyView {
  readonly terms: ReturnType<typeof termsView>
  readonly spend: number
  readonly budget_reset_at: string | null
  readonly litellm_budget_table: JsonObject | null
}

export async function moneyView(house: House, bucket: string, own: Terms): Promise<MoneyView> {
  const budget = await linkedBudget(house, own)
  const terms = budget ? underlaid(own, budget.value) : own
  return {
    terms: termsView(own),
    spend: toUsd(await spentBy(house, bucket, terms)),
    budget_reset_at: iso(resetAt(house, terms)),
    litellm_budget_table: budgetTable(house, terms),
  }
}

/** Terms as the row of LiteLLM's budget table that they would be; null where there are none. */
export function budgetTable(house: House, terms: Terms): JsonObject | null {
  const { budget_id, soft_budget, max_budget, max_parallel_requests, tpm_limit, rpm_limit, ...rest } = termsView(terms)
  const { model_max_budget, budget_duration } = rest
  const shown = { soft_budget, max_budget, max_parallel_requests, tpm_limit, rpm_limit, budget_duration }
  const says = Object.values(shown).some((value) => value !== null) || terms.modelMaxBudget !== undefined
  if (!says && budget_id === null) return null
  return { budget_id, ...shown, model_max_budget, allowed_models: null, budget_reset_at: iso(resetAt(house, terms)) }
}

/** What is spent of the budgets of single models, where they have a period. */
export async function modelUsage(house: House, bucket: string, terms: Terms): Promise<JsonObject> {
  const usage: Record<string, JsonObject> = {}
  for (const [model, { maxBudget, duration }] of Object.entries(terms.modelMaxBudget ?? {})) {
    if (maxBudget === undefined || duration === undefined) continue
    const spent: NanoUsd = await spentBy(house, `${bucket}/${model}`, { budgetDuration: duration })
    usage[model] = { current_spend: toUsd(spent), budget_limit: toUsd(maxBudget), time_period: duration }
  }
  return usage
}

export function stamps(stored: Stored<unknown>) {
  return {
    created_at: iso(stored.createdAt),
    created_by: stored.createdBy,
    updated_at: iso(stored.updatedAt),
    updated_by: stored.updatedBy,
  }
}
