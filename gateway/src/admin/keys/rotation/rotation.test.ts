import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { hashOf } from '../../../access/secrets.ts'
import { verify } from '../../../ledger/verify.ts'
import { type Desk, openDesk } from '../testing/desk.ts'

let desk: Desk
beforeEach(async () => {
  desk = await openDesk()
})
afterEach(async () => {
  await desk.house.ledger.flush()
  expect(await verify(desk.house.store)).toEqual({ difference: 0, mismatches: [] })
  await desk.close()
})

const spendOf = async (key: unknown) =>
  ((await desk.done(`GET /key/info?key=${key}`)).info as { readonly spend: number }).spend

const balance = async (bucket: string) => desk.house.store.balanceOf(bucket)

describe('another secret', () => {
  test('takes the place of the old one, with everything that the key is', async () => {
    const old = await desk.generate({ key_alias: 'first', rpm_limit: 5, metadata: { a: 1 } })
    desk.clock.now += 1000
    const made = await desk.done('POST /key/regenerate', { key: old.key, rpm_limit: 6 })
    expect(made.key).toMatch(/^sk-[\w-]{22}$/)
    expect(made).toMatchObject({
      token: hashOf(String(made.key)),
      key_alias: 'first',
      rpm_limit: 6,
      metadata: { a: 1 },
      rotation_count: 1,
      last_rotation_at: '2026-11-22T12:00:01.000Z',
      created_at: old.created_at,
    })
    expect(await desk.chat(old.key)).toBe(401)
    expect(await desk.chat(made.key)).toBe(200)
    expect((await desk.done('GET /key/list')).keys).toEqual([made.token])
    expect(await desk.trail(made.token)).toEqual(['rotated by default_user_id'])
    const { rows } = await desk.house.store.audit.list({ limit: 100 })
    for (const secret of [old.key, made.key]) expect(JSON.stringify(rows)).not.toContain(String(secret).slice(3))
  })

  test('may be chosen, and the key named in the path or the query', async () => {
    const { token } = await desk.generate()
    const wanted = 'sk-a-secret-of-my-own-1'
    expect(await desk.done(`POST /key/${token}/regenerate`, { new_key: wanted })).toMatchObject({ key: wanted })
    expect((await desk.done(`POST /key/regenerate?key=${wanted}`)).rotation_count).toBe(2)
    const { key } = await desk.generate()
    const refusals = [
      [{}, 'key'],
      [{ key, new_key: 'sk-short' }, 'new_key'],
      [{ key, new_key: key }, 'new_key'],
      [{ key, new_master_key: 'sk-1' }, 'new_master_key'],
      [{ key, grace_period: 'soon' }, 'grace_period'],
      [{ key, max_budget: -1 }, 'max_budget'],
    ] as const
    for (const [body, param] of refusals)
      expect(await desk.ask('POST /key/regenerate', body)).toMatchObject({ status: 400, error: { param } })
    expect((await desk.ask('POST /key/regenerate', { key: 'sk-nobody-has-this' })).status).toBe(404)
    expect(await desk.chat(key)).toBe(200)
  })

  test('leaves the old one good for its grace, for what the key may do today', async () => {
    const old = await desk.generate({ key_alias: 'first', user_id: 'ann' })
    const made = await desk.done('POST /key/regenerate', { key: old.key, grace_period: '1h' })
    const next = await desk.done('POST /key/regenerate', { key: old.key, grace_period: '2h' })
    for (const { key } of [old, made, next]) expect(await desk.chat(key)).toBe(200)
    expect((await desk.done(`GET /key/info?key=${old.key}`)).info).toMatchObject({
      key_alias: 'first',
      rotation_count: 2,
    })
    expect((await desk.done('GET /key/info', {}, { by: old.key })).key).toBe(next.token)
    await desk.done('POST /key/block', { key: next.key })
    for (const { key } of [old, made, next]) expect(await desk.chat(key)).toBe(401)
    await desk.done('POST /key/unblock', { key: old.key })
    await desk.done('POST /key/update', { key: next.key, user_id: 'bob' })
    expect((await desk.done('GET /key/list?user_id=bob')).total_count).toBe(3)
    desk.clock.now += 3_600_000
    expect(await desk.chat(old.key)).toBe(401)
    expect(await desk.chat(made.key)).toBe(200)
    const last = await desk.done('POST /key/regenerate', { key: made.key })
    expect(await desk.chat(next.key)).toBe(401)
    expect(await desk.chat(made.key)).toBe(200)
    await desk.done('POST /key/delete', { keys: [last.key] })
    expect(await desk.chat(made.key)).toBe(401)
    expect((await desk.done('GET /key/list')).total_count).toBe(0)
  })

  test('does not fill an empty budget again: what was spent goes with the key', async () => {
    const budgets = {
      max_budget: 100,
      budget_duration: '30d',
      budget_limits: [{ budget_duration: '1d', max_budget: 50 }],
      model_max_budget: { gpt: { budget_limit: 20, time_period: '7d' } },
    }
    const old = await desk.generate(budgets)
    await desk.chat(old.key)
    await desk.house.ledger.flush()
    const spent = await balance(`key:${old.token}`)
    expect(spent).toBeGreaterThan(0)
    const all = await balance('all')
    const made = await desk.done('POST /key/regenerate', { key: old.key, grace_period: '1h' })
    expect(made.spend).toBe(spent / 1e9)
    for (const suffix of ['', ':30d:2026-11-01', ':1d:2026-11-22', '/gpt:7d:2026-11-16']) {
      expect(await balance(`key:${made.token}${suffix}`), suffix).toBe(spent)
      expect(await balance(`key:${old.token}${suffix}`), suffix).toBe(0 as never)
    }
    expect(await balance('all')).toBe(all)
    await desk.done('POST /key/update', { key: made.key, max_budget: spent / 1e9 })
    for (const { key } of [old, made]) expect(await desk.chat(key)).toBe(429)
  })

  test('is given once, however many ask for it at the same moment', async () => {
    const { key } = await desk.generate({ key_alias: 'first' })
    await desk.chat(key)
    const spent = await spendOf(key)
    const answers = await Promise.all(Array.from({ length: 5 }, () => desk.ask('POST /key/regenerate', { key })))
    const made = answers.filter(({ status }) => status === 200)
    expect(made.length).toBe(1)
    expect((await desk.done('GET /key/list')).total_count).toBe(1)
    expect(await spendOf(made[0]?.body.key)).toBe(spent)
  })

  test('cannot take an alias that another key has', async () => {
    await desk.generate({ key_alias: 'taken' })
    const { key } = await desk.generate()
    expect((await desk.ask('POST /key/regenerate', { key, key_alias: 'taken' })).error.param).toBe('key_alias')
    expect(await desk.chat(key)).toBe(200)
  })
})

describe('spend that is reset', () => {
  test('is what the budget counts from then on; the ledger keeps what was spent in all', async () => {
    const { key, token } = await desk.generate({ max_budget: 100, budget_duration: '1d' })
    await desk.chat(key)
    const before = await spendOf(key)
    const answer = await desk.done(`POST /key/${token}/reset_spend`, { reset_to: 0 })
    expect(answer).toEqual({
      key_hash: token,
      spend: 0,
      previous_spend: before,
      max_budget: 100,
      budget_reset_at: '2026-11-23T00:00:00.000Z',
    })
    expect(await spendOf(key)).toBe(0)
    expect(await balance(`key:${token}`)).toBe(Math.round(before * 1e9) as never)
    expect(await desk.chat(key)).toBe(200)
    expect(await spendOf(key)).toBe(before)
    expect(await desk.trail(token)).toEqual(['created by default_user_id', 'updated by default_user_id'])
  })

  test('opens a budget that was spent, and is never made more', async () => {
    const { key } = await desk.generate({ max_budget: 100 })
    await desk.chat(key)
    const spent = await spendOf(key)
    await desk.done('POST /key/update', { key, max_budget: spent })
    expect(await desk.chat(key)).toBe(429)
    expect((await desk.ask(`POST /key/${key}/reset_spend`, { reset_to: spent + 1 })).error.param).toBe('reset_to')
    expect((await desk.ask(`POST /key/${key}/reset_spend`, {})).error.param).toBe('reset_to')
    await Promise.all([0, 0, 0].map((reset_to) => desk.done(`POST /key/${key}/reset_spend`, { reset_to })))
    expect(await spendOf(key)).toBe(0)
  })
})
