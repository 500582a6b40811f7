import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import { asNumber } from 'turnpike-core/internal/kernel/json'
import { type NanoUsd, nanoUsd } from 'turnpike-core/internal/kernel/money'
import type { LedgerRow } from '../store/ledger/row.ts'
import { periodAt, readDuration } from '../vocabulary/period.ts'
import { moment, text } from './columns.ts'
import type { Move } from './move.ts'

/** What somebody has spent in LiteLLM, as its counter says. */
export interface Spent {
  /** the bucket of all that they ever spend */
  readonly bucket: string
  readonly amount: NanoUsd
  /** the duration of the budget that the counter is for, and when LiteLLM would have set it to 0 */
  readonly duration?: string | undefined
  readonly resetAt?: number | undefined
}

/** The spend of a row. `budgets` are what its budget may come from, the nearest first: the row itself, the budget it refers to. */
export function spentOf(
  bucket: string,
  row: JsonObject,
  budgets: readonly (JsonObject | undefined)[],
): Spent | undefined {
  const amount = nanoUsd(Math.max(asNumber(row.spend) ?? 0, 0))
  if (amount === 0 || !Number.isSafeInteger(amount)) return undefined
  const budget = budgets.find((one) => one && text(one, 'budget_duration') !== undefined)
  if (!budget) return { bucket, amount }
  return { bucket, amount, duration: text(budget, 'budget_duration'), resetAt: moment(budget, 'budget_reset_at') }
}

const idOf = ({ bucket }: Spent) => `import:litellm:${bucket}`

/** Books what was spent, each owner once ever. */
export async function bookSpend(move: Move, spent: readonly Spent[]): Promise<void> {
  if (spent.length === 0) return
  const { ledger } = move.store
  const tally = move.tally('spend totals')
  tally.add({ found: spent.length })
  if (!move.apply) {
    let there = 0
    for (const one of spent) if ((await ledger.count({ id: idOf(one) })) > 0) there++
    return tally.add({ there, imported: spent.length - there })
  }
  const { fresh } = await ledger.append(spent.map((one) => rowOf(move, one)))
  tally.add({ imported: fresh.size, there: spent.length - fresh.size })
}

/** A correction that is booked in the buckets that it names and nowhere else: no request was made here. */
function rowOf(move: Move, one: Spent): LedgerRow {
  return {
    id: idOf(one),
    endpoint: 'import.litellm',
    startedAt: move.now,
    endedAt: move.now,
    stream: false,
    keyHash: '',
    tags: [],
    model: '',
    incomplete: false,
    spend: one.amount,
    outcome: 'corrected',
    status: 200,
    attempts: [],
    metadata: {},
    periods: bucketsOf(move, one),
  }
}

/** All that was ever spent, and the running period's budget, unless LiteLLM's own would be over by now. */
function bucketsOf({ now, clock }: Move, { bucket, duration, resetAt }: Spent): readonly string[] {
  const length = duration === undefined ? undefined : readDuration(duration)
  if (!length || (resetAt !== undefined && resetAt <= now)) return [bucket]
  return [bucket, `${bucket}:${duration}:${periodAt(length, now, clock).name}`]
}
