import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import { type Role, roles } from '../../vocabulary/tenants.ts'
import { listAt, textAt } from '../tokens/claims.ts'
import type { SignOnRow } from './relying-party.ts'

/** Who signed on, in our words. */
export interface Identity {
  /** the user id that the identity provider's attribute gives */
  readonly subject: string
  /** an address that the provider vouches for, lower case */
  readonly email?: string | undefined
  readonly name?: string | undefined
  /** undefined: the provider says nothing of it */
  readonly role?: Role | undefined
  readonly teamIds: readonly string[]
}

/** Roles that a person's row may have, most powerful first. */
const personal: readonly Role[] = roles.filter((role) => !['org_admin', 'team', 'customer'].includes(role))

/** Reads what a provider said of somebody; undefined when it does not say who it is. */
export function readIdentity(claims: JsonObject, row: SignOnRow): Identity | undefined {
  const { attributes } = row
  const subject = textAt(claims, attributes.id) ?? textAt(claims, 'sub')
  if (subject === undefined || subject.length > 256 || /\p{Cc}/u.test(subject)) return undefined
  const full = [attributes.firstName, attributes.lastName].map((name) => textAt(claims, name)).filter(Boolean)
  return {
    subject,
    email: vouchesFor(claims, row) ? textAt(claims, attributes.email)?.toLowerCase() : undefined,
    name: textAt(claims, attributes.displayName) ?? (full.length > 0 ? full.join(' ') : undefined),
    role: roleOf(claims, row),
    teamIds: listAt(claims, row.teamsClaim).slice(0, 1000),
  }
}

/**
 * Whether an address may be taken for the person's own. In an application of many Microsoft tenants it is whatever the tenant says
 * (https://learn.microsoft.com/en-us/entra/identity-platform/migrate-off-email-claim-authorization).
 */
function vouchesFor(claims: JsonObject, { kind, authorizationUrl, attributes }: SignOnRow): boolean {
  if (claims.email_verified === false || claims.email_verified === 'false') return false
  const manyTenants = kind === 'microsoft' && /\/(?:common|organizations|consumers)\//.test(authorizationUrl)
  // the name that people log in with ends in a domain that the tenant has proven to be its own
  return !manyTenants || attributes.email === 'userPrincipalName' || claims.xms_edov === true || claims.xms_edov === '1'
}

function roleOf(claims: JsonObject, row: SignOnRow): Role | undefined {
  const said = listAt(claims, row.attributes.role)
  const direct = personal.find((role) => said.includes(role))
  if (direct !== undefined || row.roles === undefined) return direct
  const { groupClaim, groups, otherwise } = row.roles
  const has = listAt(claims, groupClaim)
  return personal.find((role) => groups[role]?.some((group) => has.includes(group))) ?? otherwise
}
