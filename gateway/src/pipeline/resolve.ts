import type { Call } from 'turnpike-core/internal/client/call'
import type { Group } from 'turnpike-core/internal/router/pool'
import { checkModelAccess, mayCall, type Target } from '../access/grants.ts'
import type { House } from '../house.ts'
import type { Principal } from '../vocabulary/principal.ts'
import type { Knock } from './route.ts'

/** Which deployments may answer this caller, and which groups may stand in. */
export interface ResolvedRoute {
  readonly group: Group
  /** the name that budgets and limits per model know it by: the group's, or what a wildcard was filled with */
  readonly model: string
  /** groups that the router may fall back to */
  readonly reach: readonly Group[]
}

/** Resolves aliases first, then checks every grant on what they resolved to. Throws `unknown-model` or `model-denied`. */
export function resolve(model: string, caller: Principal, house: House): ResolvedRoute {
  const asked = aliased(model, caller)
  const group = house.router.group(asked)
  checkModelAccess(caller, targetOf(asked, group))
  return { group, model: group.name.includes('*') ? asked : group.name, reach: house.router.reach(group) }
}

/** For whom a caller acts: who holds a token of several teams acts for the first of them that grants the model. */
export function actingFor(knock: Knock, call: Call, caller: Principal, house: House): Principal | Promise<Principal> {
  if (caller.kind !== 'token') return caller
  return house.access.actFor(caller, knock.request.headers, (team) => {
    const asked = lookUp(team.modelAliases, call.model)
    const group = house.router.pool.find(asked)
    return group !== undefined && mayCall({ ...caller, team }, targetOf(asked, group))
  })
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
