import { GatewayError } from 'turnpike-core/internal/kernel/faults'
import { presentedKey } from '../../access/presented-key.ts'
import { mayKnock } from '../../access/rights.ts'
import { checkRouteAccess, isGranted } from '../../access/routes.ts'
import { cookieIn, sessionCookie } from '../../access/sign-on/cookies.ts'
import { fromOwnPage } from '../../access/sign-on/same-site.ts'
import type { House } from '../../house.ts'
import type { Principal } from '../../vocabulary/principal.ts'
import type { Endpoint, Knock } from '../route.ts'
import { addressOf, checkAddress } from './address.ts'

/** Who is asking, from the headers alone, and whether they may knock at the row that was matched. */
export async function identify(knock: Knock, house: House): Promise<Principal> {
  const { endpoint, request } = knock
  const rules = house.config.governance.access
  const address = addressOf(knock, rules.useForwardedFor)
  checkAddress(address, rules.allowedIps)
  if (endpoint.policy === 'public' || isPublic(endpoint, rules.publicRoutes)) return { kind: 'anonymous' }
  checkOffered(endpoint, rules.allowedRoutes)
  const { headers } = request
  const secret = presentedKey(
    headers,
    takesKeyInQuery(endpoint) ? knock.query : undefined,
    house.config.general.keyHeader,
  )
  const session = secret === undefined ? cookieIn(headers, sessionCookie) : undefined
  if (session !== undefined) refuseForeign(request, house.config.governance.identity.publicUrl)
  const found = house.access.identify({ secret, session, headers })
  const principal = found instanceof Promise ? await found : found
  const policy = isGranted(rules.adminOnlyRoutes, endpoint.paths, endpoint.groups) ? 'admin' : endpoint.policy
  if (!mayKnock(principal, policy) && !permits(principal, endpoint)) throw noRight(principal, endpoint)
  checkRouteAccess(principal, endpoint.paths, endpoint.groups)
  if (principal.kind === 'key') checkAddress(address, principal.key.allowedIps)
  return principal
}

function takesKeyInQuery(endpoint: Endpoint): boolean {
  return endpoint.kind === 'surface' && endpoint.format === 'gemini'
}

/** A model call always needs a key: somebody has to pay. */
function isPublic(endpoint: Endpoint, publicRoutes: readonly string[]): boolean {
  return (
    endpoint.kind === 'route' && publicRoutes.length > 0 && isGranted(publicRoutes, endpoint.paths, endpoint.groups)
  )
}

function checkOffered(endpoint: Endpoint, allowedRoutes: readonly string[]): void {
  if (allowedRoutes.length === 0 || isGranted(allowedRoutes, endpoint.paths, endpoint.groups)) return
  throw new GatewayError('route-denied', `Route ${endpoint.paths[0]} is not among general_settings.allowed_routes.`, {
    kind: 'auth_error',
  })
}

/** A key may be given the routes of global spend by its permissions. */
function permits(principal: Principal, endpoint: Endpoint): boolean {
  if (principal.kind !== 'key' || !endpoint.groups.includes('global_spend_tracking_routes')) return false
  const { permissions } = principal.key.metadata as { readonly permissions?: { readonly get_spend_routes?: unknown } }
  return permissions?.get_spend_routes === true
}

function noRight(principal: Principal, endpoint: Endpoint): GatewayError {
  const role = principal.kind === 'key' || principal.kind === 'token' ? principal.role : principal.kind
  return new GatewayError(
    'admin-only',
    `Authentication Error, Only proxy admin can be used to generate, delete, update info for new keys/users/teams. Route=${endpoint.paths[0]}. Your role=${role}`,
  )
}

/** A browser sends cookies along with requests that other sites made it send: those change nothing here. */
function refuseForeign({ method, headers }: Request, publicUrl: string | undefined): void {
  if (method === 'GET' || method === 'HEAD') return
  const own = fromOwnPage(headers, publicUrl)
  const [origin, host] = [headers.get('origin'), headers.get('host')]
  if (own ?? (origin !== null && host !== null && origin.replace(/^https?:\/\//, '') === host)) return
  throw new GatewayError('route-denied', 'A change by session must come from the same site.', { kind: 'auth_error' })
}
