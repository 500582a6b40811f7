import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import type { z } from 'zod'
import { isAdmin } from '../../../access/rights.ts'
import type { Stored } from '../../../store/aggregate.ts'
import type { Team } from '../../../vocabulary/tenants.ts'
import {
  type Change,
  edited,
  forbidden,
  fresh,
  managesOrganization,
  managesTeam,
  notFound,
  ownUserId,
  record,
  type Who,
} from '../../desk.ts'
import type { Desk } from '../../row.ts'
import { invalid } from '../../shapes.ts'
import { noModel } from '../fields.ts'
import { deleteKeys } from '../keys-of.ts'
import { addMembers, checkNewcomers } from './members.ts'
import { checkTeam, newTeam, type newTeamShape, refuseFieldsAbove, type TeamBody, withTeamBody } from './team-fields.ts'
import { teamView } from './team-view.ts'

/** The team with this id, for somebody who manages it. Others are not told whether there is one. */
export async function managedTeam(who: Who, teamId: string): Promise<Stored<Team>> {
  const found = await who.house.store.teams.find(teamId)
  if (found ? managesTeam(who.caller, found.value) : isAdmin(who.caller)) {
    if (found) return found
    throw teamNotFound(teamId)
  }
  throw forbidden(`Only a proxy admin, team admin or organization admin can manage team ${teamId}.`, 'team_id')
}

/** The same, for what binds the team's own administrators too. */
export async function ownedTeam(who: Who, teamId: string): Promise<Stored<Team>> {
  const team = await managedTeam(who, teamId)
  if (isAboveTeam(who, team.value)) return team
  throw forbidden(`Only a proxy admin, or an admin of its organization, can do this to team ${teamId}.`, 'team_id')
}

function isAboveTeam({ caller }: Who, { organizationId }: Team): boolean {
  return isAdmin(caller) || (organizationId !== undefined && managesOrganization(caller, organizationId))
}

export function teamNotFound(teamId: string) {
  return notFound(`Team not found, passed team id: ${teamId}.`, 'team_id')
}

function told(who: Who, teamId: string, change: Pick<Change, 'action' | 'before' | 'after'>): Promise<void> {
  return record(who, { table: 'LiteLLM_TeamTable', objectId: teamId, ...change })
}

export async function createTeam(desk: Desk<z.infer<typeof newTeamShape>, undefined>): Promise<JsonObject> {
  const { body, caller, house } = desk
  if (!isAdmin(caller) && !(body.organization_id && managesOrganization(caller, body.organization_id)))
    throw forbidden(
      'Only a proxy admin, or an admin of the organization that is given, can make teams.',
      'organization_id',
    )
  const start = newTeam(house, body.team_id ?? crypto.randomUUID())
  // a team that names no models has those of its organisation
  const roof = body.organization_id ? await house.store.organizations.find(body.organization_id) : undefined
  const inherits = !desk.named.has('models') && roof !== undefined
  const team = withTeamBody(inherits ? { ...start, models: roof.value.models } : start, body)
  await checkTeam(house, team)
  const newcomers = firstMembers(desk)
  const stored = fresh(desk, team)
  await checkNewcomers(desk, team, newcomers)
  const { taken } = await house.store.teams.insert(stored)
  if (taken !== undefined)
    throw invalid('team_id', `Team id = ${team.id} already exists. Please use a different team id.`)
  await told(desk, team.id, { action: 'created', after: await teamView(house, stored, []) })
  await addMembers(desk, stored, newcomers)
  return teamView(house, stored)
}

/** Who is in a new team: those that the body names, and whoever makes it as its administrator. */
function firstMembers(desk: Desk<z.infer<typeof newTeamShape>, undefined>) {
  const { body, caller } = desk
  const own = ownUserId(caller)
  const named = [
    ...(body.members_with_roles ?? []),
    ...(body.admins ?? []).map((user_id) => ({ user_id, role: 'admin' as const })),
    ...(body.members ?? []).map((user_id) => ({ user_id, role: 'user' as const })),
  ]
  return own === undefined || named.some(({ user_id }) => user_id === own)
    ? named
    : [...named, { user_id: own, role: 'admin' as const }]
}

/** Changes a team to what `edit` makes of it, if that may be. */
export async function changeTeam(
  who: Who,
  found: Stored<Team>,
  change: { readonly action?: Change['action']; readonly edit: (team: Team) => Team },
): Promise<JsonObject> {
  const { house } = who
  const before = await teamView(house, found)
  await checkTeam(house, change.edit(found.value))
  const after = await house.store.teams.change(found.value.id, (row) => edited(who, row, change.edit(row.value)))
  if (!after || 'taken' in after) throw teamNotFound(found.value.id)
  const view = await teamView(house, after)
  await told(who, found.value.id, { action: change.action ?? 'updated', before, after: view })
  return view
}

/** `/team/update`: what the body does not name stays. */
export async function updateTeam(who: Desk<TeamBody, undefined>, teamId: string): Promise<JsonObject> {
  const { body, caller, named } = who
  const found = await managedTeam(who, teamId)
  if (!isAboveTeam(who, found.value)) refuseFieldsAbove(named)
  const moves = named.has('organization_id') && (body.organization_id ?? undefined) !== found.value.organizationId
  if (moves && !isAdmin(caller) && !(body.organization_id && managesOrganization(caller, body.organization_id)))
    throw forbidden('A team can only be moved to an organization that you administer.', 'organization_id')
  const data = await changeTeam(who, found, { edit: (team) => withTeamBody(team, body) })
  return { team_id: teamId, data }
}

/** Teams go with their keys and memberships; each is kept as it was among what is deleted. */
export async function deleteTeams(who: Who, teamIds: readonly string[]): Promise<readonly JsonObject[]> {
  const teams: Stored<Team>[] = []
  for (const teamId of new Set(teamIds)) teams.push(await ownedTeam(who, teamId))
  const gone: JsonObject[] = []
  for (const stored of teams) gone.push(await deleteTeam(who, stored))
  return gone
}

async function deleteTeam(who: Who, stored: Stored<Team>): Promise<JsonObject> {
  const { store } = who.house
  const { id } = stored.value
  const was = await teamView(who.house, stored)
  await deleteKeys(who, { teamId: id })
  await store.teams.remove([id])
  for (;;) {
    const members = await store.teamMembers.list({ where: { teamId: id }, limit: 500 })
    if (members.length === 0) break
    await store.teamMembers.remove(members.map(({ value }) => value.id))
  }
  // a key that was made meanwhile
  await deleteKeys(who, { teamId: id })
  await store.deleted.insert(fresh(who, { id: crypto.randomUUID(), kind: 'team' as const, objectId: id, was }))
  await told(who, id, { action: 'deleted', before: was })
  return was
}

export async function setTeamBlocked(who: Who, teamId: string, blocked: boolean): Promise<JsonObject> {
  const found = await ownedTeam(who, teamId)
  return changeTeam(who, found, { action: blocked ? 'blocked' : 'unblocked', edit: (team) => ({ ...team, blocked }) })
}

export async function addTeamModels(who: Who, teamId: string, models: readonly string[]): Promise<JsonObject> {
  const found = await ownedTeam(who, teamId)
  return changeTeam(who, found, {
    edit: (team) => {
      const kept = team.models.filter((model) => !noModel.includes(model))
      return { ...team, models: kept.includes('all-proxy-models') ? kept : [...new Set([...kept, ...models])] }
    },
  })
}

export async function deleteTeamModels(who: Who, teamId: string, models: readonly string[]): Promise<JsonObject> {
  const found = await managedTeam(who, teamId)
  if (found.value.models.includes('all-proxy-models') && !models.includes('all-proxy-models'))
    throw invalid('models', 'The team may use every model. Name the models that it keeps by /team/update.')
  return changeTeam(who, found, {
    edit: (team) => {
      const kept = team.models.filter((model) => !models.includes(model))
      // outside, an empty list would say all
      return { ...team, models: kept.length === 0 ? noModel : kept }
    },
  })
}
