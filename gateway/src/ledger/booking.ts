import { addUsd, type NanoUsd } from 'turnpike-core/internal/kernel/money'
import type { Shared } from '../shared/shared.ts'
import { sharesOf } from '../store/ledger/balances.ts'
import type { LedgerRow } from '../store/ledger/row.ts'
import type { Store } from '../store/store.ts'

/** Puts rows into the store, and tells the budgets what it has now. */
export interface Booking {
  write(rows: readonly LedgerRow[]): Promise<void>
  /** these rows were settled by another process: their money is news to the budgets here */
  adopt(rows: readonly LedgerRow[]): void
}

export function createBooking(store: Pick<Store, 'ledger'>, shared: Pick<Shared, 'written'>): Booking {
  const foreign = new Set<string>()

  return {
    adopt(rows) {
      for (const { id } of rows) foreign.add(id)
    },
    async write(rows) {
      const { balances } = await store.ledger.append(rows)
      const settled = new Map<string, NanoUsd>()
      for (const row of rows) {
        if (foreign.delete(row.id)) continue
        for (const [bucket, amount] of sharesOf(row))
          settled.set(bucket, addUsd(settled.get(bucket) ?? (0 as NanoUsd), amount))
      }
      shared.written(
        [...balances].map(([bucket, balance]) => ({ bucket, balance, amount: settled.get(bucket) ?? (0 as NanoUsd) })),
      )
    },
  }
}
