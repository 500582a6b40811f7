import { GatewayError } from 'turnpike-core/internal/kernel/faults'
import type { VirtualKey } from '../vocabulary/principal.ts'
import { matchesWildcard, shownList } from './patterns.ts'

/**
 * Throws `route-denied` unless the key's `allowed_routes` name the matched route: one of its paths (canonical first), a path above
 * the canonical one, a wildcard, or one of the groups it belongs to. An empty list allows every route that a key may call.
 */
export function checkRouteAccess(key: VirtualKey, paths: readonly string[], groups: readonly string[]): void {
  const { allowedRoutes } = key
  if (allowedRoutes.length === 0) return
  const [canonical = ''] = paths
  // above an alias no grant is meant: `/v1/models` lists models, and `/v1/models/{model}:generateContent` is another route's alias
  if (allowedRoutes.some((allowed) => groups.includes(allowed) || names(allowed, paths) || isAbove(allowed, canonical)))
    return
  throw new GatewayError(
    'route-denied',
    `Virtual key is not allowed to call this route. Only allowed to call routes: ${shownList(allowedRoutes)}. Tried to call route: ${paths[0] ?? ''}`,
    { kind: 'auth_error' },
  )
}

function names(allowed: string, paths: readonly string[]): boolean {
  if (!allowed.startsWith('/')) return false
  return paths.some((path) => path === allowed || (allowed.includes('*') && matchesWildcard(allowed, path)))
}

function isAbove(allowed: string, path: string): boolean {
  return allowed.startsWith('/') && path.startsWith(allowed.endsWith('/') ? allowed : `${allowed}/`)
}
