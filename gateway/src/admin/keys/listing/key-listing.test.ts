import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { type Desk, openDesk } from '../testing/desk.ts'

let desk: Desk
beforeEach(async () => {
  desk = await openDesk()
})
afterEach(() => desk.close())

describe('asking about keys', () => {
  test('the master may ask about any key, a key without a user about itself only', async () => {
    const { key, token } = await desk.generate({ key_alias: 'first' })
    const other = await desk.generate()
    const by = key
    expect(await desk.done(`GET /key/info?key=${key}`)).toMatchObject({ key, info: { key_alias: 'first', spend: 0 } })
    expect(await desk.done('GET /key/info', {}, { by })).toMatchObject({ key: token, info: { key_alias: 'first' } })
    expect((await desk.done(`GET /key/info?key=${key}`, {}, { by })).key).toBe(key)
    expect('token' in ((await desk.done(`GET /key/info?key=${token}`)).info as object)).toBe(false)
    const denied = await desk.ask(`GET /key/info?key=${other.token}`, {}, { by })
    expect(denied.status).toBe(403)
    expect((await desk.ask('GET /key/info?key=sk-nobody-at-all', {}, { by })).error).toEqual(denied.error)
    expect(await desk.ask('GET /key/info?key=sk-nobody-at-all')).toMatchObject({ status: 404, error: { param: 'key' } })
    expect((await desk.ask('GET /key/info')).status).toBe(404)
    expect(await desk.done('POST /key/health', {}, { by })).toEqual({ key: 'healthy', logging_callbacks: null })
  })

  test('several are told at once, in the order in which they were asked for', async () => {
    const [one, two] = [await desk.generate({ key_alias: 'one' }), await desk.generate({ key_alias: 'two' })]
    expect(await desk.done('POST /v2/key/info', { keys: [two.key, 'sk-nobody', one.token] })).toMatchObject({
      key: [two.key, one.token],
      info: [{ key_alias: 'two' }, { key_alias: 'one' }],
    })
    expect((await desk.ask('POST /v2/key/info', { keys: [one.key] }, { by: two.key })).status).toBe(403)
  })

  test('spend is that of the current period, as soon as a call was answered', async () => {
    const { key } = await desk.generate({ max_budget: 10, budget_duration: '1d' })
    expect(await desk.chat(key)).toBe(200)
    const { info } = (await desk.done(`GET /key/info?key=${key}`)) as {
      info: { spend: number; budget_reset_at: string }
    }
    expect(info.spend).toBeGreaterThan(0)
    expect(info.budget_reset_at).toBe('2026-11-23T00:00:00.000Z')
    desk.clock.now += 86_400_000
    expect((await desk.done(`GET /key/info?key=${key}`)).info).toMatchObject({ spend: 0 })
  })

  test('lists come in pages of hashes, or of whole keys without secrets', async () => {
    for (let index = 0; index < 12; index++) {
      desk.clock.now++
      await desk.generate({ key_alias: `alias ${index}`, user_id: index < 3 ? 'ann' : 'bob' })
    }
    await desk.generate()
    await desk.user({ id: 'ann', email: 'ann@example.com' })
    const first = await desk.done('GET /key/list')
    expect(first).toMatchObject({ total_count: 13, current_page: 1, total_pages: 2 })
    expect((first.keys as string[]).length).toBe(10)
    expect((first.keys as string[])[0]).toMatch(/^[0-9a-f]{64}$/)
    expect((await desk.done('GET /key/list?page=2')).keys).toHaveLength(3)
    const oldest = 'size=1&return_full_object=true&user_id=ann&sort_by=created_at&sort_order=asc'
    expect(await desk.done(`GET /key/list?${oldest}&expand=user`)).toMatchObject({
      total_count: 3,
      total_pages: 3,
      keys: [{ key_alias: 'alias 0', user_id: 'ann', user: { user_email: 'ann@example.com' } }],
    })
    expect(await desk.done('GET /key/aliases?size=2')).toEqual({
      aliases: ['alias 11', 'alias 10'],
      total_count: 12,
      current_page: 1,
      total_pages: 6,
    })
    expect((await desk.done('GET /key/aliases?search=S%201')).aliases).toEqual(['alias 11', 'alias 10', 'alias 1'])
    expect((await desk.done('GET /key/list?key_alias=alias%201')).total_count).toBe(1)
    expect((await desk.done('GET /key/list?key_alias=alias%201&substring_matching=true')).total_count).toBe(3)
  })

  test.each([
    'size=101',
    'size=0',
    'page=0',
    'page=x',
    'sort_by=password',
    'sort_order=up',
    'return_full_object=maybe',
    'status=gone',
    'project_id=p',
  ])('a list with %s is refused', async (query) => {
    expect(await desk.ask(`GET /key/list?${query}`)).toMatchObject({
      status: 400,
      error: { param: query.split('=')[0] },
    })
  })

  test('what was deleted is listed as it was, for who reads everything', async () => {
    const { key, token } = await desk.generate({ key_alias: 'gone', max_budget: 2 })
    await desk.chat(key)
    await desk.done('POST /key/delete', { keys: [key] })
    const { keys, total_count } = await desk.done('GET /key/list?status=deleted&return_full_object=true')
    expect(total_count).toBe(1)
    expect((keys as { spend: number }[])[0]?.spend).toBeGreaterThan(0)
    expect(keys).toMatchObject([{ token, key_alias: 'gone', max_budget: 2, deleted_by: 'default_user_id' }])
    expect((await desk.done(`GET /key/list?status=deleted&key_hash=${token}`)).keys).toEqual([token])
    expect((await desk.ask('GET /key/list?status=deleted&user_id=ann')).error.param).toBe('user_id')
    const { key: anns } = await desk.generate({ user_id: (await desk.user()).id })
    expect((await desk.ask('GET /key/list?status=deleted', {}, { by: anns })).status).toBe(403)
  })
})

describe('who sees which keys', () => {
  test('users see their own, with those of teams that they administer where they ask for them', async () => {
    const [ann, bob] = [await desk.user(), await desk.user()]
    const blue = await desk.team({}, { [ann.id]: 'admin', [bob.id]: 'user' })
    const make = async (alias: string, fields: object) => {
      desk.clock.now++
      return desk.generate({ key_alias: alias, ...fields })
    }
    const anns = await make('ann', { user_id: ann.id })
    await make('ann-blue', { user_id: ann.id, team_id: blue.id })
    await make('service', { team_id: blue.id })
    const bobs = await make('bob', { user_id: bob.id })
    await make('bob-blue', { user_id: bob.id, team_id: blue.id })
    const names = async (query: string, by: unknown) => {
      const { keys } = await desk.done(`GET /key/list?return_full_object=true&${query}`, {}, { by })
      return (keys as { key_alias: string }[]).map(({ key_alias }) => key_alias).join(' ')
    }
    expect(await names('', anns.key)).toBe('ann-blue ann')
    expect(await names('include_team_keys=true', anns.key)).toBe('bob-blue service ann-blue ann')
    const page = await desk.done('GET /key/list?include_team_keys=true&size=3&page=2', {}, { by: anns.key })
    expect(page).toMatchObject({ total_count: 4, total_pages: 2, keys: [anns.token] })
    expect(await names('include_team_keys=true&sort_by=key_alias&sort_order=asc', anns.key)).toBe(
      'ann ann-blue bob-blue service',
    )
    expect(await names(`team_id=${blue.id}`, anns.key)).toBe('bob-blue service ann-blue')
    expect(await names('', bobs.key)).toBe('bob-blue bob')
    expect(await names('include_team_keys=true', bobs.key)).toBe('bob-blue bob')
    expect(await names(`team_id=${blue.id}`, bobs.key)).toBe('bob-blue')
    expect((await desk.ask(`GET /key/list?user_id=${ann.id}`, {}, { by: bobs.key })).status).toBe(403)
    expect((await desk.done('GET /key/aliases', {}, { by: anns.key })).aliases).toEqual([
      'bob-blue',
      'service',
      'ann-blue',
      'ann',
    ])
    expect((await desk.ask('GET /key/list?include_created_by_keys=true', {}, { by: bobs.key })).error.param).toBe(
      'include_created_by_keys',
    )
  })

  test('viewers see everything and change nothing; a key without a user lists nothing', async () => {
    const viewer = await desk.user({ role: 'proxy_admin_viewer' })
    const { key: by } = await desk.generate({ user_id: viewer.id })
    const { key, token } = await desk.generate()
    expect((await desk.done('GET /key/list', {}, { by })).total_count).toBe(2)
    expect((await desk.done(`GET /key/info?key=${token}`, {}, { by })).key).toBe(token)
    expect((await desk.ask('GET /key/info?key=sk-nobody', {}, { by })).status).toBe(404)
    expect((await desk.ask('POST /key/update', { key, max_budget: 1 }, { by })).status).toBe(401)
    expect((await desk.ask('GET /key/list', {}, { by: key })).status).toBe(401)
  })
})
