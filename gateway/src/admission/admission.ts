import type { NanoUsd } from 'turnpike-core/internal/kernel/money'
import type { Deployment } from 'turnpike-core/internal/router/deployment'
import type { Full } from 'turnpike-core/internal/router/trial'
import type { Principal } from '../vocabulary/principal.ts'
import type { Customer, Tag } from '../vocabulary/tenants.ts'
import type { Placed } from './claims.ts'
import type { Scope } from './scopes.ts'

/** What a request wants set aside. */
export interface Wanted {
  readonly principal: Principal
  /** the rows of those that the request names, where there are any */
  readonly customer?: Customer | undefined
  readonly tags: readonly Tag[]
  /** the model as it was resolved to */
  readonly model: string
  /** the most that it can cost; 0 for what is free, undefined where nobody knows the price */
  readonly worstCase: NanoUsd | undefined
  /** tokens that it will come to, by estimate; input alone must fit, the whole is reserved as far as it does */
  readonly tokens: { readonly input: number; readonly total: number }
  /** who pays instead of the caller's own user, team, …: those of a kind stand in for the caller's of that kind */
  readonly payers?: readonly Payer[] | undefined
}

/** One of several who pay for a call. */
export interface Payer {
  readonly scope: Scope
  /** between 0 and 1 */
  readonly share: number
}

/** How a call that was let in ended. */
export interface Bill {
  readonly spend: NanoUsd
  /** tokens that count against limits; undefined leaves the estimate */
  readonly tokens: number | undefined
  /** everything that the ledger books, by bucket */
  readonly shares: readonly (readonly [bucket: string, amount: NanoUsd])[]
}

/** What a request was given when it was let in. */
export interface Admitted {
  /** `x-ratelimit-*`, true at admission */
  readonly headers: Readonly<Record<string, string>>
  /** whether any budget limits the caller */
  readonly limited: boolean
  /** buckets of budget periods and models that the spend belongs in, beside those of the owners */
  readonly buckets: readonly string[]
  /** Ends it, once: what was reserved becomes what was spent. */
  settle(bill: Bill): void
}

/** One attempt, as the budgets and limits of those who answer it see it. */
export interface Entering {
  readonly provider: string
  readonly deployment: Pick<Deployment, 'id' | 'budget' | 'rpm' | 'tpm'>
  /** the most that it can cost, and the tokens that it will come to; asked only where somebody holds it to them */
  worstCase(): NanoUsd | undefined
  tokens(): Wanted['tokens']
}

/** What the provider and the deployment themselves set aside for one attempt. */
export type Entered =
  | Full
  | {
      readonly full?: undefined
      readonly buckets: readonly string[]
      claims(bucket: string): boolean
      settle(bill: Pick<Bill, 'shares' | 'tokens'>): void
    }

/** The one admission of the gateway: every budget and every limit of every scope, all or nothing. */
export interface Admission {
  /** Throws `budget-exceeded`, `rate-limited`, `model-denied` (no price under a budget), `store-down`. */
  admit(wanted: Wanted): Admitted | Promise<Admitted>
  /** What `admit` would claim, without taking anything. */
  claims(wanted: Wanted): readonly Placed[]
  /** Takes the budgets and limits of the provider and the deployment that an attempt goes to, all or nothing; undefined where there are none. */
  enter(wanted: Entering): Entered | undefined | Promise<Entered>
  /** spend of a key in its current period, for those who are shown it; settled exchanges only */
  spendOf(keyHash: string, budgetDuration?: string): NanoUsd | undefined
}
