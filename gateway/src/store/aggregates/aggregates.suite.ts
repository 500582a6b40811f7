import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import type { VirtualKey } from '../../vocabulary/principal.ts'
import type { ListQuery, Stored } from '../aggregate.ts'
import type { OpenConnection } from '../connections/connection.ts'
import { applyMigrations } from '../migrations/apply.ts'
import { nano, noon, sampleKey, sampleTeam, sampleUser, stored } from '../testing/samples.ts'
import { aggregatesOf } from './index.ts'

type Aggregates = ReturnType<typeof aggregatesOf>

/** What every database must do with documents. `open` gives a new, empty one each time. */
export function aggregateSuite(name: string, open: () => Promise<OpenConnection>): void {
  describe(name, () => {
    let connection: OpenConnection
    let aggregates: Aggregates
    beforeEach(async () => {
      connection = await open()
      await applyMigrations(connection)
      aggregates = aggregatesOf(connection)
    })
    afterEach(() => connection.close())

    singleSuite(() => aggregates)
    sizeSuite(() => aggregates)
    uniqueSuite(() => aggregates)
    changeSuite(() => aggregates)
    manySuite(() => aggregates)
    listSuite(
      () => aggregates,
      () => connection,
    )
  })
}

const fullKey = {
  ...sampleKey('h1', {
    alias: 'first',
    models: ['gpt-x', 'openai/*'],
    aliases: { fast: 'gpt-x' },
    userId: 'ann',
    teamId: 'blue',
    organizationId: 'acme',
    budgetId: 'b-1',
    maxBudget: nano(1_500_000_000),
    softBudget: nano(0),
    budgetDuration: '30d',
    budgetLimits: [{ duration: '1d', maxBudget: nano(5) }],
    expiresAt: noon + 1,
    blocked: true,
    allowedRoutes: ['/v1/models'],
    rpmLimit: 0,
    metadata: { tags: ['x', 'y'], note: { deep: [1, null, 'ü\u0000'] } },
    tags: ['x', 'y'],
  }),
  extra: { agent_id: 'a', nothing: null },
  updatedAt: noon + 5,
  updatedBy: 'ann',
}

function singleSuite(aggregates: () => Aggregates): void {
  test('a thing comes back as it was put in, with and without its optional members', async () => {
    const { keys } = aggregates()
    expect(await keys.insert(fullKey)).toEqual({})
    await keys.insert(sampleKey('h2'))
    expect(await keys.find('h1')).toStrictEqual(fullKey)
    expect(await keys.find('h2')).toStrictEqual(sampleKey('h2'))
    expect(await keys.find('h3')).toBeUndefined()
  })

  test('one is found by each of its columns, numbers too', async () => {
    const { keys } = aggregates()
    await keys.insert(fullKey)
    const values = { alias: 'first', userId: 'ann', teamId: 'blue', organizationId: 'acme', budgetId: 'b-1' } as const
    for (const [column, value] of Object.entries(values))
      expect((await keys.findBy(column as keyof typeof values, value))?.value.hash).toBe('h1')
    expect((await keys.findBy('maxBudget', '1500000000'))?.value.hash).toBe('h1')
    expect(await keys.findBy('alias', 'First')).toBeUndefined()
  })

  test('every kind of thing has its table and its columns', async () => {
    const all = aggregates()
    const terms = { maxBudget: nano(7) }
    const member = { id: 'a:b', teamId: 'a', organizationId: 'a', userId: 'b', ...terms }
    expect(await all.users.insert(sampleUser('u', { email: 'a@b.c', alias: 'A', ssoId: 's' }))).toEqual({})
    expect(await all.teams.insert(sampleTeam('t', { alias: 'T', organizationId: 'o' }))).toEqual({})
    expect(await all.teamMembers.insert(stored({ ...member, role: 'admin' }))).toEqual({})
    expect(await all.organizations.insert(stored({ id: 'o', alias: 'O', models: [], metadata: {} }))).toEqual({})
    expect(await all.organizationMembers.insert(stored({ ...member, role: 'org_admin' }))).toEqual({})
    expect(await all.customers.insert(stored({ id: 'c', alias: 'C', blocked: false }))).toEqual({})
    expect(await all.tags.insert(stored({ id: 'tag', models: [], ...terms }))).toEqual({})
    expect(await all.budgets.insert(stored({ id: 'b', ...terms }))).toEqual({})
    expect(await all.models.insert(stored({ id: 'm', name: 'M', teamId: 't', blocked: false, entry: {} }))).toEqual({})
    expect(await all.credentials.insert(stored({ id: 'c', values: { a: 'b' }, about: {} }))).toEqual({})
    expect(await all.settings.insert(stored({ id: 's', value: { deep: [1] } }))).toEqual({})
    expect(await all.deleted.insert(stored({ id: 'd', kind: 'key', objectId: 'h', was: {} }))).toEqual({})
    expect(await all.sessions.insert(stored({ id: 's', userId: 'u', expiresAt: noon }))).toEqual({})
    for (const aggregate of Object.values(all).slice(1)) expect(await aggregate.count({})).toBe(1)
    expect(await all.tags.list({ limit: 9, orderBy: 'spend' })).toHaveLength(1)
    await expect(all.sessions.list({ limit: 9, orderBy: 'spend' })).rejects.toThrow('no spend')
  })

  test('text from outside is never SQL, and a zero character in it is no failure', async () => {
    const { customers } = aggregates()
    const nasty = `'; drop table customers; -- \u0000 \\ % _ " $1 ?`
    expect(await customers.insert(stored({ id: nasty, alias: nasty, blocked: false }))).toEqual({})
    expect(await customers.find(nasty)).toMatchObject({ value: { id: nasty } })
    expect(await customers.findBy('alias', nasty)).toMatchObject({ value: { id: nasty } })
    expect(await customers.list({ limit: 1, contains: { alias: `' ; --` }, where: { alias: [nasty] } })).toEqual([])
    expect(await customers.find(`${nasty}x`)).toBeUndefined()
  })
}

function sizeSuite(aggregates: () => Aggregates): void {
  test('a name that no index can hold is refused in words, and a long one is kept', async () => {
    const { customers } = aggregates()
    // letters that do not repeat: what repeats is packed before it is measured
    const long = (length: number) =>
      Array.from({ length }, (_, index) => String.fromCodePoint(0x4e00 + ((index * 7919) % 20_000))).join('')
    const customer = (id: string, alias: string) => stored({ id, alias, blocked: false })
    expect(await customers.insert(customer('c', long(860)))).toEqual({})
    expect(await customers.find('c')).toMatchObject({ value: { alias: long(860) } })
    await expect(customers.insert(customer('d', long(900)))).rejects.toMatchObject({ code: 'invalid-request' })
    await expect(customers.insert(customer(long(900), 'd'))).rejects.toThrow('too long')
    await expect(customers.change('c', () => customer('c', long(900)))).rejects.toThrow('alias')
    expect(await customers.find(long(9000))).toBeUndefined()
  })
}

function uniqueSuite(aggregates: () => Aggregates): void {
  test('an id and an alias are taken once', async () => {
    const { keys } = aggregates()
    await keys.insert(sampleKey('h1', { alias: 'first' }))
    expect(await keys.insert(sampleKey('h1'))).toEqual({ taken: 'id' })
    expect(await keys.insert(sampleKey('h2', { alias: 'first' }))).toEqual({ taken: 'alias' })
    expect(await keys.count({})).toBe(1)
  })

  test('of many who want one alias at once, one gets it and the others are told', async () => {
    const { keys } = aggregates()
    const wishes = Array.from({ length: 12 }, (_, index) => keys.insert(sampleKey(`h${index}`, { alias: 'wanted' })))
    const answers = await Promise.all(wishes)
    expect(answers.filter(({ taken }) => taken === undefined)).toHaveLength(1)
    expect(answers.filter(({ taken }) => taken === 'alias')).toHaveLength(11)
  })

  test('of many who change to one alias at once, one gets it and the others stay as they were', async () => {
    const { keys } = aggregates()
    const hashes = Array.from({ length: 8 }, (_, index) => `h${index}`)
    await keys.insertMany(hashes.map((hash) => sampleKey(hash)))
    const rename = (key: Stored<VirtualKey>) => ({ ...key, value: { ...key.value, alias: 'wanted' } })
    const answers = await Promise.all(hashes.map((hash) => keys.change(hash, rename)))
    expect(answers.filter((answer) => answer && 'taken' in answer && answer.taken === 'alias')).toHaveLength(7)
    expect(await keys.count({ where: { alias: 'wanted' } })).toBe(1)
    const winner = await keys.findBy('alias', 'wanted')
    expect(await keys.change(winner?.value.hash ?? '', rename)).toMatchObject({ value: { alias: 'wanted' } })
  })

  test('an e-mail address is one in whatever case it is written, and is shown as it was', async () => {
    const { users } = aggregates()
    await users.insert(sampleUser('u1', { email: 'Ann@Example.com' }))
    expect(await users.insert(sampleUser('u2', { email: 'ann@example.COM' }))).toEqual({ taken: 'email' })
    expect((await users.findBy('email', 'ANN@example.com'))?.value.email).toBe('Ann@Example.com')
    expect(await users.count({ where: { email: ['ANN@EXAMPLE.COM', 'x'] } })).toBe(1)
    expect(await users.count({ contains: { email: 'N@EX' } })).toBe(1)
  })

  test('who has no e-mail address is in nobody else’s way, and two teams may have one name', async () => {
    const { users, teams } = aggregates()
    for (const id of ['u1', 'u2']) expect(await users.insert(sampleUser(id))).toEqual({})
    for (const id of ['t1', 't2']) expect(await teams.insert(sampleTeam(id, { alias: 'same' }))).toEqual({})
    expect((await teams.findBy('alias', 'same'))?.value.id).toBe('t1')
  })
}

function changeSuite(aggregates: () => Aggregates): void {
  const grow = (key: Stored<VirtualKey>) => ({
    ...key,
    value: { ...key.value, rpmLimit: (key.value.rpmLimit ?? 0) + 1 },
  })

  test('changes that come at once are done one after the other', async () => {
    const { keys } = aggregates()
    await keys.insert(sampleKey('h1', { rpmLimit: 0 }))
    await Promise.all(Array.from({ length: 30 }, () => keys.change('h1', grow)))
    expect((await keys.find('h1'))?.value.rpmLimit).toBe(30)
    expect(await keys.change('nobody', grow)).toBeUndefined()
  })

  test('a change moves the columns along, and gives free what it leaves', async () => {
    const { keys } = aggregates()
    await keys.insert(fullKey)
    const { alias: _alias, userId: _userId, ...rest } = fullKey.value
    const bare = { ...fullKey, value: rest, updatedBy: 'bob' }
    expect(await keys.change('h1', () => bare)).toStrictEqual(bare)
    expect(await keys.find('h1')).toStrictEqual(bare)
    expect(await keys.count({ where: { userId: 'ann' } })).toBe(0)
    expect(await keys.insert(sampleKey('h2', { alias: 'first' }))).toEqual({})
  })

  test('an edit that throws leaves everything as it was, and the next one is not held up', async () => {
    const { keys } = aggregates()
    await keys.insert(sampleKey('h1'))
    const refuse = () => {
      throw new Error('not so')
    }
    await expect(keys.change('h1', refuse)).rejects.toThrow('not so')
    await expect(keys.change('h1', () => sampleKey('h9'))).rejects.toThrow('id of a row of keys')
    expect(await keys.find('h1')).toEqual(sampleKey('h1'))
    expect(await keys.change('h1', grow)).toMatchObject({ value: { rpmLimit: 1 } })
  })
}

function manySuite(aggregates: () => Aggregates): void {
  test('many are put in at once, except those whose id or alias is taken', async () => {
    const { keys } = aggregates()
    await keys.insert(sampleKey('h0001', { alias: 'first' }))
    const many = Array.from({ length: 1203 }, (_, index) => sampleKey(`h${String(index).padStart(4, '0')}`))
    const fresh = await keys.insertMany([
      ...many,
      sampleKey('twin'),
      sampleKey('twin'),
      sampleKey('x', { alias: 'first' }),
    ])
    expect(fresh.size).toBe(1203)
    expect(fresh.has('h0001')).toBe(false)
    expect(fresh.has('x')).toBe(false)
    expect((await keys.find('h0001'))?.value.alias).toBe('first')
    expect(await keys.insertMany(many)).toEqual(new Set())
    expect(await keys.insertMany([])).toEqual(new Set())
  })

  test('two imports of the same things at once put each in once', async () => {
    const { customers } = aggregates()
    const many = Array.from({ length: 700 }, (_, index) => stored({ id: `c${index}`, blocked: false }))
    const [a, b] = await Promise.all([customers.insertMany(many), customers.insertMany(many.toReversed())])
    expect(a.size + b.size).toBe(700)
    expect(await customers.count({})).toBe(700)
  })

  test('finding many and removing gives back what was there, in the order it was asked for', async () => {
    const { keys } = aggregates()
    await keys.insertMany(['a', 'b', 'c'].map((hash) => sampleKey(hash)))
    expect((await keys.findMany(['c', 'nobody', 'a', 'c'])).map(({ value }) => value.hash)).toEqual(['c', 'a'])
    expect(await keys.remove(['b', 'nobody', 'a'])).toEqual([sampleKey('b'), sampleKey('a')])
    expect(await keys.find('a')).toBeUndefined()
    expect([await keys.remove([]), await keys.findMany([])]).toEqual([[], []])
    expect(await keys.count({})).toBe(1)
    const crowd = Array.from({ length: 70_000 }, (_, index) => `nobody-${index}`)
    expect(await keys.findMany([...crowd, 'c'])).toEqual([sampleKey('c')])
  })
}

function listSuite(aggregates: () => Aggregates, connection: () => OpenConnection): void {
  test('listing filters, sorts and pages', async () => {
    const { keys } = aggregates()
    for (const [index, hash] of ['a', 'b', 'c', 'd'].entries())
      await keys.insert(
        sampleKey(hash, {
          createdAt: noon + index,
          userId: index < 3 ? 'ann' : 'bob',
          ...(index > 0 && { maxBudget: nano(100 - index), alias: `K_${hash}%` }),
        }),
      )
    await connection().db.insertInto('balances').values({ bucket: 'key:b', spent: 9 }).execute()
    const hashes = async (query: Partial<ListQuery<'alias' | 'userId' | 'maxBudget'>>) =>
      (await keys.list({ limit: 10, ...query })).map(({ value }) => value.hash).join('')
    expect(await hashes({})).toBe('abcd')
    expect(await hashes({ descending: true })).toBe('dcba')
    expect(await hashes({ orderBy: 'createdAt', descending: true })).toBe('dcba')
    expect(await hashes({ orderBy: 'maxBudget' })).toBe('adcb')
    expect(await hashes({ orderBy: 'maxBudget', descending: true })).toBe('bcda')
    expect(await hashes({ orderBy: 'spend', descending: true })).toBe('bacd')
    expect(await hashes({ where: { userId: 'ann' }, limit: 2, offset: 1 })).toBe('bc')
    expect(await hashes({ where: { userId: ['bob', 'carl'], maxBudget: 97 } })).toBe('d')
    expect(await hashes({ where: { userId: [] } })).toBe('')
    expect(await hashes({ contains: { alias: 'k_C' } })).toBe('c')
    expect(await hashes({ contains: { alias: '_%' } })).toBe('')
    expect(await hashes({ contains: { alias: '%' } })).toBe('bcd')
    expect(await hashes({ where: { id: ['a', 'd', 'x'], userId: 'ann' } })).toBe('a')
    expect(await hashes({ contains: { id: 'C' } })).toBe('c')
    expect(await keys.count({ where: { userId: 'ann' } })).toBe(3)
    expect(await keys.count({ where: { userId: 'ann' }, contains: { alias: 'k_' } })).toBe(2)
    await expect(keys.list({ limit: 1, after: 'a', orderBy: 'createdAt' })).rejects.toThrow('order of ids')
  })

  test('pages over 3,000 rows show each exactly once, whatever the letters of the ids', async () => {
    const { customers } = aggregates()
    const letters = ['a', 'B', 'ä', 'Z', '0', '-', '.', '~', 'é', '字']
    const ids = Array.from({ length: 3000 }, (_, index) => `${letters[index % 10]}${index % 7}${index}`)
    await customers.insertMany(ids.map((id) => stored({ id, blocked: false })))
    for (const descending of [false, true]) {
      const seen: string[] = []
      for (let after: string | undefined; ; ) {
        const page = await customers.list({ limit: 271, descending, ...(after !== undefined && { after }) })
        seen.push(...page.map(({ value }) => value.id))
        if (page.length === 0) break
        after = seen.at(-1)
      }
      expect(seen.length).toBe(3000)
      expect(new Set(seen)).toEqual(new Set(ids))
    }
  })
}
