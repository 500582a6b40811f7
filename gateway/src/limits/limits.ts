import type { Principal } from '../vocabulary/principal.ts'

/** What a request takes from the limits of its caller while it runs. */
export interface Lease {
  /** corrects the tokens taken by estimate to those used, and frees the parallel slot; harmless when called again */
  release(usedTokens: number | undefined): void
  /** `x-ratelimit-*` headers that were true at admission */
  readonly headers: Readonly<Record<string, string>>
}

/** Requests and tokens per minute and requests at once, per key. */
export interface Limits {
  /** Takes one request and the estimated tokens, all or nothing. Throws `rate-limited` naming limit, scope, value and reset. */
  take(principal: Principal, estimatedTokens: number): Lease
}
