import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { type Cluster, cluster, onBoth, postgres, type Replica, redis } from './cluster.ts'
import { ask, balanced, load, stopLoads, type Told, tally } from './load.ts'

afterEach(stopLoads)

/** Three replicas are to their callers as one: limits, budgets, periods and revocations. */
describe.skipIf(!postgres || !redis)(`three replicas ${onBoth}`, () => {
  let three: Cluster

  beforeAll(async () => {
    three = await cluster({ replicas: 3, postgres, redis })
  }, 30_000)
  afterAll(() => three?.close())

  const at = (index: number): Replica => three.replicas[index % three.replicas.length] as Replica

  test('600 requests within ten seconds under a limit of 100 a minute: exactly 100 are let in', async () => {
    const key = await three.key({ rpm_limit: 100 })
    const begun = Date.now()
    const told = await Promise.all(
      Array.from({ length: 600 }, async (_, index) => {
        await Bun.sleep(index * 6)
        return ask(at(index), { key, group: 'quick' })
      }),
    )
    expect(Date.now() - begun).toBeLessThan(10_000)
    expect(tally(told)).toEqual({ 200: 100, 429: 500 })

    const admitted = told.filter(({ status }) => status === 200)
    const left = admitted.map(({ headers }) => Number(headers.get('x-ratelimit-api_key-remaining-requests')))
    expect(left.sort((one, other) => other - one)).toEqual(Array.from({ length: 100 }, (_, index) => 99 - index))
    for (const { headers } of admitted) expect(headers.get('x-ratelimit-api_key-limit-requests')).toBe('100')

    const refused = told.filter(({ status }) => status === 429)
    const resets = new Set(refused.map(({ headers }) => Number(headers.get('reset_at'))))
    // the clocks of three processes and of Redis may round one moment to two neighbouring seconds
    expect(Math.max(...resets) - Math.min(...resets)).toBeLessThanOrEqual(1)
    expect(Math.min(...resets) * 1000 - begun).toBeWithin(58_000, 63_000)
    for (const { headers, endedAt } of refused) {
      expect(headers.get('rate_limit_type')).toBe('requests')
      const [again, reset] = [Number(headers.get('retry-after')), Number(headers.get('reset_at'))]
      expect(again).toBeWithin(1, 62)
      expect(Math.abs(endedAt / 1000 + again - reset)).toBeLessThan(2.5)
    }
    await balanced(three)
  }, 30_000)

  test('200 calls at once of ten cents each under a budget of one dollar: exactly ten are let in', async () => {
    const key = await three.key({ max_budget: 1 })
    const told = await Promise.all(Array.from({ length: 200 }, (_, index) => ask(at(index), { key, group: 'slow' })))
    expect(tally(told)).toEqual({ 200: 10, 429: 190 })
    const { rows } = await balanced(three)
    const mine = rows.filter(({ id }) => told.some((one) => one.id === id))
    expect(mine.reduce((sum, { spend }) => sum + spend, 0)).toBe(1e9)
    for (const replica of three.replicas) {
      const { status, headers } = await ask(replica, { key, group: 'quick' })
      expect([status, headers.get('rate_limit_type')]).toEqual([429, 'budget'])
    }
  }, 30_000)

  test('what failing calls had set aside is back within a second, everywhere', async () => {
    const key = await three.key({ max_budget: 1 })
    const failed = await Promise.all(
      Array.from({ length: 60 }, (_, index) => ask(at(index), { key, group: 'failing' })),
    )
    expect(failed.filter(({ status }) => status === 200)).toEqual([])
    // ten at a time went to the provider: no more had room
    expect(failed.filter(({ status }) => status >= 500).length).toBeGreaterThanOrEqual(10)
    await Bun.sleep(1000)
    const told = await Promise.all(Array.from({ length: 40 }, (_, index) => ask(at(index), { key, group: 'slow' })))
    expect(tally(told)).toEqual({ 200: 10, 429: 30 })
    await balanced(three)
  }, 30_000)

  test('the first request of a budget’s next period is let in on every replica, under refusals', async () => {
    const periodMs = 10_000
    const toBoundary = () => periodMs - (Date.now() % periodMs)
    if (toBoundary() < 2500) await Bun.sleep(toBoundary() + 50)
    const key = await three.key({ max_budget: 0.3, budget_duration: '10s' })
    const boundary = Date.now() + toBoundary()
    const spent = await Promise.all(three.replicas.map((replica) => ask(replica, { key, group: 'quick' })))
    expect(tally(spent)).toEqual({ 200: 3 })
    const poor = await Promise.all(three.replicas.map((replica) => ask(replica, { key, group: 'quick' })))
    expect(tally(poor)).toEqual({ 429: 3 })
    for (const { headers } of poor) expect(Number(headers.get('reset_at')) * 1000).toBe(boundary)
    // a key of its own, so that the load takes nothing of the first requests' room, and one that is refused up to the boundary
    const other = await three.key({ max_budget: 0.3, budget_duration: '10s' })
    const noise = load({ replicas: three.replicas, callers: 2, everyMs: 10, key: other, group: 'quick' })
    const knocking = Promise.all(three.replicas.map((replica) => refusedUntil(replica, key, boundary - 30)))
    const early = await knocking
    expect(early.every((each) => each.every(({ status }) => status === 429))).toBe(true)
    await Bun.sleep(Math.max(0, boundary - Date.now()) + 15)
    const first = await Promise.all(three.replicas.map((replica) => ask(replica, { key, group: 'quick' })))
    expect(tally(first)).toEqual({ 200: 3 })
    expect(first.every(({ endedAt }) => endedAt - boundary < 2000)).toBe(true)
    const next = await Promise.all(three.replicas.map((replica) => ask(replica, { key, group: 'quick' })))
    expect(tally(next)).toEqual({ 429: 3 })
    await noise.stop()
    expect(tally(noise.told)[200]).toBe(6)
    await balanced(three)
  }, 40_000)

  async function refusedUntil(replica: Replica, key: string, end: number): Promise<Told[]> {
    const told: Told[] = []
    while (Date.now() < end) {
      told.push(await ask(replica, { key, group: 'quick' }))
      await Bun.sleep(40)
    }
    return told.filter(({ endedAt }) => endedAt < end + 20)
  }

  test('a key that is deleted or blocked on one replica is refused by the others within two seconds, and stays so', async () => {
    const changes = [
      ...[0, 1, 2].map(() => ['/key/delete', (key: string) => ({ keys: [key] })] as const),
      ...[0, 1, 2].map(() => ['/key/block', (key: string) => ({ key })] as const),
    ]
    // in use everywhere, in loops, while the changes are made
    const loops = await Promise.all(
      changes.map(async ([path, body]) => {
        const key = await three.key()
        return {
          running: load({ replicas: others(), callers: 1, everyMs: 5, key, group: 'quick' }),
          path,
          body: body(key),
        }
      }),
    )
    await Bun.sleep(700)
    const changed = await Promise.all(
      loops.map(async ({ path, body, running }) => {
        expect((await three.manage(at(0), path, body)).status).toBe(200)
        return { running, since: Date.now() }
      }),
    )
    await Bun.sleep(4000)
    for (const { running, since } of changed) expectRevoked(await running.stop(), since)
    await balanced(three)
  }, 30_000)

  const others = () => [at(1), at(2)]

  function expectRevoked(told: readonly Told[], since: number): void {
    for (const replica of others()) {
      const own = told.filter((one) => one.replica === replica)
      expect(own.some(({ endedAt, status }) => endedAt < since - 100 && status === 200)).toBe(true)
      const late = own.filter(({ begunAt }) => begunAt > since + 2000)
      expect(late.length).toBeGreaterThan(20)
      expect(Object.keys(tally(late))).toEqual(['401'])
      const refusedAt = Math.min(...own.filter(({ status }) => status === 401).map(({ endedAt }) => endedAt))
      expect(own.filter(({ begunAt, status }) => begunAt > refusedAt && status === 200)).toEqual([])
    }
  }
})
