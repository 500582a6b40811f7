import { describe, expect, test } from 'bun:test'
import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import { allOf, newStore, row, teamOf, userOf } from '../../../access/testing/test-store.ts'
import type { House } from '../../../house.ts'
import { createMatcher } from '../../../pipeline/request/match.ts'
import type { Endpoint, RouteCall } from '../../../pipeline/route.ts'
import type { VirtualKey } from '../../../vocabulary/principal.ts'
import type { Provisioned } from './desk.ts'
import { createScimRoutes } from './routes.ts'

/** The provisioning API before a store in memory. */
async function provisioning() {
  const store = await newStore()
  const told: Provisioned[] = []
  const routes = createScimRoutes(() => ({
    store,
    now: () => Date.UTC(2026, 0, 1),
    by: 'okta',
    publicUrl: 'https://gateway.example',
    newUser: ({ id }) => userOf({ id, models: ['all-proxy-models'] }),
    newTeam: ({ id }) => teamOf({ id }),
    changed: (what) => void told.push(what),
  }))
  const match = createMatcher(routes)

  async function ask(method: Endpoint['method'], target: string, body?: unknown) {
    const [path = '', query] = `/scim/v2${target}`.split('?')
    const found = match(method, path)
    if (found.found !== 'endpoint' || found.endpoint.kind !== 'route') throw new Error(`no route ${method} ${path}`)
    const call = {
      params: found.params,
      query: new URLSearchParams(query),
      body: body === undefined ? undefined : new TextEncoder().encode(JSON.stringify(body)),
    } as RouteCall
    const response = await found.endpoint.handle(call, {} as House)
    const text = await response.text()
    if (text !== '') expect(response.headers.get('content-type')).toBe('application/scim+json')
    return { status: response.status, headers: response.headers, body: (text === '' ? {} : JSON.parse(text)) as Answer }
  }

  const patch = (target: string, ...Operations: JsonObject[]) =>
    ask('PATCH', target, { schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'], Operations })
  const find = async (kind: string, filter: string) => {
    const { body } = await ask('GET', `/${kind}?filter=${encodeURIComponent(filter)}`)
    return body.Resources.map(({ id }) => id)
  }
  return { store, told, ask, patch, find, routes }
}

/** What the tests look at in an answer. */
interface Answer {
  readonly id: string
  readonly Resources: readonly { readonly id: string }[]
  readonly members: readonly { readonly value: string }[]
}

function keyOf(changes: Partial<VirtualKey> & { readonly hash: string }): VirtualKey {
  return {
    name: 'sk-...',
    models: [],
    aliases: {},
    blocked: false,
    allowedRoutes: [],
    allowedIps: [],
    enforcedParams: [],
    metadata: {},
    tags: [],
    createdAt: 0,
    ...changes,
  }
}

const ada = {
  schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
  userName: 'ada@example.com',
  externalId: '00u1',
  name: { givenName: 'Ada', familyName: 'Lovelace' },
  emails: [{ primary: true, value: 'Ada@example.com', type: 'work' }],
  displayName: 'Ada Lovelace',
  active: true,
}

async function withPeople() {
  const all = await provisioning()
  await all.ask('POST', '/Users', ada)
  for (const name of ['bob', 'cleo', 'dora']) await all.ask('POST', '/Users', { userName: name })
  return all
}

describe('users', () => {
  test('are made with their place, and shown as they were given', async () => {
    const { ask, store, told } = await provisioning()
    const made = await ask('POST', '/Users', ada)
    expect(made.status).toBe(201)
    expect(made.headers.get('location')).toBe('https://gateway.example/scim/v2/Users/ada%40example.com')
    const { body } = await ask('GET', '/Users/ada%40example.com')
    expect(body).toMatchObject({
      ...ada,
      id: 'ada@example.com',
      emails: [{ value: 'ada@example.com', primary: true }],
      groups: [],
      meta: { resourceType: 'User', created: '2026-01-01T00:00:00.000Z' },
    })
    expect((await store.users.find('ada@example.com'))?.value).toMatchObject({
      email: 'ada@example.com',
      alias: 'Ada Lovelace',
      models: ['all-proxy-models'],
      blocked: false,
    })
    expect(told.map(({ kind, action }) => `${kind} ${action}`)).toEqual(['user created'])
  })

  test('that are there already are not made twice, whatever the letters', async () => {
    const { ask } = await withPeople()
    const again = await ask('POST', '/Users', { userName: 'ADA@example.com' })
    expect(again.status).toBe(409)
    expect(again.body).toMatchObject({ status: '409', scimType: 'uniqueness' })
    expect((await ask('POST', '/Users', { userName: 'x', emails: [{ value: 'ada@example.com' }] })).status).toBe(409)
    expect((await ask('POST', '/Users', {})).body).toMatchObject({ scimType: 'invalidValue' })
  })

  test('are found by filters, by pages, and with the attributes that are asked for', async () => {
    const { ask, find } = await withPeople()
    expect(await find('Users', 'userName eq "ADA@EXAMPLE.COM"')).toEqual(['ada@example.com'])
    expect(await find('Users', 'externalId eq "00u1"')).toEqual(['ada@example.com'])
    expect(await find('Users', 'emails.value eq "ada@example.com"')).toEqual(['ada@example.com'])
    expect(await find('Users', 'id eq "bob" and active eq false')).toEqual([])
    expect(await find('Users', 'userName sw "d" or userName co "le"')).toEqual(['ada@example.com', 'cleo', 'dora'])
    const page = await ask('GET', '/Users?startIndex=2&count=2')
    expect(page.body).toMatchObject({ totalResults: 4, startIndex: 2, itemsPerPage: 2 })
    expect(page.body.Resources.map(({ id }) => id)).toEqual(['bob', 'cleo'])
    const none = await ask('GET', '/Users?count=0&filter=active%20eq%20true')
    expect(none.body).toMatchObject({ totalResults: 4, Resources: [] })
    const bare = await ask('GET', '/Users?attributes=userName&count=1')
    expect(Object.keys(bare.body.Resources[0] ?? {}).sort()).toEqual(['id', 'schemas', 'userName'])
    expect((await ask('GET', '/Users?filter=userName')).body).toMatchObject({ scimType: 'invalidFilter' })
  })

  test('are blocked when they are no longer active, however that is written', async () => {
    const { patch, store, told } = await withPeople()
    const blocked = async () => (await store.users.find('bob'))?.value.blocked
    await patch('/Users/bob', { op: 'replace', value: { active: false } })
    expect(await blocked()).toBe(true)
    await patch('/Users/bob', { op: 'Replace', path: 'active', value: 'True' })
    expect(await blocked()).toBe(false)
    await patch('/Users/bob', { op: 'Replace', path: 'active', value: 'False' })
    expect(await blocked()).toBe(true)
    expect(told.slice(4).map(({ action }) => action)).toEqual(['blocked', 'unblocked', 'blocked'])
    expect((await patch('/Users/bob', { op: 'replace', path: 'active', value: 'maybe' })).status).toBe(400)
  })

  test('are changed in parts by paths', async () => {
    const { patch, store } = await withPeople()
    const { body } = await patch(
      '/Users/ada%40example.com',
      { op: 'Add', path: 'name.familyName', value: 'King' },
      { op: 'replace', path: 'emails[type eq "work"].value', value: 'ada@king.example' },
      { op: 'remove', path: 'externalId' },
      { op: 'replace', value: { displayName: 'Ada King', 'name.givenName': 'Augusta' } },
      { op: 'replace', path: 'id', value: 'root' },
    )
    expect(body).toMatchObject({
      id: 'ada@example.com',
      displayName: 'Ada King',
      name: { givenName: 'Augusta', familyName: 'King' },
      emails: [{ value: 'ada@king.example' }],
    })
    expect(body).not.toHaveProperty('externalId')
    expect((await store.users.find('root')) !== undefined).toBe(false)
    const added = await patch('/Users/bob', {
      op: 'add',
      path: 'emails[type eq "work"].value',
      value: 'bob@example.com',
    })
    expect(added.body).toMatchObject({ emails: [{ value: 'bob@example.com' }] })
    expect((await patch('/Users/bob', { op: 'remove', path: 'emails[type eq "work"]' })).body).not.toHaveProperty(
      'emails',
    )
  })

  test('keep their id when they are renamed, and are found by the new name only', async () => {
    const { ask, find } = await withPeople()
    const put = await ask('PUT', '/Users/bob', { userName: 'robert', active: true })
    expect(put.body).toMatchObject({ id: 'bob', userName: 'robert' })
    expect(await find('Users', 'userName eq "Robert"')).toEqual(['bob'])
    expect(await find('Users', 'userName eq "bob"')).toEqual([])
  })

  test('bring nothing else along: a role or a budget in a resource does not act', async () => {
    const { ask, patch, store } = await withPeople()
    await ask('PUT', '/Users/bob', { userName: 'bob', role: 'proxy_admin', maxBudget: 1, metadata: { scim: 1 } })
    await patch('/Users/bob', { op: 'add', value: { role: 'proxy_admin', '__proto__.role': 'proxy_admin' } })
    expect((await store.users.find('bob'))?.value).toMatchObject({ role: 'internal_user', metadata: { scim: {} } })
  })

  test('take their keys, teams and sessions with them', async () => {
    const { ask, store, told } = await withPeople()
    await store.keys.insert(row(keyOf({ hash: 'h1', userId: 'bob' })))
    await store.keys.insert(row(keyOf({ hash: 'h2', userId: 'cleo' })))
    await store.sessions.insert(row({ id: 's', userId: 'bob', expiresAt: 1 }))
    await ask('POST', '/Groups', {
      displayName: 'Red',
      externalId: 'red',
      members: [{ value: 'bob' }, { value: 'cleo' }],
    })
    expect((await ask('DELETE', '/Users/bob')).status).toBe(204)
    expect((await ask('GET', '/Users/bob')).status).toBe(404)
    expect((await allOf(store.keys)).map(({ hash }) => hash)).toEqual(['h2'])
    expect(await store.sessions.count({})).toBe(0)
    expect((await allOf(store.teamMembers)).map(({ id }) => id)).toEqual(['red:cleo'])
    expect((await allOf(store.deleted)).map(({ kind, objectId }) => [kind, objectId])).toEqual([['key', 'h1']])
    expect(told.slice(-2).map(({ kind, action }) => `${kind} ${action}`)).toEqual(['key deleted', 'user deleted'])
    expect((await ask('DELETE', '/Users/bob')).body).toMatchObject({ status: '404' })
  })
})

describe('groups', () => {
  async function withRed() {
    const all = await withPeople()
    await all.ask('POST', '/Groups', { displayName: 'Red', externalId: 'red', members: [{ value: 'bob' }] })
    const members = async () => {
      const { body } = await all.ask('GET', '/Groups/red')
      return body.members.map(({ value }) => value)
    }
    return { ...all, members }
  }

  test('are teams, by the provider’s own id where it gives one', async () => {
    const { ask, find, store } = await withRed()
    expect((await store.teams.find('red'))?.value).toMatchObject({ alias: 'Red', models: ['all-proxy-models'] })
    expect(await find('Groups', 'displayName eq "red"')).toEqual(['red'])
    expect(await find('Groups', 'id eq "red" and members eq "bob"')).toEqual(['red'])
    expect(await find('Groups', 'members[value eq "cleo"]')).toEqual([])
    const blue = await ask('POST', '/Groups', { displayName: 'Blue' })
    expect(blue.body.id).toMatch(/^[0-9a-f-]{36}$/)
    expect((await ask('POST', '/Groups', { displayName: 'Red', externalId: 'red' })).status).toBe(409)
    expect((await ask('GET', '/Users/bob')).body).toMatchObject({
      groups: [{ value: 'red', display: 'Red' }],
    })
    const bare = await ask('GET', '/Groups?excludedAttributes=members')
    expect(bare.body.Resources.every((one) => !('members' in one))).toBe(true)
  })

  test('gain and lose members in every way that providers write it', async () => {
    const { patch, members } = await withRed()
    await patch('/Groups/red', { op: 'Add', path: 'members', value: [{ value: 'cleo' }, { value: 'bob' }] })
    expect(await members()).toEqual(['bob', 'cleo'])
    await patch('/Groups/red', { op: 'add', value: { members: [{ value: 'dora' }] } })
    await patch('/Groups/red', { op: 'remove', path: 'members[value eq "bob"]' })
    expect(await members()).toEqual(['cleo', 'dora'])
    await patch('/Groups/red', { op: 'Remove', path: 'members', value: [{ value: 'cleo' }] })
    expect(await members()).toEqual(['dora'])
    await patch('/Groups/red', { op: 'replace', path: 'members', value: [{ value: 'bob' }] })
    expect(await members()).toEqual(['bob'])
    await patch('/Groups/red', { op: 'remove', path: 'members' })
    expect(await members()).toEqual([])
  })

  test('keep what a member has of its own while others come and go', async () => {
    const { patch, store } = await withRed()
    await store.teamMembers.change('red:bob', (old) => ({ ...old, value: { ...old.value, role: 'admin' } }))
    await patch('/Groups/red', { op: 'replace', path: 'members', value: [{ value: 'bob' }, { value: 'cleo' }] })
    expect((await store.teamMembers.find('red:bob'))?.value.role).toBe('admin')
  })

  test('refuse members that nobody knows, and change nothing then', async () => {
    const { patch, members } = await withRed()
    const refused = await patch('/Groups/red', {
      op: 'add',
      path: 'members',
      value: [{ value: 'cleo' }, { value: 'nobody' }],
    })
    expect(refused.body).toMatchObject({ status: '400', scimType: 'invalidValue' })
    expect(await members()).toEqual(['bob'])
  })

  test('are renamed without losing their members, and replaced with those that are named', async () => {
    const { ask, patch, members, store } = await withRed()
    await patch('/Groups/red', { op: 'replace', value: { id: 'red', displayName: 'Crimson' } })
    expect([(await store.teams.find('red'))?.value.alias, await members()]).toEqual(['Crimson', ['bob']])
    await ask('PUT', '/Groups/red', { displayName: 'Scarlet', externalId: 'red', members: [{ value: 'dora' }] })
    expect([(await store.teams.find('red'))?.value.alias, await members()]).toEqual(['Scarlet', ['dora']])
  })

  test('take their keys and members with them', async () => {
    const { ask, store } = await withRed()
    await store.keys.insert(row(keyOf({ hash: 'h1', teamId: 'red' })))
    expect((await ask('DELETE', '/Groups/red')).status).toBe(204)
    expect([await store.keys.count({}), await store.teamMembers.count({}), await store.teams.count({})]).toEqual([
      0, 0, 0,
    ])
    expect((await allOf(store.deleted)).map(({ kind }) => kind).sort()).toEqual(['key', 'team'])
  })
})

describe('what is said of itself', () => {
  test('every document is there, and every route asks for an administrator', async () => {
    const { ask, routes } = await provisioning()
    expect((await ask('GET', '/ServiceProviderConfig')).body).toMatchObject({ patch: { supported: true } })
    expect((await ask('GET', '/ResourceTypes/Group')).body).toMatchObject({ endpoint: '/Groups' })
    expect((await ask('GET', '')).body).toMatchObject({ totalResults: 2 })
    const { body } = await ask('GET', '/Schemas')
    for (const { id } of body.Resources) expect((await ask('GET', `/Schemas/${id}`)).body.id).toBe(id)
    expect((await ask('GET', '/Schemas/other')).status).toBe(404)
    expect(routes.every(({ policy }) => policy === 'admin')).toBe(true)
  })

  test('a body that cannot be read is refused in SCIM’s own words', async () => {
    const { ask } = await provisioning()
    expect((await ask('POST', '/Users', [1])).body).toMatchObject({
      schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'],
      status: '400',
      scimType: 'invalidSyntax',
    })
    expect((await ask('PATCH', '/Users/x', { Operations: [] })).status).toBe(400)
    expect((await ask('PATCH', '/Users/x', { Operations: [{ op: 'remove' }] })).body).toMatchObject({
      scimType: 'noTarget',
    })
    expect((await ask('PATCH', '/Users/x', { Operations: [{ op: 'remove', path: 'a[b' }] })).body).toMatchObject({
      scimType: 'invalidPath',
    })
  })
})
