import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import { nanoUsd } from 'turnpike-core/internal/kernel/money'
import { verify } from '../../gateway/src/ledger/verify.ts'
import { type TestHouse, testHouse } from '../house.ts'
import { type Put, peopleOf } from '../people.ts'
import { chat, type Door, doors, knock, until } from './doors.ts'

/** Who pays for a call, and where it goes when a model's own budget is spent. */

let house: TestHouse
let put: Put

/** A word costs a fifth of a cent: fifty words are ten cents, the seven of `odd` are a number that three cannot share. */
beforeAll(async () => {
  house = await testHouse({
    models: (place) => {
      const model = (name: string, behaviour: string, perWord: number) => ({
        model_name: name,
        litellm_params: { model: `openai/${behaviour}`, api_base: `${place}/v1` },
        model_info: { input_cost_per_token: 0, output_cost_per_token: perWord },
      })
      return [
        model('dear', 'count:50', 0.002),
        model('dearer', 'count:50', 0.004),
        model('cheap', 'count:50', 0.0002),
        model('wild/*', 'count:50', 0.002),
        model('odd', 'count:7', 0.000_001_001),
        model('broken', 'status-500', 0.002),
        model('endless', 'count:500+slow-chunks:20', 0.002),
        {
          model_name: 'claude-dear',
          litellm_params: { model: 'anthropic/count:50', api_base: place },
          model_info: { input_cost_per_token: 0, output_cost_per_token: 0.002 },
        },
      ]
    },
    router: {
      num_retries: 0,
      disable_cooldowns: true,
      provider_budget_config: { anthropic: { budget_limit: 0.1, time_period: '30d' } },
    },
    litellm: {
      max_end_user_budget_id: 'usual',
      tag_budget_config: { scarce: { max_budget: 0.1, budget_duration: '30d' } },
    },
  })
  put = peopleOf(house)
  await put.user('ann', { maxBudget: nanoUsd(0.5) })
  await put.user('bob', { maxBudget: nanoUsd(0.35) })
  await put.user('stranger')
  await put.user('gone', { blocked: true })
  await put.user('root', { role: 'proxy_admin' })
  await put.team('red')
  await put.team('green')
  for (const id of ['ann', 'bob', 'gone']) await put.joinTeam('red', id)
  await put.customer('banned', { blocked: true })
})
afterAll(() => house.close())

const ask = (door: Door, key: string, model: string, fields: JsonObject = {}, stream = false) =>
  fetch(knock(door, { url: house.url, key }, { model, fields, stream }))

async function booked(bucket: string): Promise<number> {
  await house.gateway.house.ledger.flush()
  return (await house.gateway.house.store.balanceOf(bucket)) / 1e9
}

describe('when a model’s own budget is spent', () => {
  const dime = { maxBudget: nanoUsd(0.1) }

  test('the call goes to the first of the cheaper ones that has room, on every surface', async () => {
    const { secret, hash } = await put.key({
      modelMaxBudget: { dear: dime, dearer: { maxBudget: nanoUsd(0) } },
      budgetFallbacks: { dear: ['dearer', 'cheap'] },
    })
    const first = await ask(chat, secret, 'dear')
    expect([first.status, first.headers.get('x-litellm-model-group')]).toEqual([200, 'dear'])
    await first.text()
    for (const door of doors)
      for (const stream of [false, true]) {
        const response = await ask(door, secret, 'dear', {}, stream)
        expect([response.status, response.headers.get('x-litellm-model-group')]).toEqual([200, 'cheap'])
        await response.text()
      }
    expect(await booked(`key:${hash}`)).toBe(0.18)
    expect(await booked(`key:${hash}/dear`)).toBe(0.1)
  })

  test('the call goes on though the budget is that of a pool', async () => {
    const { secret } = await put.key({
      modelMaxBudget: { premium: { ...dime, models: ['dear', 'dearer'] } },
      budgetFallbacks: { dear: ['cheap'] },
    })
    expect((await ask(chat, secret, 'dear')).headers.get('x-litellm-model-group')).toBe('dear')
    expect((await ask(chat, secret, 'dear')).headers.get('x-litellm-model-group')).toBe('cheap')
    expect((await ask(chat, secret, 'dearer')).status).toBe(429)
  })

  test('it is refused where none is named, none is granted, or the key itself has no money left', async () => {
    const spent = { modelMaxBudget: { dear: { maxBudget: nanoUsd(0) } } }
    const keys = {
      none: await put.key(spent),
      ungranted: await put.key({ ...spent, models: ['dear'], budgetFallbacks: { dear: ['cheap'] } }),
      missing: await put.key({ ...spent, budgetFallbacks: { dear: ['no-such-model'] } }),
    }
    for (const { secret, hash } of Object.values(keys)) {
      const response = await ask(chat, secret, 'dear')
      expect(response.status).toBe(429)
      expect(chat.readRefusal(await response.json())?.message).toStartWith(
        `LiteLLM Virtual Key: ${hash}, key_alias: None, exceeded budget for model=dear. Current cost: 0.0, Max budget: 0.0`,
      )
    }
    const poor = await put.key({ ...spent, maxBudget: nanoUsd(0), budgetFallbacks: { dear: ['cheap'] } })
    expect((await ask(chat, poor.secret, 'dear')).status).toBe(429)
  })

  test('a wildcard group is no way around it', async () => {
    const { secret } = await put.key({
      modelMaxBudget: { 'wild/gpt': dime },
      modelRpmLimit: { 'wild/rated': 1 },
    })
    expect((await ask(chat, secret, 'wild/gpt')).status).toBe(200)
    expect((await ask(chat, secret, 'wild/gpt')).status).toBe(429)
    expect((await ask(chat, secret, 'wild/other')).status).toBe(200)
    expect((await ask(chat, secret, 'wild/rated')).status).toBe(200)
    expect((await ask(chat, secret, 'wild/rated')).status).toBe(429)
  })
})

describe('cost_split', () => {
  const split = (shares: JsonObject): JsonObject => ({ metadata: { cost_split: shares } })
  const ofTeam = () => put.key({ userId: 'ann', teamId: 'red' })

  test('books exact shares that add up, in the place of the caller’s own', async () => {
    const { secret, hash } = await ofTeam()
    const before = await booked('user:ann')
    const shares = { 'customer:x': 1 / 3, 'customer:y': 1 / 3, 'customer:z': 1 / 3 }
    for (const stream of [false, true]) await (await ask(chat, secret, 'odd', split(shares), stream)).text()
    // seven words of 1001 nano-dollars are 7007, which three share as 2336, 2336 and 2335
    const each = ['x', 'y', 'z'].map((id) => booked(`end-user:${id}`))
    expect((await Promise.all(each)).map((amount) => Math.round(amount * 1e9))).toEqual([4672, 4672, 4670])
    expect(Math.round((await booked(`key:${hash}`)) * 1e9)).toBe(14_014)
    expect(await booked('user:ann')).toBeCloseTo(before + 0.000_014_014, 9)
  })

  test('holds the budget of each payer to its share', async () => {
    const { secret } = await ofTeam()
    const fields = split({ 'user:ann': 0.25, 'user:bob': 0.75 })
    const [ann, bob] = [await booked('user:ann'), await booked('user:bob')]
    for (let calls = 1; calls <= 4; calls++) expect((await ask(chat, secret, 'dear', fields)).status).toBe(200)
    expect((await booked('user:ann')) - ann).toBeCloseTo(0.1, 9)
    expect((await booked('user:bob')) - bob).toBeCloseTo(0.3, 9)
    const refused = await ask(chat, secret, 'dear', fields)
    expect(refused.status).toBe(429)
    expect(chat.readRefusal(await refused.json())?.message).toStartWith(
      'ExceededBudget: User=bob over budget. Spend=0.3, Budget=0.35. Running requests may still cost 0.0, and this one up to 0.075',
    )
    expect((await ask(chat, secret, 'dear', split({ 'user:ann': 1 }))).status).toBe(200)
  })

  test('charges only whom the caller may charge', async () => {
    const [ofAnn, ofRoot] = [await ofTeam(), await put.key({ userId: 'root' })]
    const before = house.provider.requests.length
    for (const payer of [
      'user:stranger',
      'user:nobody',
      'user:gone',
      'team:green',
      'team:none',
      'customer:banned',
      'key:x',
      'x',
    ]) {
      const response = await ask(chat, ofAnn.secret, 'odd', split({ [payer]: 1 }))
      expect([payer, response.status === 403 || response.status === 400]).toEqual([payer, true])
    }
    for (const shares of [{ 'user:ann': 0.5 }, { 'user:ann': 2, 'user:bob': -1 }, { 'user:ann': 'all' }, {}])
      expect((await ask(chat, ofAnn.secret, 'odd', split(shares))).status).toBe(400)
    expect(house.provider.requests.length).toBe(before)
    for (const payer of ['user:ann', 'user:bob', 'team:red', 'customer:new', 'tag:new'])
      expect((await ask(chat, ofAnn.secret, 'odd', split({ [payer]: 1 }))).status, payer).toBe(200)
    for (const [key, payer] of [
      [ofRoot.secret, 'user:stranger'],
      [house.master, 'team:green'],
    ] as const)
      expect((await ask(chat, key, 'odd', split({ [payer]: 1 }))).status, payer).toBe(200)
  })
})

describe('terms stand in where somebody has none of their own:', () => {
  const dime = nanoUsd(0.1)
  const statuses = async (asks: readonly (() => Promise<Response>)[]) => {
    const out: number[] = []
    for (const each of asks) out.push((await each()).status)
    return out
  }

  test('those of the team for its members, unless a member has others', async () => {
    await put.team('crew', { memberTerms: { maxBudget: dime } })
    for (const id of ['usual', 'other']) await put.user(id)
    await put.joinTeam('crew', 'usual')
    await put.joinTeam('crew', 'other', 'user', { maxBudget: nanoUsd(0.2) })
    const [usual, other] = [
      await put.key({ userId: 'usual', teamId: 'crew' }),
      await put.key({ userId: 'other', teamId: 'crew' }),
    ]
    const twice = (key: string) => [1, 2, 3].map(() => () => ask(chat, key, 'dear'))
    expect(await statuses(twice(usual.secret))).toEqual([200, 429, 429])
    expect(await statuses(twice(other.secret))).toEqual([200, 200, 429])
    const refused = chat.readRefusal(await (await ask(chat, usual.secret, 'dear')).json())
    expect(refused?.message).toBe(
      'Budget has been exceeded! User=usual in Team=crew Current cost: 0.1, Max budget: 0.1',
    )
  })

  test('the usual budget for customers, on every surface and whatever key is used', async () => {
    await put.budget('usual', { maxBudget: dime })
    for (const [at, door] of doors.entries()) {
      const send = async (id: string) =>
        fetch(
          knock(
            door,
            { url: house.url, key: (await put.key()).secret },
            { model: 'dear', headers: { 'x-litellm-end-user-id': id } },
          ),
        )
      expect(await statuses([() => send(`eve-${at}`), () => send(`eve-${at}`), () => send(`adam-${at}`)])).toEqual([
        200, 429, 200,
      ])
      const { message } = door.readRefusal(await (await send(`eve-${at}`)).json()) ?? {}
      expect(message).toBe(`ExceededBudget: End User=eve-${at} over budget. Spend=0.1, Budget=0.1`)
    }
  })

  test('those of the configuration for tags', async () => {
    const { secret } = await put.key({ tags: ['scarce'] })
    expect(await statuses([1, 2].map(() => () => ask(chat, secret, 'dear')))).toEqual([200, 429])
    const { secret: plain } = await put.key()
    const tagged = () => ask(chat, plain, 'dear', { metadata: { tags: ['scarce'] } })
    expect(await statuses([tagged, () => ask(chat, plain, 'dear')])).toEqual([429, 200])
  })

  test('those of the configuration for providers', async () => {
    const { secret } = await put.key()
    const calls = [1, 2].map(() => () => ask(chat, secret, 'claude-dear'))
    const [first, second] = await statuses(calls)
    expect(first).toBe(200)
    expect(second).toBeGreaterThanOrEqual(429)
    expect((await ask(chat, secret, 'dear')).status).toBe(200)
  })
})

describe('what a request holds is free again when it ends', () => {
  const endings: Readonly<Record<string, (key: string, door: Door) => Promise<unknown>>> = {
    'with an answer': async (key, door) => (await ask(door, key, 'dear')).text(),
    'with a stream': async (key, door) => (await ask(door, key, 'dear', {}, true)).text(),
    'in the provider’s failure': async (key, door) => (await ask(door, key, 'broken')).text(),
    'in the refusal of a stream': async (key, door) => (await ask(door, key, 'broken', {}, true)).text(),
    'because its caller left': async (key, door) => {
      const controller = new AbortController()
      const at = { url: house.url, key }
      const response = await fetch(knock(door, at, { model: 'endless', stream: true, signal: controller.signal }))
      await response.body?.getReader().read()
      controller.abort()
      await until(() => house.provider.requests.at(-1)?.aborted === true, 'the provider is let go')
      await Bun.sleep(20)
    },
  }

  test.each(Object.entries(endings))('%s', async (_, end) => {
    for (const door of doors) {
      const { secret, hash } = await put.key({ maxParallelRequests: 1, maxBudget: nanoUsd(10) })
      await end(secret, door)
      await until(() => heldBy(hash) === 0, `${door.format} holds no money any more`)
      expect((await ask(door, secret, 'cheap')).status, door.format).toBe(200)
    }
  })

  /** What running requests have set aside of a key's budget. */
  function heldBy(hash: string): number {
    const taken = house.gateway.house.shared.take([{ kind: 'money', bucket: `key:${hash}`, amount: nanoUsd(0) }])
    if (taken instanceof Promise || !taken.granted) throw new Error('memory waits for nobody')
    taken.hold.settle([0])
    return taken.levels[0]?.reserved ?? 0
  }
})

test('and when all is over the books agree', async () => {
  await house.gateway.house.ledger.flush()
  expect(await verify(house.gateway.house.store)).toEqual({ difference: 0, mismatches: [] })
})
