import type { GatewayError } from 'turnpike-core/internal/kernel/faults'
import type { Json, JsonObject } from 'turnpike-core/internal/kernel/json'
import { z } from 'zod'
import type { House } from '../../../house.ts'
import type { Stored } from '../../../store/aggregate.ts'
import type { Budget } from '../../../vocabulary/tenants.ts'
import type { Terms } from '../../../vocabulary/terms.ts'
import { edited, fresh, notFound, record, resetAt, type Who } from '../../desk.ts'
import type { Desk } from '../../row.ts'
import { id, invalid } from '../../shapes.ts'
import { iso, termFields, termsView, withTerms } from '../../terms.ts'
import { unserved } from '../fields.ts'
import { listed, pageFields, pageOf, usualList } from '../pages.ts'
import { stamps } from '../views.ts'

const { budget_id: _, ...terms } = termFields
const budgetFields = {
  ...terms,
  budget_reset_at: unserved('follows from budget_duration and the clock'),
  allowed_models: unserved(),
} as const

export const newBudgetShape = z.object({ ...budgetFields, budget_id: id.nullish() })
export const updateBudgetShape = z.object({ ...budgetFields, budget_id: id })
export const budgetListQuery = z.object(pageFields)

const table = 'LiteLLM_BudgetTable'

function budgetView(house: House, stored: Stored<Budget>): JsonObject {
  return {
    ...termsView(stored.value),
    budget_id: stored.value.id,
    allowed_models: null,
    budget_reset_at: iso(resetAt(house, stored.value)),
    ...stamps(stored),
  }
}

export async function createBudget(desk: Desk<z.infer<typeof newBudgetShape>, undefined>): Promise<JsonObject> {
  const { house } = desk
  const { budget_id, ...body } = desk.body
  const stored = fresh(desk, withTerms<Budget>({ id: budget_id ?? crypto.randomUUID() }, body))
  const { taken } = await house.store.budgets.insert(stored)
  if (taken !== undefined) throw invalid('budget_id', `Budget ${stored.value.id} already exists.`)
  const view = budgetView(house, stored)
  await record(desk, { action: 'created', table, objectId: stored.value.id, after: view })
  return view
}

export async function updateBudget(desk: Desk<z.infer<typeof updateBudgetShape>, undefined>): Promise<JsonObject> {
  const { house } = desk
  const { budget_id, ...body } = desk.body
  const before = await budgetOrNotFound(house, budget_id)
  const after = await house.store.budgets.change(budget_id, (row) => edited(desk, row, withTerms(row.value, body)))
  if (!after || 'taken' in after) throw unknownBudget(budget_id)
  const view = budgetView(house, after)
  await record(desk, { action: 'updated', table, objectId: budget_id, before: budgetView(house, before), after: view })
  return view
}

async function budgetOrNotFound(house: House, budgetId: string): Promise<Stored<Budget>> {
  const found = await house.store.budgets.find(budgetId)
  if (!found) throw unknownBudget(budgetId)
  return found
}

function unknownBudget(budgetId: string): GatewayError {
  return notFound(`Budget ${budgetId} does not exist.`, 'budget_id')
}

export async function budgetInfo({ house }: Who, budgetIds: readonly string[]): Promise<Json> {
  return (await house.store.budgets.findMany(budgetIds)).map((row) => budgetView(house, row))
}

export async function listBudgets(desk: Desk<undefined, z.infer<typeof budgetListQuery>>): Promise<Response> {
  const { house, query } = desk
  const page = pageOf(query, usualList)
  const [rows, total] = await Promise.all([
    house.store.budgets.list({ limit: page.limit, offset: page.offset }),
    house.store.budgets.count({}),
  ])
  return listed(
    rows.map((row) => budgetView(house, row)),
    total,
    page,
  )
}

/** A budget that anybody refers to stays: without it they would have none. */
export async function deleteBudget(who: Who, budgetId: string): Promise<JsonObject> {
  const { house } = who
  const found = await budgetOrNotFound(house, budgetId)
  if (house.config.governance.budgets.customerBudgetId === budgetId)
    throw invalid('id', `Budget ${budgetId} is litellm_settings.max_end_user_budget_id of the configuration.`)
  const owner = await whoRefersTo(house, budgetId)
  if (owner !== undefined)
    throw invalid('id', `Budget ${budgetId} is in use by ${owner}: give them another budget first.`)
  await house.store.budgets.remove([budgetId])
  const before = budgetView(house, found)
  await record(who, { action: 'deleted', table, objectId: budgetId, before })
  return before
}

/** Somebody whose budget this is. Only keys can be asked for it; of the others every row is looked at, a page at a time. */
async function whoRefersTo({ store }: House, budgetId: string): Promise<string | undefined> {
  const keys = await store.keys.count({ where: { budgetId } })
  if (keys > 0) return `${keys} keys`
  const { users, teams, teamMembers, organizations, customers, tags } = store
  const kinds: Readonly<Record<string, Walked>> = { users, teams, teamMembers, organizations, customers, tags }
  for (const [kind, rows] of Object.entries(kinds))
    for (let after: string | undefined; ; ) {
      const page = await rows.list({ limit: 1000, ...(after !== undefined && { after }) })
      const owner = page.find(({ value }) => value.budgetId === budgetId)
      if (owner) return `${owner.value.id} of ${kind}`
      after = page.at(-1)?.value.id
      if (after === undefined) break
    }
  return undefined
}

interface Walked {
  list(query: {
    readonly limit: number
    readonly after?: string
  }): Promise<readonly { readonly value: Terms & { readonly id: string } }[]>
}

const described = {
  max_budget: ['Float', 'Requests are refused when this much is spent, in US dollars.'],
  soft_budget: ['Float', 'Spend above it is told and not refused, in US dollars.'],
  max_parallel_requests: ['Integer', 'Requests that may run at once.'],
  tpm_limit: ['Integer', 'Tokens per minute.'],
  rpm_limit: ['Integer', 'Requests per minute.'],
  budget_duration: ['String', 'How long a period of the budget is, like 30d.'],
  model_max_budget: ['Object', 'Budgets of single models.'],
} as const

/** The fields of a budget with what they say, for forms. */
export async function budgetSettings({ house }: Who, budgetId: string): Promise<Json> {
  const view = budgetView(house, await budgetOrNotFound(house, budgetId))
  return Object.entries(described).map(([field_name, [field_type, field_description]]) => ({
    field_name,
    field_type,
    field_description,
    field_value: view[field_name] ?? null,
    field_default_value: null,
    stored_in_db: true,
    premium_field: false,
    nested_fields: null,
  }))
}
