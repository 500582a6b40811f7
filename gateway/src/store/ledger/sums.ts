import { type RawBuilder, sql } from 'kysely'
import type { NanoUsd } from 'turnpike-core/internal/kernel/money'
import type { Connection, Sql } from '../tables.ts'
import { type EntityKind, type Measures, measures } from './rollups.ts'

/** What sums can be grouped by. */
export type Dimension = 'day' | 'entityId' | 'keyHash' | 'model' | 'modelGroup' | 'provider' | 'endpoint'

/** Which hours to sum up, by what, and which page of the sums. */
export interface SumsQuery {
  /** hours that begin in `[from, to)`, milliseconds since 1970 */
  readonly from: number
  readonly to: number
  /** whose sums; absent: everybody's, each request once */
  readonly entityKind?: EntityKind
  readonly entityIds?: readonly string[]
  readonly excludeEntityIds?: readonly string[]
  readonly keyHash?: string
  readonly model?: string
  readonly modelGroup?: string
  readonly provider?: string
  readonly groupBy: readonly Dimension[]
  /** minutes by which local time is ahead of UTC; a day has the UTC hours that begin in it */
  readonly zoneOffsetMinutes?: number
  /** in the order of `groupBy` unless given; ties are in that order too */
  readonly orderBy?: Dimension | keyof Measures
  readonly descending?: boolean
  readonly limit: number
  readonly offset?: number
}

/** One sum; it has the dimensions that were asked for. */
export interface Sum extends Measures {
  /** days since 1970, in local time */
  readonly day?: number
  readonly entityId?: string
  readonly keyHash?: string
  readonly model?: string
  readonly modelGroup?: string
  readonly provider?: string
  readonly endpoint?: string
}

/** The hourly counts, for charts that must not read the ledger. */
export interface Rollups {
  /** A page of sums and how many there are in all. Memory does not grow with the table. */
  sums(query: SumsQuery): Promise<{ readonly rows: readonly Sum[]; readonly total: number }>
}

export function rollupsOf({ db }: Connection): Rollups {
  return {
    async sums(query) {
      const { limit, offset = 0 } = query
      const grouped = groupedBy(db, query)
      const counted = db.selectFrom(grouped.as('grouped')).select((eb) => eb.fn.countAll<number | string>().as('total'))
      const total = Number((await counted.executeTakeFirstOrThrow()).total)
      if (total <= offset || limit === 0) return { rows: [], total }
      const rows = await ordered(grouped, query).limit(limit).offset(offset).execute()
      return { rows: rows.map((row) => sumOf(row, query.groupBy)), total }
    },
  }
}

function groupedBy(db: Sql, query: SumsQuery) {
  const dimensions = query.groupBy.map((dimension) => expressionOf(dimension, query.zoneOffsetMinutes ?? 0))
  const grouped = matching(db, query).select([
    ...query.groupBy.map((dimension, index) => dimensions[index]!.as(dimension)),
    ...measures.map((measure) => sql<number>`coalesce(sum(${sql.ref(measure)}), 0)`.as(measure)),
  ])
  return dimensions.length === 0 ? grouped : grouped.groupBy(dimensions)
}

function matching(db: Sql, query: SumsQuery) {
  const { entityKind = '', entityIds, excludeEntityIds } = query
  let rows = db.selectFrom('rollups').where('entityKind', '=', entityKind)
  if (entityKind === '') rows = rows.where('entityId', '=', '')
  rows = rows.where('hour', '>=', query.from).where('hour', '<', query.to)
  if (entityIds)
    rows = entityIds.length > 0 ? rows.where('entityId', 'in', [...entityIds]) : rows.where(sql<boolean>`1 = 0`)
  if (excludeEntityIds && excludeEntityIds.length > 0) rows = rows.where('entityId', 'not in', [...excludeEntityIds])
  for (const column of ['keyHash', 'model', 'modelGroup', 'provider'] as const) {
    const value = query[column]
    if (value !== undefined) rows = rows.where(column, '=', value)
  }
  return rows
}

/** Numbers stand in the text: as values, the same expression in `select` and `group by` would be two for Postgres. */
function expressionOf(dimension: Dimension, zoneOffsetMinutes: number): RawBuilder<string | number> {
  if (dimension !== 'day') return sql<string>`${sql.ref(dimension)}`
  return sql<number>`((hour + ${sql.lit(Math.trunc(zoneOffsetMinutes) * 60_000)}) / 86400000)`
}

function ordered(grouped: ReturnType<typeof groupedBy>, { groupBy, orderBy, descending }: SumsQuery) {
  const direction = descending ? 'desc' : 'asc'
  const [first, ...ties] = orderBy === undefined ? groupBy : [orderBy, ...groupBy.filter((name) => name !== orderBy)]
  if (first === undefined) return grouped
  let sorted = grouped.orderBy(sql.ref(first), direction)
  for (const tie of ties) sorted = sorted.orderBy(sql.ref(tie))
  return sorted
}

function sumOf(row: Readonly<Record<string, unknown>>, groupBy: readonly Dimension[]): Sum {
  const counts = Object.fromEntries(measures.map((measure) => [measure, Number(row[measure])]))
  const names = Object.fromEntries(
    groupBy.map((dimension) => [dimension, dimension === 'day' ? Number(row.day) : String(row[dimension])]),
  )
  return { ...names, ...(counts as unknown as Measures), spend: Number(row.spend) as NanoUsd }
}
