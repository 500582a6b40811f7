import type { Group } from 'turnpike-core/internal/router/pool'
import { checkModelAccess, type Target } from '../access/grants.ts'
import type { House } from '../house.ts'
import type { Principal } from '../vocabulary/principal.ts'

/** Which deployments may answer this caller, and which groups may stand in. */
export interface ResolvedRoute {
  readonly group: Group
  /** groups that the router may fall back to */
  readonly reach: readonly Group[]
}

/** Resolves aliases first, then checks every grant on what they resolved to. Throws `unknown-model` or `model-denied`. */
export function resolve(model: string, caller: Principal, house: House): ResolvedRoute {
  const asked = aliased(model, caller)
  const group = house.router.group(asked)
  checkModelAccess(caller, targetOf(asked, group))
  return { group, reach: house.router.reach(group) }
}

/** What grants are compared with: the name as asked, that of its group, and the access groups of its deployments. */
export function targetOf(asked: string, group: Group): Target {
  return {
    names: asked === group.name ? [asked] : [asked, group.name],
    accessGroups: accessGroupsOf(group),
  }
}

const groupsOf = new WeakMap<Group, readonly string[]>()

/** The access groups that a model group's deployments belong to. */
function accessGroupsOf(group: Group): readonly string[] {
  let names = groupsOf.get(group)
  if (!names) groupsOf.set(group, (names = group.deployments.flatMap((deployment) => deployment.accessGroups ?? [])))
  return names
}

/** The team's own name for a model, then the key's. */
function aliased(model: string, caller: Principal): string {
  if (caller.kind !== 'key' && caller.kind !== 'token') return model
  const ofTeam = caller.team ? lookUp(caller.team.modelAliases, model) : model
  return caller.kind === 'key' ? lookUp(caller.key.aliases, ofTeam) : ofTeam
}

function lookUp(aliases: Readonly<Record<string, string>>, model: string): string {
  return Object.hasOwn(aliases, model) ? (aliases[model] ?? model) : model
}
