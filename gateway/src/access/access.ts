import type { Principal } from '../vocabulary/principal.ts'

/** The door: turns a presented secret into a principal. */
export interface Access {
  /**
   * Who presents this secret. Throws `missing-key`, `invalid-key` (wrong shape), `unknown-key`, `expired-key`, `blocked-key`, or
   * `store-down` (503, never 401) when the store cannot be asked and the key is not in the cache.
   */
  identify(secret: string | undefined): Principal | Promise<Principal>
  /** Forgets a key's snapshot, so that the next request sees its change. */
  forget(hash: string): void
}
