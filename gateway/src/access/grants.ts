import { GatewayError } from 'turnpike-core/internal/kernel/faults'
import type { Principal } from '../vocabulary/principal.ts'
import { matchesWildcard, shownList } from './patterns.ts'

/** Words in a list of models that stand for every model. */
const everyModel = ['all-proxy-models', '*']

/** In a key's list it says `my team's models`; a key without a team has every model, as in LiteLLM. */
const teamModels = 'all-team-models'

/** In a user's list it says that the user has none in their own name. */
const noModels = 'no-default-models'

/** What is asked for: names it goes by, groups it belongs to. */
export interface Target {
  /** begins with the name to show */
  readonly names: readonly string[]
  readonly accessGroups?: readonly string[]
}

type Owner = 'key' | 'team' | 'user' | 'org'

/** One list that must grant, and whose it is. */
interface GrantList {
  readonly owner: Owner
  readonly models: readonly string[]
}

/** Every list that must grant a model to this caller: a child never exceeds its parent, so all of them have to. */
function listsOf(principal: Principal): readonly GrantList[] {
  if (principal.kind === 'master' || principal.kind === 'anonymous') return []
  const { team, user, organization } = principal
  const lists: GrantList[] = []
  if (principal.kind === 'key') {
    const { models, teamId } = principal.key
    const ofTeam = models.includes(teamModels) && (teamId === undefined || team !== undefined)
    if (!ofTeam) lists.push({ owner: 'key', models })
  } else if (principal.models) lists.push({ owner: 'user', models: principal.models })
  // a member's own models are for what they do in their own name
  if (team) lists.push({ owner: 'team', models: [...team.models, ...Object.keys(team.modelAliases)] })
  else if (user) lists.push({ owner: 'user', models: user.models })
  if (organization) lists.push({ owner: 'org', models: organization.models })
  return lists
}

const memory = new WeakMap<Principal, readonly GrantList[]>()

function grantLists(principal: Principal): readonly GrantList[] {
  let lists = memory.get(principal)
  if (!lists) memory.set(principal, (lists = listsOf(principal)))
  return lists
}

function grants({ models }: GrantList, { names, accessGroups = [] }: Target): boolean {
  return models.some((entry) => {
    if (everyModel.includes(entry)) return true
    if (entry === noModels || entry === teamModels) return false
    if (accessGroups.includes(entry) || names.includes(entry)) return true
    return entry.includes('*') && names.some((name) => matchesWildcard(entry, name))
  })
}

/** Whether every list that binds the caller grants the target. An empty list grants nothing. */
export function mayCall(principal: Principal, target: Target): boolean {
  return grantLists(principal).every((list) => grants(list, target))
}

/** Throws `model-denied`, naming the list that does not grant it. */
export function checkModelAccess(principal: Principal, target: Target): void {
  const denied = grantLists(principal).find((list) => !grants(list, target))
  if (!denied) return
  const { owner, models } = denied
  throw new GatewayError(
    'model-denied',
    `${owner} not allowed to access model. This ${owner} can only access models=${shownList(models)}. Tried to access ${target.names[0] ?? ''}`,
    { param: 'model', kind: `${owner}_model_access_denied` },
  )
}
