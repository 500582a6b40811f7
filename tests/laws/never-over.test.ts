import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { verify } from '../../gateway/src/ledger/verify.ts'
import { type TestHouse, testHouse } from '../house.ts'
import { chat, type Door, doors, knock, until } from './doors.ts'

/** Law 8: settled spend never passes a hard budget, and admitted requests never pass a limit, whatever the concurrency. */

let house: TestHouse

/** A word costs a fifth of a cent and a question nothing: fifty words are ten cents. */
beforeAll(async () => {
  house = await testHouse({
    models: (place) =>
      ['count:50', 'count:50+slow-first-byte:200', 'hang', 'status-500', 'count:500+slow-chunks:20'].map(
        (behaviour) => ({
          model_name: `dear-${behaviour}`,
          litellm_params: { model: `openai/${behaviour}`, api_base: `${place}/v1` },
          model_info: { input_cost_per_token: 0, output_cost_per_token: 0.002 },
        }),
      ),
    router: { num_retries: 0, disable_cooldowns: true },
  })
})
afterAll(() => house.close())

async function infoOf(key: string): Promise<{ spend: number; hash: string }> {
  const response = await fetch(`${house.url}/key/info`, { headers: { authorization: `Bearer ${key}` } })
  const { key: hash, info } = (await response.json()) as { key: string; info: { spend: number } }
  return { spend: info.spend, hash }
}

const ask = (door: Door, key: string, model: string, stream = false, more = {}) =>
  fetch(knock(door, { url: house.url, key }, { model, stream, ...more }))

describe('a budget of one dollar and 200 calls at once of ten cents each', () => {
  test('lets ten in, refuses the others with 429, and is never passed', async () => {
    const key = await house.key({ max_budget: 1 })
    const before = house.provider.requests.length
    const statuses = await Promise.all(
      Array.from({ length: 200 }, async (_, at) => {
        const response = await ask(doors[at % 4] as Door, key, 'dear-count:50+slow-first-byte:200', at % 8 > 3)
        await response.text()
        return response.status
      }),
    )
    const admitted = statuses.filter((status) => status === 200).length
    expect(admitted).toBe(10)
    expect(statuses.filter((status) => status === 429).length).toBe(190)
    expect(house.provider.requests.length - before).toBe(10)
    const { spend, hash } = await infoOf(key)
    expect(spend).toBe(1)
    await house.gateway.house.ledger.flush()
    const rows = await house.gateway.house.store.ledger.find({ keyHash: hash }, 1000)
    expect(rows.length).toBe(200)
    expect(rows.reduce((sum, row) => sum + row.spend, 0)).toBe(1e9)
    expect((await ask(chat, key, 'dear-count:50')).status).toBe(429)
  })

  test.each([
    ['fail at the provider', 'dear-status-500', false],
    ['are left before the first byte', 'dear-hang', true],
  ])('gives all of it back when they %s', async (_, model, leave) => {
    const key = await house.key({ max_budget: 1 })
    const controller = new AbortController()
    const sent = Array.from({ length: 50 }, (_none, at) =>
      ask(doors[at % 4] as Door, key, model, at % 2 === 0, { signal: controller.signal }).then(
        (response) => response.status,
        () => 0,
      ),
    )
    if (leave) {
      await Bun.sleep(150)
      controller.abort()
    }
    const statuses = await Promise.all(sent)
    expect(statuses.filter((status) => status === 200)).toEqual([])
    await Bun.sleep(50)
    expect((await infoOf(key)).spend).toBe(0)
    // the whole dollar is free again: ten more may come in at once
    const again = await Promise.all(
      Array.from({ length: 12 }, async () => (await ask(chat, key, 'dear-count:50+slow-first-byte:200')).status),
    )
    expect(again.filter((status) => status === 200).length).toBe(10)
  })

  test('gives back what a caller left, and keeps what was delivered', async () => {
    const key = await house.key({ max_budget: 2 })
    const controller = new AbortController()
    const response = await ask(chat, key, 'dear-count:500+slow-chunks:20', true, { signal: controller.signal })
    await response.body?.getReader().read()
    await Bun.sleep(60)
    controller.abort()
    await until(() => house.provider.requests.at(-1)?.aborted === true, 'the provider is let go')
    await Bun.sleep(50)
    const { spend } = await infoOf(key)
    expect(spend).toBeGreaterThan(0)
    expect(spend).toBeLessThan(0.1)
    const room = Math.floor((2 - spend) / 0.1)
    const again = await Promise.all(
      Array.from({ length: 25 }, async () => (await ask(chat, key, 'dear-count:50+slow-first-byte:200')).status),
    )
    expect(again.filter((status) => status === 200).length).toBe(room)
  })
})

test('a call without a limit of its own sets aside what the model can say at most', async () => {
  const key = await house.key({ max_budget: 1 })
  const response = await fetch(`${house.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}` },
    body: JSON.stringify({ model: 'dear-count:50', messages: [{ role: 'user', content: 'hi' }] }),
  })
  expect(response.status).toBe(429)
})

test('n answers set aside n times as much', async () => {
  const key = await house.key({ max_budget: 0.25 })
  expect((await ask(chat, key, 'dear-count:50', false, { fields: { n: 3 } })).status).toBe(429)
  expect((await ask(chat, key, 'dear-count:50', false, { fields: { n: 2 } })).status).toBe(200)
})

test('requests per minute and at once are never passed, on all surfaces together', async () => {
  const [rated, narrow] = [await house.key({ rpm_limit: 7 }), await house.key({ max_parallel_requests: 5 })]
  for (const [key, limit] of [
    [rated, 7],
    [narrow, 5],
  ] as const) {
    const answers = await Promise.all(
      Array.from({ length: 60 }, async (_, at) => {
        const response = await ask(doors[at % 4] as Door, key, 'dear-count:50+slow-first-byte:200', at % 8 > 3)
        await response.text()
        return { status: response.status, retry: response.headers.get('retry-after') }
      }),
    )
    expect(answers.filter(({ status }) => status === 200).length).toBe(limit)
    for (const { status, retry } of answers)
      if (status !== 200) expect([status, Number(retry) > 0]).toEqual([429, true])
  }
  const free = await Promise.all(
    Array.from({ length: 5 }, async () => (await ask(chat, narrow, 'dear-count:50+slow-first-byte:200')).status),
  )
  expect(free).toEqual([200, 200, 200, 200, 200])
})

test('a budget’s next period begins by the clock, under requests that are refused all the while', async () => {
  const key = await house.key({ max_budget: 0.1, budget_duration: '2s' })
  let [admitted, refused] = [0, 0]
  for (const end = Date.now() + 4600; Date.now() < end; await Bun.sleep(60)) {
    const { status } = await ask(chat, key, 'dear-count:50')
    if (status === 200) admitted++
    else refused++
  }
  // 4.6 s touch three or four periods of two seconds, each with room for one call
  expect([3, 4]).toContain(admitted)
  expect(refused).toBeGreaterThan(10)
})

test('and when all is over the books agree', async () => {
  await Bun.sleep(50)
  await house.gateway.house.ledger.flush()
  expect(await verify(house.gateway.house.store)).toEqual({ difference: 0, mismatches: [] })
})
