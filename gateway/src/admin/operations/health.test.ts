import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import { type TestHouse, testHouse } from '../../../../tests/house.ts'

let at: TestHouse
const canary = 'sk-canary-of-health-tests'

beforeAll(async () => {
  at = await testHouse({
    router: { num_retries: 0 },
    models: (place) => [
      {
        model_name: 'broken',
        litellm_params: { model: 'openai/status-401', api_base: `${place}/v1`, api_key: canary },
        model_info: { id: 'broken-1' },
      },
    ],
  })
})
afterAll(() => at.close())

async function ask(path: string, key = at.master): Promise<{ status: number; body: JsonObject }> {
  const response = await fetch(at.url + path, { headers: { authorization: `Bearer ${key}` } })
  return { status: response.status, body: (await response.json()) as JsonObject }
}

async function chat(model: string, key = at.master, house = at): Promise<number> {
  const response = await fetch(`${house.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'x' }] }),
  })
  await response.text()
  return response.status
}

const named = (list: unknown) => (list as { model_name: string }[]).map(({ model_name }) => model_name)

describe('/health', () => {
  test('tells what callers’ requests came to, and calls nobody itself', async () => {
    expect((await ask('/health')).body).toMatchObject({ healthy_count: 0, unhealthy_count: 0 })
    expect(at.provider.requests).toHaveLength(0)
    expect(await chat('gpt')).toBe(200)
    expect(await chat('broken')).toBe(401)
    const before = at.provider.requests.length
    const { status, body } = await ask('/health')
    expect(status).toBe(200)
    expect(named(body.healthy_endpoints)).toEqual(['gpt'])
    expect(body.unhealthy_endpoints).toMatchObject([
      { model_name: 'broken', model_id: 'broken-1', error: 'provider-auth (401)', checked_by: 'traffic' },
    ])
    expect(body.unknown_count).toBeGreaterThan(3)
    expect(JSON.stringify(body)).not.toContain(canary)
    expect(at.provider.requests).toHaveLength(before)
  })

  test('shows a key only what it may call, without where that is', async () => {
    const key = await at.key({ models: ['gpt'] })
    const { body } = await ask('/health', key)
    expect(named(body.healthy_endpoints)).toEqual(['gpt'])
    expect([body.unhealthy_count, body.unknown_count]).toEqual([0, 0])
    expect(JSON.stringify(body)).not.toContain(at.provider.url)
    expect((await ask('/health?model=broken', key)).body.unhealthy_count).toBe(0)
    expect((await ask('/health?model=broken')).body.unhealthy_count).toBe(1)
    expect((await ask('/health?probe=true', key)).status).toBe(403)
  })

  test('keeps the latest and the history, for who reads everything', async () => {
    expect((await ask('/health/latest')).body).toMatchObject({
      latest_health_checks: { 'broken-1': { status: 'unhealthy', model_name: 'broken', unhealthy_count: 1 } },
    })
    const history = (await ask('/health/history?model=broken&limit=1')).body
    expect(history).toMatchObject({ health_checks: [{ model_id: 'broken-1', status: 'unhealthy' }], limit: 1 })
    expect((await ask('/health/history?status_filter=healthy&model=broken')).body.total_records).toBe(0)
    const key = await at.key()
    for (const path of ['/health/latest', '/health/history', '/health/services'])
      expect((await ask(path, key)).status).toBe(401)
  })

  test('tells of the services that the gateway leans on', async () => {
    expect((await ask('/health/services')).body).toMatchObject({
      services: {
        database: { status: 'healthy' },
        redis: { status: 'not configured' },
        journal: { status: 'healthy' },
      },
    })
    expect((await ask('/health/services?service=database')).body).toMatchObject({ status: 'healthy' })
    expect((await ask('/health/services?service=slack')).status).toBe(400)
  })
})

describe('probes', () => {
  test('that are asked for use the free question, and each deployment is asked once an interval', async () => {
    const house = await testHouse()
    try {
      const list = (status: number) => new Response('{"data":[]}', { status })
      house.provider.script(list(200))
      const look = async (model: string) =>
        (await (
          await fetch(`${house.url}/health?probe=true&model=${model}`, {
            headers: { authorization: `Bearer ${house.master}` },
          })
        ).json()) as JsonObject
      expect((await look('gpt')).healthy_count).toBe(1)
      expect(house.provider.requests).toHaveLength(1)
      expect(house.provider.requests[0]).toMatchObject({
        method: 'GET',
        url: `${house.provider.url}/v1/models`,
        body: '',
      })
      expect((await look('gpt')).healthy_count).toBe(1)
      expect(house.provider.requests).toHaveLength(1)
      house.provider.script(list(401))
      expect((await look('claude')).unhealthy_endpoints).toMatchObject([
        { error: 'provider-auth (401)', checked_by: 'probe' },
      ])
      expect(house.provider.requests[1]?.url).toBe(`${house.provider.url}/v1/models`)
      house.provider.script(list(200))
      await look('gem')
      expect(house.provider.requests[2]?.url).toEndWith('/models/gemini-2.5-pro')
      house.provider.script(list(200))
      await look('azure')
      expect(house.provider.requests[3]?.url).toContain('/openai/models?api-version=2024-10-21')
      await house.gateway.house.ledger.flush()
      expect(await house.gateway.house.store.ledger.count({})).toBe(0)
    } finally {
      await house.close()
    }
  })

  test('in the background ask by the smallest call where nothing is free, book it, and leave alone who has traffic', async () => {
    const clock = { now: Date.now() }
    const house = await testHouse({
      general: { background_health_checks: true, health_check_interval: 300 },
      outside: { now: () => clock.now },
      models: (place) => [
        {
          model_name: 'gpt',
          litellm_params: { model: 'openai/gpt-4o', api_base: `${place}/v1` },
          model_info: { input_cost_per_token: 0.001, output_cost_per_token: 0.001 },
        },
        {
          model_name: 'silent',
          litellm_params: { model: 'openai/own', api_base: `${place}/silent/v1` },
          model_info: { disable_background_health_check: true },
        },
      ],
    })
    try {
      const { store, ledger, vitals } = house.gateway.house
      for (let waited = 0; waited < 3000 && vitals.latest().length < 9; waited += 20) await Bun.sleep(20)
      await ledger.flush()
      // the fake provider lists no models
      const rows = await store.ledger.find({}, 50)
      expect(rows.length).toBeGreaterThan(3)
      const gpt = rows.find(({ modelGroup }) => modelGroup === 'gpt')
      expect(gpt).toMatchObject({
        endpoint: 'health.probe',
        tags: ['health-check'],
        keyHash: 'litellm_proxy_master_key',
      })
      expect(Number(gpt?.spend)).toBeGreaterThan(0)
      expect(house.provider.requests.some(({ url }) => url.includes('/silent/'))).toBe(false)
      const asked = house.provider.requests.find(({ method, url }) => method === 'POST' && url.endsWith('/v1/messages'))
      expect(JSON.parse(asked?.body ?? '{}')).toMatchObject({ max_tokens: 1 })
    } finally {
      await house.close()
    }
  })
})

describe('/health/readiness', () => {
  test('names what is degraded and stays ready; draining is 503', async () => {
    const house = await testHouse()
    const ready = async () => {
      const response = await fetch(`${house.url}/health/readiness`)
      return { status: response.status, body: (await response.json()) as JsonObject }
    }
    try {
      expect(await ready()).toMatchObject({
        status: 200,
        body: {
          status: 'healthy',
          db: 'connected',
          cache: null,
          redis: null,
          journal: { rows_waiting: 0 },
          degraded: [],
        },
      })
      const { store } = house.gateway.house
      Object.assign(store, { ping: () => Promise.reject(new Error('gone')) })
      expect(await ready()).toMatchObject({ status: 200, body: { db: 'Not connected', degraded: ['database'] } })
      expect((await fetch(`${house.url}/health/liveness`)).status).toBe(200)
      house.gateway.drain()
      expect(await ready()).toMatchObject({ status: 503, body: { status: 'draining' } })
    } finally {
      await house.close()
    }
  })
})
