import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import type { JwtRules } from '../../config/governance.ts'
import type { Role } from '../../vocabulary/tenants.ts'
import { matchesWildcard } from '../patterns.ts'
import { listAt, scopesOf, textAt } from './claims.ts'

/** What a token's claims say, in our words; nothing in it has been looked up. */
export interface Assertion {
  readonly subject: string
  /** what the token stands for in checks of roles; undefined: nothing that is known */
  readonly standsFor?: Role
  readonly userId?: string
  readonly email?: string
  /** teams by id; the first is the one that counts where the token names a single one */
  readonly teamIds: readonly string[]
  /** whether the token names one team, which must then exist */
  readonly oneTeam: boolean
  readonly teamAlias?: string
  readonly organizationId?: string
  readonly organizationAlias?: string
  readonly endUserId?: string
  readonly roles: readonly string[]
  readonly userRoles: readonly string[]
  /** the role that the user's row is to have, where rows follow tokens */
  readonly rowRole?: Role
  readonly scopes: readonly string[]
}

/** Reads the claims by the configured fields. */
export function readAssertion(claims: JsonObject, rules: JwtRules): Assertion {
  const { fields } = rules
  const scopes = scopesOf(claims)
  const roles = listAt(claims, fields.roles)
  const userRoles = listAt(claims, fields.userRoles)
  const mapped = rules.roleMappings.find(({ role }) => roles.includes(role))?.internalRole
  const object = textAt(claims, fields.objectId)
  const single = textAt(claims, fields.teamId) ?? (mapped === 'team' ? object : undefined)
  // an address that nobody checked names nobody
  const email = claims.email_verified === false ? undefined : textAt(claims, fields.userEmail)?.toLowerCase()
  const userId = textAt(claims, fields.userId) ?? (mapped === 'internal_user' ? object : undefined) ?? email
  const teamIds = single === undefined ? listAt(claims, fields.teamIds) : [single]
  const subject = textAt(claims, 'sub') ?? userId ?? single ?? textAt(claims, 'client_id') ?? 'unnamed'

  function standsFor(): Role | undefined {
    if (scopes.includes(rules.adminScope)) return 'proxy_admin'
    if (teamIds.length > 0) return 'team'
    if (userId !== undefined || userRoles.some((role) => rules.allowedUserRoles.includes(role))) return 'internal_user'
    return mapped
  }

  return {
    subject,
    teamIds: teamIds.slice(0, 1000),
    oneTeam: single !== undefined,
    roles,
    userRoles,
    scopes,
    ...given('standsFor', standsFor()),
    ...given('userId', userId),
    ...given('email', email),
    ...given('teamAlias', textAt(claims, fields.teamAlias)),
    ...given('organizationId', textAt(claims, fields.organizationId)),
    ...given('organizationAlias', textAt(claims, fields.organizationAlias)),
    ...given('endUserId', textAt(claims, fields.endUserId)),
    ...given('rowRole', rules.syncUsers ? rowRoleOf(roles, rules) : undefined),
  }
}

function rowRoleOf(roles: readonly string[], { userRoles }: JwtRules): Role | undefined {
  return userRoles.find(({ jwtRole }) => roles.some((role) => matchesWildcard(jwtRole, role)))?.role
}

/** A member for an object, absent when there is nothing. */
export function given<K extends string, V>(name: K, value: V | undefined): { readonly [_ in K]?: V } {
  return value === undefined ? {} : ({ [name]: value } as { readonly [_ in K]: V })
}
