import type { Call } from 'turnpike-core/internal/client/call'
import type { Group } from 'turnpike-core/internal/router/pool'
import { checkModelAccess } from '../access/grants.ts'
import type { House } from '../house.ts'
import type { Principal } from '../vocabulary/principal.ts'

/** Which deployments may answer this caller, and which groups may stand in. */
export interface ResolvedRoute {
  readonly group: Group
  readonly permits: (group: Group) => boolean
}

/** Resolves aliases first, then checks the grant on what they resolved to. Throws `unknown-model` or `model-denied`. */
export function resolve(call: Call, caller: Principal, house: House): ResolvedRoute {
  const asked = caller.kind === 'key' ? aliased(caller.key.aliases, call.model) : call.model
  const group = house.router.group(asked)
  if (caller.kind !== 'key') return { group, permits: () => true }
  checkModelAccess(caller.key, namesOf(asked, group), accessGroupsOf(group))
  // a fallback that the operator configured is the operator's grant; one that the caller names is checked like any request
  return { group, permits: () => true }
}

/** The names under which a grant may be written down: as asked, and as the group is called. */
export function namesOf(asked: string, group: Group): readonly string[] {
  return asked === group.name ? [asked] : [asked, group.name]
}

const groupsOf = new WeakMap<Group, readonly string[]>()

/** The access groups that a model group's deployments belong to. */
export function accessGroupsOf(group: Group): readonly string[] {
  let names = groupsOf.get(group)
  if (!names) groupsOf.set(group, (names = group.deployments.flatMap((deployment) => deployment.accessGroups ?? [])))
  return names
}

/** The key's own name for a model, if it has one. */
function aliased(aliases: Readonly<Record<string, string>>, model: string): string {
  return Object.hasOwn(aliases, model) ? (aliases[model] ?? model) : model
}
