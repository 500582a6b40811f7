import { readsAll } from '../../access/rights.ts'
import type { Team } from '../../vocabulary/tenants.ts'
import { forbidden, managesOrganization, managesTeam, ownUserId, type Who } from '../desk.ts'

/** Whose spend is asked for. */
export interface Asked {
  readonly userId?: string | undefined
  readonly teamId?: string | undefined
  readonly organizationId?: string | undefined
}

/**
 * What of it the caller may see: who reads everything, whatever was asked; who manages the team or organisation, all of it; anybody
 * else what is booked under their own name.
 */
export async function allowedOf(who: Who, asked: Asked): Promise<Asked> {
  const { caller } = who
  if (readsAll(caller)) return asked
  const { teamId, organizationId } = asked
  if (organizationId !== undefined && managesOrganization(caller, organizationId)) return asked
  if (teamId !== undefined && (await managesAll(who, [teamId]))) return asked
  const own = ownUserId(caller)
  if (own === undefined) throw forbidden('Your key has no user, so it has no spend of its own to show.')
  if (asked.userId !== undefined && asked.userId !== own)
    throw forbidden(`You may see your own spend only. Your user_id=${own}.`, 'user_id')
  // of what belongs to a team or organisation that they do not manage, their own part
  return { ...asked, userId: own }
}

/** Whether the caller manages all of these teams; of those that do not exist nobody but an administrator learns. */
export async function managesAll({ caller, house }: Who, teamIds: readonly string[]): Promise<boolean> {
  const rows = await house.store.teams.findMany(teamIds)
  const teams = new Map<string, Team>(rows.map(({ value }) => [value.id, value]))
  return teamIds.every((id) => managesTeam(caller, teams.get(id) ?? { id }))
}

/** Teams of one organisation that are looked at. */
const mostTeams = 1000

/** Every team that the caller manages, by itself or through its organisation. */
export async function teamsManaged({ caller, house }: Who): Promise<readonly string[]> {
  if (caller.kind !== 'key' && caller.kind !== 'token') return []
  const { teams, organizations } = caller.administers
  const below = await Promise.all(
    organizations.map((organizationId) => house.store.teams.list({ where: { organizationId }, limit: mostTeams })),
  )
  return [...new Set([...teams, ...below.flat().map(({ value }) => value.id)])]
}
