import { userIdField } from '../../admin/tenants/fields.ts'
import { bucketOf } from '../../admission/scopes.ts'
import type { Budget, Customer, Organization, Tag } from '../../vocabulary/tenants.ts'
import { bring, type Goal, type Thing } from '../bring.ts'
import { flag, modelsOf, saysNothing, stored, text, texts } from '../columns.ts'
import { partsOf, together } from '../fields.ts'
import type { Move } from '../move.ts'
import type { Tally } from '../report.ts'
import type { PageQuery, SourceRow } from '../source.ts'
import { spentOf } from '../spend.ts'
import { withTermsOf } from '../terms.ts'

type Read<T> = (row: SourceRow, place: { readonly id: string; readonly tally: Tally }) => Thing<T>

const linkedBudget = { table: 'LiteLLM_BudgetTable', key: 'budget_id', by: 'budget_id' }

/** Every row of one table, page by page. */
async function importTable<T, C extends string>(move: Move, goal: Goal<T, C>, query: PageQuery, read: Read<T>) {
  const tally = move.tally(goal.kind)
  const [column = ''] = query.key
  for await (const rows of move.source.pages(query)) {
    tally.add({ found: rows.length })
    const things = rows.flatMap((row) => {
      const id = String(row.row[column])
      if (userIdField.safeParse(id).success) return [read(row, { id, tally })]
      tally.skip('its id cannot be the name of a bucket', id)
      return []
    })
    await bring(move, goal, things)
  }
}

export function importBudgets(move: Move): Promise<void> {
  const goal: Goal<Budget, never> = { kind: 'budgets', rows: move.store.budgets, id: ({ id }) => id }
  const query = { table: 'LiteLLM_BudgetTable', key: ['budget_id'] }
  return importTable(move, goal, query, ({ row }, place) => {
    partsOf(row, place)
    const { budget_id: _, ...terms } = row
    return { stored: stored(withTermsOf<Budget>({ id: place.id }, terms, place), row, move.now) }
  })
}

export function importOrganizations(move: Move): Promise<void> {
  const goal: Goal<Organization, 'alias'> = {
    kind: 'organizations',
    rows: move.store.organizations,
    id: ({ id }) => id,
  }
  const query = { table: 'LiteLLM_OrganizationTable', key: ['organization_id'], link: linkedBudget }
  return importTable(move, goal, query, ({ row, linked }, place) => {
    const { notes, fields } = partsOf(row, place)
    const alias = text(row, 'organization_alias')
    const organization: Organization = {
      id: place.id,
      ...(alias !== undefined && { alias }),
      models: modelsOf(row),
      metadata: notes,
    }
    return {
      stored: stored(withTermsOf(organization, together(row, fields), place), row, move.now),
      spend: spentOf(bucketOf.organization(place.id), row, [linked]),
    }
  })
}

export function importCustomers(move: Move): Promise<void> {
  const goal: Goal<Customer, 'alias'> = { kind: 'customers', rows: move.store.customers, id: ({ id }) => id }
  const query = { table: 'LiteLLM_EndUserTable', key: ['user_id'], link: linkedBudget }
  return importTable(move, goal, query, ({ row, linked }, place) => {
    partsOf(row, place)
    const alias = text(row, 'alias')
    const defaultModel = text(row, 'default_model')
    const given = text(row, 'allowed_model_region')
    const region = given === 'eu' || given === 'us' ? given : undefined
    if (given !== undefined && region === undefined)
      place.tally.left('allowed_model_region (neither eu nor us)', place.id)
    const customer: Customer = {
      id: place.id,
      ...(alias !== undefined && { alias }),
      blocked: flag(row, 'blocked'),
      ...(defaultModel !== undefined && { defaultModel }),
      ...(region !== undefined && { region }),
    }
    return {
      stored: stored(withTermsOf(customer, row, place), row, move.now),
      spend: spentOf(bucketOf.end_user(place.id), row, [linked]),
    }
  })
}

export function importTags(move: Move): Promise<void> {
  const goal: Goal<Tag, never> = { kind: 'tags', rows: move.store.tags, id: ({ id }) => id }
  const query = { table: 'LiteLLM_TagTable', key: ['tag_name'], link: linkedBudget }
  return importTable(move, goal, query, ({ row, linked }, place) => {
    if (!saysNothing(row.model_info)) place.tally.left('model_info', place.id)
    const description = text(row, 'description')
    const tag: Tag = { id: place.id, ...(description !== undefined && { description }), models: texts(row, 'models') }
    return {
      stored: stored(withTermsOf(tag, row, place), row, move.now),
      spend: spentOf(bucketOf.tag(place.id), row, [linked]),
    }
  })
}
