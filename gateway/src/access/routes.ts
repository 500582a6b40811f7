import { GatewayError } from 'turnpike-core/internal/kernel/faults'
import type { VirtualKey } from '../vocabulary/principal.ts'
import { matchesWildcard, shownList } from './patterns.ts'

/**
 * Throws `route-denied` unless the key's `allowed_routes` name the matched route: one of its paths (canonical first), a path above
 * it, a wildcard, or one of the groups it belongs to. An empty list allows every route that a key may call.
 */
export function checkRouteAccess(key: VirtualKey, paths: readonly string[], groups: readonly string[]): void {
  const { allowedRoutes } = key
  if (allowedRoutes.length === 0) return
  if (allowedRoutes.some((allowed) => groups.includes(allowed) || paths.some((path) => covers(allowed, path)))) return
  throw new GatewayError(
    'route-denied',
    `Virtual key is not allowed to call this route. Only allowed to call routes: ${shownList(allowedRoutes)}. Tried to call route: ${paths[0] ?? ''}`,
    { kind: 'auth_error' },
  )
}

function covers(allowed: string, path: string): boolean {
  if (!allowed.startsWith('/')) return false
  if (allowed.includes('*')) return matchesWildcard(allowed, path)
  return path === allowed || path.startsWith(allowed.endsWith('/') ? allowed : `${allowed}/`)
}
