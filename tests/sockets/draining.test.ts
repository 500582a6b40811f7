import { afterAll, beforeAll, expect, test } from 'bun:test'
import { type TestHouse, testHouse } from '../house.ts'

/** `on_client_abort: drain`: the provider bills the whole answer anyway, so it is read to its end and booked as the provider counts it. */

let house: TestHouse

beforeAll(async () => {
  house = await testHouse({
    models: (place) =>
      (['cancel', 'drain'] as const).map((rule) => ({
        model_name: rule,
        litellm_params: {
          model: 'openai/count:40+slow-chunks:10',
          api_base: `${place}/v1`,
          on_client_abort: rule,
        },
        model_info: { input_cost_per_token: 0, output_cost_per_token: 0.001 },
      })),
  })
})
afterAll(() => house.close())

/** Reads a little of a stream and leaves; the row that it ends in. */
async function leave(model: string, key: string) {
  const controller = new AbortController()
  const response = await fetch(`${house.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model, stream: true, messages: [{ role: 'user', content: 'count' }] }),
    signal: controller.signal,
  })
  const reader = response.body?.getReader()
  await reader?.read()
  await Bun.sleep(60)
  controller.abort()
  for (let waited = 0; waited < 4000; waited += 50) {
    await Bun.sleep(50)
    await house.gateway.house.ledger.flush()
    const [row] = await house.gateway.house.store.ledger.find({}, 1)
    if (row?.modelGroup === model) return row
  }
  throw new Error('no row')
}

test('a drained answer is booked whole, by the provider’s own figure', async () => {
  const row = await leave('drain', await house.key())
  expect(row).toMatchObject({ outcome: 'abandoned', status: 499 })
  expect(row.usage?.output).toBe(40)
  expect(row.usage?.source).toBe('provider')
  expect(row.spend as number).toBe(40_000_000)
})

test('a cancelled one is booked as far as it was delivered', async () => {
  const row = await leave('cancel', await house.key())
  expect(row.outcome).toBe('abandoned')
  expect(row.usage?.source).toBe('counted')
  expect(row.usage?.output).toBeLessThan(40)
})
