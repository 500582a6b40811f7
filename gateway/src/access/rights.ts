import type { Principal } from '../vocabulary/principal.ts'
import type { Role } from '../vocabulary/tenants.ts'

/**
 * What a route asks of its caller. Where a role has a right only over its own things (its keys, its team), the route's own code looks
 * at whose they are.
 *
 * public: nobody is asked · key: anybody who is known, for model calls and what shows them their own · own-keys: who may manage keys ·
 * own-spend: who may read spend · team: who may manage a team they administer · organization: who may manage an organisation they
 * administer · read-all: who may read everything · admin: who may do everything
 */
export type Policy = 'public' | 'key' | 'own-keys' | 'own-spend' | 'team' | 'organization' | 'read-all' | 'admin'

type Asked = Exclude<Policy, 'public'>

/** Roles by what they may knock at: LiteLLM's, as one table. */
export const rights = {
  proxy_admin: ['key', 'own-keys', 'own-spend', 'team', 'organization', 'read-all', 'admin'],
  proxy_admin_viewer: ['key', 'own-spend', 'read-all'],
  org_admin: ['key', 'own-keys', 'own-spend', 'team', 'organization'],
  internal_user: ['key', 'own-keys', 'own-spend', 'team'],
  internal_user_viewer: ['key', 'own-spend'],
  team: ['key'],
  customer: ['key'],
} as const satisfies Record<Role, readonly Asked[]>

/** The role that a caller acts in: a user who administers an organisation is its admin; a key without a user manages nothing. */
export function roleOf(principal: Principal): Role | 'nobody' {
  if (principal.kind === 'master') return 'proxy_admin'
  if (principal.kind === 'anonymous') return 'nobody'
  if (principal.kind === 'key' && !principal.user) return 'team'
  if (principal.role === 'internal_user' && principal.administers.organizations.length > 0) return 'org_admin'
  return principal.role
}

/** Whether a caller may knock at a route with this policy. */
export function mayKnock(principal: Principal, policy: Policy): boolean {
  if (policy === 'public') return true
  const role = roleOf(principal)
  if (role === 'nobody') return false
  const granted: readonly Asked[] = rights[role]
  return granted.includes(policy)
}

/** Whether a caller may read or change what belongs to anybody. */
export function isAdmin(principal: Principal): boolean {
  return roleOf(principal) === 'proxy_admin'
}

export function readsAll(principal: Principal): boolean {
  return mayKnock(principal, 'read-all')
}
