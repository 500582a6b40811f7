import { addUsd, subtractUsd } from 'turnpike-core/internal/kernel/money'
import type { LedgerRow } from '../store/ledger-row.ts'
import type { Store } from '../store/store.ts'
import { type Account, createAccounts, spentIn } from './accounts.ts'
import { createBudgets } from './budgets.ts'
import type { Ledger } from './ledger.ts'
import { createRecent } from './recent.ts'
import { rowOf } from './row.ts'
import { BatchWriter } from './writer.ts'

export interface LedgerPorts {
  readonly store: Pick<Store, 'ledger' | 'balanceOf'>
  readonly now: () => number
  /** hears of every failed write, no more often than the back-off allows; the rows are kept and tried again */
  readonly onError: (error: unknown, rowsWaiting: number) => void
  readonly flushMs?: number
  readonly flushRows?: number
}

/** A row on its way to the store, with the accounts that it was booked in. */
interface Booking {
  readonly row: LedgerRow
  readonly accounts: readonly Account[]
}

/** The ledger of one process: balances and reservations in memory, rows written behind. */
export function createLedger({ store, now, onError, flushMs = 20, flushRows = 64 }: LedgerPorts): Ledger {
  const accounts = createAccounts(store.balanceOf)
  const budgets = createBudgets(accounts, now)
  const settled = createRecent()
  const write = async (batch: readonly Booking[]) => {
    reconcile(batch, await store.ledger.append(batch.map(({ row }) => row)), store)
  }
  const writer = new BatchWriter<Booking>({ write, onError, flushMs, flushRows })

  return {
    reserve: budgets.reserve,
    settle(exchange, reservation) {
      const reserved = budgets.release(reservation)
      if (!settled.add(exchange.id)) return
      const booked = budgets.accountsOf(exchange, reserved)
      for (const account of booked) account.pending = addUsd(account.pending, exchange.spend)
      const periods = booked.slice(1).map(({ bucket }) => bucket)
      writer.add({ row: rowOf(exchange, periods), accounts: booked })
    },
    spendOf(keyHash, budgetDuration) {
      const own = accounts.ofKey(keyHash)
      const duration = budgetDuration ?? own.duration
      const period = duration === undefined ? undefined : accounts.ofPeriod(keyHash, duration, now())
      return spentIn(period?.account ?? own)
    },
    flush: () => writer.flush(),
    close: () => writer.close(),
  }
}

/** Moves what was written from pending to stored. */
function reconcile(batch: readonly Booking[], fresh: ReadonlySet<string>, store: LedgerPorts['store']): void {
  const unsure = new Set<Account>()
  for (const { row, accounts } of batch)
    for (const account of accounts) {
      account.pending = subtractUsd(account.pending, row.spend)
      if (fresh.has(row.id)) account.stored = addUsd(account.stored, row.spend)
      else unsure.add(account)
    }
  // a row that was there already came from an earlier try or an earlier life: only the store knows what it counted
  for (const account of unsure) account.stored = store.balanceOf(account.bucket)
}
