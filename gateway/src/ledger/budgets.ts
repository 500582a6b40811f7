import { GatewayError } from 'turnpike-core/internal/kernel/faults'
import { addUsd, type NanoUsd, subtractUsd, toUsd } from 'turnpike-core/internal/kernel/money'
import type { Exchange } from '../vocabulary/exchange.ts'
import type { Principal, VirtualKey } from '../vocabulary/principal.ts'
import { type Account, type Accounts, spentIn } from './accounts.ts'
import type { Reservation } from './ledger.ts'
import { keyHashOf } from './row.ts'

/** Money set aside, and where an exchange's spend belongs. */
export interface Budgets {
  reserve(principal: Principal, worstCase: NanoUsd): Reservation
  /** gives a reservation back, once; the account that it was held in */
  release(reservation: Reservation | undefined): Account | undefined
  /** the caller's own account, and that of its budget period where it has one */
  accountsOf(exchange: Exchange, reserved: Account | undefined): readonly Account[]
}

const nothing: Reservation = { id: '', amount: 0 as NanoUsd }

/** A reservation lives until its exchange is settled; every exchange is, so there is no lease to expire. */
export function createBudgets(accounts: Accounts, now: () => number): Budgets {
  const held = new WeakMap<Reservation, Account>()
  let reservations = 0

  return {
    reserve(principal, worstCase) {
      // what is free stays free when the budget is gone; whoever cannot tell what a call costs must not say 0
      if (principal.kind !== 'key' || principal.key.maxBudget === undefined || worstCase === 0) return nothing
      const { key } = principal
      const { account, endsAt } = budgetOf(accounts, key, now())
      if (spentIn(account) + account.reserved + worstCase > principal.key.maxBudget)
        throw budgetExceeded({ key, account, worstCase }, endsAt === undefined ? undefined : endsAt - now())
      const reservation = { id: `reservation-${++reservations}`, amount: worstCase }
      account.reserved = addUsd(account.reserved, worstCase)
      held.set(reservation, account)
      return reservation
    },
    release(reservation) {
      const account = reservation && held.get(reservation)
      if (!account) return undefined
      held.delete(reservation)
      account.reserved = subtractUsd(account.reserved, reservation.amount)
      return account
    },
    accountsOf({ principal, startedAt }, reserved) {
      const own = accounts.ofKey(keyHashOf(principal))
      if (principal.kind !== 'key') return [own]
      // what was reserved in one period is booked in it, though the exchange may end in the next
      const budget = reserved ?? budgetOf(accounts, principal.key, startedAt).account
      return budget === own ? [own] : [own, budget]
    },
  }
}

interface Budget {
  readonly account: Account
  readonly endsAt?: number
}

/** The account that a key's budget is kept in at a moment: of the period, or of its whole life. */
function budgetOf(accounts: Accounts, key: VirtualKey, time: number): Budget {
  const own = accounts.ofKey(key.hash)
  if (key.budgetDuration === undefined) {
    if (own.duration !== undefined) delete own.duration
    return { account: own }
  }
  own.duration = key.budgetDuration
  const found = accounts.ofPeriod(key.hash, key.budgetDuration, time)
  return found ? { account: found.account, endsAt: found.period.endsAt } : { account: own }
}

interface Refusal {
  readonly key: VirtualKey
  readonly account: Account
  readonly worstCase: NanoUsd
}

function budgetExceeded({ key, account, worstCase }: Refusal, resetMs: number | undefined): GatewayError {
  const spent = spentIn(account)
  const limit = key.maxBudget ?? 0
  const known = `Budget has been exceeded! Key=${key.alias ?? 'None'} (${key.name}) Current cost: ${usd(spent)}, Max budget: ${usd(limit)}`
  const room = `. Running requests may still cost ${usd(account.reserved)}, and this one up to ${usd(worstCase)}`
  // what only running requests hold may be free again in a moment
  const retryAfterMs = spent + worstCase <= limit ? 1000 : resetMs
  return new GatewayError('budget-exceeded', spent >= limit ? known : known + room, {
    kind: 'budget_exceeded',
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  })
}

/** Dollars without an exponent, exact to the nano-dollar, with a point as Python prints them. */
function usd(amount: number): string {
  return toUsd(amount as NanoUsd)
    .toFixed(9)
    .replace(/0{1,8}$/, '')
}
