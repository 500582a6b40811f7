import { addUsd, type NanoUsd, zeroUsd } from 'turnpike-core/internal/kernel/money'
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

/** Sums rows by hour, key, model and provider, under a name made of the four. */
export function sumByHour(rows: Iterable<LedgerRow>, sums = new Map<string, Rollup>()): Map<string, Rollup> {
  const open = new Map<string, Mutable<Rollup>>()
  for (const row of rows) {
    const name = nameOf(rowPlace(row))
    let sum = open.get(name)
    if (!sum) {
      sum = { ...(sums.get(name) ?? emptyAt(row)) }
      open.set(name, sum)
    }
    addRow(sum, row)
  }
  for (const [name, sum] of open) sums.set(name, sum)
  return sums
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }
type Place = Pick<Rollup, 'hour' | 'keyHash' | 'model' | 'provider'>

function rowPlace(row: LedgerRow): Place {
  return {
    hour: row.startedAt - (row.startedAt % hourMs),
    keyHash: row.keyHash,
    model: row.modelGroup ?? row.model,
    provider: row.provider ?? '',
  }
}

function emptyAt(row: LedgerRow): Rollup {
  const nothing = { requests: 0, failures: 0, inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0 }
  return { ...rowPlace(row), ...nothing, spend: zeroUsd }
}

function addRow(sum: Mutable<Rollup>, { usage, outcome, spend }: LedgerRow): void {
  sum.requests++
  if (outcome !== 'answered') sum.failures++
  sum.spend = addUsd(sum.spend, spend)
  if (!usage) return
  sum.inputTokens += usage.input
  sum.outputTokens += usage.output
  sum.cacheReadTokens += usage.cacheRead
  sum.cacheWriteTokens += usage.cacheWrite5m + usage.cacheWrite1h
}

/** Only the model, which comes last, may hold a line break: two places never share a name. */
export function nameOf({ hour, keyHash, model, provider }: Place): string {
  return `${hour}\n${keyHash}\n${provider}\n${model}`
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
