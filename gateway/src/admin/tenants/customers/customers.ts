import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import { z } from 'zod'
import { bucketOf } from '../../../admission/scopes.ts'
import type { House } from '../../../house.ts'
import type { Stored } from '../../../store/aggregate.ts'
import type { Customer } from '../../../vocabulary/tenants.ts'
import { type Change, edited, fresh, notFound, record, type Who } from '../../desk.ts'
import type { Desk } from '../../row.ts'
import { id, invalid, text } from '../../shapes.ts'
import { termFields, withTerms } from '../../terms.ts'
import { patched, unserved, unservedFields } from '../fields.ts'
import { listed, pageFields, pageOf, usualList } from '../pages.ts'
import { checkBudgetId, moneyView, stamps } from '../views.ts'

export const customerShape = z.object({
  ...unservedFields,
  ...termFields,
  budget_reset_at: unserved('follows from budget_duration and the clock'),
  user_id: id,
  alias: text.nullish(),
  blocked: z.boolean().nullish(),
  allowed_model_region: z.enum(['eu', 'us']).nullish(),
  default_model: unserved('is not supported: name the model in the request'),
})

export const customerIds = z.object({ user_ids: z.array(id).min(1).max(500) })
export const customerListQuery = z.object({ ...pageFields })

type CustomerBody = z.infer<typeof customerShape>

function withCustomerBody(customer: Customer, body: CustomerBody): Customer {
  if (body.budget_id && body.max_budget != null)
    throw invalid('max_budget', "Set either 'max_budget' or 'budget_id', not both.")
  return withTerms(
    patched<Customer>(customer, {
      alias: body.alias,
      blocked: body.blocked === null ? false : body.blocked,
      region: body.allowed_model_region,
    }),
    body,
  )
}

async function customerView(house: House, stored: Stored<Customer>): Promise<JsonObject> {
  const { value: customer } = stored
  const { terms, ...money } = await moneyView(house, bucketOf.end_user(customer.id), customer)
  return {
    ...terms,
    ...money,
    user_id: customer.id,
    alias: customer.alias ?? null,
    blocked: customer.blocked,
    allowed_model_region: customer.region ?? null,
    default_model: null,
    object_permission: null,
    object_permission_id: null,
    ...stamps(stored),
  }
}

function told(who: Who, customerId: string, change: Pick<Change, 'action' | 'before' | 'after'>): Promise<void> {
  return record(who, { table: 'LiteLLM_EndUserTable', objectId: customerId, ...change })
}

export async function createCustomer(desk: Desk<CustomerBody, undefined>): Promise<JsonObject> {
  const customer = withCustomerBody({ id: desk.body.user_id, blocked: false }, desk.body)
  await checkBudgetId(desk.house, customer)
  const { view, taken } = await insert(desk, customer)
  if (taken)
    throw invalid('user_id', `Customer already exists, passed user_id=${customer.id}. Please pass a new user_id.`)
  return view
}

async function insert(who: Who, customer: Customer, action: Change['action'] = 'created') {
  const stored = fresh(who, customer)
  const { taken } = await who.house.store.customers.insert(stored)
  const view = await customerView(who.house, stored)
  if (taken === undefined) await told(who, customer.id, { action, after: view })
  return { view, taken: taken !== undefined }
}

/** Changes a customer; one who has only spent so far gets a row. */
export async function updateCustomer(desk: Desk<CustomerBody, undefined>): Promise<JsonObject> {
  const { body, house } = desk
  const found = await house.store.customers.find(body.user_id)
  if (!found && (await spentOf(house, body.user_id)) === 0) throw unknownCustomer(body.user_id)
  const customer = withCustomerBody(found?.value ?? { id: body.user_id, blocked: false }, body)
  await checkBudgetId(house, customer)
  if (found) return change(desk, found, { action: 'updated', edit: (row) => withCustomerBody(row, body) })
  return (await insert(desk, customer)).view
}

interface Edit {
  readonly action: Change['action']
  readonly edit: (customer: Customer) => Customer
}

async function change(who: Who, found: Stored<Customer>, { action, edit }: Edit): Promise<JsonObject> {
  const before = await customerView(who.house, found)
  const after = await who.house.store.customers.change(found.value.id, (row) => edited(who, row, edit(row.value)))
  if (!after || 'taken' in after) throw unknownCustomer(found.value.id)
  const view = await customerView(who.house, after)
  await told(who, found.value.id, { action, before, after: view })
  return view
}

async function spentOf(house: House, customerId: string): Promise<number> {
  await house.ledger.flush()
  return house.store.balanceOf(bucketOf.end_user(customerId))
}

function unknownCustomer(customerId: string) {
  return notFound(`End User Id=${customerId} does not exist in db`, 'end_user_id')
}

/** Also shows those who have no row and have spent something. */
export async function customerInfo({ house }: Who, customerId: string): Promise<JsonObject> {
  const found = await house.store.customers.find(customerId)
  if (found) return customerView(house, found)
  if ((await spentOf(house, customerId)) === 0) throw unknownCustomer(customerId)
  const { terms, ...money } = await moneyView(house, bucketOf.end_user(customerId), {})
  return {
    ...terms,
    ...money,
    user_id: customerId,
    alias: null,
    blocked: false,
    allowed_model_region: null,
    default_model: null,
  }
}

export async function listCustomers(desk: Desk<undefined, z.infer<typeof customerListQuery>>): Promise<Response> {
  const { house, query } = desk
  const page = pageOf(query, usualList)
  const [rows, total] = await Promise.all([
    house.store.customers.list({ limit: page.limit, offset: page.offset }),
    house.store.customers.count({}),
  ])
  return listed(await Promise.all(rows.map((row) => customerView(house, row))), total, page)
}

export async function deleteCustomers(who: Who, customerIds: readonly string[]): Promise<JsonObject> {
  const { store } = who.house
  const ids = [...new Set(customerIds)]
  const found = await store.customers.findMany(ids)
  const there = new Set(found.map(({ value }) => value.id))
  const missing = ids.filter((one) => !there.has(one))
  if (missing.length > 0) throw notFound(`The following customer ids do not exist: ${missing.join(', ')}`, 'user_ids')
  const gone = await store.customers.remove(ids)
  for (const row of gone)
    await told(who, row.value.id, { action: 'deleted', before: await customerView(who.house, row) })
  return {
    deleted_customers: gone.length,
    message: `Successfully deleted customers with ids: ${gone.map(({ value }) => value.id).join(', ')}`,
  }
}

/** Blocks or unblocks; blocking somebody who has no row makes one. */
export async function setBlocked(who: Who, customerIds: readonly string[], blocked: boolean): Promise<JsonObject> {
  const rows: JsonObject[] = []
  const action = blocked ? 'blocked' : 'unblocked'
  for (const customerId of new Set(customerIds))
    rows.push(await setOne(who, customerId, { action, edit: (row) => ({ ...row, blocked }) }))
  return { blocked_users: rows }
}

async function setOne(who: Who, customerId: string, edit: Edit): Promise<JsonObject> {
  const { customers } = who.house.store
  const found = await customers.find(customerId)
  if (found) return change(who, found, edit)
  if (edit.action === 'unblocked') throw unknownCustomer(customerId)
  const { view, taken } = await insert(who, edit.edit({ id: customerId, blocked: false }), edit.action)
  if (!taken) return view
  // somebody else made the row just now
  const there = await customers.find(customerId)
  if (!there) throw unknownCustomer(customerId)
  return change(who, there, edit)
}
