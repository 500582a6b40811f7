import type { NanoUsd } from 'turnpike-core/internal/kernel/money'

/** What is set down for a virtual key: an immutable snapshot of its row. Spend lives elsewhere; nothing writes a key object back. */
export interface VirtualKey {
  /** SHA-256 of the secret, hex: the key's identity */
  readonly hash: string
  /** `sk-...` with the last four characters, for people */
  readonly name: string
  readonly alias?: string
  /** model names, wildcards, access groups; empty means none (`all-proxy-models` says all) */
  readonly models: readonly string[]
  /** own names for models: request name → model group */
  readonly aliases: Readonly<Record<string, string>>
  readonly userId?: string
  readonly teamId?: string
  readonly organizationId?: string
  readonly maxBudget?: NanoUsd
  /** as written (`30d`), and the moment from which the current period counts */
  readonly budgetDuration?: string
  readonly expiresAt?: number
  readonly blocked: boolean
  /** routes or route groups it may call; empty means all that a key may */
  readonly allowedRoutes: readonly string[]
  readonly rpmLimit?: number
  readonly tpmLimit?: number
  readonly maxParallelRequests?: number
  readonly metadata: Readonly<Record<string, unknown>>
  readonly tags: readonly string[]
  readonly createdAt: number
}

/** Who is asking. */
export type Principal =
  | { readonly kind: 'master' }
  | { readonly kind: 'key'; readonly key: VirtualKey }
  | { readonly kind: 'anonymous' }
