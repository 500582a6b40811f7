import type { Json, JsonObject } from 'turnpike-core/internal/kernel/json'
import { z } from 'zod'
import { readsAll } from '../../../access/rights.ts'
import type { House } from '../../../house.ts'
import type { Stored } from '../../../store/aggregate.ts'
import type { VirtualKey } from '../../../vocabulary/principal.ts'
import { forbidden, type Who } from '../../desk.ts'
import { invalid, page, querySwitch, queryWhole } from '../../shapes.ts'
import { unserved } from '../../tenants/fields.ts'
import { iso } from '../../terms.ts'
import { keyNotFound, keyOf, keyOrNotFound } from '../find.ts'
import { keyInfoOf, viewKeys } from '../key-view.ts'
import { mayRead, notYours } from '../rules/rights.ts'
import { type KeyRows, pageOfKeys } from './pages.ts'
import { type Filters, scopesIn } from './scope.ts'

const orders = {
  spend: 'spend',
  max_budget: 'maxBudget',
  created_at: 'createdAt',
  updated_at: 'updatedAt',
  token: 'id',
  key_alias: 'alias',
} as const
const orderNames = ['spend', 'max_budget', 'created_at', 'updated_at', 'token', 'key_alias'] as const

const name = z.string().max(512).optional()

export const listQuery = z.object({
  page,
  size: queryWhole.min(1).max(100).optional(),
  user_id: name,
  team_id: name,
  organization_id: name,
  key_alias: name,
  key_hash: name,
  return_full_object: querySwitch.optional(),
  include_team_keys: querySwitch.optional(),
  include_created_by_keys: querySwitch.optional(),
  substring_matching: querySwitch.optional(),
  sort_by: z.enum(orderNames).optional(),
  sort_order: z.enum(['asc', 'desc']).optional(),
  expand: z.array(z.enum(['user'])).optional(),
  status: z.enum(['deleted']).optional(),
  project_id: unserved('cannot be searched for here; leave it out'),
  agent_id: unserved('cannot be searched for here; leave it out'),
  access_group_id: unserved('cannot be searched for here; leave it out'),
  expires: unserved('cannot be searched for here; leave it out'),
})
export const aliasQuery = z.object({ page, size: queryWhole.min(1).max(100).optional(), search: name, team_id: name })
export const infoQuery = z.object({ key: name })

/** A key of the caller's choice, its own where it names none. */
export async function keyInfo(who: Who, sent: string | undefined): Promise<JsonObject> {
  const { caller } = who
  const asked = sent ?? (caller.kind === 'key' ? caller.key.hash : undefined)
  if (asked === undefined)
    throw keyNotFound('Key not found in database: the caller is no virtual key; name one in ?key=')
  const stored = await keyOrNotFound(who, asked)
  if (!(await mayRead(who, stored.value))) throw notYours()
  return { key: asked, info: await keyInfoOf(who.house, stored) }
}

/** Several keys at once; those that do not exist are left out. */
export async function keyInfos(who: Who, sent: readonly string[]): Promise<JsonObject> {
  const found: { readonly asked: string; readonly info: JsonObject }[] = []
  for (const asked of new Set(sent)) {
    const stored = await keyOf(who, asked)
    if (stored ? !(await mayRead(who, stored.value)) : !readsAll(who.caller)) throw notYours()
    if (stored) found.push({ asked, info: await keyInfoOf(who.house, stored) })
  }
  return { key: found.map(({ asked }) => asked), info: found.map(({ info }) => info) }
}

export type ListQuery = z.infer<typeof listQuery>

/** A page of hashes, or of whole keys. */
export async function listKeys(who: Who, query: ListQuery): Promise<JsonObject> {
  if (query.status === 'deleted') return deletedKeys(who, query)
  const { filters, contains } = matched(query)
  const { rows, page } = await pageOfKeys(who.house, {
    scopes: await scopesIn(who, filters),
    contains,
    orderBy: orders[query.sort_by ?? 'created_at'],
    descending: (query.sort_order ?? 'desc') === 'desc',
    page: query.page ?? 1,
    size: query.size ?? 10,
  })
  return { keys: await shown(who.house, rows, query), ...page }
}

/** What must be equal, and what a part of is enough for. */
function matched(query: ListQuery): {
  readonly filters: Filters
  readonly contains: { readonly alias?: string; readonly id?: string }
} {
  const { key_alias: alias, key_hash: hash, ...filters } = query
  if (!query.substring_matching) return { filters: query, contains: {} }
  return { filters, contains: { ...(alias !== undefined && { alias }), ...(hash !== undefined && { id: hash }) } }
}

async function shown(house: House, rows: readonly Stored<VirtualKey>[], query: ListQuery): Promise<readonly Json[]> {
  if (!query.return_full_object) return rows.map(({ value }) => value.hash)
  const views: readonly JsonObject[] = await viewKeys(house, rows)
  if (!query.expand) return views
  const users = await house.store.users.findMany([...new Set(rows.flatMap(({ value }) => value.userId ?? []))])
  const byId = new Map(
    users.map(({ value: { id, email, alias, role } }) => [
      id,
      { user_id: id, user_email: email ?? null, user_alias: alias ?? null, user_role: role },
    ]),
  )
  return views.map((view) => ({ ...view, user: byId.get(String(view.user_id)) ?? null }))
}

const beyondDeleted = ['user_id', 'team_id', 'organization_id', 'key_alias', 'sort_by'] as const

/** Keys as they were when they were deleted, the last one first. */
async function deletedKeys(who: Who, query: ListQuery): Promise<JsonObject> {
  if (!readsAll(who.caller)) throw forbidden('Only a proxy admin may list deleted keys.', 'status')
  const refused = beyondDeleted.find((one) => query[one] !== undefined)
  if (refused !== undefined) throw invalid(refused, `Deleted keys cannot be searched by ${refused}; leave it out.`)
  const where = { kind: 'key', ...(query.key_hash !== undefined && { objectId: query.key_hash }) }
  const { deleted } = who.house.store
  const [number, limit] = [query.page ?? 1, query.size ?? 10]
  const descending = (query.sort_order ?? 'desc') === 'desc'
  const rows = await deleted.list({ where, orderBy: 'createdAt', descending, limit, offset: (number - 1) * limit })
  const total = await deleted.count({ where })
  const keys = rows.map(({ value, createdAt, createdBy }) =>
    query.return_full_object
      ? { id: value.id, ...value.was, deleted_at: iso(createdAt), deleted_by: createdBy }
      : value.objectId,
  )
  return { keys, total_count: total, current_page: number, total_pages: Math.ceil(total / limit) }
}

/** A page of the aliases that keys have. */
export async function listAliases(who: Who, query: z.infer<typeof aliasQuery>): Promise<JsonObject> {
  const { rows, page }: KeyRows = await pageOfKeys(who.house, {
    scopes: await scopesIn(who, { team_id: query.team_id, include_team_keys: !readsAll(who.caller) }),
    // every alias has this in it, and what is no alias has not
    contains: { alias: query.search ?? '' },
    orderBy: 'createdAt',
    descending: true,
    page: query.page ?? 1,
    size: query.size ?? 50,
  })
  return { aliases: rows.flatMap(({ value }) => value.alias ?? []), ...page }
}
