import type { NanoUsd } from 'turnpike-core/internal/kernel/money'
import type { LedgerRow } from './ledger-row.ts'
import type { Run, Sql } from './tables.ts'

/** Name of the bucket that everything is booked in. */
export const everything = 'all'

/** Name of the bucket with all that a key has ever spent. */
export function keyBucket(keyHash: string): string {
  return `key:${keyHash}`
}

/** Every bucket that a row's spend is booked in: a pure function of the row, so balances can be rebuilt from the ledger. */
export function bucketsOf(row: LedgerRow): readonly string[] {
  const buckets = [everything, keyBucket(row.keyHash), ...row.periods]
  if (row.userId !== undefined) buckets.push(`user:${row.userId}`)
  if (row.teamId !== undefined) buckets.push(`team:${row.teamId}`)
  if (row.organizationId !== undefined) buckets.push(`organization:${row.organizationId}`)
  if (row.endUser !== undefined) buckets.push(`end-user:${row.endUser}`)
  for (const tag of new Set(row.tags)) buckets.push(`tag:${tag}`)
  return buckets
}

/** Sums the spend of rows by bucket. */
export function sumByBucket(rows: Iterable<LedgerRow>, sums = new Map<string, NanoUsd>()): Map<string, NanoUsd> {
  for (const row of rows) {
    if (row.spend === 0) continue
    for (const bucket of bucketsOf(row)) sums.set(bucket, ((sums.get(bucket) ?? 0) + row.spend) as NanoUsd)
  }
  return sums
}

/** Adds the rows' spend to their balances. Runs inside the transaction that inserts the rows. */
export function addToBalances(db: Sql, run: Run, rows: readonly LedgerRow[]): void {
  // in one order everywhere: two writers then cannot wait for each other in a circle
  const sums = [...sumByBucket(rows)].sort(([a], [b]) => (a < b ? -1 : 1))
  for (const [bucket, spent] of sums) run(additionOf(db), [bucket, spent])
}

let addition: string | undefined

/** The statement's text, compiled once. */
function additionOf(db: Sql): string {
  addition ??= db
    .insertInto('balances')
    .values({ bucket: '', spent: 0 })
    .onConflict((conflict) =>
      conflict.column('bucket').doUpdateSet((eb) => ({ spent: eb('balances.spent', '+', eb.ref('excluded.spent')) })),
    )
    .compile().sql
  return addition
}

/** All balances by bucket. */
export async function readBalances(db: Sql): Promise<ReadonlyMap<string, NanoUsd>> {
  const rows = await db.selectFrom('balances').selectAll().execute()
  return new Map(rows.map((row) => [row.bucket, row.spent as NanoUsd]))
}
