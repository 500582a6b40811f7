import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import { addUsd, type NanoUsd, subtractUsd, zeroUsd } from 'turnpike-core/internal/kernel/money'
import type { Cost } from 'turnpike-core/internal/models/cost'
import { splitCost } from 'turnpike-core/internal/models/split'
import type { LedgerRow } from '../store/ledger/row.ts'
import type { LedgerRows } from '../store/ledger/rows.ts'

/** What repricing did. */
export interface Repriced {
  /** rows whose price was unknown when they were booked */
  readonly unpriced: number
  /** of these, rows that were corrected now */
  readonly corrected: number
  /** by how much what is booked has grown */
  readonly added: NanoUsd
}

/** The price of a row's usage, and its cost; undefined where it is still unknown. */
export type PriceRow = (row: LedgerRow) => Cost | undefined

const rowsAtOnce = 500

/**
 * Prices what was booked without a price: for each such row a correction is appended with what is missing, under the same owners and
 * in the same periods. The row itself stays as it is. A price of one version is applied once, however often this runs.
 */
export async function reprice(
  ledger: Pick<LedgerRows, 'unpriced' | 'corrections' | 'append'>,
  price: PriceRow,
): Promise<Repriced> {
  let [unpriced, corrected, added] = [0, 0, 0]
  for (let after = ''; ; ) {
    const rows = await ledger.unpriced(after, rowsAtOnce)
    const corrections = await correctionsOf(ledger, rows, price)
    const { fresh } = await ledger.append(corrections)
    for (const { id, spend } of corrections) if (fresh.has(id)) added += spend
    unpriced += rows.length
    corrected += fresh.size
    if (rows.length < rowsAtOnce) return { unpriced, corrected, added: added as NanoUsd }
    after = rows.at(-1)?.id ?? ''
  }
}

async function correctionsOf(
  ledger: Pick<LedgerRows, 'corrections'>,
  rows: readonly LedgerRow[],
  price: PriceRow,
): Promise<readonly LedgerRow[]> {
  const priced = rows.flatMap((row) => {
    const cost = price(row)
    return cost ? [{ row, cost }] : []
  })
  const earlier = new Map<string, LedgerRow[]>()
  for (const correction of await ledger.corrections(priced.map(({ row }) => row.startedAt))) {
    const [id] = correction.id.split(mark, 1)
    if (id === undefined || id === correction.id) continue
    earlier.set(id, [...(earlier.get(id) ?? []), correction])
  }
  return priced.flatMap(({ row, cost }) => {
    const before = earlier.get(row.id) ?? []
    if (before.some(({ id }) => id === `${row.id}${mark}${cost.version}`)) return []
    return [correctionOf(row, cost, before)]
  })
}

const mark = ':reprice:'

/** What is missing from a row and its earlier corrections to its cost. */
function correctionOf(row: LedgerRow, cost: Cost, earlier: readonly LedgerRow[]): LedgerRow {
  const booked = earlier.reduce((sum, { spend }) => addUsd(sum, spend), row.spend)
  const spend = subtractUsd(cost.total, booked)
  return {
    ...row,
    id: `${row.id}${mark}${cost.version}`,
    usage: undefined,
    cost: cost.total,
    incomplete: cost.incomplete,
    spend,
    payers: row.payers && sharesLike(row, spend),
    priceVersion: cost.version,
    rates: cost.rates as unknown as JsonObject,
    outcome: 'corrected',
    errorCode: undefined,
    attempts: [],
    metadata: {},
  }
}

/**
 * Shares the amount as the row was shared. A row that cost nothing does not say how: then as the caller's own words do that are kept
 * with it, else in equal parts.
 */
function sharesLike({ payers = {}, metadata }: LedgerRow, amount: NanoUsd): Readonly<Record<string, NanoUsd>> {
  const shares: Record<string, NanoUsd> = {}
  const kindOf = (bucket: string) => bucket.slice(0, bucket.indexOf(':'))
  for (const kind of new Set(Object.keys(payers).map(kindOf))) {
    const names = Object.keys(payers).filter((bucket) => kindOf(bucket) === kind)
    const told = metadata.cost_split as JsonObject | undefined
    const weights = [names.map((name) => payers[name] ?? zeroUsd), names.map((name) => Number(told?.[name] ?? 0))]
    Object.assign(shares, splitCost(amount, inParts(names, weights)))
  }
  return shares
}

/** The first weights that say anything, in parts of one. */
function inParts(names: readonly string[], weights: readonly (readonly number[])[]): Readonly<Record<string, number>> {
  const usable = weights.find((list) => list.every((weight) => weight >= 0) && list.some((weight) => weight > 0))
  const chosen = usable ?? names.map(() => 1)
  const sum = chosen.reduce((so, weight) => so + weight, 0)
  return Object.fromEntries(names.map((name, index) => [name, (chosen[index] ?? 0) / sum]))
}
