import type { NanoUsd } from 'turnpike-core/internal/kernel/money'
import { sumByBucket } from '../store/ledger/balances.ts'
import { everyPage, type LedgerPages } from '../store/ledger/pages.ts'
import { type HourSums, hourMs, measures, nameOf, type Rollup, sumByHour } from '../store/ledger/rollups.ts'
import type { Store } from '../store/store.ts'

/** One figure on which two tellings of the same money disagree. */
export interface Mismatch {
  /** `balance key:…` or `rollup 2026-11-22T12:00:00.000Z [entity, key, model, group, provider, endpoint] spend` */
  readonly what: string
  readonly ledger: number
  readonly derived: number
}

/** Σ ledger against balances and rollups. */
export interface Verdict {
  /** sum of the absolute differences, of money and counts alike; 0 when all agree */
  readonly difference: number
  readonly mismatches: readonly Mismatch[]
}

type Compare = (what: string, ledger: number, derived: number) => void

/** Adds the whole ledger up anew, as it is at one moment, and compares it with every balance and every rollup. Reads every row. */
export async function verify(store: { readonly ledger: Pick<Store['ledger'], 'snapshot'> }): Promise<Verdict> {
  const mismatches: Mismatch[] = []
  const compare: Compare = (what, ledger, derived) => {
    if (ledger !== derived) mismatches.push({ what, ledger, derived })
  }
  await store.ledger.snapshot(async (pages) => {
    const buckets = await walk(pages, compare)
    await compareBalances(pages, buckets, compare)
  })
  const difference = mismatches.reduce((sum, { ledger, derived }) => sum + Math.abs(ledger - derived), 0)
  return { difference, mismatches }
}

/** Reads the ledger in the order of time, so that only hours that are not over need to be kept; the sums by bucket. */
async function walk(pages: LedgerPages, compare: Compare): Promise<Map<string, NanoUsd>> {
  const buckets = new Map<string, NanoUsd>()
  const hours: HourSums = new Map()
  let from = Number.MIN_SAFE_INTEGER
  for await (const rows of everyPage(pages)) {
    sumByBucket(rows, buckets)
    sumByHour(rows, hours)
    const last = rows.at(-1)?.startedAt ?? 0
    const open = last - (last % hourMs)
    compareRollups(await pages.rollups(from, open), takeBefore(hours, open), compare)
    from = open
  }
  compareRollups(await pages.rollups(from, Number.MAX_SAFE_INTEGER), hours, compare)
  return buckets
}

function takeBefore(hours: HourSums, time: number): HourSums {
  const taken: HourSums = new Map([...hours].filter(([, { hour }]) => hour < time))
  for (const name of taken.keys()) hours.delete(name)
  return taken
}

function compareRollups(rollups: readonly Rollup[], sums: HourSums, compare: Compare): void {
  const derived = new Map(rollups.map((rollup) => [nameOf(rollup), rollup]))
  for (const name of new Set([...sums.keys(), ...derived.keys()])) {
    const place = sums.get(name) ?? derived.get(name)
    for (const measure of measures)
      compare(
        `rollup ${place ? placeOf(place) : name} ${measure}`,
        sums.get(name)?.[measure] ?? 0,
        derived.get(name)?.[measure] ?? 0,
      )
  }
}

function placeOf({ hour, entityKind, entityId, keyHash, model, modelGroup, provider, endpoint }: Rollup): string {
  const entity = entityKind === '' ? 'everybody' : `${entityKind}:${entityId}`
  return `${new Date(hour).toISOString()} [${[entity, keyHash, model, modelGroup, provider, endpoint].join(', ')}]`
}

const balancesAtOnce = 5000

async function compareBalances(pages: LedgerPages, buckets: Map<string, NanoUsd>, compare: Compare): Promise<void> {
  for (let after = ''; ; ) {
    const balances = await pages.balances(after, balancesAtOnce)
    for (const [bucket, spent] of balances) {
      compare(`balance ${bucket}`, buckets.get(bucket) ?? 0, spent)
      buckets.delete(bucket)
      after = bucket
    }
    if (balances.size < balancesAtOnce) break
  }
  for (const [bucket, sum] of buckets) compare(`balance ${bucket}`, sum, 0)
}

/** Computes balances and rollups anew from the ledger; how many rows there were. Whoever books meanwhile waits. */
export function rebuild(store: { readonly ledger: Pick<Store['ledger'], 'rebuild'> }): Promise<number> {
  return store.ledger.rebuild()
}
