import { isDeepStrictEqual } from 'node:util'
import { GatewayError } from 'turnpike-core/internal/kernel/faults'
import { isAdmin, readsAll } from '../../../access/rights.ts'
import type { House } from '../../../house.ts'
import type { Stored } from '../../../store/aggregate.ts'
import type { VirtualKey } from '../../../vocabulary/principal.ts'
import type { Team, TeamMember } from '../../../vocabulary/tenants.ts'
import { forbidden, managesOrganization, managesTeam, ownUserId, type Who } from '../../desk.ts'
import { invalid } from '../../shapes.ts'

type Owners = Pick<VirtualKey, 'userId' | 'teamId' | 'organizationId'>

/** How a caller stands to a key, and what they are in its team. */
export interface Footing {
  /** manager: an administrator, or one of the key's team or organisation */
  readonly as: 'manager' | 'member' | 'owner' | 'stranger'
  readonly team?: Team | undefined
  readonly member?: TeamMember | undefined
}

/** Where a caller stands to a key, or to a key that would have these owners. */
export async function footingOn({ caller, house }: Who, key: Owners): Promise<Footing> {
  const own = ownUserId(caller)
  const [team, member] = await Promise.all([teamOf(house, key), memberOf(house, key.teamId, own)])
  const rows = { team, member }
  if (isAdmin(caller)) return { as: 'manager', ...rows }
  if (key.teamId !== undefined) {
    if (team && managesTeam(caller, team)) return { as: 'manager', ...rows }
    return { as: member ? 'member' : 'stranger', ...rows }
  }
  if (key.organizationId !== undefined && managesOrganization(caller, key.organizationId)) return { as: 'manager' }
  return { as: own !== undefined && key.userId === own ? 'owner' : 'stranger' }
}

async function teamOf(house: House, { teamId }: Owners): Promise<Team | undefined> {
  return teamId === undefined ? undefined : (await house.store.teams.find(teamId))?.value
}

async function memberOf(house: House, teamId?: string, userId?: string): Promise<TeamMember | undefined> {
  if (teamId === undefined || userId === undefined) return undefined
  return (await house.store.teamMembers.find(`${teamId}:${userId}`))?.value
}

/** 403: the same words whether there is such a key or not. */
export function notYours(): GatewayError {
  return forbidden('You are not allowed to access this key.', 'key')
}

/** Whether a caller may see a key: its own, one of its user's or its teams', or any for who reads everything. */
export async function mayRead(who: Who, key: VirtualKey): Promise<boolean> {
  const { caller } = who
  if (readsAll(caller)) return true
  if (caller.kind === 'key' && caller.key.hash === key.hash) return true
  const own = ownUserId(caller)
  if (own === undefined || (caller.kind === 'key' && !caller.user)) return false
  return key.userId === own || (await footingOn(who, key)).as !== 'stranger'
}

/** 403 unless the caller may do this to the key: `route` is what a member of its team needs leave for. */
export async function checkMayChange(who: Who, { value: key }: Stored<VirtualKey>, route: string): Promise<Footing> {
  const footing = await footingOn(who, key)
  if (footing.as === 'stranger') throw notYours()
  if (footing.as === 'member') checkPermission(footing, key.teamId, route)
  return footing
}

/** 403 unless the caller manages the key: to own it is not enough. */
export async function checkManages(who: Who, { value: key }: Stored<VirtualKey>): Promise<void> {
  const { as } = await footingOn(who, key)
  if (as === 'manager') return
  if (as === 'stranger') throw notYours()
  throw forbidden('Only a proxy admin, or an admin of the key’s team or organization, may do this.', 'key')
}

function checkPermission({ team }: Footing, teamId: string | undefined, route: string): void {
  if (team?.memberPermissions.includes(route)) return
  throw new GatewayError(
    'route-denied',
    `Team member does not have permissions for ${route} in team=${teamId}. An admin of the team gives them by /team/permissions_update.`,
    { status: 401, kind: 'team_member_permission_error', param: 'team_id' },
  )
}

/** Throws unless the caller may put a key under these owners, as if they made it there. */
export async function checkPlace(who: Who, key: Owners, route = '/key/generate'): Promise<Footing> {
  const footing = await footingOn(who, key)
  const { team } = footing
  if (
    key.organizationId !== undefined &&
    team?.organizationId !== undefined &&
    team.organizationId !== key.organizationId
  )
    throw invalid(
      'organization_id',
      `team=${team.id} belongs to organization=${team.organizationId}: a key of the team cannot belong to another.`,
    )
  if (isAdmin(who.caller)) return footing
  const own = ownUserId(who.caller)
  if (key.teamId !== undefined && footing.as === 'stranger') throw notInTeam(own, key.teamId)
  if (footing.as === 'member') checkPermission(footing, key.teamId, route)
  await checkOwner(who, key, footing)
  const { organizationId } = key
  if (
    organizationId !== undefined &&
    team?.organizationId === undefined &&
    !managesOrganization(who.caller, organizationId)
  )
    throw forbidden(`You are not an admin of organization=${organizationId}.`, 'organization_id')
  return footing
}

/** Managers of a team make keys for its members and for nobody in particular; everybody else for themselves. */
async function checkOwner({ caller, house }: Who, key: Owners, { as }: Footing): Promise<void> {
  const own = ownUserId(caller)
  if (key.userId !== undefined && key.userId === own) return
  const mayBeOthers = as === 'manager' && key.teamId !== undefined
  if (!mayBeOthers && !(as === 'member' && key.userId === undefined))
    throw forbidden(
      `User can only create keys for themselves. Got user_id=${key.userId ?? 'None'}, Your ID=${own ?? 'None'}`,
      'user_id',
    )
  if (key.userId !== undefined && !(await memberOf(house, key.teamId, key.userId)))
    throw notInTeam(key.userId, key.teamId)
}

function notInTeam(userId: string | undefined, teamId: string | undefined): GatewayError {
  return invalid('team_id', `User=${userId ?? 'None'} not assigned to team=${teamId}`)
}

/** The only routes of a key that somebody else than its user may come to hold: what it does in their name is call models. */
const modelsAlone: readonly string[] = ['llm_api_routes']

/**
 * 403 where somebody would hold a key in another's name that may do more than call models: they could manage what is that other's.
 * `shown` says that the caller gets to see a secret of it.
 */
export function checkName({ caller }: Who, before: VirtualKey | undefined, after: VirtualKey, shown: boolean): void {
  const { userId, allowedRoutes } = after
  if (isAdmin(caller) || userId === undefined || userId === ownUserId(caller)) return
  const same = before?.userId === userId && isDeepStrictEqual(before.allowedRoutes, allowedRoutes)
  if (same && !shown) return
  if (allowedRoutes.length > 0 && allowedRoutes.every((route) => modelsAlone.includes(route))) return
  throw forbidden(
    'A key in the name of another user may only call models here: give key_type llm_api, or ask a proxy admin.',
    'key_type',
  )
}
