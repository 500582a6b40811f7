import { sql } from 'kysely'
import type { Connection, Sql } from '../tables.ts'
import { addToBalances, type Balances, pageOfBalances, sumByBucket } from './balances.ts'
import { addToRollups, type Rollup, rollupsBetween, sumByHour } from './rollups.ts'
import { decode, type LedgerRow } from './row.ts'

/** Where a page of the ledger ended. */
export type PageEnd = Pick<LedgerRow, 'startedAt' | 'id'>

/** The three tellings of the same money, in pages. */
export interface LedgerPages {
  /** rows by the moment they began, after one of them */
  rows(after: PageEnd | undefined, limit: number): Promise<readonly LedgerRow[]>
  /** balances by name, after one of them */
  balances(after: string, limit: number): Promise<Balances>
  /** rollups of the hours in `[from, to)` */
  rollups(from: number, to: number): Promise<readonly Rollup[]>
}

export function pagesOf(db: Sql): LedgerPages {
  return {
    rows: (after, limit) => rowsByTime(db, after, limit),
    balances: (after, limit) => pageOfBalances(db, after, limit),
    rollups: (from, to) => rollupsBetween(db, from, to),
  }
}

async function rowsByTime(db: Sql, after: PageEnd | undefined, limit: number): Promise<readonly LedgerRow[]> {
  let rows = db.selectFrom('ledger').selectAll()
  if (after) rows = rows.where((eb) => eb(eb.refTuple('startedAt', 'id'), '>', eb.tuple(after.startedAt, after.id)))
  return (await rows.orderBy('startedAt').orderBy('id').limit(limit).execute()).map(decode)
}

const rowsAtOnce = 2000

/** Every row of the ledger, by the moment it began, a page at a time. */
export async function* everyPage(pages: Pick<LedgerPages, 'rows'>): AsyncGenerator<readonly LedgerRow[]> {
  for (let after: PageEnd | undefined; ; ) {
    const rows = await pages.rows(after, rowsAtOnce)
    if (rows.length > 0) yield rows
    if (rows.length < rowsAtOnce) return
    after = rows.at(-1)
  }
}

/** Computes balances and rollups anew from the ledger within a transaction; the number of rows. */
export async function rebuild(connection: Connection): Promise<number> {
  const { db, dialect } = connection
  // whoever appends takes the ledger first and waits here, before holding any balance
  if (dialect === 'postgres') await sql`lock table ledger in share row exclusive mode`.execute(db)
  await db.deleteFrom('balances').execute()
  await db.deleteFrom('rollups').execute()
  let count = 0
  for await (const rows of everyPage(pagesOf(db))) {
    await addToBalances(connection, sumByBucket(rows))
    await addToRollups(connection, sumByHour(rows))
    count += rows.length
  }
  return count
}
