import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import { type TestHouse, testHouse } from '../../../../tests/house.ts'
import { redisForTests } from '../../../../tests/services.ts'
import { readConfig } from '../../config/read.ts'

const canary = 'sk-canary-of-configuration'
const folder = mkdtempSync(join(tmpdir(), 'turnpike-reload-'))
const file = join(folder, 'config.yaml')
let at: TestHouse

beforeAll(async () => {
  at = await testHouse({
    outside: {
      reread: () => readConfig(file, { MASTER: 'sk-another-master-of-a-test', GIVEN: canary, CANARY: canary }),
    },
  })
})
afterAll(async () => {
  await at.close()
  rmSync(folder, { recursive: true, force: true })
})

async function ask(what: string, body?: object, key = at.master): Promise<{ status: number; body: JsonObject }> {
  const [method = '', path = ''] = what.split(' ')
  const response = await fetch(at.url + path, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  })
  return { status: response.status, body: (await response.json()) as JsonObject }
}

const chat = async (model: string, key?: string) =>
  (await ask('POST /v1/chat/completions', { model, messages: [{ role: 'user', content: 'x' }] }, key)).status

function write(models: readonly string[], more = ''): void {
  const entries = models.map(
    (name) =>
      `  - model_name: ${name}\n    litellm_params: {model: openai/gpt-4o, api_base: "${at.provider.url}/v1", api_key: os.environ/CANARY}\n`,
  )
  writeFileSync(file, `model_list:\n${entries.join('')}${more}`)
}

describe('POST /config/reload', () => {
  test('takes over models, aliases, router settings and rules at once, for keys that are known already', async () => {
    const key = await at.key({ models: ['all-proxy-models'] })
    expect(await chat('gpt', key)).toBe(200)
    write(
      ['fresh'],
      `router_settings: {num_retries: 7, model_group_alias: {nick: fresh}}
general_settings: {enforce_user_param: true, database_url: "sqlite::memory:"}
`,
    )
    const { status, body } = await ask('POST /config/reload')
    expect(status).toBe(200)
    // the file does not say the master key of the house
    expect(body.needs_restart).toContain('general_settings.master_key')
    expect(await chat('gpt', key)).toBe(400)
    expect(await chat('nick', key)).toBe(400)
    const { status: named } = await ask(
      'POST /v1/chat/completions',
      { model: 'nick', user: 'u', messages: [{ role: 'user', content: 'x' }] },
      key,
    )
    expect(named).toBe(200)
    expect(at.gateway.house.router.settings.retries).toBe(7)
    expect(at.gateway.house.config.general.masterKey).toBe(at.master)
  })

  test('gives new budgets and limits of the configuration to the next request', async () => {
    write(['fresh'], 'litellm_settings: {max_budget: 0.000001}\n')
    await ask('POST /config/reload')
    expect(await chat('fresh')).toBe(429)
    write(['fresh'])
    await ask('POST /config/reload')
    expect(await chat('fresh')).toBe(200)
  })

  test('keeps the old configuration when the new one cannot be served, and says where it is wrong', async () => {
    write(['other'], 'router_settings: {num_retires: 3}\n')
    const { status, body } = await ask('POST /config/reload')
    expect(status).toBe(400)
    const [complaint] = body.complaints as string[]
    expect(complaint).toMatch(/config\.yaml:4:\d+: .*num_retires.*did you mean `num_retries`/)
    expect(at.log.at(-1)).toContain('the one before goes on')
    expect(await chat('fresh')).toBe(200)
    expect(await chat('other')).toBe(400)
    const ready = (await (await fetch(`${at.url}/health/readiness`)).json()) as JsonObject
    expect(ready).toMatchObject({ status: 'healthy', degraded: ['configuration'] })
    write(['fresh'])
    expect((await ask('POST /config/reload')).status).toBe(200)
  })

  test('leaves the models of the API alone, as they leave those of the file', async () => {
    const added = await ask('POST /model/new', {
      model_name: 'of-the-api',
      litellm_params: { model: 'openai/gpt-4o', api_base: `${at.provider.url}/v1`, api_key: canary },
      model_info: { id: 'api-1' },
    })
    expect(added.status).toBe(200)
    expect([await chat('of-the-api'), await chat('fresh')]).toEqual([200, 200])
    write(['newer'])
    expect((await ask('POST /config/reload')).status).toBe(200)
    expect([await chat('of-the-api'), await chat('newer'), await chat('fresh')]).toEqual([200, 200, 400])
    // one that the file declares under the same id holds, and the row stays
    writeFileSync(
      file,
      `model_list:
  - {model_name: declared, model_info: {id: api-1}, litellm_params: {model: openai/gpt-4o, api_base: "${at.provider.url}/v1", api_key: x}}
`,
    )
    await ask('POST /config/reload')
    expect([await chat('declared'), await chat('of-the-api')]).toEqual([200, 400])
    const { settings } = (await ask('GET /config/effective')).body as { settings: JsonObject[] }
    for (let waited = 0; waited < 1000 && at.gateway.house.models.broken().length === 0; waited += 10)
      await Bun.sleep(10)
    expect(settings.find(({ path }) => path === 'api_models.api-1')).toMatchObject({ shadowed_by: 'model_list' })
    write(['newer'])
    await ask('POST /config/reload')
    for (let waited = 0; waited < 1000 && at.gateway.house.models.broken().length > 0; waited += 10) await Bun.sleep(10)
    expect(await chat('of-the-api')).toBe(200)
  })

  test('cuts no request that is under way, and drops none that comes while it is done', async () => {
    write(['steady'])
    await ask('POST /config/reload')
    const asked = Array.from({ length: 40 }, async (_, index) => {
      await Bun.sleep(index * 4)
      return chat('steady')
    })
    for (let times = 0; times < 10; times++) {
      write(['steady', `other-${times}`])
      await ask('POST /config/reload')
    }
    expect(new Set(await Promise.all(asked))).toEqual(new Set([200]))
  })

  test('is for administrators alone', async () => {
    const key = await at.key()
    expect((await ask('POST /config/reload', {}, key)).status).toBe(401)
    expect((await ask('GET /config/effective', undefined, key)).status).toBe(401)
  })
})

const redis = await redisForTests()

test.skipIf(!redis)('what is read again on one replica is read again on the others', async () => {
  const own = join(folder, 'replicas.yaml')
  const say = (retries: number) => writeFileSync(own, `router_settings: {num_retries: ${retries}}\n`)
  say(1)
  const env = { REDIS_URL: redis?.url ?? '', REDIS_NAMESPACE: `reload-${process.pid}` }
  const [one, two] = [
    await testHouse({ env, outside: { reread: () => readConfig(own, env) } }),
    await testHouse({ env, outside: { reread: () => readConfig(own, env) } }),
  ]
  try {
    say(6)
    const response = await fetch(`${one.url}/config/reload`, {
      method: 'POST',
      headers: { authorization: `Bearer ${one.master}` },
    })
    expect(response.status).toBe(200)
    const retries = () => two.gateway.house.router.settings.retries
    for (let waited = 0; waited < 3000 && retries() !== 6; waited += 20) await Bun.sleep(20)
    expect(retries()).toBe(6)
    expect(one.log.filter((line) => line.includes('was read again and acts'))).toHaveLength(1)
  } finally {
    await one.close()
    await two.close()
    await redis?.stop()
  }
})

describe('GET /config/effective', () => {
  test('tells each value, where it is from and what it shadows, and no secret', async () => {
    write(
      ['m'],
      `router_settings: {num_retries: 3}
litellm_settings: {num_retries: 4}
general_settings: {master_key: os.environ/MASTER}
environment_variables: {GIVEN: ${canary}-in-the-file}
credential_list:
  - {credential_name: c, credential_values: {api_key: ${canary}, account: ${canary}}, credential_info: {}}
`,
    )
    await ask('POST /config/reload')
    const { body } = await ask('GET /config/effective')
    const of = (path: string) => (body.settings as JsonObject[]).find((one) => one.path === path)
    expect(of('router_settings.num_retries')).toMatchObject({
      value: 3,
      source: { kind: 'file', at: `${file}:4:19` },
      shadows: [{ value: 4, source: { kind: 'file' } }],
    })
    expect(of('general_settings.master_key')).toMatchObject({
      value: '********',
      source: { kind: 'environment', name: 'MASTER', at: `${file}:6:20` },
    })
    expect(of('environment_variables.GIVEN')).toMatchObject({ value: '********', shadows: [{ value: '********' }] })
    expect(of('model_list.0')).toMatchObject({ value: { litellm_params: { api_key: '********' } } })
    expect(of('router_settings.cooldown_time')).toMatchObject({ value: 5, source: { kind: 'default' } })
    expect(of('credential_list.0')).toMatchObject({ value: { credential_name: 'c' } })
    expect(JSON.stringify(body)).not.toContain(canary)
    expect(JSON.stringify(body)).not.toContain('sk-another-master')
  })
})
