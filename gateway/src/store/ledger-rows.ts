import { sql } from 'kysely'
import type { NanoUsd } from 'turnpike-core/internal/kernel/money'
import { addToBalances, readBalances, sumByBucket } from './balances.ts'
import { decode, encode, type LedgerRow } from './ledger-row.ts'
import { addToRollups, nameOf, type Rollup, readRollups, sumByHour } from './rollups.ts'
import type { LedgerRecord, Run, Sql } from './tables.ts'

/** Which rows to read. Times are of the start, `[from, to)`. */
export interface LedgerQuery {
  readonly id?: string
  readonly keyHash?: string
  readonly userId?: string
  readonly from?: number
  readonly to?: number
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

/** The three tellings of the same money, read at one moment. */
export interface Audit {
  readonly ledger: { readonly buckets: ReadonlyMap<string, NanoUsd>; readonly hours: ReadonlyMap<string, Rollup> }
  readonly balances: ReadonlyMap<string, NanoUsd>
  readonly rollups: ReadonlyMap<string, Rollup>
}

/** The append-only ledger. */
export interface LedgerRows {
  /** Books rows with their balances and rollups in one transaction, each id once ever; returns the ids that were new. */
  append(rows: readonly LedgerRow[]): Promise<ReadonlySet<string>>
  /** Rows, newest first. */
  find(query: LedgerQuery, limit: number): Promise<readonly LedgerRow[]>
  daily(query: LedgerQuery): Promise<readonly DailySpend[]>
  audit(): Promise<Audit>
}

const page = 5000

export function ledgerRowsOf(db: Sql, run: Run): LedgerRows {
  let text: string | undefined

  // compiled once, and run past the query layer: a row is written for every request, and this is the store's one hot statement
  function book(record: LedgerRecord): boolean {
    text ??= db
      .insertInto('ledger')
      .values(record)
      .onConflict((conflict) => conflict.column('id').doNothing())
      .compile().sql
    return run(text, Object.values(record))
  }

  return {
    append: (rows) =>
      db.transaction().execute(async () => {
        const fresh = rows.filter((row) => book(encode(row)))
        addToBalances(db, run, fresh)
        addToRollups(db, run, fresh)
        return new Set(fresh.map(({ id }) => id))
      }),
    async find(query, limit) {
      const rows = await matching(db, query)
        .selectAll()
        .orderBy('startedAt', 'desc')
        .orderBy('id')
        .limit(limit)
        .execute()
      return rows.map(decode)
    },
    daily: (query) => daily(db, query),
    audit: () => db.transaction().execute(audit),
  }
}

function matching(db: Sql, query: LedgerQuery) {
  let rows = db.selectFrom('ledger')
  if (query.id !== undefined) rows = rows.where('id', '=', query.id)
  if (query.keyHash !== undefined) rows = rows.where('keyHash', '=', query.keyHash)
  if (query.userId !== undefined) rows = rows.where('userId', '=', query.userId)
  if (query.from !== undefined) rows = rows.where('startedAt', '>=', query.from)
  if (query.to !== undefined) rows = rows.where('startedAt', '<', query.to)
  return rows
}

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

async function audit(trx: Sql): Promise<Audit> {
  const buckets = new Map<string, NanoUsd>()
  const hours = new Map<string, Rollup>()
  for (let last = ''; ; ) {
    const records = await trx
      .selectFrom('ledger')
      .selectAll()
      .where('id', '>', last)
      .orderBy('id')
      .limit(page)
      .execute()
    const rows = records.map(decode)
    sumByBucket(rows, buckets)
    sumByHour(rows, hours)
    if (records.length < page) break
    last = records.at(-1)!.id
  }
  const rollups = await readRollups(trx)
  return {
    ledger: { buckets, hours },
    balances: await readBalances(trx),
    rollups: new Map(rollups.map((rollup) => [nameOf(rollup), rollup])),
  }
}
