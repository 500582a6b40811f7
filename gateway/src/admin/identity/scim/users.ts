import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import type { RouteCall } from '../../../pipeline/route.ts'
import type { Stored } from '../../../store/aggregate.ts'
import type { User } from '../../../vocabulary/tenants.ts'
import { answer, bodyOf, listAnswer, noResource, projected, scimFault } from './answers.ts'
import { edited, fresh, type ScimDesk } from './desk.ts'
import { type Filter, mentions, mustEqual, readFilter } from './filter.ts'
import { everyRow, findPage, windowOf } from './paging.ts'
import { patched, readPatch } from './patch.ts'
import { textIn, userResource, withResource } from './user-resource.ts'

/** Routes of `/Users`. */
export const users = {
  async list({ query }: RouteCall, desk: ScimDesk): Promise<Response> {
    const window = windowOf(query)
    const text = query.get('filter')
    const filter = text === null ? undefined : readFilter(text)
    const page = await findPage(
      desk.store.users,
      window,
      filter && {
        filter,
        candidates: await candidates(filter, desk),
        show: (stored) => (mentions(filter, 'groups') ? shown(stored, desk) : userResource(stored, desk.publicUrl)),
      },
    )
    const resources = await Promise.all(page.rows.map((stored) => shown(stored, desk)))
    return listAnswer(
      resources.map((resource) => projected(resource, query)),
      { total: page.total, startIndex: window.startIndex },
    )
  },

  async read({ params, query }: RouteCall, desk: ScimDesk): Promise<Response> {
    const stored = await desk.store.users.find(params.id ?? '')
    if (!stored) throw noResource('User')
    return answer(projected(await shown(stored, desk), query))
  },

  async create(call: RouteCall, desk: ScimDesk): Promise<Response> {
    const resource = bodyOf(call)
    const userName = textIn(resource, 'userName')
    if (userName === undefined) throw scimFault('invalidValue', 'userName must be text that is not empty.')
    if ((await named(userName, desk)).length > 0) throw taken('userName')
    const stored = fresh(desk, withResource(desk.newUser({ id: userName }), resource))
    const { taken: column } = await desk.store.users.insert(stored)
    if (column !== undefined) throw taken(column === 'email' ? 'emails' : 'userName')
    const after = userResource(stored, desk.publicUrl)
    await desk.changed({ kind: 'user', id: stored.value.id, action: 'created', after })
    return answer({ ...after, groups: [] }, 201, locationOf(after))
  },

  replace: (call: RouteCall, desk: ScimDesk) => change(call, desk, () => bodyOf(call)),

  patch(call: RouteCall, desk: ScimDesk): Promise<Response> {
    const operations = readPatch(bodyOf(call))
    return change(call, desk, (before) => patched(before, operations))
  },

  async remove({ params }: RouteCall, desk: ScimDesk): Promise<Response> {
    const { store } = desk
    const [gone] = await store.users.remove([params.id ?? ''])
    if (!gone) throw noResource('User')
    const userId = gone.value.id
    for await (const keys of everyRow(store.keys, { userId }, ({ hash }) => hash)) await removeKeys(keys, desk)
    for await (const members of everyRow(store.teamMembers, { userId }, ({ id }) => id))
      await store.teamMembers.remove(members.map(({ value }) => value.id))
    // a user of the same id who comes later must not find them open
    for await (const sessions of everyRow(store.sessions, { userId }, ({ id }) => id))
      await store.sessions.remove(sessions.map(({ value }) => value.id))
    await desk.changed({ kind: 'user', id: userId, action: 'deleted', before: userResource(gone, desk.publicUrl) })
    return new Response(null, { status: 204 })
  },
}

async function change(
  { params, query }: RouteCall,
  desk: ScimDesk,
  next: (before: JsonObject) => JsonObject,
): Promise<Response> {
  let before: Stored<User> | undefined
  const after = await desk.store.users.change(params.id ?? '', (stored) => {
    before = stored
    return edited(desk, stored, withResource(stored.value, next(userResource(stored, desk.publicUrl))))
  })
  if (!after || !before) throw noResource('User')
  if ('taken' in after) throw taken(after.taken === 'email' ? 'emails' : 'userName')
  const [was, is] = [before.value.blocked, after.value.blocked]
  await desk.changed({
    kind: 'user',
    id: after.value.id,
    action: was === is ? 'updated' : is ? 'blocked' : 'unblocked',
    before: userResource(before, desk.publicUrl),
    after: userResource(after, desk.publicUrl),
  })
  return answer(projected(await shown(after, desk), query))
}

async function shown(stored: Stored<User>, { store, publicUrl }: ScimDesk): Promise<JsonObject> {
  const memberships = await store.teamMembers.list({ where: { userId: stored.value.id }, limit: 1000 })
  const teams = await store.teams.findMany(memberships.map(({ value }) => value.teamId))
  const groups = teams.map(({ value: { id, alias } }) => ({
    value: id,
    type: 'direct',
    ...(alias ? { display: alias } : {}),
  }))
  return userResource(stored, publicUrl, groups)
}

/** The only users that can match, where the filter names one. */
async function candidates(filter: Filter, desk: ScimDesk): Promise<readonly Stored<User>[] | undefined> {
  const id = mustEqual(filter, ['id'])
  if (id !== undefined) return present(await desk.store.users.find(id))
  const userName = mustEqual(filter, ['username'])
  if (userName !== undefined) return named(userName, desk)
  const email = mustEqual(filter, ['emails', 'emails.value'])
  return email === undefined ? undefined : desk.store.users.list({ contains: { email }, limit: 100 })
}

/** Users whose name it can be: it is their id, or their alias where they were renamed. */
async function named(userName: string, { store }: ScimDesk): Promise<readonly Stored<User>[]> {
  const [exact, lower, byAlias, byEmail] = await Promise.all([
    store.users.find(userName),
    store.users.find(userName.toLowerCase()),
    store.users.list({ contains: { alias: userName }, limit: 100 }),
    store.users.list({ contains: { email: userName }, limit: 100 }),
  ])
  const all = [...present(exact), ...present(lower), ...byAlias, ...byEmail]
  const wanted = userName.toLowerCase()
  const rows = new Map(all.map((stored) => [stored.value.id, stored]))
  return [...rows.values()].filter((stored) => String(userResource(stored, '').userName).toLowerCase() === wanted)
}

/** Takes keys away and tells of each. */
export async function removeKeys(keys: readonly Stored<{ readonly hash: string }>[], desk: ScimDesk): Promise<void> {
  const gone = await desk.store.keys.remove(keys.map(({ value }) => value.hash))
  for (const { value } of gone) {
    const was = JSON.parse(JSON.stringify(value)) as JsonObject
    await desk.store.deleted.insert(fresh(desk, { id: crypto.randomUUID(), kind: 'key', objectId: value.hash, was }))
    await desk.changed({ kind: 'key', id: value.hash, action: 'deleted' })
  }
}

function present<T>(row: T | undefined): readonly T[] {
  return row === undefined ? [] : [row]
}

function taken(attribute: string): Error {
  return scimFault('uniqueness', `Another user has this value of ${attribute}.`)
}

export function locationOf(resource: JsonObject): Readonly<Record<string, string>> {
  const { meta } = resource as { readonly meta?: { readonly location?: string } }
  return meta?.location === undefined ? {} : { location: meta.location }
}
