import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { GatewayError } from 'turnpike-core/internal/kernel/faults'
import { nanoUsd } from 'turnpike-core/internal/kernel/money'
import { createAccess } from '../access/create-access.ts'
import { hashOf } from '../access/secrets.ts'
import type { House } from '../house.ts'
import { createLedger } from '../ledger/create-ledger.ts'
import { openSqlite } from '../store/sqlite.ts'
import type { Principal, VirtualKey } from '../vocabulary/principal.ts'
import { fieldNames, unserved } from './key-fields.ts'
import { adminRoutes } from './routes.ts'

const start = Date.UTC(2026, 10, 22, 12)
const master: Principal = { kind: 'master' }

let now: number
let house: House

beforeEach(() => {
  now = start
  const store = openSqlite(':memory:')
  const clock = () => now
  const findKey = async (hash: string) => (await store.keys.find(hash))?.key
  house = {
    store,
    access: createAccess({ masterKeys: ['sk-master'], findKey, now: clock }),
    ledger: createLedger({ store, now: clock, onError: () => {}, flushMs: 1 }),
    now: clock,
  } as House
})

afterEach(async () => {
  await house.ledger.close()
  await house.store.close()
})

interface Ask {
  readonly principal?: Principal
  readonly text?: string
  readonly headers?: Record<string, string>
}

async function ask(
  what: string,
  body?: object,
  { principal = master, text, headers = {} }: Ask = {},
): Promise<Record<string, unknown>> {
  const [method, target = ''] = what.split(' ')
  const [path, query] = target.split('?')
  const route = adminRoutes.find((row) => row.method === method && row.paths[0] === path)
  if (!route) throw new Error(`no route ${what}`)
  const bytes = new TextEncoder().encode(text ?? JSON.stringify(body ?? {}))
  const request = new Request(`http://gateway${target}`, { method: method ?? 'GET', headers })
  const call = {
    request,
    params: {},
    query: new URLSearchParams(query),
    body: method === 'GET' ? undefined : bytes,
    principal,
    callId: 'c',
  }
  const response = await route.handle(call, house)
  return (await response.json()) as Record<string, unknown>
}

async function refusal(what: string, body?: object, how?: Ask): Promise<GatewayError> {
  try {
    await ask(what, body, how)
  } catch (thrown) {
    if (thrown instanceof GatewayError) return thrown
    throw thrown
  }
  throw new Error('it was done')
}

const generate = (body: object = {}, how?: Ask) => ask('POST /key/generate', body, how)

async function keyOf(secret: unknown): Promise<VirtualKey> {
  const principal = await house.access.identify(String(secret))
  if (principal.kind !== 'key') throw new Error('not a key')
  return principal.key
}

describe('generating a key', () => {
  test('the answer has every field that LiteLLM answers with, and the key opens the door', async () => {
    const made = await generate()
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
    expect((await keyOf(made.key)).models).toEqual(['all-proxy-models'])
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
    const made = await generate(asked)
    expect(made).toMatchObject({
      ...asked,
      metadata: { note: 'x', tags: ['a', 'b'] },
      allowed_routes: ['llm_api_routes'],
      expires: '2026-12-22T12:00:00.000Z',
      budget_reset_at: '2026-12-01T00:00:00.000Z',
      org_id: 'acme',
    })
    expect(await keyOf(made.key)).toMatchObject({
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
    const { key } = await generate({ key_alias: 'first' })
    const dump = JSON.stringify([
      await house.store.keys.list({ limit: 10, offset: 0 }),
      await ask('GET /key/list?return_full_object=true'),
    ])
    expect(dump).not.toContain(String(key).slice(3))
  })

  test('a secret of one’s own choice is taken when nobody can guess it, once', async () => {
    const key = 'sk-my-own-choice-0001'
    expect(await generate({ key })).toMatchObject({ key, token: hashOf(key), key_name: 'sk-...0001' })
    expect(await refusal('POST /key/generate', { key })).toMatchObject({
      code: 'invalid-request',
      detail: { param: 'key' },
    })
    for (const weak of ['sk-short', 'pk-long-enough-but-odd', 'sk-with a space in it', 1_234_567_890_123]) {
      const error = await refusal('POST /key/generate', { key: weak })
      expect(error.detail.param).toBe('key')
      expect(error.message).not.toContain(String(weak))
    }
  })

  test('a key that was refused a moment ago works as soon as it is made', async () => {
    const key = 'sk-my-own-choice-0002'
    await expect(Promise.resolve(house.access.identify(key))).rejects.toThrow('Unable to find token')
    await generate({ key })
    expect((await keyOf(key)).hash).toBe(hashOf(key))
  })

  test('an alias is had by one key only', async () => {
    await generate({ key_alias: 'first' })
    const error = await refusal('POST /key/generate', { key_alias: 'first' })
    expect(error).toMatchObject({ status: 400, detail: { param: 'key_alias', kind: 'bad_request_error' } })
  })

  test.each([
    [{ key_type: 'llm_api', allowed_routes: [] }, ['llm_api_routes']],
    [{ key_type: 'read_only' }, ['info_routes']],
    [{ key_type: 'management' }, ['management_routes']],
    [{ key_type: 'default', allowed_routes: ['/v1/models'] }, ['/v1/models']],
    [{ key_type: 'llm_api', allowed_routes: ['llm_api_routes'] }, ['llm_api_routes']],
    [{ allowed_routes: ['/v1/*', 'info_routes'] }, ['/v1/*', 'info_routes']],
  ])('%j opens the routes %j', async (body, routes) => {
    expect((await generate(body)).allowed_routes).toEqual(routes)
  })
})

describe('what is refused', () => {
  test.each([
    ['max_budget', -1],
    ['max_budget', '10'],
    ['max_budget', 1e300],
    ['soft_budget', -0.5],
    ['rpm_limit', 1.5],
    ['rpm_limit', -1],
    ['tpm_limit', '10'],
    ['max_parallel_requests', true],
    ['duration', 'soon'],
    ['duration', -1],
    ['budget_duration', '30'],
    ['budget_duration', '0d'],
    ['models', 'gpt-x'],
    ['models', [1]],
    ['models', ['']],
    ['aliases', { a: 1 }],
    ['metadata', []],
    ['metadata', 'x'],
    ['tags', 'a'],
    ['blocked', 'yes'],
    ['key_type', 'root'],
    ['allowed_routes', ['v1/models']],
    ['key_alias', ''],
    ['user_id', 7],
    ['team_id', 'x'.repeat(2000)],
    ['send_invite_email', 'yes'],
  ])('%s: %j', async (name, value) => {
    const error = await refusal('POST /key/generate', { [name]: value })
    expect(error).toMatchObject({ code: 'invalid-request', status: 400 })
    expect(error.detail.param?.split('.')[0]).toBe(name)
  })

  test('a NaN that JSON cannot write, and bodies that are no object', async () => {
    expect((await refusal('POST /key/generate', undefined, { text: '{"max_budget": NaN}' })).code).toBe('invalid-json')
    expect((await refusal('POST /key/generate', undefined, { text: '' })).code).toBe('invalid-json')
    expect((await refusal('POST /key/generate', undefined, { text: '[]' })).detail.param).toBe('request_body')
  })

  test('a field that is not served is refused unless it says nothing', async () => {
    const empty = Object.fromEntries(Object.keys(unserved).map((name) => [name, null]))
    await generate({
      ...empty,
      config: {},
      permissions: {},
      allowed_cache_controls: [],
      auto_rotate: false,
      spend: 0,
      rpm_limit_type: 'best_effort_throughput',
    })
    const filled = {
      guardrails: ['pii'],
      model_max_budget: { x: { budget_limit: 1 } },
      budget_limits: [{}],
      permissions: { a: true },
      model_rpm_limit: { x: 1 },
      temp_budget_increase: 5,
      tpm_limit_type: 'dynamic',
      auto_rotate: true,
      spend: 3,
      budget_id: 'b',
    }
    for (const [name, value] of Object.entries(filled))
      expect((await refusal('POST /key/generate', { [name]: value })).detail.param).toBe(name)
    expect((await refusal('POST /key/generate', { metadata: { model_rpm_limit: { x: 1 } } })).detail.param).toBe(
      'metadata.model_rpm_limit',
    )
  })

  test('an unknown field is refused with the name that was meant', async () => {
    const error = await refusal('POST /key/generate', { max_bugdet: 1 })
    expect(error.message).toBe('Unknown field max_bugdet. Did you mean max_budget?')
    expect((await refusal('POST /key/update', { key: 'sk-x', user_role: 'proxy_admin' })).detail.param).toBe(
      'user_role',
    )
    expect((await refusal('POST /key/block', { key: 'sk-x', force: true })).detail.param).toBe('force')
  })

  test('a key type and routes that contradict each other', async () => {
    expect(
      (await refusal('POST /key/generate', { key_type: 'read_only', allowed_routes: ['/v1/*'] })).detail.param,
    ).toBe('allowed_routes')
  })

  test('the models of a team, when there is a team to ask', async () => {
    await generate({ models: ['all-team-models'] })
    expect((await refusal('POST /key/generate', { models: ['all-team-models'], team_id: 'blue' })).detail.param).toBe(
      'models',
    )
  })

  test('a refused body leaves no key behind', async () => {
    await refusal('POST /key/generate', { key_alias: 'first', max_budget: -1 })
    expect((await ask('GET /key/list')).total_count).toBe(0)
  })
})

describe('updating a key', () => {
  test('what is not sent stays, null clears, and the next request sees it', async () => {
    const { key } = await generate({
      key_alias: 'first',
      max_budget: 1,
      rpm_limit: 5,
      user_id: 'ann',
      duration: '1d',
      models: ['a'],
      metadata: { a: 1 },
      tags: ['t'],
    })
    await keyOf(key)
    now += 1000
    const updated = await ask(
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
    const inside = await keyOf(key)
    expect(inside).toMatchObject({ maxBudget: nanoUsd(2), models: ['all-proxy-models'] })
    expect('rpmLimit' in inside || 'expiresAt' in inside).toBe(false)
  })

  test('metadata replaces metadata, tags join what is there, and null takes them away', async () => {
    const { token: key } = await generate({ metadata: { a: 1 }, tags: ['t'] })
    expect((await ask('POST /key/update', { key, metadata: { b: 2 } })).metadata).toEqual({ b: 2 })
    expect((await ask('POST /key/update', { key, tags: ['u'] })).metadata).toEqual({ b: 2, tags: ['u'] })
    expect((await ask('POST /key/update', { key, tags: null })).metadata).toEqual({ b: 2 })
    expect((await ask('POST /key/update', { key, metadata: null })).metadata).toEqual({})
  })

  test('routes replace a key type', async () => {
    const { token: key } = await generate({ key_type: 'llm_api' })
    expect(await ask('POST /key/update', { key, allowed_routes: ['/v1/models'] })).toMatchObject({
      key_type: 'default',
      allowed_routes: ['/v1/models'],
    })
    expect(await ask('POST /key/update', { key, key_type: 'read_only' })).toMatchObject({
      key_type: 'read_only',
      allowed_routes: ['info_routes'],
    })
  })

  test('every field that can be generated can be updated', async () => {
    const { token: key } = await generate()
    await ask('POST /key/update', { key, ...Object.fromEntries(fieldNames.map((name) => [name, null])) })
  })

  test('an unknown key is 404, and an alias of another key 400', async () => {
    expect(await refusal('POST /key/update', { key: 'sk-nobody-has-this' })).toMatchObject({
      status: 404,
      detail: { kind: 'not_found_error' },
    })
    expect((await refusal('POST /key/update', { max_budget: 1 })).detail.param).toBe('key')
    await generate({ key_alias: 'first' })
    const { token: key } = await generate({ key_alias: 'second' })
    expect((await refusal('POST /key/update', { key, key_alias: 'first' })).detail.param).toBe('key_alias')
    await ask('POST /key/update', { key, key_alias: 'second' })
  })

  test('an update that is refused changes nothing', async () => {
    const { token: key } = await generate({ max_budget: 1, metadata: { a: 1 } })
    await refusal('POST /key/update', { key, metadata: { b: 1 }, tags: ['x'], rpm_limit: -1 })
    expect((await ask(`GET /key/info?key=${key}`)).info).toMatchObject({ max_budget: 1, metadata: { a: 1 } })
  })
})

describe('blocking and deleting', () => {
  test('a blocked key is refused at once, until it is unblocked', async () => {
    const { key, token } = await generate()
    await keyOf(key)
    expect(await ask('POST /key/block', { key })).toMatchObject({ token, blocked: true })
    await expect(Promise.resolve(house.access.identify(String(key)))).rejects.toThrow('Key is blocked')
    expect(await ask('POST /key/unblock', { key: token })).toMatchObject({ blocked: false })
    await keyOf(key)
    expect((await refusal('POST /key/block', { key: 'sk-nobody-has-this' })).status).toBe(404)
    expect((await refusal('POST /key/block', { key: 'what' })).status).toBe(400)
  })

  test('keys are deleted by secret, hash or alias, and are gone at once', async () => {
    const [one, two, three] = [await generate(), await generate(), await generate({ key_alias: 'third' })]
    await keyOf(one.key)
    expect(await ask('POST /key/delete', { keys: [one.key, two.token, 'sk-nobody'] })).toEqual({
      deleted_keys: [one.key, two.token],
    })
    expect(await ask('POST /key/delete', { key_aliases: ['third', 'fourth'] })).toEqual({ deleted_keys: ['third'] })
    for (const { key } of [one, two, three])
      await expect(Promise.resolve().then(() => house.access.identify(String(key)))).rejects.toThrow(
        'Unable to find token',
      )
    expect(await refusal('POST /key/delete', { keys: [one.key] })).toMatchObject({
      status: 404,
      message: 'No keys found',
    })
    expect((await refusal('POST /key/delete', {})).status).toBe(400)
  })
})

describe('asking about keys', () => {
  test('the master may ask about any key, a key about itself only', async () => {
    const { key, token } = await generate({ key_alias: 'first' })
    const other = await generate()
    const principal: Principal = { kind: 'key', key: await keyOf(key) }
    expect(await ask(`GET /key/info?key=${key}`)).toMatchObject({ key, info: { key_alias: 'first', spend: 0 } })
    expect(await ask('GET /key/info', undefined, { principal })).toMatchObject({
      key: token,
      info: { key_alias: 'first' },
    })
    expect((await ask(`GET /key/info?key=${key}`, undefined, { principal })).key).toBe(key)
    expect('token' in ((await ask(`GET /key/info?key=${token}`)).info as object)).toBe(false)
    const denied = await refusal(`GET /key/info?key=${other.token}`, undefined, { principal })
    expect(denied.status).toBe(403)
    expect(await refusal('GET /key/info?key=sk-nobody-at-all', undefined, { principal })).toMatchObject({
      message: denied.message,
    })
    expect(await refusal('GET /key/info?key=sk-nobody-at-all')).toMatchObject({ status: 404, detail: { param: 'key' } })
    expect((await refusal('GET /key/info')).status).toBe(404)
  })

  test('lists come in pages of hashes, or of whole keys without secrets', async () => {
    for (let index = 0; index < 12; index++) {
      now++
      await generate({ key_alias: `alias ${index}`, user_id: index < 3 ? 'ann' : 'bob' })
    }
    const first = await ask('GET /key/list')
    expect(first).toMatchObject({ total_count: 12, current_page: 1, total_pages: 2 })
    expect((first.keys as string[]).length).toBe(10)
    expect((first.keys as string[])[0]).toMatch(/^[0-9a-f]{64}$/)
    expect((await ask('GET /key/list?page=2')).keys).toHaveLength(2)
    const full = await ask('GET /key/list?size=1&return_full_object=true&user_id=ann&sort_by=created_at&sort_order=asc')
    expect(full).toMatchObject({ total_count: 3, total_pages: 3, keys: [{ key_alias: 'alias 0', user_id: 'ann' }] })
    expect((await ask('GET /key/aliases?size=2')).aliases).toEqual(['alias 11', 'alias 10'])
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
    expect(await refusal(`GET /key/list?${query}`)).toMatchObject({
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
