import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import type { FormatId } from 'turnpike-core/internal/vocabulary/format-id'
import { rights } from '../../gateway/src/access/rights.ts'
import { formatOfErrors } from '../../gateway/src/pipeline/answer/refuse.ts'
import type { Endpoint } from '../../gateway/src/pipeline/route.ts'
import { endpoints } from '../../gateway/src/table.ts'
import { type TestHouse, testHouse } from '../house.ts'
import { peopleOf } from '../people.ts'
import { turnedAway, welcomeKey } from '../turned-away.ts'
import { chat, type Door, doors, knock, wildcards } from './doors.ts'

/** Law 5: every route in the table names its policy, and keeps it. */

let house: TestHouse
let good: string
const doorOf = (format: FormatId): Door => doors.find((door) => door.format === format) ?? chat
const modelFor: Readonly<Record<FormatId, string>> = {
  'openai-chat': 'gpt',
  'openai-responses': 'codex',
  'anthropic-messages': 'claude',
  gemini: 'gem',
}

beforeAll(async () => {
  house = await testHouse({
    models: (place) => [
      ...wildcards(place),
      {
        model_name: 'free',
        litellm_params: { model: 'openai/f', api_base: `${place}/v1` },
        model_info: { input_cost_per_token: 0, output_cost_per_token: 0 },
      },
    ],
  })
  good = await house.key()
})
afterAll(() => house.close())

/** Every path of every row, with something in its parameters. */
const everyPath = endpoints.flatMap((row) =>
  row.paths.map((path) => ({
    row,
    path: path.replace(/:model\+?/, modelFor[formatOfErrors(row)]).replace(/\/:\w+\+?/g, '/gpt'),
  })),
)
const named = (rows: typeof everyPath) => rows.map((one) => [`${one.row.method} ${one.path}`, one] as const)
const guarded = everyPath.filter(({ row }) => row.policy !== 'public')

function bodyFor(row: Endpoint): JsonObject {
  const format = formatOfErrors(row)
  return doorOf(format).body(modelFor[format], 'Hello there', false)
}

async function call({ row, path }: (typeof everyPath)[number], key: string | undefined) {
  const response = await fetch(house.url + path, {
    method: row.method,
    headers: { ...(key !== undefined && { authorization: `Bearer ${key}` }), 'content-type': 'application/json' },
    ...(row.method !== 'GET' && { body: JSON.stringify(bodyFor(row)) }),
  })
  const text = await response.text()
  return { status: response.status, text, refusal: refusalIn(row, text) }
}

function refusalIn(row: Endpoint, text: string) {
  try {
    return doorOf(formatOfErrors(row)).readRefusal(JSON.parse(text))
  } catch {
    return undefined
  }
}

test('every row names a policy, and no path has two rows', () => {
  const policies: readonly string[] = ['public', ...rights.proxy_admin]
  for (const row of endpoints) expect(policies, row.id).toContain(row.policy)
  const places = endpoints.flatMap((row) => row.paths.map((path) => `${row.method} ${path}`))
  expect(places.length).toBe(new Set(places).size)
  expect(new Set(endpoints.map(({ id }) => id)).size).toBe(endpoints.length)
})

test('only these rows are for everybody', () => {
  expect(
    endpoints
      .filter(({ policy }) => policy === 'public')
      .map(({ id }) => id)
      .sort(),
  ).toEqual([
    'claude-code.hello',
    'health.liveness',
    'health.readiness',
    'login',
    'login.v2',
    'logout',
    'openapi',
    'root',
    'session',
    'sso.callback',
    'sso.readiness',
    'sso.start',
  ])
})

/** What is asked by POST because it is long, and changes nothing. */
const questions =
  /^(count-tokens|messages\.count-tokens|tokens\.count|cost\.estimate|spend\.calculate|request\.transform|request\.explain|key\.health|key\.info\.v2)$/

test('every row that calls models wants a key, and no row that changes something is for every key', () => {
  for (const row of endpoints) {
    if (row.kind === 'surface') expect(row.policy, row.id).toBe('key')
    else if (row.method !== 'GET' && !questions.test(row.id)) expect(row.policy, row.id).not.toBe('key')
  }
})

describe('without the right key', () => {
  test.each(named(guarded))('%s is 401 in its own format', async (_, at) => {
    const before = house.provider.requests.length
    const bad = [
      'sk-no-such-key-in-this-house',
      'not-a-key',
      'sk-',
      '',
      `sk-${'x'.repeat(5000)}`,
      `${house.master} `.slice(0, -2),
    ]
    for (const key of [undefined, ...bad]) {
      const { status, text, refusal } = await call(at, key)
      expect(status, `${key}: ${text}`).toBe(401)
      expect(refusal, text).toBeDefined()
      if (key !== undefined && key.length > 12) expect(text).not.toContain(key.slice(0, -4))
    }
    expect(house.provider.requests.length).toBe(before)
  })

  test('a stored hash is no key, even where it would be found', async () => {
    const { hash } = await infoOf(good)
    for (const at of guarded) expect((await call(at, hash)).status).toBe(401)
  })

  test('a scheme is needed, and another header does not help', async () => {
    for (const headers of [
      { authorization: good },
      { cookie: `key=${good}` },
      { 'x-forwarded-authorization': `Bearer ${good}` },
    ]) {
      const response = await fetch(`${house.url}/v1/models`, { headers: headers as Record<string, string> })
      expect(response.status).toBe(401)
    }
  })
})

async function infoOf(key: string): Promise<{ hash: string; spend: number }> {
  const response = await fetch(`${house.url}/key/info`, { headers: { authorization: `Bearer ${key}` } })
  const { key: hash, info } = (await response.json()) as { key: string; info: { spend: number } }
  return { hash, spend: info.spend }
}

test.each(named(everyPath.filter(({ row }) => row.policy === 'admin')))(
  'a key that is not the master’s gets nowhere on %s',
  async (_, at) => {
    const { status, refusal } = await call(at, good)
    expect([401, 403]).toContain(status)
    expect(refusal?.message).toContain('Only proxy admin')
  },
)

test('a key that has expired, is blocked or is deleted opens nothing', async () => {
  const keys = {
    expired: await house.key({ duration: '1s' }),
    blocked: await house.key(),
    deleted: await house.key(),
  }
  const admin = (path: string, body: JsonObject) =>
    fetch(house.url + path, {
      method: 'POST',
      headers: { authorization: `Bearer ${house.master}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  // all three have been seen and are remembered
  for (const key of Object.values(keys)) expect((await infoOf(key)).hash).toHaveLength(64)
  expect((await admin('/key/block', { key: keys.blocked })).status).toBe(200)
  expect((await admin('/key/delete', { keys: [keys.deleted] })).status).toBe(200)
  await Bun.sleep(1050)
  const types = { expired: 'expired_key', blocked: 'auth_error', deleted: 'token_not_found_in_db' }
  for (const [name, key] of Object.entries(keys))
    for (const at of guarded) {
      const { status, refusal } = await call(at, key)
      expect(status, `${name} ${at.path}`).toBe(401)
      if (formatOfErrors(at.row).startsWith('openai')) expect(refusal?.type).toBe(types[name as keyof typeof types])
    }
})

test('a key for some routes opens those and no others, by path or by group', async () => {
  const narrow = await house.key({ allowed_routes: ['/v1/models'] })
  const models = await house.key({ allowed_routes: ['llm_api_routes'] })
  const info = await house.key({ allowed_routes: ['info_routes'] })
  const turnedAway = async (at: (typeof everyPath)[number], key: string) =>
    (await call(at, key)).refusal?.message.includes('Virtual key is not allowed to call this route') === true
  for (const at of guarded) {
    if (at.row.policy !== 'key') continue
    const isModels = at.row.paths.some((path) => path === '/v1/models' || path.startsWith('/v1/models/'))
    const opened = isModels && at.row.kind === 'route'
    expect(await turnedAway(at, narrow), `${at.path} ${opened}`).toBe(!opened)
    expect(await turnedAway(at, models), at.path).toBe(!at.row.groups.includes('llm_api_routes'))
    expect(await turnedAway(at, info), at.path).toBe(!at.row.groups.includes('info_routes'))
  }
})

test('a model outside the key’s grant is 403 on every surface, by every name that leads there', async () => {
  const key = await house.key({ models: ['claude'], aliases: { mine: 'gpt' } })
  const before = house.provider.requests.length
  for (const door of doors)
    for (const stream of [false, true])
      for (const model of ['gpt', 'mine', 'chat/gpt', 'openai/gpt-4o']) {
        const response = await fetch(knock(door, { url: house.url, key }, { model, stream }))
        const refusal = door.readRefusal(await response.json())
        expect([400, 403], `${door.format} ${model}`).toContain(response.status)
        if (model !== 'openai/gpt-4o') expect(response.status).toBe(403)
        expect(refusal?.message).toMatch(/not allowed to access model|Invalid model name/)
      }
  expect(house.provider.requests.length).toBe(before)
  const granted = await fetch(knock(chat, { url: house.url, key }, { model: 'claude' }))
  expect(granted.status).toBe(200)
})

test('an alias grants what it points at only to a key that may call that', async () => {
  const key = await house.key({ models: ['gpt'], aliases: { mine: 'gpt' } })
  expect((await fetch(knock(chat, { url: house.url, key }, { model: 'mine' }))).status).toBe(200)
})

describe('a key without money', () => {
  let spent: string
  beforeAll(async () => {
    spent = await house.key({ max_budget: 0.002 })
    const at = { url: house.url, key: spent }
    let status = 200
    for (let calls = 0; calls < 100 && status === 200; calls++)
      status = (await fetch(knock(chat, at, { model: 'chat/count:40' }))).status
    expect(status).toBe(429)
    expect((await infoOf(spent)).spend).toBeGreaterThan(0)
  })

  test.each(named(everyPath.filter(({ row }) => row.kind === 'surface')))('is 429 on %s', async (_, at) => {
    const before = house.provider.requests.length
    const { status, refusal } = await call(at, spent)
    expect(status).toBe(429)
    expect(refusal?.message).toContain('Budget has been exceeded')
    if (formatOfErrors(at.row).startsWith('openai')) expect(refusal?.type).toBe('budget_exceeded')
    expect(house.provider.requests.length).toBe(before)
  })

  test('is 429 for streams too', async () => {
    for (const door of doors) {
      const response = await fetch(
        knock(door, { url: house.url, key: spent }, { model: `${door.own}/m`, stream: true }),
      )
      expect(response.status).toBe(429)
      expect(door.readRefusal(await response.json())?.message).toContain('Budget has been exceeded')
    }
  })

  test('may still read: models and its own key', async () => {
    for (const path of ['/v1/models', '/key/info', '/v1/model/info'])
      expect((await fetch(house.url + path, { headers: { authorization: `Bearer ${spent}` } })).status, path).toBe(200)
  })

  test('may still call what is free', async () => {
    for (const door of doors)
      expect((await fetch(knock(door, { url: house.url, key: spent }, { model: 'free' }))).status).toBe(200)
  })
})

test('a model without a price is refused to a key with a budget, and open to one without', async () => {
  const house2 = await testHouse({
    models: (place) => [
      { model_name: 'mystery', litellm_params: { model: 'openai/no-such-model-in-the-book', api_base: `${place}/v1` } },
    ],
  })
  try {
    const [rich, free] = [await house2.key({ max_budget: 10 }), await house2.key()]
    for (const door of doors) {
      const refused = await fetch(knock(door, { url: house2.url, key: rich }, { model: 'mystery' }))
      expect(refused.status).toBe(403)
      expect(door.readRefusal(await refused.json())?.message).toContain('price')
      expect((await fetch(knock(door, { url: house2.url, key: free }, { model: 'mystery' }))).status).toBe(200)
    }
  } finally {
    await house2.close()
  }
})

describe('on every surface, streams too', () => {
  const put = () => peopleOf(house)

  test.each(Object.entries(turnedAway))('a caller who %s is turned away', async (_, caller) => {
    const { secret } = await caller.key(put())
    if (caller.calls)
      expect((await fetch(knock(chat, { url: house.url, key: secret }, { model: 'gpt' }))).status).toBe(200)
    const before = house.provider.requests.length
    for (const { row, path } of everyPath) {
      if (row.kind !== 'surface') continue
      for (const stream of row.format === 'gemini' ? [false] : [false, true]) {
        const response = await fetch(house.url + path, {
          method: row.method,
          headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json', ...caller.headers },
          body: JSON.stringify({ ...bodyFor(row), ...(stream && { stream }) }),
        })
        const text = await response.text()
        expect(response.status, `${path}: ${text}`).toBe(caller.status)
        expect(response.headers.get('content-type')).toBe('application/json')
        expect(refusalIn(row, text)?.message, path).toMatch(caller.says)
        expect(Number(response.headers.get('retry-after') ?? 0) > 0, path).toBe(caller.retry === true)
      }
    }
    expect(house.provider.requests.length).toBe(before)
  })

  test('a caller of whom all is well is let in', async () => {
    const { secret: key } = await welcomeKey(put())
    for (const door of doors)
      for (const stream of [false, true]) {
        const ask = { model: `${door.own}/m`, stream, fields: { metadata: { project: 'p' } } }
        const response = await fetch(knock(door, { url: house.url, key }, ask))
        expect(response.status, `${door.format}: ${await response.text()}`).toBe(200)
      }
  })
})
