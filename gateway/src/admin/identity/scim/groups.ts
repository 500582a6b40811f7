import { asString, isArray, isObject, type Json, type JsonObject } from 'turnpike-core/internal/kernel/json'
import type { RouteCall } from '../../../pipeline/route.ts'
import type { Stored } from '../../../store/aggregate.ts'
import type { Team } from '../../../vocabulary/tenants.ts'
import { answer, bodyOf, groupSchema, listAnswer, noResource, projected, scimFault } from './answers.ts'
import { edited, fresh, metaOf, type ScimDesk } from './desk.ts'
import { type Filter, mentions, mustEqual, readFilter } from './filter.ts'
import { everyRow, findPage, windowOf } from './paging.ts'
import { patched, readPatch } from './patch.ts'
import { attribute, textIn } from './user-resource.ts'
import { locationOf, removeKeys } from './users.ts'

/** Routes of `/Groups`: teams and who is in them. */
export const groups = {
  async list({ query }: RouteCall, desk: ScimDesk): Promise<Response> {
    const window = windowOf(query)
    const text = query.get('filter')
    const filter = text === null ? undefined : readFilter(text)
    const page = await findPage(
      desk.store.teams,
      window,
      filter && {
        filter,
        candidates: await candidates(filter, desk),
        show: (stored) => (mentions(filter, 'members') ? shown(stored, desk) : groupResource(stored, desk)),
      },
    )
    const bare = query.get('excludedAttributes')?.toLowerCase().includes('members')
    const resources = await Promise.all(
      page.rows.map((stored) => (bare ? groupResource(stored, desk) : shown(stored, desk))),
    )
    return listAnswer(
      resources.map((resource) => projected(resource, query)),
      { total: page.total, startIndex: window.startIndex },
    )
  },

  async read({ params, query }: RouteCall, desk: ScimDesk): Promise<Response> {
    const stored = await desk.store.teams.find(params.id ?? '')
    if (!stored) throw noResource('Group')
    return answer(projected(await shown(stored, desk), query))
  },

  async create(call: RouteCall, desk: ScimDesk): Promise<Response> {
    const resource = bodyOf(call)
    const members = await knownMembers(membersOf(resource) ?? [], desk)
    // the provider's own id is what its tokens name the group by
    const id = textIn(resource, 'externalId') ?? crypto.randomUUID()
    const stored = fresh(desk, withResource(desk.newTeam({ id }), resource))
    if ((await desk.store.teams.insert(stored)).taken !== undefined)
      throw scimFault('uniqueness', 'Another group has this value of externalId.')
    await join(id, members, desk)
    const after = await shown(stored, desk)
    await desk.changed({ kind: 'team', id, action: 'created', after })
    return answer(after, 201, locationOf(after))
  },

  replace: (call: RouteCall, desk: ScimDesk) => change(call, desk, () => bodyOf(call)),

  patch(call: RouteCall, desk: ScimDesk): Promise<Response> {
    const operations = readPatch(bodyOf(call))
    return change(call, desk, (before) => patched(before, operations))
  },

  async remove({ params }: RouteCall, desk: ScimDesk): Promise<Response> {
    const { store } = desk
    const stored = await store.teams.find(params.id ?? '')
    const before = stored && (await shown(stored, desk))
    const [gone] = await store.teams.remove([params.id ?? ''])
    if (!gone) throw noResource('Group')
    const teamId = gone.value.id
    for await (const keys of everyRow(store.keys, { teamId }, ({ hash }) => hash)) await removeKeys(keys, desk)
    for await (const members of everyRow(store.teamMembers, { teamId }, ({ id }) => id))
      await store.teamMembers.remove(members.map(({ value }) => value.id))
    const was = JSON.parse(JSON.stringify(gone.value)) as JsonObject
    await store.deleted.insert(fresh(desk, { id: crypto.randomUUID(), kind: 'team', objectId: teamId, was }))
    await desk.changed({ kind: 'team', id: teamId, action: 'deleted', before })
    return new Response(null, { status: 204 })
  },
}

/** A team without its members, as SCIM shows one (https://www.rfc-editor.org/rfc/rfc7643#section-4.2). */
function groupResource(stored: Stored<Team>, { publicUrl }: ScimDesk): JsonObject {
  const { id, alias, metadata } = stored.value
  const { externalId } = (metadata.scim ?? {}) as { readonly externalId?: string }
  return {
    schemas: [groupSchema],
    id,
    ...(externalId === undefined ? {} : { externalId }),
    displayName: alias ?? id,
    meta: metaOf('Group', stored, publicUrl),
  }
}

async function shown(stored: Stored<Team>, desk: ScimDesk): Promise<JsonObject> {
  const members: JsonObject[] = []
  for (const userId of await memberIds(stored.value.id, desk)) members.push({ value: userId, type: 'User' })
  return { ...groupResource(stored, desk), members }
}

function withResource(team: Team, resource: JsonObject): Team {
  const displayName = textIn(resource, 'displayName')
  if (displayName === undefined) throw scimFault('invalidValue', 'displayName must be text that is not empty.')
  const externalId = textIn(resource, 'externalId')
  return {
    ...team,
    alias: displayName,
    metadata: { ...team.metadata, scim: externalId === undefined ? {} : { externalId } },
  }
}

async function change(
  { params, query }: RouteCall,
  desk: ScimDesk,
  next: (before: JsonObject) => JsonObject,
): Promise<Response> {
  const { store } = desk
  const stored = await store.teams.find(params.id ?? '')
  if (!stored) throw noResource('Group')
  const before = await shown(stored, desk)
  const resource = next(before)
  const id = stored.value.id
  const has = new Set(membersOf(before) ?? [])
  // whoever does not speak of members does not mean that there are none
  const wanted = new Set(membersOf(resource) ?? ('members' in resource ? [] : has))
  const joining = await knownMembers(
    [...wanted].filter((userId) => !has.has(userId)),
    desk,
  )
  const row = await store.teams.change(id, (current) => edited(desk, current, withResource(current.value, resource)))
  if (!row) throw noResource('Group')
  if ('taken' in row) throw scimFault('uniqueness', 'Another group has this value of displayName.')
  await join(id, joining, desk)
  await store.teamMembers.remove([...has].filter((userId) => !wanted.has(userId)).map((userId) => `${id}:${userId}`))
  const after = await shown(row, desk)
  await desk.changed({ kind: 'team', id, action: 'updated', before, after })
  return answer(projected(after, query))
}

async function candidates(filter: Filter, { store }: ScimDesk): Promise<readonly Stored<Team>[] | undefined> {
  const id = mustEqual(filter, ['id'])
  if (id !== undefined) return store.teams.findMany([id])
  const alias = mustEqual(filter, ['displayname'])
  if (alias === undefined) return undefined
  // a group that was never named shows its id
  const [named, unnamed] = await Promise.all([
    store.teams.list({ contains: { alias }, limit: 1000 }),
    store.teams.findMany([alias]),
  ])
  return [...new Map([...named, ...unnamed].map((stored) => [stored.value.id, stored])).values()]
}

function membersOf(resource: JsonObject): readonly string[] | undefined {
  const members = attribute(resource, 'members')
  if (members === undefined) return undefined
  const list: readonly Json[] = isArray(members) ? members : [members]
  return list.map((one) => {
    const id = isObject(one) ? asString(one.value) : asString(one)
    if (id === undefined) throw scimFault('invalidValue', 'Every member must have the id of a user as its value.')
    return id
  })
}

async function knownMembers(ids: readonly string[], { store }: ScimDesk): Promise<readonly string[]> {
  if (ids.length === 0) return []
  const known = new Set((await store.users.findMany(ids)).map(({ value }) => value.id))
  if (ids.some((id) => !known.has(id))) throw scimFault('invalidValue', 'A member is not a user that is known here.')
  return [...known]
}

async function memberIds(teamId: string, { store }: ScimDesk): Promise<readonly string[]> {
  const ids: string[] = []
  for await (const members of everyRow(store.teamMembers, { teamId }, ({ id }) => id))
    ids.push(...members.map(({ value }) => value.userId))
  return ids
}

async function join(teamId: string, userIds: readonly string[], desk: ScimDesk): Promise<void> {
  const members = userIds.map((userId) =>
    fresh(desk, { id: `${teamId}:${userId}`, teamId, userId, role: 'user' as const }),
  )
  if (members.length > 0) await desk.store.teamMembers.insertMany(members)
}
