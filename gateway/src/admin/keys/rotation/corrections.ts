import { type NanoUsd, subtractUsd, zeroUsd } from 'turnpike-core/internal/kernel/money'
import { bucketOf } from '../../../admission/scopes.ts'
import type { House } from '../../../house.ts'
import type { LedgerRow } from '../../../store/ledger/row.ts'
import type { VirtualKey } from '../../../vocabulary/principal.ts'
import { effective } from '../../tenants/views.ts'
import { bucketsOf } from './buckets.ts'

/** By how much a bucket is corrected. */
export type Correction = readonly [bucket: string, by: NanoUsd]

/** Corrects balances by rows of the ledger that are booked there and nowhere else; `endpoint` says what corrected them. */
export async function correct(house: House, corrections: readonly Correction[], endpoint: string): Promise<void> {
  const rows = corrections.filter(([, by]) => by !== 0).map((one) => correctionRow(one, endpoint, house.now()))
  if (rows.length === 0) return
  const { balances } = await house.store.ledger.append(rows)
  for (const [bucket, spent] of balances) house.shared.correct(bucket, spent)
}

function correctionRow([bucket, spend]: Correction, endpoint: string, now: number): LedgerRow {
  return {
    id: crypto.randomUUID(),
    endpoint,
    startedAt: now,
    endedAt: now,
    stream: false,
    keyHash: '',
    tags: [],
    model: '',
    incomplete: false,
    spend,
    outcome: 'corrected',
    status: 200,
    attempts: [],
    metadata: {},
    periods: [bucket],
  }
}

/** A move of spend that is half done. */
export interface Move {
  finish(): Promise<void>
  /** takes back what was given */
  undo(): Promise<void>
}

/**
 * Moves what a key has spent to the key that takes its place, in two steps around the change: first the new one is given it, so that its
 * budget is never empty; then it is taken from the old one, with what was settled there meanwhile.
 */
export async function openMove(house: House, from: VirtualKey, to: string): Promise<Move> {
  const terms = await effective(house, from)
  const [old, fresh] = [bucketOf.api_key(from.hash), bucketOf.api_key(to)]
  const pairs = bucketsOf(house, old, terms).map((bucket) => [bucket, fresh + bucket.slice(old.length)] as const)
  const balances = async () => {
    await house.ledger.flush()
    return house.store.balancesOf(pairs.map(([bucket]) => bucket))
  }
  const before = await balances()
  const of = (known: ReadonlyMap<string, NanoUsd>, bucket: string) => known.get(bucket) ?? zeroUsd
  const endpoint = 'key.regenerate'
  const give = pairs.map(([bucket, other]): Correction => [other, of(before, bucket)])
  await correct(house, give, endpoint)
  return {
    undo: () =>
      correct(
        house,
        give.map(([bucket, by]) => [bucket, subtractUsd(zeroUsd, by)]),
        endpoint,
      ),
    async finish() {
      const now = await balances()
      const corrections = pairs.flatMap(([bucket, other]): Correction[] => [
        [bucket, subtractUsd(zeroUsd, of(now, bucket))],
        [other, subtractUsd(of(now, bucket), of(before, bucket))],
      ])
      await correct(house, corrections, endpoint)
    },
  }
}
