import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { nanoUsd } from 'turnpike-core/internal/kernel/money'
import { hashOf } from '../../access/secrets.ts'
import { keyFields } from './rules/shapes.ts'
import { type Desk, openDesk } from './testing/desk.ts'

let desk: Desk
beforeEach(async () => {
  desk = await openDesk()
})
afterEach(() => desk.close())

const denied = async (secret: unknown, why: string) =>
  expect((await desk.ask('GET /v1/models', {}, { by: secret })).error.message).toContain(why)

describe('generating a key', () => {
  test('the answer has every field that LiteLLM answers with, and the key opens the door', async () => {
    const made = await desk.generate()
    expect(made.key).toMatch(/^sk-[\w-]{22}$/)
    const hash = hashOf(String(made.key))
    expect(made).toMatchObject({
      token: hash,
      token_id: hash,
      key_name: `sk-...${String(made.key).slice(-4)}`,
      key_alias: null,
      duration: null,
      expires: null,
      models: [],
      spend: 0,
      max_budget: null,
      soft_budget: null,
      budget_duration: null,
      user_id: null,
      team_id: null,
      organization_id: null,
      agent_id: null,
      project_id: null,
      max_parallel_requests: null,
      metadata: {},
      tags: [],
      tpm_limit: null,
      rpm_limit: null,
      aliases: {},
      allowed_routes: [],
      key_type: 'default',
      blocked: false,
      budget_id: null,
      litellm_budget_table: null,
      guardrails: null,
      config: {},
      permissions: {},
      model_max_budget: {},
      created_by: 'default_user_id',
      updated_by: 'default_user_id',
      created_at: '2026-11-22T12:00:00.000Z',
      updated_at: '2026-11-22T12:00:00.000Z',
    })
    expect((await desk.keyOf(made.key)).models).toEqual(['all-proxy-models'])
  })

  test('what is asked for is what the key is, inside and shown', async () => {
    const asked = {
      key_alias: 'first',
      duration: '30d',
      models: ['gpt-x', 'openai/*'],
      max_budget: 1.5,
      soft_budget: 1.25,
      budget_duration: '30d',
      user_id: 'ann',
      team_id: 'blue',
      organization_id: 'acme',
      rpm_limit: 10,
      tpm_limit: 1000,
      max_parallel_requests: 2,
      metadata: { note: 'x' },
      tags: ['a', 'b'],
      aliases: { fast: 'gpt-x' },
      key_type: 'llm_api',
      blocked: false,
    }
    const made = await desk.generate(asked)
    expect(made).toMatchObject({
      ...asked,
      metadata: { note: 'x', tags: ['a', 'b'] },
      allowed_routes: ['llm_api_routes'],
      expires: '2026-12-22T12:00:00.000Z',
      budget_reset_at: '2026-12-01T00:00:00.000Z',
      org_id: 'acme',
    })
    expect(await desk.keyOf(made.key)).toMatchObject({
      alias: 'first',
      models: ['gpt-x', 'openai/*'],
      maxBudget: nanoUsd(1.5),
      budgetDuration: '30d',
      expiresAt: Date.UTC(2026, 11, 22, 12),
      allowedRoutes: ['llm_api_routes'],
      tags: ['a', 'b'],
      aliases: { fast: 'gpt-x' },
    })
  })

  test('the secret is nowhere but in that answer', async () => {
    const { key } = await desk.generate({ key_alias: 'first' })
    const dump = JSON.stringify([
      await desk.house.store.keys.list({ limit: 10, offset: 0 }),
      await desk.house.store.audit.list({ limit: 10 }),
      await desk.ask('GET /key/list?return_full_object=true'),
    ])
    expect(dump).not.toContain(String(key).slice(3))
  })

  test('a secret of one’s own choice is taken when nobody can guess it, once', async () => {
    const key = 'sk-my-own-choice-0001'
    expect(await desk.generate({ key })).toMatchObject({ key, token: hashOf(key), key_name: 'sk-...0001' })
    expect(await desk.ask('POST /key/generate', { key })).toMatchObject({ status: 400, error: { param: 'key' } })
    for (const weak of ['sk-short', 'pk-long-enough-but-odd', 'sk-with a space in it', 1_234_567_890_123]) {
      const { error } = await desk.ask('POST /key/generate', { key: weak })
      expect(error.param).toBe('key')
      expect(error.message).not.toContain(String(weak))
    }
  })

  test('a key that was refused a moment ago works as soon as it is made', async () => {
    const key = 'sk-my-own-choice-0002'
    await denied(key, 'Unable to find token')
    await desk.generate({ key })
    expect((await desk.keyOf(key)).hash).toBe(hashOf(key))
  })

  test('an alias is had by one key only', async () => {
    await desk.generate({ key_alias: 'first' })
    expect(await desk.ask('POST /key/generate', { key_alias: 'first' })).toMatchObject({
      status: 400,
      error: { param: 'key_alias', type: 'bad_request_error' },
    })
  })

  test.each([
    [{ key_type: 'llm_api', allowed_routes: [] }, ['llm_api_routes']],
    [{ key_type: 'read_only' }, ['info_routes']],
    [{ key_type: 'management' }, ['management_routes']],
    [{ key_type: 'default', allowed_routes: ['/v1/models'] }, ['/v1/models']],
    [{ key_type: 'llm_api', allowed_routes: ['llm_api_routes'] }, ['llm_api_routes']],
    [{ allowed_routes: ['/v1/*', 'info_routes'] }, ['/v1/*', 'info_routes']],
  ])('%j opens the routes %j', async (body, routes) => {
    expect((await desk.generate(body)).allowed_routes).toEqual(routes)
  })
})

describe('updating a key', () => {
  test('what is not sent stays, null clears, and the next request sees it', async () => {
    const { key } = await desk.generate({
      key_alias: 'first',
      max_budget: 1,
      rpm_limit: 5,
      user_id: 'ann',
      duration: '1d',
      models: ['a'],
      metadata: { a: 1 },
      tags: ['t'],
    })
    await desk.keyOf(key)
    desk.clock.now += 1000
    const updated = await desk.done(
      'POST /key/update',
      { key, max_budget: 2, rpm_limit: null, duration: '-1', models: [] },
      { headers: { 'litellm-changed-by': 'bob' } },
    )
    expect(updated).toMatchObject({
      key,
      key_alias: 'first',
      max_budget: 2,
      rpm_limit: null,
      user_id: 'ann',
      expires: null,
      models: [],
      metadata: { a: 1, tags: ['t'] },
      updated_by: 'bob',
      updated_at: '2026-11-22T12:00:01.000Z',
      created_at: '2026-11-22T12:00:00.000Z',
    })
    const inside = await desk.keyOf(key)
    expect(inside).toMatchObject({ maxBudget: nanoUsd(2), models: ['all-proxy-models'] })
    expect('rpmLimit' in inside || 'expiresAt' in inside).toBe(false)
  })

  test('metadata replaces metadata, tags join what is there, and null takes them away', async () => {
    const { token: key } = await desk.generate({ metadata: { a: 1 }, tags: ['t'] })
    expect((await desk.done('POST /key/update', { key, metadata: { b: 2 } })).metadata).toEqual({ b: 2 })
    expect((await desk.done('POST /key/update', { key, tags: ['u'] })).metadata).toEqual({ b: 2, tags: ['u'] })
    expect((await desk.done('POST /key/update', { key, tags: null })).metadata).toEqual({ b: 2 })
    expect((await desk.done('POST /key/update', { key, metadata: null })).metadata).toEqual({})
  })

  test('routes replace a key type', async () => {
    const { token: key } = await desk.generate({ key_type: 'llm_api' })
    expect(await desk.done('POST /key/update', { key, allowed_routes: ['/v1/models'] })).toMatchObject({
      key_type: 'default',
      allowed_routes: ['/v1/models'],
    })
    expect(await desk.done('POST /key/update', { key, key_type: 'read_only' })).toMatchObject({
      key_type: 'read_only',
      allowed_routes: ['info_routes'],
    })
  })

  test('every field that can be generated can be updated', async () => {
    const { token: key } = await desk.generate()
    await desk.done('POST /key/update', {
      key,
      ...Object.fromEntries(Object.keys(keyFields).map((name) => [name, null])),
    })
  })

  test('an unknown key is 404, and an alias of another key 400', async () => {
    expect(await desk.ask('POST /key/update', { key: 'sk-nobody-has-this' })).toMatchObject({
      status: 404,
      error: { type: 'not_found_error' },
    })
    expect((await desk.ask('POST /key/update', { max_budget: 1 })).error.param).toBe('key')
    await desk.generate({ key_alias: 'first' })
    const { token: key } = await desk.generate({ key_alias: 'second' })
    expect((await desk.ask('POST /key/update', { key, key_alias: 'first' })).error.param).toBe('key_alias')
    await desk.done('POST /key/update', { key, key_alias: 'second' })
  })

  test('an update that is refused changes nothing', async () => {
    const { token: key } = await desk.generate({ max_budget: 1, metadata: { a: 1 } })
    await desk.ask('POST /key/update', { key, metadata: { b: 1 }, tags: ['x'], rpm_limit: -1 })
    expect((await desk.done(`GET /key/info?key=${key}`)).info).toMatchObject({ max_budget: 1, metadata: { a: 1 } })
  })
})

describe('blocking and deleting', () => {
  test('a blocked key is refused at once, until it is unblocked', async () => {
    const { key, token } = await desk.generate()
    await desk.keyOf(key)
    expect(await desk.done('POST /key/block', { key })).toMatchObject({ token, blocked: true })
    await denied(key, 'Key is blocked')
    expect(await desk.done('POST /key/unblock', { key: token })).toMatchObject({ blocked: false })
    await desk.keyOf(key)
    expect((await desk.ask('POST /key/block', { key: 'sk-nobody-has-this' })).status).toBe(404)
    expect((await desk.ask('POST /key/block', { key: 'what' })).status).toBe(400)
    expect(await desk.trail(token)).toEqual([
      'created by default_user_id',
      'blocked by default_user_id',
      'unblocked by default_user_id',
    ])
  })

  test('keys are deleted by secret, hash or alias, and are gone at once', async () => {
    const [one, two, three] = [
      await desk.generate(),
      await desk.generate(),
      await desk.generate({ key_alias: 'third' }),
    ]
    await desk.keyOf(one.key)
    expect(await desk.done('POST /key/delete', { keys: [one.key, two.token, 'sk-nobody'] })).toEqual({
      deleted_keys: [one.key, two.token],
    })
    expect(await desk.done('POST /key/delete', { key_aliases: ['third', 'fourth'] })).toEqual({
      deleted_keys: ['third'],
    })
    for (const { key } of [one, two, three]) await denied(key, 'Unable to find token')
    expect(await desk.ask('POST /key/delete', { keys: [one.key] })).toMatchObject({
      status: 404,
      error: { message: 'No keys found' },
    })
    expect((await desk.ask('POST /key/delete', {})).status).toBe(400)
    expect(await desk.trail(one.token)).toEqual(['created by default_user_id', 'deleted by default_user_id'])
  })
})
