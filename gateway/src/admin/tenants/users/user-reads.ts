import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import { z } from 'zod'
import { readsAll } from '../../../access/rights.ts'
import { bucketOf } from '../../../admission/scopes.ts'
import type { House } from '../../../house.ts'
import type { Stored } from '../../../store/aggregate.ts'
import type { Team, User } from '../../../vocabulary/tenants.ts'
import { forbidden, managesOrganization, managesTeam, notFound, ownUserId, type Who } from '../../desk.ts'
import type { Desk } from '../../row.ts'
import { id, invalid, text } from '../../shapes.ts'
import { keyViews } from '../keys-of.ts'
import { type Page, pageCount, pageFields, pageOf, sortOrder, usualList } from '../pages.ts'
import { teamView } from '../teams/team-view.ts'
import { effective, modelUsage } from '../views.ts'
import { mostTeams, teamIdsOf, userView } from './user-view.ts'

export const userQuery = z.object({ user_id: id.optional() })

/** Who is asked for: others only by those who read everything. */
async function userFor({ house, caller }: Who, asked: string | undefined): Promise<Stored<User> | undefined> {
  const own = ownUserId(caller)
  if (asked !== undefined && asked !== own && !readsAll(caller))
    throw forbidden(`user_id=${asked} is not your own: you can only see yourself.`, 'user_id')
  const userId = asked ?? own
  if (userId === undefined) return undefined
  const found = await house.store.users.find(userId)
  if (!found) throw notFound(`User ${userId} not found`, 'user_id')
  return found
}

/** `/user/info`: a user with keys and teams; who reads everything and names nobody gets the newest of all. */
export async function userInfo(desk: Desk<undefined, z.infer<typeof userQuery>>): Promise<JsonObject> {
  const { house, caller, query } = desk
  const found = await userFor(desk, query.user_id)
  if (!found) {
    if (!readsAll(caller)) throw notFound('This key belongs to no user. Give user_id.', 'user_id')
    const teams = await house.store.teams.list({ limit: usualList, orderBy: 'createdAt', descending: true })
    return { user_id: null, user_info: null, keys: await keyViews(house, {}), teams: await teamViews(house, teams) }
  }
  const userId = found.value.id
  const teams = await house.store.teams.findMany((await teamIdsOf(house, userId)).slice(0, usualList))
  const terms = await effective(house, found.value)
  return {
    user_id: userId,
    user_info: {
      ...(await userView(house, found)),
      model_max_budget_usage: await modelUsage(house, bucketOf.user(userId), terms),
    },
    keys: await keyViews(house, { userId }, 500),
    teams: await teamViews(house, teams),
  }
}

function teamViews(house: House, teams: readonly Stored<Team>[]): Promise<readonly JsonObject[]> {
  return Promise.all(teams.map((team) => teamView(house, team)))
}

/** `/v2/user/info`: a user alone. */
export async function userInfoV2(desk: Desk<undefined, z.infer<typeof userQuery>>): Promise<JsonObject> {
  const found = await userFor(desk, desk.query.user_id)
  if (!found) throw notFound('This key belongs to no user. Give user_id.', 'user_id')
  return userView(desk.house, found)
}

const sortFields = {
  user_id: 'id',
  user_email: 'email',
  user_alias: 'alias',
  user_role: 'role',
  created_at: 'createdAt',
  updated_at: 'updatedAt',
  spend: 'spend',
} as const

export const userListQuery = z.object({
  role: text.optional(),
  user_ids: text.optional(),
  sso_user_ids: text.optional(),
  user_email: text.optional(),
  team: id.optional(),
  organization_ids: text.optional(),
  sort_by: z.enum(Object.keys(sortFields) as [keyof typeof sortFields]).optional(),
  sort_order: sortOrder,
  ...pageFields,
})

type UserQuery = z.infer<typeof userListQuery>

interface Found {
  readonly users: readonly Stored<User>[]
  readonly total: number
}

/** `/user/list`: everybody for those who read everything; the people of a team or organisation for those who administer it. */
export async function listUsers(desk: Desk<undefined, UserQuery>): Promise<JsonObject> {
  const { house, query } = desk
  const page = pageOf(query, 25)
  const { users, total } = await usersFor(desk, page)
  const views = users.map(async (user) => ({
    ...(await userView(house, user)),
    key_count: await house.store.keys.count({ where: { userId: user.value.id } }),
  }))
  return {
    users: await Promise.all(views),
    total,
    page: page.page,
    page_size: page.limit,
    total_pages: pageCount(total, page),
  }
}

async function usersFor(desk: Desk<undefined, UserQuery>, page: Page): Promise<Found> {
  const { house, caller, query } = desk
  const organizations = listOf(query.organization_ids) ?? ownOrganizations(desk)
  if (query.team !== undefined) {
    const team = await house.store.teams.find(query.team)
    if (!readsAll(caller) && !(team && managesTeam(caller, team.value)))
      throw forbidden(`You do not administer team=${query.team}.`, 'team')
    return ofMembers(house.store.teamMembers, { teamId: query.team }, { house, query, page })
  }
  if (organizations !== undefined) {
    const foreign = organizations.find((one) => !readsAll(caller) && !managesOrganization(caller, one))
    if (foreign !== undefined) throw forbidden(`You do not administer organization=${foreign}.`, 'organization_ids')
    return ofMembers(house.store.organizationMembers, { organizationId: organizations }, { house, query, page })
  }
  if (!readsAll(caller)) throw forbidden('Only proxy admins can list all users.')
  const ids = listOf(query.user_ids)
  if (ids) return narrowed(await house.store.users.findMany(ids), query, page)
  const [role, ssoId] = [listOf(query.role), listOf(query.sso_user_ids)]
  const filter = {
    ...((role || ssoId) && { where: { ...(role && { role }), ...(ssoId && { ssoId }) } }),
    ...(query.user_email !== undefined && { contains: { email: query.user_email } }),
  }
  const [users, total] = await Promise.all([
    house.store.users.list({
      ...filter,
      orderBy: sortFields[query.sort_by ?? 'user_id'],
      descending: query.sort_order === 'desc',
      limit: page.limit,
      offset: page.offset,
    }),
    house.store.users.count(filter),
  ])
  return { users, total }
}

/** Who does not read everything sees the people of their organisations. */
function ownOrganizations({ caller }: Who): readonly string[] | undefined {
  if (readsAll(caller) || (caller.kind !== 'key' && caller.kind !== 'token')) return undefined
  return caller.administers.organizations.length > 0 ? caller.administers.organizations : undefined
}

interface Members<Where> {
  list(query: {
    readonly where: Where
    readonly limit: number
  }): Promise<readonly { readonly value: { readonly userId: string } }[]>
}

interface Wanted {
  readonly house: House
  readonly query: UserQuery
  readonly page: Page
}

/** Members of one place that are looked at. */
const mostMembers = 5 * mostTeams

async function ofMembers<Where>(members: Members<Where>, where: Where, { house, query, page }: Wanted): Promise<Found> {
  const rows = await members.list({ where, limit: mostMembers })
  const users = await house.store.users.findMany(rows.map(({ value }) => value.userId))
  const ids = listOf(query.user_ids)
  return narrowed(ids ? users.filter(({ value }) => ids.includes(value.id)) : users, query, page)
}

/** A page of those who fit, of users that are all here already. */
function narrowed(users: readonly Stored<User>[], query: UserQuery, page: Page): Found {
  if (query.sort_by !== undefined && query.sort_by !== 'user_id')
    throw invalid('sort_by', 'Users of one team, organization or list of ids are sorted by user_id.')
  const [roles, sso, email] = [listOf(query.role), listOf(query.sso_user_ids), query.user_email?.toLowerCase()]
  const fitting = users
    .filter(
      ({ value }) =>
        (!roles || roles.includes(value.role)) &&
        (!sso || (value.ssoId !== undefined && sso.includes(value.ssoId))) &&
        (email === undefined || (value.email ?? '').toLowerCase().includes(email)),
    )
    .sort((a, b) => (a.value.id < b.value.id ? -1 : 1))
  if (query.sort_order === 'desc') fitting.reverse()
  return { users: fitting.slice(page.offset, page.offset + page.limit), total: fitting.length }
}

function listOf(commas: string | undefined): readonly string[] | undefined {
  return commas
    ?.split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}
