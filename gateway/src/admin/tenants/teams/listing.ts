import type { Json, JsonObject } from 'turnpike-core/internal/kernel/json'
import { z } from 'zod'
import { readsAll } from '../../../access/rights.ts'
import type { House } from '../../../house.ts'
import type { Stored } from '../../../store/aggregate.ts'
import type { Principal } from '../../../vocabulary/principal.ts'
import type { Team } from '../../../vocabulary/tenants.ts'
import { forbidden, managesTeam, ownUserId, type Who } from '../../desk.ts'
import type { Desk } from '../../row.ts'
import { id, invalid, queryWhole, text } from '../../shapes.ts'
import { keyViews } from '../keys-of.ts'
import { listed, type Page, pageCount, pageFields, pageOf, sortOrder, usualList } from '../pages.ts'
import { memberId } from './members.ts'
import { membershipView, membersOf, teamView } from './team-view.ts'
import { teamNotFound } from './team-writes.ts'

/** Whether somebody may see a team: who reads everything, manages it, is in it, or holds one of its keys. */
export function seesTeam(caller: Principal, team: Team): boolean {
  if (readsAll(caller) || managesTeam(caller, team)) return true
  if (caller.kind !== 'key' && caller.kind !== 'token') return false
  return caller.teamIds.includes(team.id) || caller.team?.id === team.id
}

export async function seenTeam({ house, caller }: Who, teamId: string): Promise<Stored<Team>> {
  const found = await house.store.teams.find(teamId)
  if (found && seesTeam(caller, found.value)) return found
  if (readsAll(caller)) throw teamNotFound(teamId)
  throw forbidden(`You are not in team=${teamId}, so you cannot see it.`, 'team_id')
}

export const teamInfoQuery = z.object({ team_id: id.optional(), key_limit: queryWhole.max(1000).optional() })

/** `/team/info`; who neither manages the team nor reads everything sees of its keys and budgets only their own. */
export async function teamInfo(desk: Desk<undefined, z.infer<typeof teamInfoQuery>>): Promise<JsonObject> {
  const { house, caller, query } = desk
  const own = caller.kind === 'key' || caller.kind === 'token' ? caller.team?.id : undefined
  const teamId = query.team_id ?? own
  if (teamId === undefined) throw invalid('team_id', 'Give team_id.')
  const team = await seenTeam(desk, teamId)
  const members = await membersOf(house, teamId)
  const all = readsAll(caller) || managesTeam(caller, team.value)
  const userId = ownUserId(caller)
  const shown = all ? members : members.filter(({ value }) => value.userId === userId)
  const keys = all ? { teamId } : { teamId, userId: userId ?? '' }
  return {
    team_id: teamId,
    team_info: await teamView(house, team, members),
    keys: await keyViews(house, keys, query.key_limit ?? usualList),
    team_memberships: await Promise.all(shown.map((member) => membershipView(house, member, team.value))),
  }
}

/** `/team/{team_id}/members/me` */
export async function ownMembership(desk: Desk<undefined, undefined>, teamId: string): Promise<JsonObject> {
  const { house, caller } = desk
  const team = await seenTeam(desk, teamId)
  const userId = ownUserId(caller)
  const member = userId === undefined ? undefined : await house.store.teamMembers.find(memberId(teamId, userId))
  if (!member) throw forbidden(`You are not in team=${teamId}.`, 'team_id')
  const user = await house.store.users.find(member.value.userId)
  return {
    ...(await membershipView(house, member, team.value)),
    user_email: user?.value.email ?? null,
    team_alias: team.value.alias ?? null,
  }
}

const sortFields = {
  team_id: 'id',
  team_alias: 'alias',
  organization_id: 'organizationId',
  spend: 'spend',
  created_at: 'createdAt',
  updated_at: 'updatedAt',
} as const

export const teamListQuery = z.object({
  user_id: id.optional(),
  organization_id: id.optional(),
  team_id: id.optional(),
  team_alias: text.optional(),
  search: text.optional(),
  sort_by: z.enum(Object.keys(sortFields) as [keyof typeof sortFields]).optional(),
  sort_order: sortOrder,
  status: z.enum(['deleted']).optional(),
  ...pageFields,
})

type TeamQuery = z.infer<typeof teamListQuery>

interface Found {
  readonly teams: readonly Stored<Team>[]
  readonly total: number
}

/** The teams that a caller asks for and may see. */
async function teamsFor(desk: Desk<undefined, TeamQuery>, page: Page): Promise<Found> {
  const { house, caller, query } = desk
  if (query.team_id !== undefined) {
    const found = await house.store.teams.find(query.team_id)
    return found && seesTeam(caller, found.value) ? { teams: [found], total: 1 } : { teams: [], total: 0 }
  }
  const userId = whoseTeams(caller, query)
  if (userId !== undefined) return ofUser({ house, userId, query, page })
  const organizationId = query.organization_id ?? organizationsSeen(caller)
  const alias = query.team_alias ?? query.search
  const where = organizationId === undefined ? {} : { where: { organizationId } }
  const filter = { ...where, ...(alias !== undefined && { contains: { alias } }) }
  const [teams, total] = await Promise.all([
    house.store.teams.list({
      ...filter,
      orderBy: sortFields[query.sort_by ?? 'team_id'],
      descending: query.sort_order === 'desc',
      limit: page.limit,
      offset: page.offset,
    }),
    house.store.teams.count(filter),
  ])
  return { teams, total }
}

/** Whose teams are listed; undefined: not those of one person. Who does not read everything sees their own, or those of their organisations. */
function whoseTeams(caller: Principal, { user_id, organization_id }: TeamQuery): string | undefined {
  if (readsAll(caller)) return user_id
  const own = ownUserId(caller)
  if (user_id !== undefined && user_id !== own)
    throw forbidden('Only proxy admins can list the teams of others.', 'user_id')
  const administered = organizationsSeen(caller) ?? []
  const ofOwnOrganizations =
    organization_id === undefined ? administered.length > 0 : administered.includes(organization_id)
  if (user_id === undefined && ofOwnOrganizations) return undefined
  return own ?? ''
}

function organizationsSeen(caller: Principal): readonly string[] | undefined {
  if (readsAll(caller) || (caller.kind !== 'key' && caller.kind !== 'token')) return undefined
  return caller.administers.organizations
}

/** Memberships of one person that are looked at. */
const mostTeams = 1000

interface OfUser {
  readonly house: House
  readonly userId: string
  readonly query: TeamQuery
  readonly page: Page
}

async function ofUser({ house, userId, query, page }: OfUser): Promise<Found> {
  const memberships = await house.store.teamMembers.list({ where: { userId }, limit: mostTeams })
  const teams = await house.store.teams.findMany(memberships.map(({ value }) => value.teamId))
  const alias = (query.team_alias ?? query.search)?.toLowerCase()
  const wanted = teams.filter(
    ({ value }) =>
      (query.organization_id === undefined || value.organizationId === query.organization_id) &&
      (alias === undefined || (value.alias ?? '').toLowerCase().includes(alias)),
  )
  if (query.sort_order === 'desc') wanted.reverse()
  return { teams: wanted.slice(page.offset, page.offset + page.limit), total: wanted.length }
}

/** `/team/list`: whole teams, with their memberships and keys where the caller may see those. */
export async function listTeams(desk: Desk<undefined, TeamQuery>): Promise<Response> {
  const { house, caller, query } = desk
  const page = pageOf(query, usualList)
  const { teams, total } = await teamsFor(desk, page)
  const userId = ownUserId(caller) ?? ''
  const rows = teams.map(async (team): Promise<Json> => {
    const members = await membersOf(house, team.value.id)
    const all = readsAll(caller) || managesTeam(caller, team.value)
    const shown = all ? members : members.filter(({ value }) => value.userId === userId)
    return {
      ...(await teamView(house, team, members)),
      team_memberships: await Promise.all(shown.map((member) => membershipView(house, member, team.value))),
      keys: await keyViews(house, all ? { teamId: team.value.id } : { teamId: team.value.id, userId }),
    }
  })
  return listed(await Promise.all(rows), total, page)
}

/** `/v2/team/list`: teams in pages. */
export async function pageTeams(desk: Desk<undefined, TeamQuery>): Promise<JsonObject> {
  const { house, query } = desk
  const page = pageOf(query, 10)
  if (query.status === 'deleted') return deletedTeams(desk, page)
  const { teams, total } = await teamsFor(desk, page)
  const views = teams.map(async (team) => {
    const { id: teamId } = team.value
    const [view, members_count, keys_count] = await Promise.all([
      teamView(house, team),
      house.store.teamMembers.count({ where: { teamId } }),
      house.store.keys.count({ where: { teamId } }),
    ])
    return { ...view, members_count, keys_count }
  })
  return paged('teams', await Promise.all(views), total, page)
}

async function deletedTeams({ house, caller }: Who, page: Page): Promise<JsonObject> {
  if (!readsAll(caller)) throw forbidden('Only proxy admins can list deleted teams.', 'status')
  const where = { kind: 'team' }
  const [rows, total] = await Promise.all([
    house.store.deleted.list({ where, limit: page.limit, offset: page.offset, orderBy: 'createdAt', descending: true }),
    house.store.deleted.count({ where }),
  ])
  const views = rows.map(({ value, createdAt, createdBy }) => ({
    ...value.was,
    deleted_at: new Date(createdAt).toISOString(),
    deleted_by: createdBy,
  }))
  return paged('teams', views, total, page)
}

function paged(name: string, rows: readonly Json[], total: number, page: Page): JsonObject {
  return { [name]: rows, total, page: page.page, page_size: page.limit, total_pages: pageCount(total, page) }
}
