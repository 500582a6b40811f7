import { readsAll } from '../../../access/rights.ts'
import type { House } from '../../../house.ts'
import type { ListQuery } from '../../../store/aggregate.ts'
import { forbidden, managesOrganization, ownUserId, type Who } from '../../desk.ts'
import { invalid } from '../../shapes.ts'
import { footingOn } from '../rules/rights.ts'

type KeyQuery = ListQuery<'userId' | 'teamId' | 'organizationId' | 'alias'>
type Where = NonNullable<KeyQuery['where']>

/** Which keys are asked for. */
export interface Filters {
  readonly user_id?: string | undefined
  readonly team_id?: string | undefined
  readonly organization_id?: string | undefined
  readonly key_alias?: string | undefined
  readonly key_hash?: string | undefined
  readonly include_team_keys?: boolean | undefined
  readonly include_created_by_keys?: boolean | undefined
}

/** Exact matches that together are what a caller may see of what is asked for: a key is in the list where any of them has it. */
export async function scopesIn(who: Who, filters: Filters): Promise<readonly [Where, ...Where[]]> {
  const { caller } = who
  const asked = whereOf(filters)
  const subject = filters.user_id ?? (readsAll(caller) ? undefined : ownUserId(caller))
  if (readsAll(caller)) {
    if (!filters.include_team_keys || subject === undefined || filters.team_id !== undefined) return [asked]
    return withTeams(asked, await teamsAdministered(who.house, subject))
  }
  if (filters.include_created_by_keys)
    throw invalid('include_created_by_keys', 'include_created_by_keys is not supported here; leave it out.')
  if (await seesWhole(who, filters)) return [asked]
  if (subject === undefined || subject !== ownUserId(caller))
    throw forbidden("You are not authorized to check another user's keys", 'user_id')
  const own = { ...asked, userId: subject }
  if (!filters.include_team_keys || filters.team_id !== undefined) return [own]
  return withTeams(own, await teamsManaged(who))
}

function whereOf({ user_id, team_id, organization_id, key_alias, key_hash }: Filters): Where {
  return {
    ...(user_id !== undefined && { userId: user_id }),
    ...(team_id !== undefined && { teamId: team_id }),
    ...(organization_id !== undefined && { organizationId: organization_id }),
    ...(key_alias !== undefined && { alias: key_alias }),
    ...(key_hash !== undefined && { id: key_hash }),
  }
}

/** Whether the filters stay within a team or an organisation whose keys the caller may all see. */
async function seesWhole(who: Who, { team_id: teamId, organization_id: organizationId }: Filters): Promise<boolean> {
  if (organizationId !== undefined && managesOrganization(who.caller, organizationId)) return true
  if (teamId === undefined) return false
  const { as, team } = await footingOn(who, { teamId })
  return as === 'manager' || (as === 'member' && team?.memberPermissions.includes('/key/list') === true)
}

function withTeams(own: Where, teamIds: readonly string[]): readonly [Where, ...Where[]] {
  if (teamIds.length === 0) return [own]
  const { userId: _, ...others } = own
  return [own, { ...others, teamId: teamIds }]
}

const mostTeams = 1000

async function teamsAdministered({ store }: House, userId: string): Promise<readonly string[]> {
  const seats = await store.teamMembers.list({ where: { userId }, limit: mostTeams })
  return seats.filter(({ value }) => value.role === 'admin').map(({ value }) => value.teamId)
}

async function teamsManaged({ caller, house }: Who): Promise<readonly string[]> {
  if (caller.kind !== 'key' && caller.kind !== 'token') return []
  const { teams, organizations } = caller.administers
  if (organizations.length === 0) return teams
  const below = await house.store.teams.list({ where: { organizationId: organizations }, limit: mostTeams })
  return [...new Set([...teams, ...below.map(({ value }) => value.id)])]
}
