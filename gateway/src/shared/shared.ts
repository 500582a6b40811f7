import type { NanoUsd } from 'turnpike-core/internal/kernel/money'

/** Money to be set aside in a bucket. Without a limit it is only counted. */
export interface MoneyClaim {
  readonly kind: 'money'
  readonly bucket: string
  readonly amount: NanoUsd
  readonly limit?: NanoUsd | undefined
  /** when the bucket's period began, where it has one: nothing was spent in it before, whether or not the store can be asked */
  readonly beganAt?: number | undefined
}

/** Requests or tokens in a fixed window, which begins with the first claim on it. */
export interface WindowClaim {
  readonly kind: 'window'
  readonly bucket: string
  readonly amount: number
  readonly limit: number
  readonly windowMs: number
}

/** One of so many places at once. */
export interface SlotClaim {
  readonly kind: 'slot'
  readonly bucket: string
  readonly limit: number
}

export type Claim = MoneyClaim | WindowClaim | SlotClaim

/** How full a bucket is: before the claim where it was refused, after it where it was granted. */
export interface Level {
  /** spent, or counted in this window, or taken places */
  readonly used: number
  /** money only: set aside for requests that are running, everywhere */
  readonly reserved: number
  /** windows only, milliseconds since 1970 */
  readonly resetAt?: number | undefined
}

/** What was set aside, to be ended once. */
export interface Hold {
  /**
   * Each claim's true amount, in the order of the claims: money becomes spent, a window is corrected (only while it is still the same
   * window; undefined leaves the estimate), a place is freed. `also` is money that the same exchange books in buckets nobody claimed for
   * it: counted where they are known here or agreed on. Harmless when called again. Never waits.
   */
  settle(amounts: readonly (number | undefined)[], also?: readonly (readonly [bucket: string, amount: NanoUsd])[]): void
}

export type Taken =
  | { readonly granted: true; readonly hold: Hold; readonly levels: readonly Level[] }
  /** the first claim that had no room; nothing was taken */
  | { readonly granted: false; readonly at: number; readonly level: Level }

/** What a write to the store did to one bucket. */
export interface Written {
  readonly bucket: string
  /** how much of what this process settled is in the store now; 0 when it came from elsewhere */
  readonly amount: NanoUsd
  /** the whole balance that the store has */
  readonly balance: NanoUsd
}

/** How a process stands to the others: alone (memory), agreeing with them, or cut off from what they agree on. */
export type Agreement = 'alone' | 'agreed' | 'cut-off'

/** What replicas agree on: budgets, limits, places, and news. All buckets of a request are taken in one atomic step, all or nothing. */
export interface Shared {
  /** Answers at once where everything is in memory. Never waits longer than 100 ms on anybody. */
  take(claims: readonly Claim[]): Taken | Promise<Taken>
  /** what is spent in a bucket as far as this process knows; undefined where it never asked */
  spentIn(bucket: string): NanoUsd | undefined
  /** hears what the store holds after a write, and heals what was missed */
  written(entries: readonly Written[]): void
  /** sets what is spent, after the ledger was corrected */
  correct(bucket: string, spent: NanoUsd): void
  publish(topic: string, message: string): void
  /** returns how to stop listening; a publisher hears its own messages too */
  subscribe(topic: string, hear: (message: string) => void): () => void
  agreement(): Agreement
  /** processes that are alive, this one included */
  replicas(): number
  close(): Promise<void>
}

/** Reads a bucket's balance from the store, at once where it can. */
export type BalanceOf = (bucket: string) => NanoUsd | Promise<NanoUsd>
