import { sql } from 'kysely'
import type { NanoUsd } from 'turnpike-core/internal/kernel/money'
import { retried } from '../connections/retried.ts'
import type { Connection, Sql } from '../tables.ts'
import type { Balances } from './balances.ts'
import { type Booked, book } from './booking.ts'
import { type LedgerPages, pagesOf, rebuild } from './pages.ts'
import { decode, type LedgerRow } from './row.ts'

/** Which rows to read. Times are of the start, `[from, to)`. */
export interface LedgerQuery {
  readonly id?: string
  readonly keyHash?: string
  readonly userId?: string
  readonly teamId?: string
  readonly organizationId?: string
  readonly endUser?: string
  /** the model group that answered, or the name that was asked for */
  readonly model?: string
  readonly provider?: string
  readonly deploymentId?: string
  readonly outcome?: LedgerRow['outcome']
  /** any of them */
  readonly outcomes?: readonly LedgerRow['outcome'][]
  readonly errorCode?: string
  /** `[minSpend, maxSpend]` */
  readonly minSpend?: NanoUsd
  readonly maxSpend?: NanoUsd
  readonly from?: number
  readonly to?: number
}

/** What rows can be put in order by. */
export type LedgerOrder = 'startedAt' | 'endedAt' | 'spend' | 'model'

/** Which of the rows that match, and in which order; newest first where nothing is said. */
export interface LedgerPage {
  readonly limit: number
  readonly offset?: number
  readonly orderBy?: LedgerOrder
  readonly ascending?: boolean
}

/** Spend of one UTC day by key, user and model. */
export interface DailySpend {
  /** days since 1970 */
  readonly day: number
  readonly keyHash: string
  readonly userId?: string
  readonly model: string
  readonly spend: NanoUsd
}

/** The append-only ledger. */
export interface LedgerRows {
  /** Books rows with their balances and rollups in one transaction, each id once ever. */
  append(rows: readonly LedgerRow[]): Promise<Booked>
  /** Rows, newest first. */
  find(query: LedgerQuery, limit: number, offset?: number): Promise<readonly LedgerRow[]>
  page(query: LedgerQuery, page: LedgerPage): Promise<readonly LedgerRow[]>
  count(query: LedgerQuery): Promise<number>
  daily(query: LedgerQuery): Promise<readonly DailySpend[]>
  /** Rows whose usage is known and whose price was not, by id, after one of them. */
  unpriced(after: string, limit: number): Promise<readonly LedgerRow[]>
  /** Corrections of rows that began at these moments: a correction begins when the row that it corrects began. */
  corrections(startedAt: readonly number[]): Promise<readonly LedgerRow[]>
  /** Reads ledger, balances and rollups as they were at one moment, in pages. */
  snapshot<T>(read: (pages: LedgerPages) => Promise<T>): Promise<T>
  /** Computes balances and rollups anew from the ledger, in one transaction; appends wait meanwhile. How many rows there were. */
  rebuild(): Promise<number>
}

export function ledgerRowsOf(connection: Connection): LedgerRows {
  const { db, dialect } = connection
  return {
    append: async (rows) =>
      rows.length === 0
        ? nothingBooked
        : retried(() => db.transaction().execute((trx) => book({ ...connection, db: trx }, rows))),
    find: (query, limit, offset = 0) => pageOf(db, query, { limit, offset }),
    page: (query, page) => pageOf(db, query, page),
    async count(query) {
      const counted = matching(db, query).select((eb) => eb.fn.countAll<number | string>().as('rows'))
      return Number((await counted.executeTakeFirstOrThrow()).rows)
    },
    daily: (query) => daily(db, query),
    unpriced: (after, limit) => unpriced(db, after, limit),
    corrections: (startedAt) => corrections(db, startedAt),
    snapshot: (read) =>
      (dialect === 'postgres'
        ? db.transaction().setIsolationLevel('repeatable read').setAccessMode('read only')
        : db.transaction().setAccessMode('read only')
      ).execute((trx) => read(pagesOf(trx))),
    rebuild: () => db.transaction().execute((trx) => rebuild({ ...connection, db: trx })),
  }
}

const nothingBooked: Booked = { fresh: new Set<string>(), balances: new Map() satisfies Balances }

async function pageOf(db: Sql, query: LedgerQuery, page: LedgerPage): Promise<readonly LedgerRow[]> {
  const { limit, offset = 0, orderBy = 'startedAt', ascending = false } = page
  const rows = matching(db, query)
    .selectAll()
    .orderBy(orderBy, ascending ? 'asc' : 'desc')
    .orderBy('id')
    .limit(limit)
    .offset(offset)
  return (await rows.execute()).map(decode)
}

function matching(db: Sql, query: LedgerQuery) {
  const { model, from, to, outcomes, minSpend, maxSpend, ...exact } = query
  let rows = db.selectFrom('ledger')
  for (const column of exactColumns) {
    const value = exact[column]
    if (value !== undefined) rows = rows.where(column, '=', value)
  }
  if (model !== undefined) rows = rows.where((eb) => eb(eb.fn.coalesce('modelGroup', 'model'), '=', model))
  if (outcomes !== undefined) rows = rows.where('outcome', 'in', [...outcomes])
  if (minSpend !== undefined) rows = rows.where('spend', '>=', minSpend)
  if (maxSpend !== undefined) rows = rows.where('spend', '<=', maxSpend)
  if (from !== undefined) rows = rows.where('startedAt', '>=', from)
  if (to !== undefined) rows = rows.where('startedAt', '<', to)
  return rows
}

const exactColumns = [
  'id',
  'keyHash',
  'userId',
  'teamId',
  'organizationId',
  'endUser',
  'provider',
  'deploymentId',
  'outcome',
  'errorCode',
] as const satisfies readonly (keyof LedgerQuery)[]

async function daily(db: Sql, query: LedgerQuery): Promise<readonly DailySpend[]> {
  const day = sql<number>`started_at / 86400000`
  const rows = await matching(db, query)
    .select((eb) => [day.as('day'), 'keyHash', 'userId', 'model', eb.fn.sum<number | string>('spend').as('spend')])
    .groupBy([day, 'keyHash', 'userId', 'model'])
    .orderBy(day)
    .execute()
  return rows.map(({ userId, spend, ...row }) => ({
    ...row,
    ...(userId !== null && { userId }),
    spend: Number(spend) as NanoUsd,
  }))
}

async function unpriced(db: Sql, after: string, limit: number): Promise<readonly LedgerRow[]> {
  const rows = await db
    .selectFrom('ledger')
    .selectAll()
    .where('cost', 'is', null)
    .where('usageSource', 'is not', null)
    .where('id', '>', after)
    .orderBy('id')
    .limit(limit)
    .execute()
  return rows.map(decode)
}

async function corrections(db: Sql, startedAt: readonly number[]): Promise<readonly LedgerRow[]> {
  if (startedAt.length === 0) return []
  const rows = await db
    .selectFrom('ledger')
    .selectAll()
    .where('startedAt', 'in', [...new Set(startedAt)])
    .where('outcome', '=', 'corrected')
    .execute()
  return rows.map(decode)
}
