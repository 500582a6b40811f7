import type { Organization, Role, Team, TeamMember, User } from './tenants.ts'
import type { Terms } from './terms.ts'

/** What is set down for a virtual key: an immutable snapshot of its row. Spend lives elsewhere; nothing writes a key object back. */
export interface VirtualKey extends Terms {
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
  readonly expiresAt?: number
  readonly blocked: boolean
  /** routes or route groups it may call; empty means all that a key may */
  readonly allowedRoutes: readonly string[]
  /** addresses and networks (CIDR) it may come from; empty means any */
  readonly allowedIps: readonly string[]
  /** members that the body of a model call must have, with dots for a second level */
  readonly enforcedParams: readonly string[]
  /** another key's hash that this one stands in for until `expiresAt`: the secret before a rotation */
  readonly rotatedTo?: string
  readonly metadata: Readonly<Record<string, unknown>>
  readonly tags: readonly string[]
  readonly createdAt: number
}

/** Where somebody stands among the tenants, with linked budgets already laid under each one's own terms. */
export interface Standing {
  /** what it may do in the management API */
  readonly role: Role
  readonly user?: User
  readonly team?: Team
  /** the user in that team */
  readonly member?: TeamMember
  readonly organization?: Organization
  /** teams and organisations that the user administers */
  readonly administers: { readonly teams: readonly string[]; readonly organizations: readonly string[] }
  /** every team that the user is in */
  readonly teamIds: readonly string[]
}

/** Somebody that an identity provider vouches for, by a token of its own or a session of ours. */
export interface Token extends Standing {
  readonly kind: 'token'
  /** how it came: a JWT of the caller's, or a session after single sign-on */
  readonly via: 'jwt' | 'session'
  readonly subject: string
  /** what the token's scopes grant, where they are mapped; undefined: they say nothing */
  readonly models?: readonly string[]
  readonly routes?: readonly string[]
  readonly endUserId?: string
}

/** Who is asking. */
export type Principal =
  | { readonly kind: 'master' }
  | { readonly kind: 'anonymous' }
  | ({ readonly kind: 'key'; readonly key: VirtualKey } & Standing)
  | Token
