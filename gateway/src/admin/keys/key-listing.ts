import { GatewayError } from 'turnpike-core/internal/kernel/faults'
import type { House } from '../../house.ts'
import type { RouteCall } from '../../pipeline/route.ts'
import type { ListQuery, Stored } from '../../store/aggregate.ts'
import type { VirtualKey } from '../../vocabulary/principal.ts'
import type { KeyPage } from '../contract.ts'
import { invalid, keyNotFound, switchQuery, wholeQuery } from '../wire.ts'
import { oneOf } from './field-values.ts'
import { viewKey } from './key-view.ts'
import { hashOfSent } from './keys.ts'

const orders = {
  spend: 'spend',
  max_budget: 'maxBudget',
  created_at: 'createdAt',
  updated_at: 'updatedAt',
  token: 'id',
  key_alias: 'alias',
} as const

const orderNames = Object.keys(orders) as readonly (keyof typeof orders)[]

/** `GET /key/info?key=`, of whichever key for the master, its own for a key. */
export async function keyInfo({ principal, query }: RouteCall, house: House): Promise<Response> {
  const sent = query.get('key') || undefined
  const own = principal.kind === 'key' ? principal.key.hash : undefined
  const asked = sent ?? own
  if (asked === undefined)
    throw keyNotFound('Key not found in database: the master key is no virtual key; name one in ?key=')
  const hash = hashOfSent(asked)
  // the same answer whether the other key exists or not
  if (principal.kind !== 'master' && hash !== own)
    throw new GatewayError('route-denied', 'You are not allowed to access this key: a key may ask for itself only.', {
      kind: 'auth_error',
      param: 'key',
    })
  const stored = await house.store.keys.find(hash)
  if (!stored) throw keyNotFound()
  const { token: _token, ...info } = viewKey(stored, house)
  return Response.json({ key: asked, info })
}

/** `GET /key/list`: a page of hashes, or of whole keys. */
export async function listKeys({ query }: RouteCall, house: House): Promise<Response> {
  if (query.get('status')) throw invalid('status', 'status is not supported yet: deleted keys are not kept.')
  const { rows, page } = await readPage(query, house)
  const whole = switchQuery(query, 'return_full_object', false)
  return Response.json({ keys: rows.map((stored) => (whole ? viewKey(stored, house) : stored.value.hash)), ...page })
}

/** `GET /key/aliases`: a page of the aliases that keys have. */
export async function listAliases({ query }: RouteCall, house: House): Promise<Response> {
  const { rows, page } = await readPage(query, house)
  return Response.json({ aliases: rows.flatMap(({ value }) => value.alias ?? []), ...page })
}

/** `GET /spend/keys`: keys by what they have spent, most first. */
export async function keysBySpend({ query }: RouteCall, house: House): Promise<Response> {
  await house.ledger.flush()
  const limit = wholeQuery(query, 'limit', [1, 100, 1000])
  const rows = await house.store.keys.list({ orderBy: 'spend', descending: true, limit })
  return Response.json(rows.map((stored) => viewKey(stored, house)))
}

async function readPage(
  query: URLSearchParams,
  house: House,
): Promise<{ readonly rows: readonly Stored<VirtualKey>[]; readonly page: Omit<KeyPage, 'keys'> }> {
  const page = wholeQuery(query, 'page', [1, 1, 1_000_000])
  const size = wholeQuery(query, 'size', [1, 10, 100])
  const where = filters(query)
  const total = await house.store.keys.count({ where })
  const rows = await house.store.keys.list({
    where,
    orderBy: orders[oneOf(orderNames)(query.get('sort_by') || 'created_at', 'sort_by')],
    descending: oneOf(['asc', 'desc'])(query.get('sort_order') || 'desc', 'sort_order') === 'desc',
    limit: size,
    offset: (page - 1) * size,
  })
  return { rows, page: { total_count: total, current_page: page, total_pages: Math.ceil(total / size) } }
}

const filterNames = {
  user_id: 'userId',
  team_id: 'teamId',
  organization_id: 'organizationId',
  key_alias: 'alias',
  key_hash: 'id',
} as const

type Where = NonNullable<ListQuery<'userId' | 'teamId' | 'organizationId' | 'alias'>['where']>

function filters(query: URLSearchParams): Where {
  const given = Object.entries(filterNames).flatMap(([name, member]) => {
    const value = query.get(name)
    return value ? [[member, value]] : []
  })
  return Object.fromEntries(given)
}
