import { GatewayError } from 'turnpike-core/internal/kernel/faults'
import { presentedKey } from '../../access/presented-key.ts'
import { checkRouteAccess } from '../../access/routes.ts'
import type { House } from '../../house.ts'
import type { Principal } from '../../vocabulary/principal.ts'
import type { Endpoint, Knock } from '../route.ts'

/** Who is asking, from the headers alone, and whether they may knock at the row that was matched. */
export async function identify(knock: Knock, house: House): Promise<Principal> {
  const { endpoint } = knock
  if (endpoint.policy === 'public') return { kind: 'anonymous' }
  const secret = presentedKey(
    knock.request.headers,
    takesKeyInQuery(endpoint) ? knock.query : undefined,
    house.config.general.keyHeader,
  )
  const found = house.access.identify(secret)
  const principal = found instanceof Promise ? await found : found
  if (endpoint.policy === 'admin' && principal.kind !== 'master') throw adminOnly(endpoint)
  if (principal.kind === 'key') checkRouteAccess(principal.key, endpoint.paths, endpoint.groups)
  return principal
}

function takesKeyInQuery(endpoint: Endpoint): boolean {
  return endpoint.kind === 'surface' && endpoint.format === 'gemini'
}

function adminOnly(endpoint: Endpoint): GatewayError {
  return new GatewayError(
    'admin-only',
    `Authentication Error, Only proxy admin can be used to generate, delete, update info for new keys/users/teams. Route=${endpoint.paths[0]}`,
  )
}
