import { afterEach, describe, expect, test } from 'bun:test'
import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import type { ModelEntry } from 'turnpike-core/internal/router/model-list/entry'
import { type HouseOptions, type TestHouse, testHouse } from '../house.ts'

let house: TestHouse | undefined
afterEach(async () => {
  await house?.close()
  house = undefined
})

/** A group of deployments of a model, each with an id and a credential of its own. */
const group =
  (count: number, params: JsonObject = {}, model = 'openai/gpt-4o') =>
  (place: string): ModelEntry[] =>
    Array.from({ length: count }, (_, at) => ({
      model_name: 'm',
      litellm_params: { model, api_key: `sk-${at}`, api_base: `${place}/v1`, ...params },
      model_info: { id: `d-${at}`, input_cost_per_token: 0.001, output_cost_per_token: 0.001 },
    }))

async function open(options: HouseOptions): Promise<{ house: TestHouse; key: string }> {
  house = await testHouse(options)
  return { house, key: await house.key() }
}

function post(
  at: TestHouse,
  key: string,
  fields: JsonObject,
  more: { path?: string; headers?: Record<string, string> } = {},
) {
  return fetch(`${at.url}${more.path ?? '/v1/chat/completions'}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...more.headers },
    body: JSON.stringify({ model: 'm', ...fields }),
  })
}

const hello: JsonObject = { messages: [{ role: 'user', content: 'Hello' }], max_tokens: 5 }
const homeOf = async (response: Response): Promise<string> => {
  await response.arrayBuffer()
  return response.headers.get('x-litellm-model-id') ?? `${response.status}`
}

describe('a conversation', () => {
  test('of a hundred turns over four deployments stays on one, and that of another key may be elsewhere', async () => {
    const { house, key } = await open({ models: group(4) })
    const homes: string[] = []
    for (let turn = 0; turn < 100; turn++)
      homes.push(await homeOf(await post(house, key, hello, { headers: { 'x-litellm-session-id': 'agent-1' } })))
    expect(new Set(homes).size).toBe(1)
    const others = new Set<string>()
    for (let i = 0; i < 12; i++) {
      const other = await house.key()
      others.add(await homeOf(await post(house, other, hello, { headers: { 'x-litellm-session-id': 'agent-1' } })))
    }
    expect(others.size).toBeGreaterThan(1)
  })

  test('over the Responses API goes on where it began, and is a 409 when that is cooling down', async () => {
    const models = (place: string) => group(2, { api_base: `${place}/v1` }, 'openai/o3')(place)
    const { house, key } = await open({
      models: (place) =>
        models(place).map((one) => ({
          ...one,
          litellm_params: { ...one.litellm_params, api_base: `${place}/v1`, custom_llm_provider: 'openai' },
        })),
      router: { cooldown_time: 30, num_retries: 0 },
    })
    const path = '/v1/responses'
    const first = await post(house, key, { input: 'hi' }, { path })
    const { id } = (await first.json()) as { id: string }
    const home = first.headers.get('x-litellm-model-id')
    for (let turn = 0; turn < 10; turn++) {
      const next = await post(house, key, { input: 'go on', previous_response_id: id }, { path })
      expect(await homeOf(next)).toBe(home as string)
    }
    house.provider.script('status-401')
    await post(house, key, { input: 'go on', previous_response_id: id }, { path })
    const late = await post(house, key, { input: 'go on', previous_response_id: id }, { path })
    const { error } = (await late.json()) as { error: { message: string; param: string } }
    expect([late.status, error.param]).toEqual([409, 'previous_response_id'])
    expect(error.message).toContain('cannot be asked at the moment')
  })
})

describe('places of a deployment', () => {
  test('are held until the last byte of an answer, and free again when its caller leaves', async () => {
    const { house, key } = await open({ models: group(1, { max_parallel_requests: 1 }) })
    house.provider.script('slow-chunks:50')
    const first = await post(house, key, { ...hello, stream: true })
    const reader = first.body!.getReader()
    await reader.read()
    const refused = await post(house, key, { ...hello, queue_timeout: 0 })
    const { error } = (await refused.json()) as { error: { message: string } }
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1'])
    expect(error.message).toContain('max_parallel_requests')
    const waiting = post(house, key, { ...hello, queue_timeout: 10 })
    await reader.cancel()
    expect((await waiting).status).toBe(200)
    // what is meant for the queue is not the provider's to hear
    expect(JSON.parse(house.provider.requests.at(-1)?.body ?? '{}')).not.toHaveProperty('queue_timeout')
  })

  test('are given to lower priorities first; a key cannot ask for more than was set down for it', async () => {
    const { house, key } = await open({ models: group(1, { max_parallel_requests: 1 }) })
    const patient = await house.key({ metadata: { priority: 7 } })
    house.provider.script('slow-chunks:50')
    const first = await post(house, key, { ...hello, stream: true })
    const order: string[] = []
    const wait = (name: string, of: string, priority: number) =>
      post(house, of, { ...hello, priority, queue_timeout: 20 }).then(() => order.push(name))
    const waiting = [wait('seven', patient, 0)]
    await Bun.sleep(60)
    waiting.push(wait('five', key, 5))
    await Bun.sleep(60)
    waiting.push(wait('one', key, 1))
    await Bun.sleep(60)
    await first.body?.cancel()
    await Promise.all(waiting)
    expect(order).toEqual(['one', 'five', 'seven'])
  })
})

describe('the budget of a deployment', () => {
  test('sends calls elsewhere when it is spent, and refuses them when all are', async () => {
    const { house, key } = await open({
      models: (place) =>
        group(2, { max_budget: 1, budget_duration: '30d' })(place).map((one, at) =>
          at === 0
            ? { ...one, litellm_params: { ...one.litellm_params, max_budget: 0.1, order: 1 } }
            : { ...one, litellm_params: { ...one.litellm_params, order: 2, max_budget: 0.2 } },
        ),
    })
    const homes: string[] = []
    for (let i = 0; i < 100 && homes.at(-1) !== '429'; i++) homes.push(await homeOf(await post(house, key, hello)))
    expect([...new Set(homes)]).toEqual(['d-0', 'd-1', '429'])
    const { error } = (await (await post(house, key, hello)).json()) as { error: { message: string } }
    expect(error.message).toStartWith('No deployments available - crossed budget: Exceeded budget for deployment d-')
    await house.gateway.house.ledger.flush()
    expect(house.gateway.house.shared.spentIn('deployment:d-0') ?? 0).toBeLessThanOrEqual(100_000_000)
  })
})

test('what one provider answered is not booked in the budget of another that failed before it', async () => {
  const { house, key } = await open({
    models: (place) =>
      group(2)(place).map((one, at) =>
        at === 0
          ? { ...one, litellm_params: { ...one.litellm_params, model: 'openai/status-500', order: 1 } }
          : { ...one, litellm_params: { ...one.litellm_params, model: 'groq/fine', api_base: place, order: 2 } },
      ),
    router: { provider_budget_config: { openai: { budget_limit: 5, time_period: '30d' } } },
  })
  expect(await homeOf(await post(house, key, hello))).toBe('d-1')
  const { ledger, store } = house.gateway.house
  await ledger.flush()
  const [row] = await store.ledger.find({}, 1)
  expect([row?.provider, row?.periods]).toEqual(['groq', []])
  expect(row?.spend).toBeGreaterThan(0)
})
