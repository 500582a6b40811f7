import type { NanoUsd } from 'turnpike-core/internal/kernel/money'
import type { Exchange } from '../vocabulary/exchange.ts'
import type { Principal } from '../vocabulary/principal.ts'

/** Money set aside for one request until it is settled. */
export interface Reservation {
  readonly id: string
  readonly amount: NanoUsd
}

/** What is spent, what is set aside, and the rows that prove it. */
export interface Ledger {
  /** Sets the worst case aside in every budget that applies, all or nothing. Throws `budget-exceeded` naming scope, spend and limit. */
  reserve(principal: Principal, worstCase: NanoUsd): Reservation
  /** Books an exchange that ended: the row, the balances, the reservation returned. Once per exchange id. */
  settle(exchange: Exchange, reservation: Reservation | undefined): void
  /**
   * Spend of a key in its current period, settled exchanges only. Which period that is follows from the key's `budgetDuration`:
   * given, or as last seen on a request; without one, all that the key has ever spent.
   */
  spendOf(keyHash: string, budgetDuration?: string): NanoUsd
  /** Writes everything that is still in memory to the store. */
  flush(): Promise<void>
  close(): Promise<void>
}
