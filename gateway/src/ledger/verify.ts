import type { Store } from '../store/store.ts'

/** One figure on which two tellings of the same money disagree. */
export interface Mismatch {
  /** `balance key:…` or `rollup [hour, key, model, provider] spend` */
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

/** Adds the whole ledger up anew and compares it with every balance and every rollup. For quiet moments: it reads every row. */
export async function verify(store: Pick<Store, 'ledger'>): Promise<Verdict> {
  const { ledger, balances, rollups } = await store.ledger.audit()
  const mismatches: Mismatch[] = []
  const compare = (what: string, sum: number, derived: number): void => {
    if (sum !== derived) mismatches.push({ what, ledger: sum, derived })
  }
  for (const bucket of new Set([...ledger.buckets.keys(), ...balances.keys()]))
    compare(`balance ${bucket}`, ledger.buckets.get(bucket) ?? 0, balances.get(bucket) ?? 0)
  for (const name of new Set([...ledger.hours.keys(), ...rollups.keys()])) {
    const sums = figures(ledger.hours.get(name))
    const derived = figures(rollups.get(name))
    for (const figure of new Set([...Object.keys(sums), ...Object.keys(derived)]))
      compare(`rollup ${name} ${figure}`, sums[figure] ?? 0, derived[figure] ?? 0)
  }
  const difference = mismatches.reduce((sum, { ledger, derived }) => sum + Math.abs(ledger - derived), 0)
  return { difference, mismatches }
}

/** The counted members of a rollup; its hour is part of its name. */
function figures(rollup: object | undefined): Readonly<Record<string, number>> {
  const counted = Object.entries(rollup ?? {}).filter(([name, value]) => name !== 'hour' && typeof value === 'number')
  return Object.fromEntries(counted) as Readonly<Record<string, number>>
}
