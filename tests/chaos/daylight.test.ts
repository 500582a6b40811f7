import { afterAll, beforeAll, expect, test } from 'bun:test'
import { verify } from '../../gateway/src/ledger/verify.ts'
import { type TestHouse, testHouse } from '../house.ts'
import { chat, knock } from '../laws/doors.ts'

/** A day's budget in Berlin, on the days on which the clocks are changed. */

let house: TestHouse
let time = 0

beforeAll(async () => {
  house = await testHouse({
    models: (place) => [
      {
        model_name: 'dear',
        litellm_params: { model: 'openai/count:50', api_base: `${place}/v1` },
        model_info: { input_cost_per_token: 0, output_cost_per_token: 0.002 },
      },
    ],
    litellm: { timezone: 'Europe/Berlin' },
    outside: { now: () => time },
  })
})
afterAll(() => house.close())

const hour = 3_600_000

test.each([
  ['has 25 hours in October', '2026-10-24T22:00:00Z', '2026-10-25T23:00:00Z', 25],
  ['has 23 hours in March', '2026-03-28T23:00:00Z', '2026-03-29T22:00:00Z', 23],
])(
  'the day %s, and the budget is whole again with its first millisecond after midnight',
  async (_, from, to, hours) => {
    const [midnight, next] = [Date.parse(from), Date.parse(to)]
    expect(next - midnight).toBe(hours * hour)
    time = midnight - hour
    const key = await house.key({ max_budget: 0.1, budget_duration: '1d' })
    const ask = async (at: number) => {
      time = at
      const response = await fetch(knock(chat, { url: house.url, key }, { model: 'dear' }))
      await response.text()
      return { status: response.status, reset: response.headers.get('reset_at') }
    }
    const statuses: number[] = []
    // the evening before, then every half hour of the day, then its last millisecond
    for (const at of [midnight - 1, midnight, ...halves(midnight, next), next - 1])
      statuses.push((await ask(at)).status)
    expect(statuses).toEqual([200, 200, ...halves(midnight, next).map(() => 429), 429])
    expect((await ask(next - 1)).reset).toBe(String(next / 1000))
    expect((await ask(next)).status).toBe(200)
    expect((await ask(next + 1)).status).toBe(429)
    await house.gateway.house.ledger.flush()
    expect(await verify(house.gateway.house.store)).toEqual({ difference: 0, mismatches: [] })
    const rows = await house.gateway.house.store.ledger.find({}, 1000)
    expect(rows.filter(({ attempts }) => attempts.length > 0).length).toBe(house.provider.requests.length)
  },
)

function halves(from: number, to: number): number[] {
  return Array.from({ length: (to - from) / (hour / 2) - 1 }, (_, at) => from + (at + 1) * (hour / 2))
}
