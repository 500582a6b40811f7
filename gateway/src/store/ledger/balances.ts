import { CompiledQuery } from 'kysely'
import { addUsd, type NanoUsd, zeroUsd } from 'turnpike-core/internal/kernel/money'
import type { Connection, Sql } from '../tables.ts'
import { putIn, type Target } from './records.ts'
import type { LedgerRow } from './row.ts'

/** Name of the bucket that everything is booked in. */
export const everything = 'all'

/** Name of the bucket with all that a key has ever spent. */
export function keyBucket(keyHash: string): string {
  return `key:${keyHash}`
}

/** A bucket and how much of a row's spend is booked in it. */
export type Share = readonly [bucket: string, amount: NanoUsd]

/**
 * Every bucket that a row is booked in, once, with its amount: a pure function of the row, so that balances can be rebuilt from the
 * ledger. Payers stand in the place of the caller's own bucket of their kind. A correction without a key is booked in the buckets that
 * it names and nowhere else.
 */
export function sharesOf(row: LedgerRow): readonly Share[] {
  let shares = known.get(row)
  if (!shares) known.set(row, (shares = computeShares(row)))
  return shares
}

/** A row never changes, and is asked for its shares when it is settled, booked, and written. */
const known = new WeakMap<LedgerRow, readonly Share[]>()

function computeShares(row: LedgerRow): readonly Share[] {
  const { spend, payers } = row
  if (isBucketCorrection(row)) return [...new Set(row.periods)].map((bucket) => [bucket, spend] as const)
  const shares: Share[] = [[everything, spend]]
  const book = (bucket: string): void => {
    if (payers && kindIsPaid(payers, bucket)) return
    shares.push([bucket, spend])
  }
  for (const bucket of ownBuckets(row)) book(bucket)
  if (row.tags.length > 0) for (const tag of new Set(row.tags)) book(`tag:${tag}`)
  if (row.provider !== undefined) shares.push([`provider:${row.provider}`, spend])
  if (row.deploymentId !== undefined) shares.push([`deployment:${row.deploymentId}`, spend])
  for (const bucket in payers) shares.push([bucket, payers[bucket] ?? zeroUsd])
  for (const bucket of row.periods) {
    if (shares.some(([name]) => name === bucket)) continue
    if (payers && kindIsPaid(payers, bucket)) {
      const share = shareOfPeriod(payers, bucket)
      if (share !== undefined) shares.push([bucket, share])
    } else shares.push([bucket, spend])
  }
  return shares
}

/** Whether a row only moves the balances that it names, such as a reset of a key's spend: what was really spent stays as it is. */
export function isBucketCorrection({ outcome, keyHash }: LedgerRow): boolean {
  return outcome === 'corrected' && keyHash === ''
}

function ownBuckets(row: LedgerRow): readonly string[] {
  const buckets = [keyBucket(row.keyHash)]
  if (row.userId !== undefined) buckets.push(`user:${row.userId}`)
  if (row.teamId !== undefined) {
    buckets.push(`team:${row.teamId}`)
    if (row.userId !== undefined) buckets.push(`team-member:${row.teamId}:${row.userId}`)
  }
  if (row.organizationId !== undefined) buckets.push(`organization:${row.organizationId}`)
  if (row.endUser !== undefined) buckets.push(`end-user:${row.endUser}`)
  return buckets
}

type Payers = Readonly<Record<string, NanoUsd>>

/** Whether somebody is named who pays in the place of a bucket's owner: a payer of the same kind. */
export function kindIsPaid(payers: Payers, bucket: string): boolean {
  const kind = bucket.slice(0, bucket.indexOf(':') + 1)
  if (kind === '') return false
  for (const payer in payers) if (payer.startsWith(kind)) return true
  return false
}

/** The share of the payer that a bucket of a period or a model belongs to: `user:ann:1d:…`, `user:ann/gpt-x:1d:…`. */
function shareOfPeriod(payers: Payers, bucket: string): NanoUsd | undefined {
  let nearest = ''
  for (const payer in payers)
    if (payer.length > nearest.length && bucket.startsWith(payer) && /[:/]/.test(bucket[payer.length] ?? ''))
      nearest = payer
  return payers[nearest]
}

/** Amounts by bucket. */
export type Balances = ReadonlyMap<string, NanoUsd>

/** Sums the spend of rows by bucket. */
export function sumByBucket(rows: Iterable<LedgerRow>, sums = new Map<string, NanoUsd>()): Map<string, NanoUsd> {
  for (const row of rows) {
    if (row.spend === 0 && !row.payers) continue
    for (const [bucket, amount] of sharesOf(row)) sums.set(bucket, addUsd(sums.get(bucket) ?? zeroUsd, amount))
  }
  return sums
}

const balances: Target = {
  table: 'balances',
  columns: { bucket: 'text', spent: 'bigint' },
  key: ['bucket'],
  added: ['spent'],
  returning: ['bucket', 'spent'],
}

/** Adds sums to the balances and returns what these are now. Runs inside the transaction that inserts the rows. */
export async function addToBalances(connection: Connection, sums: Balances): Promise<Balances> {
  const sorted = [...sums].sort(([a], [b]) => (a < b ? -1 : 1))
  return mapOf(await putIn<BalanceRow>(connection, balances, sorted))
}

interface BalanceRow {
  readonly bucket: string
  readonly spent: number
}

function mapOf(rows: readonly BalanceRow[]): Balances {
  return new Map(rows.map(({ bucket, spent }) => [bucket, spent as NanoUsd]))
}

const anyOf = {
  sqlite: 'select bucket, spent from balances where bucket in (select value from json_each(?))',
  postgres: 'select bucket, spent from balances where bucket in (select jsonb_array_elements_text($1::jsonb))',
} as const

/** What is spent in these buckets; those that nothing was booked in are absent. */
export async function readBalances({ db, dialect }: Connection, buckets: readonly string[]): Promise<Balances> {
  if (buckets.length === 0) return new Map()
  const { rows } = await db.executeQuery<BalanceRow>(CompiledQuery.raw(anyOf[dialect], [JSON.stringify(buckets)]))
  return mapOf(rows)
}

/** Balances in the order of their names, after one of them. */
export async function pageOfBalances(db: Sql, after: string, limit: number): Promise<Balances> {
  return mapOf(
    await db.selectFrom('balances').selectAll().where('bucket', '>', after).orderBy('bucket').limit(limit).execute(),
  )
}
