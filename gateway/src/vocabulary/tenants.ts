import type { Terms } from './terms.ts'

/** What somebody may do in the management API; LiteLLM's names. `org_admin` is given by a membership, never by the user's row. */
export const roles = [
  'proxy_admin',
  'proxy_admin_viewer',
  'org_admin',
  'internal_user',
  'internal_user_viewer',
  'team',
  'customer',
] as const
export type Role = (typeof roles)[number]

/** Terms under a name, shared by whoever refers to them. */
export interface Budget extends Terms {
  readonly id: string
}

/** A person. */
export interface User extends Terms {
  readonly id: string
  readonly email?: string
  readonly alias?: string
  readonly role: Role
  /** models of the user's personal keys; empty means none (`all-proxy-models` says all) */
  readonly models: readonly string[]
  /** the subject under which the identity provider knows the person */
  readonly ssoId?: string
  readonly blocked: boolean
  readonly metadata: Readonly<Record<string, unknown>>
}

/** A group of people with models, budget and limits of its own. */
export interface Team extends Terms {
  readonly id: string
  readonly alias?: string
  readonly organizationId?: string
  /** empty means none (`all-proxy-models` says all) */
  readonly models: readonly string[]
  /** the team's own names for models */
  readonly modelAliases: Readonly<Record<string, string>>
  readonly blocked: boolean
  /** what a member without terms of its own gets */
  readonly memberTerms?: Terms
  /** management routes that members may call for the team's keys */
  readonly memberPermissions: readonly string[]
  readonly metadata: Readonly<Record<string, unknown>>
}

/** A user within a team. */
export interface TeamMember extends Terms {
  /** `TEAM:USER` */
  readonly id: string
  readonly teamId: string
  readonly userId: string
  readonly role: 'admin' | 'user'
}

/** Several teams under one roof. */
export interface Organization extends Terms {
  readonly id: string
  readonly alias?: string
  /** empty means none (`all-proxy-models` says all) */
  readonly models: readonly string[]
  readonly metadata: Readonly<Record<string, unknown>>
}

/** A user within an organisation. */
export interface OrganizationMember extends Terms {
  /** `ORGANIZATION:USER` */
  readonly id: string
  readonly organizationId: string
  readonly userId: string
  readonly role: Role
}

/** An end user of somebody's application: named in requests, never holding a key. */
export interface Customer extends Terms {
  readonly id: string
  readonly alias?: string
  readonly blocked: boolean
  readonly defaultModel?: string
  readonly region?: 'eu' | 'us'
}

/** A label of requests that may carry a budget. */
export interface Tag extends Terms {
  /** the tag itself */
  readonly id: string
  readonly description?: string
  readonly models: readonly string[]
}
