import { GatewayError } from 'turnpike-core/internal/kernel/faults'
import type { Principal } from '../vocabulary/principal.ts'
import { matchesWildcard, shownList } from './patterns.ts'

const everywhere: readonly string[] = []

/**
 * Throws `route-denied` unless the caller's routes name the matched one: one of its paths (canonical first), a path above the
 * canonical one, a wildcard, or one of the groups it belongs to. An empty list allows every route that the caller's role may call.
 */
export function checkRouteAccess(principal: Principal, paths: readonly string[], groups: readonly string[]): void {
  const allowedRoutes = routesOf(principal)
  if (allowedRoutes.length === 0 || isGranted(allowedRoutes, paths, groups)) return
  throw new GatewayError(
    'route-denied',
    `Virtual key is not allowed to call this route. Only allowed to call routes: ${shownList(allowedRoutes)}. Tried to call route: ${paths[0] ?? ''}`,
    { kind: 'auth_error' },
  )
}

function routesOf(principal: Principal): readonly string[] {
  if (principal.kind === 'key') return principal.key.allowedRoutes
  return (principal.kind === 'token' ? principal.routes : undefined) ?? everywhere
}

/** Whether a list of routes, wildcards and groups names a route. */
export function isGranted(allowed: readonly string[], paths: readonly string[], groups: readonly string[]): boolean {
  const [canonical = ''] = paths
  // above an alias no grant is meant: `/v1/models` lists models, and `/v1/models/{model}:generateContent` is another route's alias
  return allowed.some((entry) => groups.includes(entry) || names(entry, paths) || isAbove(entry, canonical))
}

function names(allowed: string, paths: readonly string[]): boolean {
  if (!allowed.startsWith('/')) return false
  return paths.some((path) => path === allowed || (allowed.includes('*') && matchesWildcard(allowed, path)))
}

function isAbove(allowed: string, path: string): boolean {
  return allowed.startsWith('/') && path.startsWith(allowed.endsWith('/') ? allowed : `${allowed}/`)
}
