import { addUsd, type NanoUsd, zeroUsd } from 'turnpike-core/internal/kernel/money'
import type { LedgerRow } from './ledger-row.ts'
import type { Run, Sql } from './tables.ts'

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

/** Adds the rows to their hours. Runs inside the transaction that inserts the rows. */
export function addToRollups(db: Sql, run: Run, rows: readonly LedgerRow[]): void {
  const sums = [...sumByHour(rows)].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, rollup]) => rollup)
  for (const sum of sums)
    run(
      additionOf(db, sum),
      columns.map((column) => sum[column]),
    )
}

const columns = [...dimensions, ...measures]
let addition: string | undefined

/** The statement's text, compiled once. */
function additionOf(db: Sql, any: Rollup): string {
  addition ??= db
    .insertInto('rollups')
    .values(Object.fromEntries(columns.map((column) => [column, any[column]])) as unknown as Rollup)
    .onConflict((conflict) =>
      conflict
        .columns([...dimensions])
        .doUpdateSet((eb) =>
          Object.fromEntries(
            measures.map((measure) => [measure, eb(`rollups.${measure}`, '+', eb.ref(`excluded.${measure}`))]),
          ),
        ),
    )
    .compile().sql
  return addition
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
