import type { JwtRules, RolePermission } from '../../config/governance.ts'
import { matchesWildcard } from '../patterns.ts'
import type { Assertion } from './assertion.ts'

/** What a token may, beyond what its team and user may; undefined: nothing is said of it. */
export interface Allowances {
  readonly models?: readonly string[]
  readonly routes?: readonly string[]
}

export interface AllowanceRules {
  readonly jwt: JwtRules
  readonly rolePermissions: readonly RolePermission[]
  /** every canonical path that an entry of a list of routes names (a path, a wildcard, a group) */
  readonly pathsUnder: (entry: string) => readonly string[]
}

/** What scopes, role and team routes leave of a token, all of which hold together. */
export function allowancesOf(assertion: Assertion, inTeam: boolean, rules: AllowanceRules): Allowances {
  const { jwt } = rules
  if (assertion.standsFor === 'proxy_admin') return { routes: jwt.adminRoutes }
  const scopes = jwt.enforceScopes
    ? jwt.scopeMappings.filter(({ scope }) => assertion.scopes.includes(scope))
    : undefined
  const role = jwt.enforceRbac ? rules.rolePermissions.find((row) => row.role === assertion.standsFor) : undefined
  const models = present([scopes && listsOf(scopes.map((row) => row.models ?? [])), role?.models])
  const scopeRoutes = scopes?.flatMap((row) => row.routes ?? [])
  const routes = present([
    scopeRoutes?.length === 0 ? undefined : scopeRoutes,
    role?.routes,
    inTeam ? jwt.teamRoutes : undefined,
  ])
  return {
    ...(models.length > 0 ? { models: models.reduce(bothModels) } : {}),
    ...(routes.length > 0 ? { routes: routes.length === 1 ? (routes[0] ?? []) : inAll(routes, rules.pathsUnder) } : {}),
  }
}

function present(lists: readonly (readonly string[] | undefined)[]): readonly (readonly string[])[] {
  return lists.filter((list) => list !== undefined)
}

function listsOf(lists: readonly (readonly string[])[]): readonly string[] {
  return [...new Set(lists.flat())]
}

/** Entries that both lists of models grant; where two wildcards cross without one holding the other, neither. */
function bothModels(one: readonly string[], other: readonly string[]): readonly string[] {
  return listsOf([one.filter((entry) => granted(entry, other)), other.filter((entry) => granted(entry, one))])
}

function granted(entry: string, list: readonly string[]): boolean {
  return list.some((pattern) => pattern === 'all-proxy-models' || pattern === entry || matchesWildcard(pattern, entry))
}

/** Paths that every one of the lists names. */
function inAll(lists: readonly (readonly string[])[], pathsUnder: AllowanceRules['pathsUnder']): readonly string[] {
  const [first = new Set<string>(), ...others] = lists.map(
    (list) => new Set(list.flatMap((entry) => pathsUnder(entry))),
  )
  return [...first].filter((path) => others.every((other) => other.has(path)))
}
