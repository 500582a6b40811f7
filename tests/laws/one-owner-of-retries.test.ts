import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import { type TestHouse, testHouse } from '../house.ts'
import { type Ask, chat, type Door, doors, knock } from './doors.ts'

/** Law 10: the provider sees exactly the attempts that the policy allows. */

let house: TestHouse
let at: { url: string; key: string }

const fail = { '500': 'status-500', '503': 'status-503', '429': 'status-429', '400': 'status-400' } as const

beforeAll(async () => {
  house = await testHouse({
    models: (place) => {
      const entry = (name: string, model: string, params: JsonObject = {}) => ({
        model_name: name,
        litellm_params: { model: `openai/${model}`, api_base: `${place}/v1`, ...params },
      })
      return [
        // two of each, so that no try waits for the back-off
        ...['500', '503'].flatMap((status) =>
          [0, 1].map((n) => entry(`all-${status}`, `${fail[status as '500']}+n:${n}`)),
        ),
        ...Array.from({ length: 5 }, (_, n) => entry('all-429', `status-429+n:${n}`)),
        ...Array.from({ length: 5 }, (_, n) => entry('all-401', `status-401+n:${n}`)),
        ...[400, 404, 413, 422].flatMap((status) =>
          [0, 1].map((n) => entry(`all-${status}`, `status-${status}+n:${n}`)),
        ),
        ...[0, 1].map((n) => entry('never-retried', `status-500+nr:${n}`, { num_retries: 0 })),
        entry('good', 'good'),
        entry('better', 'better'),
        entry('ordered', 'status-500+first', { order: 1 }),
        entry('ordered', 'second', { order: 2 }),
        ...[0, 1].map((n) => entry('chain', `status-500+chain:${n}`)),
        ...[0, 1].map((n) => entry('chain-a', `status-500+chain-a:${n}`)),
        ...[0, 1].map((n) => entry('chain-b', `status-500+chain-b:${n}`)),
        entry('falls', 'status-401+falls'),
      ]
    },
    router: {
      num_retries: 2,
      disable_cooldowns: true,
      fallbacks: [{ chain: ['chain-a', 'chain-b', 'good'] }, { falls: ['good'] }],
    },
  })
  at = { url: house.url, key: await house.key() }
})
afterAll(() => house.close())

/** Which models the provider was asked for, in order, by one request. */
async function tries(
  door: Door,
  ask: Ask,
): Promise<{ status: number; seen: string[]; headers: Headers; text: string }> {
  const mark = crypto.randomUUID()
  const response = await fetch(knock(door, at, { ...ask, text: mark }))
  const text = await response.text()
  const seen = house.provider.requests
    .filter(({ body }) => body.includes(mark))
    .map(({ body }) => (JSON.parse(body) as { model: string }).model)
  return { status: response.status, seen, headers: response.headers, text }
}

describe('two retries are three attempts', () => {
  test.concurrent.each(
    doors.flatMap((door) =>
      [false, true].flatMap((stream) => ['500', '503'].map((status) => [door.format, stream, status, door] as const)),
    ),
  )('and no fourth: %s, stream %p, %s', async (_, stream, status, door) => {
    const { seen, status: told } = await tries(door, { model: `all-${status}`, stream })
    expect(seen.length).toBe(3)
    expect(told).toBe(Number(status))
  })

  test.concurrent('on different deployments, of which a limited one is not asked again', async () => {
    const { seen, status } = await tries(chat, { model: 'all-429' })
    expect(seen.length).toBe(3)
    expect(new Set(seen).size).toBe(3)
    expect(status).toBe(429)
  })

  test.concurrent('and with a deployment left that was not tried, no other is tried twice', async () => {
    for (let at = 0; at < 8; at++) {
      const { seen } = await tries(chat, { model: 'all-500' })
      expect(new Set(seen.slice(0, 2)).size).toBe(2)
    }
  })

  test.concurrent('also for a key that the provider refuses: elsewhere, never there again', async () => {
    const { seen } = await tries(chat, { model: 'all-401' })
    expect(new Set(seen).size).toBe(3)
    expect(seen.length).toBe(3)
  })
})

describe('the caller may ask for more or fewer', () => {
  test.concurrent.each([0, 1, 3])('by header: %p', async (retries) => {
    const { seen } = await tries(chat, { model: 'all-500', headers: { 'x-litellm-num-retries': String(retries) } })
    expect(seen.length).toBe(retries + 1)
  })

  test.concurrent('by field, and the field is not sent on', async () => {
    const { seen } = await tries(chat, { model: 'all-500', fields: { num_retries: 1 } })
    expect(seen.length).toBe(2)
    expect(house.provider.requests.some(({ body }) => body.includes('num_retries'))).toBe(false)
  })

  test.concurrent('a deployment’s own number counts before the house’s', async () => {
    expect((await tries(chat, { model: 'never-retried' })).seen.length).toBe(1)
  })
})

test.concurrent.each([400, 413, 422])('a %p is never tried again, anywhere', async (status) => {
  for (const door of doors) {
    const told = await tries(door, { model: `all-${status}` })
    expect(told.seen.length).toBe(1)
    expect(told.status).toBe(status)
  }
})

test.concurrent('a 404 is tried elsewhere, never on the same deployment', async () => {
  const { seen } = await tries(chat, { model: 'all-404' })
  expect(new Set(seen).size).toBe(seen.length)
})

describe('fallbacks', () => {
  test.concurrent.each(doors.map((door) => [door.format, door] as const))(
    'come in order, each with its own retries: %s',
    async (_, door) => {
      for (const stream of [false, true]) {
        const { seen, status, headers } = await tries(door, { model: 'chain', stream })
        expect(status).toBe(200)
        expect(seen.map((model) => model.replace(/:\d$/, ''))).toEqual([
          ...Array<string>(3).fill('status-500+chain'),
          ...Array<string>(3).fill('status-500+chain-a'),
          ...Array<string>(3).fill('status-500+chain-b'),
          'good',
        ])
        expect(headers.get('x-litellm-attempted-fallbacks')).toBe('3')
        expect(headers.get('x-litellm-attempted-retries')).toBe('0')
        expect(headers.get('x-litellm-model-group')).toBe('good')
      }
    },
  )

  test.concurrent('may be named by the caller, before the house’s', async () => {
    const { seen } = await tries(chat, { model: 'falls', fields: { fallbacks: ['better'] } })
    expect(seen).toEqual(['status-401+falls', 'better'])
    expect(house.provider.requests.some(({ body }) => body.includes('"fallbacks"'))).toBe(false)
  })

  test.concurrent('may be declined', async () => {
    const { seen, status } = await tries(chat, { model: 'falls', fields: { disable_fallbacks: true } })
    expect(seen).toEqual(['status-401+falls'])
    expect(status).toBe(401)
  })

  test.concurrent('that fail too leave the first failure to be told', async () => {
    const { seen, status } = await tries(chat, { model: 'falls', fields: { fallbacks: ['all-429'], num_retries: 0 } })
    expect(seen.length).toBe(2)
    expect(status).toBe(401)
  })

  test.concurrent('named by the caller need the caller’s own grant', async () => {
    const key = await house.key({ models: ['falls'] })
    const before = house.provider.requests.length
    const request = knock(
      chat,
      { url: house.url, key },
      { model: 'falls', text: 'ungranted', fields: { fallbacks: ['better'] } },
    )
    const { status } = await fetch(request)
    expect([401, 403]).toContain(status)
    const seen = house.provider.requests.slice(before).filter(({ body }) => body.includes('ungranted'))
    expect(seen.map(({ body }) => (JSON.parse(body) as { model: string }).model)).not.toContain('better')
  })

  test.concurrent('do not come for what is the caller’s fault', async () => {
    const { seen } = await tries(chat, { model: 'all-400', fields: { fallbacks: ['good'] } })
    expect(seen.length).toBe(1)
  })
})

test.concurrent('a higher order comes when the lower has failed', async () => {
  const { seen, status } = await tries(chat, { model: 'ordered' })
  expect(status).toBe(200)
  expect(seen).toEqual(['status-500+first', 'second'])
})

describe('a deployment that fails cools down', () => {
  let cool: TestHouse
  let clock = Date.UTC(2026, 10, 22)

  beforeAll(async () => {
    cool = await testHouse({
      models: (place) => [
        { model_name: 'pair', litellm_params: { model: 'openai/status-429', api_base: `${place}/v1`, order: 1 } },
        { model_name: 'pair', litellm_params: { model: 'openai/sound', api_base: `${place}/v1`, order: 2 } },
        { model_name: 'lone', litellm_params: { model: 'openai/status-401', api_base: `${place}/v1` } },
        { model_name: 'counted', litellm_params: { model: 'openai/status-500', api_base: `${place}/v1` } },
      ],
      router: { num_retries: 1, cooldown_time: 30, allowed_fails: 2 },
      outside: { now: () => clock },
    })
  })
  afterAll(() => cool.close())

  const asked = async (
    model: string,
    retries = 1,
  ): Promise<{ status: number; seen: string[]; retryAfter: string | null }> => {
    const before = cool.provider.requests.length
    const response = await fetch(
      knock(
        chat,
        { url: cool.url, key: cool.master },
        { model, headers: { 'x-litellm-num-retries': String(retries) } },
      ),
    )
    await response.text()
    const seen = cool.provider.requests.slice(before).map(({ body }) => (JSON.parse(body) as { model: string }).model)
    return { status: response.status, seen, retryAfter: response.headers.get('retry-after') }
  }

  test('after more failures than are allowed it is out of rotation until its time is over', async () => {
    for (let at = 0; at < 3; at++) expect((await asked('pair')).seen).toEqual(['status-429', 'sound'])
    expect((await asked('pair')).seen).toEqual(['sound'])
    clock += 1100
    // the provider asked for a second's rest, and that counts before the house's own thirty
    expect((await asked('pair')).seen).toEqual(['status-429', 'sound'])
  })

  test('and when all are out for failures the answer is 503, says when to come back, and no provider is asked', async () => {
    for (let at = 0; at < 3; at++) expect((await asked('counted', 0)).status).toBe(500)
    const { status, seen, retryAfter } = await asked('counted', 0)
    expect(status).toBe(503)
    expect(seen).toEqual([])
    expect(Number(retryAfter)).toBeGreaterThan(20)
    clock += 31_000
    expect((await asked('counted', 0)).seen.length).toBe(1)
  })
})
