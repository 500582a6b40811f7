import type { House } from '../../house.ts'
import type { Aggregate } from '../../store/aggregate.ts'
import type { Sum, SumsQuery } from '../../store/ledger/sums.ts'
import { invalid } from '../shapes.ts'
import type { Days } from './range.ts'

/** Sums that one answer is made of; what needs more says what to narrow. */
export const mostSums = 50_000

type Rest = Omit<SumsQuery, 'from' | 'to' | 'zoneOffsetMinutes' | 'limit'> & { readonly limit?: number }

/** Sums of whole days, with everything that has been settled so far. */
export async function sumsOf(house: House, days: Pick<Days, 'from' | 'to' | 'zone'>, query: Rest) {
  await house.ledger.flush()
  return house.store.rollups.sums({
    limit: mostSums,
    ...query,
    from: days.from,
    to: days.to,
    zoneOffsetMinutes: days.zone,
  })
}

/** All of them: an answer that must be whole is refused rather than cut. */
export async function everySum(
  house: House,
  days: Pick<Days, 'from' | 'to' | 'zone'>,
  query: Rest,
): Promise<readonly Sum[]> {
  const { rows, total } = await sumsOf(house, days, query)
  if (total > rows.length)
    throw invalid('start_date', `${total} figures would be needed, at most ${mostSums} can be: ask for fewer days.`)
  return rows
}

/** Puts sums together under a name, in the order in which the names first come. */
export function groupBy<T>(rows: readonly T[], nameOf: (row: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>()
  for (const row of rows) {
    const group = groups.get(nameOf(row))
    if (group) group.push(row)
    else groups.set(nameOf(row), [row])
  }
  return groups
}

const rowsAtOnce = 500

/** Those of many that exist. */
export async function existing<T>(from: Pick<Aggregate<T>, 'findMany'>, ids: Iterable<string>): Promise<readonly T[]> {
  const all = [...new Set(ids)]
  const found: T[] = []
  for (let at = 0; at < all.length; at += rowsAtOnce)
    for (const { value } of await from.findMany(all.slice(at, at + rowsAtOnce))) found.push(value)
  return found
}
