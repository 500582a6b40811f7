import { bucketOf } from '../../../admission/scopes.ts'
import type { House } from '../../../house.ts'
import type { ListQuery, Stored } from '../../../store/aggregate.ts'
import type { VirtualKey } from '../../../vocabulary/principal.ts'
import { invalid } from '../../shapes.ts'

type KeyQuery = ListQuery<'userId' | 'teamId' | 'organizationId' | 'alias' | 'maxBudget'>
type Where = NonNullable<KeyQuery['where']>
type Row = Stored<VirtualKey>

/** A page of the keys that any of these scopes has. */
export interface PageQuery {
  readonly scopes: readonly [Where, ...Where[]]
  readonly contains: NonNullable<KeyQuery['contains']>
  readonly orderBy: 'id' | 'spend' | 'createdAt' | 'updatedAt' | 'alias' | 'maxBudget'
  readonly descending: boolean
  readonly page: number
  readonly size: number
}

export interface KeyRows {
  readonly rows: readonly Row[]
  readonly page: { readonly total_count: number; readonly current_page: number; readonly total_pages: number }
}

/** The store pages one scope by itself; of two, the beginnings are merged. */
export async function pageOfKeys(house: House, query: PageQuery): Promise<KeyRows> {
  const { scopes, contains, orderBy, descending, page, size } = query
  const offset = (page - 1) * size
  const [first, second] = scopes
  const total = await countOf(house, scopes, contains)
  const list = (where: Where, limit: number, from: number) =>
    house.store.keys.list({ where, contains, orderBy, descending, limit, offset: from })
  const rows =
    second === undefined
      ? await list(first, size, offset)
      : (
          await merged(
            house,
            query,
            await Promise.all([first, second].map((where) => list(where, reach(offset + size), 0))),
          )
        ).slice(offset, offset + size)
  return { rows, page: { total_count: total, current_page: page, total_pages: Math.ceil(total / size) } }
}

/** Keys up to the end of a page of two scopes that are read for it. */
function reach(end: number): number {
  if (end <= 10_000) return end
  throw invalid('page', 'With include_team_keys only the first 10,000 keys can be paged through: name a team_id.')
}

/** What two scopes have in common is counted once: one names a user, the other teams. */
async function countOf(
  { store }: House,
  [first, second]: PageQuery['scopes'],
  contains: PageQuery['contains'],
): Promise<number> {
  const count = (where: Where) => store.keys.count({ where, contains })
  if (second === undefined) return count(first)
  const [a, b, both] = await Promise.all([count(first), count(second), count({ ...first, ...second })])
  return a + b - both
}

async function merged(
  house: House,
  { orderBy, descending }: PageQuery,
  lists: readonly (readonly Row[])[],
): Promise<readonly Row[]> {
  const byHash = new Map(lists.flat().map((row) => [row.value.hash, row]))
  const rows = [...byHash.values()]
  const buckets = orderBy === 'spend' ? rows.map(({ value }) => bucketOf.api_key(value.hash)) : []
  const spent = await house.store.balancesOf(buckets)
  const rankOf = ({ value, ...stored }: Row): string | number | undefined =>
    orderBy === 'id'
      ? value.hash
      : orderBy === 'spend'
        ? (spent.get(bucketOf.api_key(value.hash)) ?? 0)
        : orderBy === 'createdAt' || orderBy === 'updatedAt'
          ? stored[orderBy]
          : value[orderBy]
  return rows.sort(
    (a, b) => inOrder(rankOf(a), rankOf(b)) * (descending ? -1 : 1) || inOrder(a.value.hash, b.value.hash),
  )
}

/** As the store orders: nothing is less than anything. */
function inOrder(a: string | number | undefined, b: string | number | undefined): number {
  if (a === b) return 0
  if (a === undefined || b === undefined) return a === undefined ? -1 : 1
  return a < b ? -1 : 1
}
