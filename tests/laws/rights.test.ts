import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { randomBytes } from 'node:crypto'
import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import { nanoUsd } from 'turnpike-core/internal/kernel/money'
import type { Policy } from '../../gateway/src/access/rights.ts'
import { hashOf } from '../../gateway/src/access/secrets.ts'
import type { Endpoint } from '../../gateway/src/pipeline/route.ts'
import { endpoints } from '../../gateway/src/table.ts'
import { type TestHouse, testHouse } from '../house.ts'
import { type Put, type PutKey, peopleOf } from '../people.ts'

/** Who may knock where: every role at every route. And who may change what, once inside. */

const known = [
  'master',
  'proxy_admin',
  'proxy_admin_viewer',
  'org_admin',
  'internal_user',
  'internal_user_viewer',
  'team admin',
  'team member',
  'role team',
  'role customer',
  'key without user',
  'session',
] as const
type Caller = (typeof known)[number]

const users: readonly Caller[] = ['org_admin', 'internal_user', 'team admin', 'team member', 'session']
const admins: readonly Caller[] = ['master', 'proxy_admin']

/** LiteLLM's table of roles, by what a route asks for. */
const allowed: Readonly<Record<Exclude<Policy, 'public'>, readonly Caller[]>> = {
  key: known,
  'own-keys': [...admins, ...users],
  'own-spend': [...admins, 'proxy_admin_viewer', ...users, 'internal_user_viewer'],
  team: [...admins, ...users],
  organization: [...admins, 'org_admin'],
  'read-all': [...admins, 'proxy_admin_viewer'],
  admin: admins,
}

let house: TestHouse
let put: Put
const keys = new Map<string, PutKey>()
const session = randomBytes(32).toString('base64url')

/** `ann` and `bob` have keys of their own; `tam` administers the team `red`, whose members are `mem` and `ann`; `oda` administers `acme`, whose team is `blue`. */
beforeAll(async () => {
  house = await testHouse()
  put = peopleOf(house)
  const people: Readonly<Record<string, Parameters<Put['user']>[1]>> = {
    root: { role: 'proxy_admin' },
    eye: { role: 'proxy_admin_viewer' },
    oda: {},
    ann: { maxBudget: nanoUsd(10) },
    bob: {},
    vic: { role: 'internal_user_viewer' },
    tam: {},
    mem: {},
    ted: { role: 'team' },
    cus: { role: 'customer' },
  }
  for (const [id, fields] of Object.entries(people)) await put.user(id, fields)
  await put.organization('acme', { maxBudget: nanoUsd(100) })
  await put.organization('other')
  await put.team('red', { maxBudget: nanoUsd(5) })
  await put.team('green')
  await put.team('blue', { organizationId: 'acme' })
  await put.joinOrganization('acme', 'oda', 'org_admin')
  await put.joinOrganization('acme', 'ann', 'internal_user')
  await put.joinTeam('red', 'tam', 'admin')
  for (const id of ['mem', 'ann']) await put.joinTeam('red', id)
  for (const id of Object.keys(people)) keys.set(id, await put.key({ userId: id, alias: `key of ${id}` }))
  keys.set('nobody in particular', await put.key())
  keys.set('red', await put.key({ teamId: 'red', maxBudget: nanoUsd(1) }))
  keys.set('mem in red', await put.key({ teamId: 'red', userId: 'mem', maxBudget: nanoUsd(1) }))
  keys.set('green', await put.key({ teamId: 'green' }))
  await house.gateway.house.store.sessions.insert({
    value: { id: hashOf(session), userId: 'bob', expiresAt: Date.now() + 60_000 },
    extra: {},
    createdAt: 0,
    createdBy: 'bob',
    updatedAt: 0,
    updatedBy: 'bob',
  })
})
afterAll(() => house.close())

const keyOf = (name: string): PutKey => {
  const key = keys.get(name)
  if (!key) throw new Error(`no key of ${name}`)
  return key
}

const holders: Readonly<Record<Exclude<Caller, 'master' | 'session'>, string>> = {
  proxy_admin: 'root',
  proxy_admin_viewer: 'eye',
  org_admin: 'oda',
  internal_user: 'ann',
  internal_user_viewer: 'vic',
  'team admin': 'tam',
  'team member': 'mem',
  'role team': 'ted',
  'role customer': 'cus',
  'key without user': 'nobody in particular',
}

function credentialsOf(caller: Caller): Record<string, string> {
  if (caller === 'master') return { authorization: `Bearer ${house.master}` }
  if (caller === 'session') return { cookie: `turnpike_session=${session}`, 'sec-fetch-site': 'same-origin' }
  return { authorization: `Bearer ${keyOf(holders[caller]).secret}` }
}

async function send(at: string, credentials: Record<string, string>, body: JsonObject = {}) {
  const [method = 'GET', path = at] = at.split(' ')
  const request = new Request(`http://gateway${path}`, {
    method,
    headers: { ...credentials, 'content-type': 'application/json' },
    ...(method !== 'GET' && { body: JSON.stringify(body) }),
  })
  const response = await house.gateway.handle(request, { address: '127.0.0.1' })
  return { status: response.status, text: await response.text() }
}

/** A path of a row, with a name that nothing has in its parameters. */
const placeOf = ({ method, paths: [path = ''] }: Endpoint): string =>
  `${method} ${path.replace(/\/:\w+\+?/g, '/none-such')}`

const turnedAway = 'Only proxy admin can be used to generate, delete, update info for new keys/users/teams'

describe('the door', () => {
  const guarded = endpoints.filter(({ policy }) => policy !== 'public')

  test.each(known)('lets %s in where its role may knock, and nowhere else', async (caller) => {
    const wrong: string[] = []
    for (const row of guarded) {
      const { status, text } = await send(placeOf(row), credentialsOf(caller))
      const away = text.includes(turnedAway)
      if (away !== !allowed[row.policy as Exclude<Policy, 'public'>].includes(caller) || (away && status !== 401))
        wrong.push(`${row.id} (${row.policy}): ${status} ${text.slice(0, 200)}`)
      if (status === 405 || text.includes('there is no route') || (!away && (status === 401 || status >= 500)))
        wrong.push(`${row.id}: ${status} ${text.slice(0, 200)}`)
    }
    expect(wrong).toEqual([])
  })

  test('lets nobody in without a credential, but where everybody may', async () => {
    for (const row of endpoints) {
      const { status, text } = await send(placeOf(row), {})
      if (row.policy !== 'public') expect([row.id, status], text).toEqual([row.id, 401])
      expect(text.includes('No api key passed in'), row.id).toBe(row.policy !== 'public')
    }
  })

  test('lets a session change nothing on behalf of another site', async () => {
    const cookie = `turnpike_session=${session}`
    for (const headers of [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      {},
      { origin: 'https://evil.example' },
    ])
      expect((await send('POST /key/generate', { cookie, ...headers })).status).toBe(403)
  })

  test('knows a permission that opens the spend of all', async () => {
    const { secret } = await put.key({ metadata: { permissions: { get_spend_routes: true } } })
    const spend = { authorization: `Bearer ${secret}` }
    expect((await send('GET /global/spend', spend)).status).toBe(200)
    expect((await send('GET /global/spend', credentialsOf('key without user'))).status).toBe(401)
    expect((await send('GET /user/list', spend)).status).toBe(401)
  })
})

test('routes that the operator keeps for administrators are theirs alone', async () => {
  const strict = await testHouse({ general: { admin_only_routes: ['/key/generate', 'openai_routes'] } })
  try {
    const own = peopleOf(strict)
    await own.user('ann')
    const { secret } = await own.key({ userId: 'ann' })
    const ask = (path: string, key: string) =>
      fetch(strict.url + path, { method: 'POST', headers: { authorization: `Bearer ${key}` }, body: '{}' })
    for (const path of ['/key/generate', '/v1/chat/completions']) {
      expect((await ask(path, secret)).status, path).toBe(401)
      expect((await ask(path, strict.master)).status, path).not.toBe(401)
    }
    expect((await ask('/v1/messages', secret)).status).toBe(400)
  } finally {
    await strict.close()
  }
})

/** Everything that a write could have changed. */
async function everything(): Promise<string> {
  const { keys, users, teams, teamMembers, organizations, organizationMembers } = house.gateway.house.store
  const query = { limit: 1000 }
  return JSON.stringify([
    await keys.list(query),
    await users.list(query),
    await teams.list(query),
    await teamMembers.list(query),
    await organizations.list(query),
    await organizationMembers.list(query),
  ])
}

const as = (name: string) => ({ authorization: `Bearer ${keyOf(name).secret}` })
const hashFor = (name: string) => keyOf(name).hash

/** Who tries what; a function, because keys are made first. */
type Try = readonly [who: string, at: string, body: () => JsonObject]

const refusals: Readonly<Record<string, Try>> = {
  'a user changes another’s key': ['ann', 'POST /key/update', () => ({ key: hashFor('bob'), key_alias: 'stolen' })],
  'a user blocks another’s key': ['ann', 'POST /key/block', () => ({ key: hashFor('bob') })],
  'a user deletes another’s key': ['ann', 'POST /key/delete', () => ({ keys: [hashFor('bob')] })],
  'a user deletes another’s key beside its own': [
    'ann',
    'POST /key/delete',
    () => ({ keys: [hashFor('ann'), hashFor('bob')] }),
  ],
  'a user deletes another’s key by alias': ['ann', 'POST /key/delete', () => ({ key_aliases: ['key of bob'] })],
  'a user renews another’s key': ['ann', 'POST /key/regenerate', () => ({ key: hashFor('bob') })],
  'a user resets its own spend': ['ann', `POST /key/HASH/reset_spend`, () => ({ reset_to: 0 })],
  'a user makes a key for another': ['ann', 'POST /key/generate', () => ({ user_id: 'bob' })],
  'a user makes a key for a team that it is not in': ['ann', 'POST /key/generate', () => ({ team_id: 'green' })],
  'a user makes a key beyond its own budget': ['ann', 'POST /key/generate', () => ({ max_budget: 11 })],
  'a user gives its key to another': ['ann', 'POST /key/update', () => ({ key: hashFor('ann'), user_id: 'bob' })],
  'a user puts its key into another team': [
    'ann',
    'POST /key/update',
    () => ({ key: hashFor('ann'), team_id: 'green' }),
  ],
  'a user gives its key permissions': [
    'ann',
    'POST /key/update',
    () => ({ key: hashFor('ann'), permissions: { get_spend_routes: true } }),
  ],
  'a user gives its key permissions in the metadata': [
    'ann',
    'POST /key/update',
    () => ({ key: hashFor('ann'), metadata: { permissions: { get_spend_routes: true } } }),
  ],
  'a user raises its own budget': ['ann', 'POST /user/update', () => ({ user_id: 'ann', max_budget: 1000 })],
  'a user makes itself an administrator': [
    'ann',
    'POST /user/update',
    () => ({ user_id: 'ann', user_role: 'proxy_admin' }),
  ],
  'a user of no rights writes a key of its own': [
    'vic',
    'POST /key/update',
    () => ({ key: hashFor('vic'), max_budget: 9 }),
  ],
  'an administrator who only looks makes a key': ['eye', 'POST /key/generate', () => ({})],
  'a member raises the budget of its key of a team': [
    'mem',
    'POST /key/update',
    () => ({ key: hashFor('mem in red'), max_budget: 2 }),
  ],
  'a member changes a key of its team': ['mem', 'POST /key/update', () => ({ key: hashFor('red'), key_alias: 'mine' })],
  'a member makes a key of its team without leave': ['mem', 'POST /key/generate', () => ({ team_id: 'red' })],
  'a member changes its team': ['mem', 'POST /team/update', () => ({ team_id: 'red', team_alias: 'x' })],
  'a member makes itself an admin of its team': [
    'mem',
    'POST /team/member_update',
    () => ({ team_id: 'red', user_id: 'mem', role: 'admin' }),
  ],
  'a member adds another': [
    'mem',
    'POST /team/member_add',
    () => ({ team_id: 'red', member: { role: 'user', user_id: 'bob' } }),
  ],
  'an admin of a team changes another team': [
    'tam',
    'POST /team/update',
    () => ({ team_id: 'green', team_alias: 'x' }),
  ],
  'an admin of a team raises the team’s budget': [
    'tam',
    'POST /team/update',
    () => ({ team_id: 'red', max_budget: 500 }),
  ],
  'an admin of a team removes the team’s budget': ['tam', 'PATCH /team/red', () => ({ max_budget: null })],
  'an admin of a team moves it': ['tam', 'POST /team/update', () => ({ team_id: 'red', organization_id: 'acme' })],
  'an admin of a team deletes it': ['tam', 'POST /team/delete', () => ({ team_ids: ['red'] })],
  'an admin of a team adds somebody to another': [
    'tam',
    'POST /team/member_add',
    () => ({ team_id: 'green', member: { role: 'admin', user_id: 'tam' } }),
  ],
  'an admin of a team makes a team': ['tam', 'POST /team/new', () => ({ team_alias: 'x' })],
  'an admin of a team changes a key of another': [
    'tam',
    'POST /key/update',
    () => ({ key: hashFor('green'), key_alias: 'x' }),
  ],
  'an admin of a team changes a member’s personal key': [
    'tam',
    'POST /key/update',
    () => ({ key: hashFor('mem'), key_alias: 'x' }),
  ],
  'an admin of an organisation makes a team without one': ['oda', 'POST /team/new', () => ({ team_alias: 'x' })],
  'an admin of an organisation makes a team of another': [
    'oda',
    'POST /team/new',
    () => ({ organization_id: 'other' }),
  ],
  'an admin of an organisation changes another': [
    'oda',
    'PATCH /organization/update',
    () => ({ organization_id: 'other', organization_alias: 'x' }),
  ],
  'an admin of an organisation raises its budget': [
    'oda',
    'PATCH /organization/update',
    () => ({ organization_id: 'acme', max_budget: 1000 }),
  ],
  'an admin of an organisation adds somebody to another': [
    'oda',
    'POST /organization/member_add',
    () => ({ organization_id: 'other', member: { role: 'org_admin', user_id: 'oda' } }),
  ],
  'an admin of an organisation changes a team that is not of it': [
    'oda',
    'POST /team/update',
    () => ({ team_id: 'red', team_alias: 'x' }),
  ],
  'an admin of an organisation takes a team to another': [
    'oda',
    'POST /team/update',
    () => ({ team_id: 'blue', organization_id: 'other' }),
  ],
  'an admin of an organisation makes somebody an administrator': [
    'oda',
    'POST /organization/member_add',
    () => ({ organization_id: 'acme', member: { role: 'proxy_admin', user_id: 'oda' } }),
  ],
}

describe('is refused and changes nothing', () => {
  test.each(Object.entries(refusals))('when %s', async (_, [who, at, body]) => {
    const before = await everything()
    const { status, text } = await send(at.replace('HASH', hashFor(who)), as(who), body())
    expect([400, 401, 403], `${status} ${text}`).toContain(status)
    expect(await everything()).toBe(before)
  })
})

const grants: Readonly<Record<string, Try>> = {
  'a user renames its own key': ['ann', 'POST /key/update', () => ({ key: hashFor('ann'), key_alias: 'renamed' })],
  'a user makes a key of its own': ['ann', 'POST /key/generate', () => ({ max_budget: 1 })],
  'a user makes a key by session': ['session', 'POST /key/generate', () => ({})],
  'a user sees itself': ['ann', 'GET /user/info?user_id=ann', () => ({})],
  'an admin of a team renames it': ['tam', 'POST /team/update', () => ({ team_id: 'red', team_alias: 'Red' })],
  'an admin of a team adds somebody': [
    'tam',
    'POST /team/member_add',
    () => ({ team_id: 'red', member: { role: 'user', user_id: 'bob' } }),
  ],
  'an admin of a team changes a key of it': ['tam', 'POST /key/update', () => ({ key: hashFor('red'), max_budget: 2 })],
  'an admin of a team makes a key of it for a member': [
    'tam',
    'POST /key/generate',
    () => ({ team_id: 'red', user_id: 'mem' }),
  ],
  'an admin of an organisation makes a team in it': ['oda', 'POST /team/new', () => ({ organization_id: 'acme' })],
  'an admin of an organisation gives a team of it a budget': [
    'oda',
    'POST /team/update',
    () => ({ team_id: 'blue', max_budget: 3 }),
  ],
  'an admin of an organisation adds somebody to it': [
    'oda',
    'POST /organization/member_add',
    () => ({ organization_id: 'acme', member: { role: 'internal_user', user_id: 'bob' } }),
  ],
  'an administrator changes anybody’s key': [
    'root',
    'POST /key/update',
    () => ({ key: hashFor('bob'), key_alias: 'by root' }),
  ],
  'an administrator raises a user’s budget': ['root', 'POST /user/update', () => ({ user_id: 'ann', max_budget: 20 })],
  'an administrator who only looks sees all keys': ['eye', 'GET /key/list?size=100', () => ({})],
}

describe('is granted', () => {
  test.each(Object.entries(grants))('when %s', async (_, [who, at, body]) => {
    const { status, text } = await send(at, who === 'session' ? credentialsOf('session') : as(who), body())
    expect(status, text).toBe(200)
  })
})

describe('a manager of a team cannot come by the rights of somebody above', () => {
  test.each([
    ['tam', 'red'],
    ['oda', 'blue'],
  ])('%s by making a key in an administrator’s name', async (who, teamId) => {
    await send('POST /team/member_add', as(who), { team_id: teamId, member: { role: 'user', user_id: 'root' } })
    const { text } = await send('POST /key/generate', as(who), { team_id: teamId, user_id: 'root' })
    const { key } = JSON.parse(text) as { readonly key?: string }
    if (key === undefined) return
    await send('POST /key/update', as(who), { key, allowed_routes: [] })
    await send('POST /key/update', as(who), { key, key_type: 'default' })
    await reachesNothing({ authorization: `Bearer ${key}` })
  })

  test.each([
    ['tam', 'red'],
    ['oda', 'blue'],
  ])('%s by putting a key of the team into an administrator’s name', async (who, teamId) => {
    const { secret, hash } = await put.key({ teamId })
    await send('POST /team/member_add', as(who), { team_id: teamId, member: { role: 'user', user_id: 'root' } })
    await send('POST /key/update', as(who), { key: hash, user_id: 'root' })
    await reachesNothing({ authorization: `Bearer ${secret}` })
  })

  test.each([
    ['tam', 'red'],
    ['oda', 'blue'],
  ])('%s by renewing an administrator’s key of the team', async (who, teamId) => {
    const { hash } = await put.key({ teamId, userId: 'root' })
    const { text } = await send('POST /key/regenerate', as(who), { key: hash })
    const { key } = JSON.parse(text) as { readonly key?: string }
    if (key !== undefined) await reachesNothing({ authorization: `Bearer ${key}` })
  })

  /** Neither what is for administrators, nor what is another's. */
  async function reachesNothing(credentials: Record<string, string>): Promise<void> {
    for (const at of ['GET /global/spend', 'POST /user/new', 'GET /customer/list'])
      expect([401, 403], at).toContain((await send(at, credentials)).status)
    const { status } = await send('POST /key/update', credentials, { key: hashFor('bob'), key_alias: 'stolen' })
    expect([401, 403]).toContain(status)
  }
})

describe('what is shown', () => {
  const secrets = async (who: string, at: string) => (await send(at, as(who))).text

  test('of keys, spend and people is one’s own', async () => {
    const others = [hashFor('bob'), hashFor('green')]
    for (const at of [
      'GET /key/list?size=100&return_full_object=true',
      'GET /spend/keys',
      'GET /spend/users',
      'GET /team/list',
      'GET /user/list',
    ])
      for (const who of ['ann', 'vic', 'mem']) {
        const text = await secrets(who, at)
        for (const hash of others) expect(text, `${who} ${at}`).not.toContain(hash)
        expect(text, `${who} ${at}`).not.toContain('"green"')
      }
    for (const hash of others) expect(await secrets('eye', 'GET /key/list?size=100')).toContain(hash)
  })

  test.each([
    ['ann', '/user/info?user_id=bob'],
    ['ann', '/v2/user/info?user_id=bob'],
    ['ann', '/team/info?team_id=green'],
    ['ann', '/organization/info?organization_id=other'],
    ['nobody in particular', '/user/info?user_id=bob'],
    ['nobody in particular', '/team/info?team_id=red'],
  ])('to %s of %s is nothing', async (who, path) => {
    const { status, text } = await send(`GET ${path}`, as(who))
    expect([401, 403, 404], text).toContain(status)
  })

  test('of another’s key is nothing, whether there is one or not', async () => {
    const absent = await send(`GET /key/info?key=${'0'.repeat(64)}`, as('ann'))
    const present = await send(`GET /key/info?key=${hashFor('bob')}`, as('ann'))
    expect([403, 404]).toContain(present.status)
    expect([present.status, present.text]).toEqual([absent.status, absent.text])
  })
})
