import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import type { z } from 'zod'
import type { Stored } from '../../../store/aggregate.ts'
import type { OrganizationMember, Team, User } from '../../../vocabulary/tenants.ts'
import { edited, fresh, notFound, record, type Who } from '../../desk.ts'
import type { Desk } from '../../row.ts'
import { invalid } from '../../shapes.ts'
import { deleteKeys } from '../keys-of.ts'
import { conflict, emailTaken, findPerson, type Named, newUser, personOrNotFound } from '../people.ts'
import { addMembers, type MemberTermsBody } from '../teams/members.ts'
import { aliasTaken, makeFirstKey } from './first-key.ts'
import { checkUser, type newUserShape, type UserBody, withUserBody } from './user-fields.ts'
import { userView } from './user-view.ts'

type NewUserBody = z.infer<typeof newUserShape>

/** `/user/new`: a user, with a key unless the body says otherwise. Everything is looked at before anything is written. */
export async function createUser(desk: Desk<NewUserBody, undefined>): Promise<JsonObject> {
  const { body, house } = desk
  const start = newUser(house, body.user_id ?? crypto.randomUUID(), body.user_role ?? undefined)
  const user: User = {
    ...withUserBody(start, body, body.user_email),
    ...(body.sso_user_id && { ssoId: body.sso_user_id }),
  }
  await checkUser(house, user)
  const joins = await joinsOf(desk)
  for (const organizationId of body.organizations ?? [])
    if (!(await house.store.organizations.find(organizationId)))
      throw notFound(`Organization not found, passed organization_id=${organizationId}`, 'organizations')
  if (body.key_alias && (await house.store.keys.findBy('alias', body.key_alias))) throw aliasTaken(body.key_alias)
  const stored = await insertUser(desk, user)
  for (const { team, role, terms } of joins) await addMembers(desk, team, [{ user_id: user.id, role }], terms)
  for (const organizationId of body.organizations ?? []) await seat(desk, organizationId, user)
  const view = await userView(house, stored)
  await record(desk, { action: 'created', table: 'LiteLLM_UserTable', objectId: user.id, after: view })
  const key = body.auto_create_key ? await makeFirstKey(desk, user, body) : { key: '' }
  return { ...view, ...key }
}

async function insertUser(who: Who, user: User): Promise<Stored<User>> {
  const stored = fresh(who, user)
  const { taken } = await who.house.store.users.insert(stored)
  if (taken === undefined) return stored
  if (taken === 'email') throw emailTaken(user.email ?? '')
  if (taken === 'ssoId') throw conflict('sso_user_id', 'A user with this sso_user_id already exists.')
  throw conflict('user_id', `User with id ${user.id} already exists.`)
}

interface Join {
  readonly team: Stored<Team>
  readonly role: 'user' | 'admin'
  readonly terms: MemberTermsBody
}

/** The teams that a new user joins: those of the body, else those that the operator gives to new users; and that of the key. */
async function joinsOf({ body, house }: Desk<NewUserBody, undefined>): Promise<readonly Join[]> {
  const asked = (body.teams ?? []).map((one) =>
    typeof one === 'string' ? { team_id: one, user_role: 'user' as const } : one,
  )
  if (body.team_id && !asked.some(({ team_id }) => team_id === body.team_id))
    asked.push({ team_id: body.team_id, user_role: 'user' })
  const joins: Join[] = []
  for (const { team_id, user_role: role, max_budget_in_team } of asked) {
    const team = await house.store.teams.find(team_id)
    if (!team) throw notFound(`Team not found, passed team id: ${team_id}.`, 'teams')
    if (joins.some((join) => join.team.value.id === team_id)) throw invalid('teams', `teams names ${team_id} twice.`)
    joins.push({ team, role, terms: { max_budget_in_team } })
  }
  if (body.teams) return joins
  for (const { teamId, role, maxBudget } of house.config.governance.creation.users.teams) {
    const team = await house.store.teams.find(teamId)
    if (!team)
      house.log(`a new user did not join team ${teamId} of default_internal_user_params: there is no such team`)
    else if (!joins.some((join) => join.team.value.id === teamId))
      joins.push({ team, role, terms: maxBudget === undefined ? {} : { max_budget_in_team: maxBudget } })
  }
  return joins
}

async function seat(who: Who, organizationId: string, user: User): Promise<void> {
  const role = user.role === 'internal_user_viewer' ? user.role : 'internal_user'
  const member: OrganizationMember = { id: `${organizationId}:${user.id}`, organizationId, userId: user.id, role }
  await who.house.store.organizationMembers.insert(fresh(who, member))
}

/** Changes a user, found by id or e-mail address; what the body does not name stays. One who is not there is made, as LiteLLM does. */
export async function updateUser(who: Who, body: UserBody & Named): Promise<JsonObject> {
  const { house } = who
  const found = await findPerson(house, body)
  const email = body.user_id ? body.user_email : undefined
  if (!found) {
    const user = withUserBody(newUser(house, body.user_id ?? crypto.randomUUID()), body, body.user_email)
    await checkUser(house, user)
    const view = await userView(house, await insertUser(who, user))
    await record(who, { action: 'created', table: 'LiteLLM_UserTable', objectId: user.id, after: view })
    return { user_id: user.id, data: view }
  }
  const userId = found.value.id
  const edit = (user: User) => withUserBody(user, body, email)
  await checkUser(house, edit(found.value))
  const before = await userView(house, found)
  const after = await house.store.users.change(userId, (row) => edited(who, row, edit(row.value)))
  if (!after) throw notFound(`User not found, passed user_id=${userId}`, 'user_id')
  if ('taken' in after) throw emailTaken(email ?? '')
  const view = await userView(house, after)
  await record(who, { action: 'updated', table: 'LiteLLM_UserTable', objectId: userId, before, after: view })
  return { user_id: userId, data: view }
}

/** Users go with their keys, memberships and sessions. All of them must be there. */
export async function deleteUsers(who: Who, userIds: readonly string[]): Promise<number> {
  const { store } = who.house
  const users: Stored<User>[] = []
  for (const user_id of new Set(userIds)) users.push(await personOrNotFound(who.house, { user_id }))
  for (const stored of users) {
    const userId = stored.value.id
    const before = await userView(who.house, stored)
    // first the user, so that nobody makes a key in their name meanwhile
    await store.users.remove([userId])
    await deleteKeys(who, { userId })
    const where = { userId }
    await drain(store.teamMembers, where)
    await drain(store.organizationMembers, where)
    await drain(store.sessions, where)
    await record(who, { action: 'deleted', table: 'LiteLLM_UserTable', objectId: userId, before })
  }
  return users.length
}

interface Drained {
  list(query: {
    readonly where: { readonly userId: string }
    readonly limit: number
  }): Promise<readonly { readonly value: { readonly id: string } }[]>
  remove(ids: readonly string[]): Promise<readonly unknown[]>
}

async function drain(rows: Drained, where: { readonly userId: string }): Promise<void> {
  for (;;) {
    const page = await rows.list({ where, limit: 500 })
    if (page.length === 0) return
    await rows.remove(page.map(({ value }) => value.id))
  }
}
