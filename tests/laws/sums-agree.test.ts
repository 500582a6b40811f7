import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { verify } from '../../gateway/src/ledger/verify.ts'
import { type TestHouse, testHouse } from '../house.ts'
import { chat, type Door, doors, knock, wildcards } from './doors.ts'

/** Law 7: Σ ledger = balances = rollups, difference exactly 0, at any moment of quiet. */

let house: TestHouse
const master = (): HeadersInit => ({ authorization: `Bearer ${house.master}` })

beforeAll(async () => {
  house = await testHouse({ models: (place) => wildcards(place), router: { num_retries: 0 } })
})
afterAll(() => house.close())

/** Whole nano-dollars of a decimal text, without a float in between. */
function nano(text: string | null): bigint {
  const [whole = '0', fraction = ''] = (text ?? '0').split('.')
  expect(fraction.length).toBeLessThanOrEqual(9)
  return BigInt(whole) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'))
}

/** A small generator of lots, so that a failure can be played again. */
function lots(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

const behaviours = [
  'plain',
  'plain',
  'count:7',
  'count:33',
  'no-usage',
  'status-500',
  'status-429',
  'html-body',
  'error-first-event',
  'die-after-content:2+slow-chunks:5',
  'count:200+slow-chunks:5',
  'gzip',
]

async function one(lot: (below: number) => number, keys: readonly string[]): Promise<void> {
  const pick = <T>(list: readonly T[]): T => list[lot(list.length)] as T
  const door = pick<Door>(doors)
  const behaviour = pick(behaviours)
  const leaves = behaviour.startsWith('count:200') || lot(15) === 0
  const controller = new AbortController()
  try {
    const response = await fetch(
      knock(
        door,
        { url: house.url, key: pick(keys) },
        {
          model: `${pick([door.own, door.foreign])}/${behaviour}`,
          stream: lot(2) === 0,
          text: 'word '.repeat(1 + lot(60)),
          signal: controller.signal,
          headers:
            lot(3) === 0
              ? { 'x-litellm-tags': pick(['red', 'red,blue', 'green']), 'x-litellm-end-user-id': pick(['ann', 'bob']) }
              : {},
        },
      ),
    )
    if (leaves) {
      await response.body?.getReader().read()
      controller.abort()
    } else await response.text()
  } catch (thrown) {
    if (!controller.signal.aborted) throw thrown
  }
}

describe('after 300 requests of every kind and ending', () => {
  let keys: string[]

  beforeAll(async () => {
    keys = [
      house.master,
      await house.key(),
      await house.key({ user_id: 'u1', team_id: 't1', tags: ['red'] }),
      await house.key({ user_id: 'u1', max_budget: 5, budget_duration: '30d' }),
      await house.key({ team_id: 't1', max_budget: 0.01 }),
      await house.key({ organization_id: 'o1', max_budget: 1, budget_duration: '1s' }),
    ]
    const lot = lots(20261122)
    let left = 300
    const worker = async (): Promise<void> => {
      while (left-- > 0) await one(lot, keys)
    }
    await Promise.all(Array.from({ length: 20 }, worker))
    await Bun.sleep(150)
    await house.gateway.house.ledger.flush()
  })

  test('there are 300 rows, and balances and rollups say what they say', async () => {
    const rows = await house.gateway.house.store.ledger.find({}, 10_000)
    expect(rows.length).toBe(300)
    expect(new Set(rows.map(({ outcome }) => outcome))).toEqual(new Set(['answered', 'failed', 'abandoned', 'refused']))
    expect(await verify(house.gateway.house.store)).toEqual({ difference: 0, mismatches: [] })
  })

  test('a missing cent would be seen', async () => {
    const { store } = house.gateway.house
    const tampered: Parameters<typeof verify>[0] = {
      ledger: {
        snapshot: (read) =>
          store.ledger.snapshot((pages) =>
            read({
              ...pages,
              async balances(after, limit) {
                const told = [...(await pages.balances(after, limit))]
                return new Map(
                  told.map(([bucket, spent], at) => [bucket, (spent + (at === 0 ? 1 : 0)) as typeof spent]),
                )
              },
            }),
          ),
      },
    }
    expect((await verify(tampered)).difference).toBe(1)
  })

  test('each key’s rows add up to what its info, its header and the global figure say', async () => {
    const rows = await house.gateway.house.store.ledger.find({}, 10_000)
    const total = rows.reduce((sum, { spend }) => sum + BigInt(spend), 0n)
    const all = (await (await fetch(`${house.url}/global/spend`, { headers: master() })).json()) as { spend: number }
    expect(BigInt(Math.round(all.spend * 1e9))).toBe(total)
    for (const key of keys.slice(1)) {
      const shown = await fetch(`${house.url}/key/info`, { headers: { authorization: `Bearer ${key}` } })
      const { key: hash, info } = (await shown.json()) as {
        key: string
        info: { spend: number; budget_duration: string | null }
      }
      if (info.budget_duration === '1s') continue
      const sum = rows.filter(({ keyHash }) => keyHash === hash).reduce((so, { spend }) => so + BigInt(spend), 0n)
      expect(BigInt(Math.round(info.spend * 1e9))).toBe(sum)
      const models = await fetch(`${house.url}/v1/models`, { headers: { authorization: `Bearer ${key}` } })
      expect(nano(models.headers.get('x-litellm-key-spend'))).toBe(sum)
    }
  })
})

test.each(doors.map((door) => [door.format, door] as const))(
  'the cost in the header is what the key’s spend grows by, to the nano-dollar: %s',
  async (_, door) => {
    const key = await house.key()
    let spend = 0n
    for (const group of [door.own, door.foreign])
      for (const count of [1, 3, 17]) {
        const { headers } = await fetch(knock(door, { url: house.url, key }, { model: `${group}/count:${count}` }))
        const cost = nano(headers.get('x-litellm-response-cost'))
        expect(cost).toBeGreaterThan(0n)
        const parts = ['input', 'output', 'cache-read', 'cache-creation', 'tool-usage'].map((part) =>
          nano(headers.get(`x-litellm-response-cost-${part}`)),
        )
        expect(parts.reduce((a, b) => a + b)).toBe(cost)
        spend += cost
        expect(nano(headers.get('x-litellm-key-spend'))).toBe(spend)
      }
    await house.gateway.house.ledger.flush()
    const { key: hash } = (await (
      await fetch(`${house.url}/key/info`, { headers: { authorization: `Bearer ${key}` } })
    ).json()) as { key: string }
    const rows = await house.gateway.house.store.ledger.find({ keyHash: hash }, 100)
    expect(rows.reduce((sum, { spend: booked }) => sum + BigInt(booked), 0n)).toBe(spend)
  },
)

test('a streamed call costs what the same call costs whole, on every surface', async () => {
  for (const door of doors)
    for (const group of [door.own, door.foreign]) {
      const [whole, streamed] = [await house.key(), await house.key()]
      for (const [key, stream] of [
        [whole, false],
        [streamed, true],
      ] as const)
        await (await fetch(knock(door, { url: house.url, key }, { model: `${group}/count:9`, stream }))).text()
      const spendOf = async (key: string) => {
        const shown = await fetch(`${house.url}/key/info`, { headers: { authorization: `Bearer ${key}` } })
        return ((await shown.json()) as { info: { spend: number } }).info.spend
      }
      expect(await spendOf(whole)).toBeGreaterThan(0)
      expect(await spendOf(streamed), `${door.format} ${group}`).toBe(await spendOf(whole))
    }
})

test('figures that the caller sends in its body change no price', async () => {
  const key = await house.key()
  const at = { url: house.url, key }
  const cost = async (fields = {}) =>
    (await fetch(knock(chat, at, { model: 'chat/count:5', fields }))).headers.get('x-litellm-response-cost')
  const honest = await cost()
  expect(await cost({ input_cost_per_token: 0, output_cost_per_token: 0, usage: { completion_tokens: 0 } })).toBe(
    honest,
  )
})
