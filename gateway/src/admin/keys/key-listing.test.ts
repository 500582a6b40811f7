import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import type { Principal } from '../../vocabulary/principal.ts'
import { adminRoutes } from '../routes.ts'
import { openDesk } from './test-desk.ts'

let desk: Awaited<ReturnType<typeof openDesk>>
beforeEach(async () => {
  desk = await openDesk()
})
afterEach(() => desk.close())

describe('asking about keys', () => {
  test('the master may ask about any key, a key about itself only', async () => {
    const { key, token } = await desk.generate({ key_alias: 'first' })
    const other = await desk.generate()
    const principal: Principal = { kind: 'key', key: await desk.keyOf(key) }
    expect(await desk.ask(`GET /key/info?key=${key}`)).toMatchObject({ key, info: { key_alias: 'first', spend: 0 } })
    expect(await desk.ask('GET /key/info', undefined, { principal })).toMatchObject({
      key: token,
      info: { key_alias: 'first' },
    })
    expect((await desk.ask(`GET /key/info?key=${key}`, undefined, { principal })).key).toBe(key)
    expect('token' in ((await desk.ask(`GET /key/info?key=${token}`)).info as object)).toBe(false)
    const denied = await desk.refusal(`GET /key/info?key=${other.token}`, undefined, { principal })
    expect(denied.status).toBe(403)
    expect(await desk.refusal('GET /key/info?key=sk-nobody-at-all', undefined, { principal })).toMatchObject({
      message: denied.message,
    })
    expect(await desk.refusal('GET /key/info?key=sk-nobody-at-all')).toMatchObject({
      status: 404,
      detail: { param: 'key' },
    })
    expect((await desk.refusal('GET /key/info')).status).toBe(404)
  })

  test('lists come in pages of hashes, or of whole keys without secrets', async () => {
    for (let index = 0; index < 12; index++) {
      desk.clock.now++
      await desk.generate({ key_alias: `alias ${index}`, user_id: index < 3 ? 'ann' : 'bob' })
    }
    const first = await desk.ask('GET /key/list')
    expect(first).toMatchObject({ total_count: 12, current_page: 1, total_pages: 2 })
    expect((first.keys as string[]).length).toBe(10)
    expect((first.keys as string[])[0]).toMatch(/^[0-9a-f]{64}$/)
    expect((await desk.ask('GET /key/list?page=2')).keys).toHaveLength(2)
    const full = await desk.ask(
      'GET /key/list?size=1&return_full_object=true&user_id=ann&sort_by=created_at&sort_order=asc',
    )
    expect(full).toMatchObject({ total_count: 3, total_pages: 3, keys: [{ key_alias: 'alias 0', user_id: 'ann' }] })
    expect((await desk.ask('GET /key/aliases?size=2')).aliases).toEqual(['alias 11', 'alias 10'])
  })

  test.each([
    'size=101',
    'size=0',
    'page=0',
    'page=x',
    'sort_by=password',
    'sort_order=up',
    'return_full_object=maybe',
    'status=deleted',
  ])('a list with %s is refused', async (query) => {
    expect(await desk.refusal(`GET /key/list?${query}`)).toMatchObject({
      status: 400,
      detail: { param: query.split('=')[0] },
    })
  })
})

describe('the table', () => {
  test('every row names its policy, and only a key’s own data is open to keys', () => {
    expect(adminRoutes.filter(({ policy }) => policy !== 'admin').map(({ id }) => id)).toEqual(['key.info'])
    expect(new Set(adminRoutes.map(({ id }) => id)).size).toBe(adminRoutes.length)
  })
})
