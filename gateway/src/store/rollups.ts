import type { NanoUsd } from 'turnpike-core/internal/kernel/money'
import type { LedgerRow } from './ledger-row.ts'
import type { Sql } from './tables.ts'

/** Counts of one UTC hour for one key, model and provider. */
export interface Rollup {
  /** first millisecond of the hour */
  readonly hour: number
  readonly keyHash: string
  /** the model group that answered, else the name that was asked for */
  readonly model: string
  readonly provider: string
  readonly requests: number
  readonly failures: number
  readonly inputTokens: number
  readonly outputTokens: number
  readonly cacheReadTokens: number
  readonly cacheWriteTokens: number
  readonly spend: NanoUsd
}

/** The hourly counts, for charts that must not read the ledger. */
export interface Rollups {
  /** Rollups whose hour lies in `[from, to)`, oldest first. */
  between(from: number, to: number): Promise<readonly Rollup[]>
}

const hourMs = 3_600_000
const dimensions = ['hour', 'keyHash', 'model', 'provider'] as const
const measures = [
  'requests',
  'failures',
  'inputTokens',
  'outputTokens',
  'cacheReadTokens',
  'cacheWriteTokens',
  'spend',
] as const

function rollupOf(row: LedgerRow): Rollup {
  const usage = row.usage
  return {
    hour: row.startedAt - (row.startedAt % hourMs),
    keyHash: row.keyHash,
    model: row.modelGroup ?? row.model,
    provider: row.provider ?? '',
    requests: 1,
    failures: row.outcome === 'answered' ? 0 : 1,
    inputTokens: usage?.input ?? 0,
    outputTokens: usage?.output ?? 0,
    cacheReadTokens: usage?.cacheRead ?? 0,
    cacheWriteTokens: (usage?.cacheWrite5m ?? 0) + (usage?.cacheWrite1h ?? 0),
    spend: row.spend,
  }
}

/** Sums rows by hour, key, model and provider, under a name made of the four. */
export function sumByHour(rows: Iterable<LedgerRow>, sums = new Map<string, Rollup>()): Map<string, Rollup> {
  for (const row of rows) {
    const one = rollupOf(row)
    const name = nameOf(one)
    const sum = sums.get(name)
    sums.set(name, sum ? add(sum, one) : one)
  }
  return sums
}

export function nameOf(rollup: Rollup): string {
  return JSON.stringify(dimensions.map((dimension) => rollup[dimension]))
}

function add(a: Rollup, b: Rollup): Rollup {
  const summed = Object.fromEntries(measures.map((measure) => [measure, a[measure] + b[measure]]))
  return { ...a, ...summed }
}

const chunk = 200

/** Adds the rows to their hours. Runs inside the transaction that inserts the rows. */
export async function addToRollups(trx: Sql, rows: readonly LedgerRow[]): Promise<void> {
  const sums = [...sumByHour(rows)].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, rollup]) => rollup)
  for (let at = 0; at < sums.length; at += chunk)
    await trx
      .insertInto('rollups')
      .values(sums.slice(at, at + chunk))
      .onConflict((conflict) =>
        conflict
          .columns([...dimensions])
          .doUpdateSet((eb) =>
            Object.fromEntries(
              measures.map((measure) => [measure, eb(`rollups.${measure}`, '+', eb.ref(`excluded.${measure}`))]),
            ),
          ),
      )
      .execute()
}

export async function readRollups(db: Sql, from = 0, to = Number.MAX_SAFE_INTEGER): Promise<readonly Rollup[]> {
  const rows = await db
    .selectFrom('rollups')
    .selectAll()
    .where('hour', '>=', from)
    .where('hour', '<', to)
    .orderBy('hour')
    .execute()
  return rows.map((row) => ({ ...row, spend: row.spend as NanoUsd }))
}

export function rollupsOf(db: Sql): Rollups {
  return { between: (from, to) => readRollups(db, from, to) }
}
