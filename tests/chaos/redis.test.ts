import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { Redis } from 'ioredis'
import { type Cluster, cluster, onBoth, postgres, type Replica, redis } from './cluster.ts'
import { ask, balanced, load, slowest, stopLoads, type Told, tally, until } from './load.ts'

const replicas = 3
/** replicas tell each other that they are there so often */
const heartbeatMs = 3000

afterEach(stopLoads)

/** What three replicas do while their Redis is frozen or has forgotten everything. */
describe.skipIf(!postgres || !redis)(`three replicas ${onBoth}`, () => {
  let three: Cluster

  beforeAll(async () => {
    three = await cluster({ replicas, postgres, redis })
    await Bun.sleep(heartbeatMs + 500)
  }, 30_000)
  afterAll(async () => {
    redis?.resume()
    await three?.close()
  })

  const admitted = (told: readonly Told[]) => told.filter(({ status }) => status === 200).length
  const everywhere = (count: number, key: string) =>
    Promise.all(
      three.replicas.flatMap((replica) => Array.from({ length: count }, () => ask(replica, { key, group: 'quick' }))),
    )

  test('a frozen Redis holds up nobody, limits fall to each one’s share, and afterwards all agree again', async () => {
    const limit = 61
    const [free, fresh, begun] = [
      await three.key({ max_budget: 1000 }),
      await three.key({ rpm_limit: limit }),
      await three.key({ rpm_limit: limit }),
    ]
    // one after the other, so that each replica has heard of nearly all: what it has not heard of, its share cannot know
    const before: Told[] = []
    for (let at = 0; at < 15; at++)
      before.push(await ask(three.replicas[at % replicas] as Replica, { key: begun as string, group: 'quick' }))
    const running = load({ replicas: three.replicas, callers: 2, everyMs: 20, key: free as string, group: 'quick' })
    await Bun.sleep(2500)
    const usual = slowest(running.told)
    redis?.pause()
    const from = Date.now()
    await Bun.sleep(1000)
    const cut = [...(await everywhere(50, fresh as string)), ...(await everywhere(50, begun as string))]
    await Bun.sleep(3000)
    const to = Date.now()
    redis?.resume()
    const ofKey = (told: readonly Told[], at: number) => told.slice(at * 150, at * 150 + 150)
    expect(admitted(ofKey(cut, 0))).toBeWithin(limit - replicas, limit + replicas + 1)
    expect(admitted(before) + admitted(ofKey(cut, 1))).toBeWithin(limit - replicas - 1, limit + replicas + 1)
    await until(() => three.replicas.every((replica) => replica.said().includes('Redis is back')), 'all are back')
    // what each counted alone counts for all: nobody gets a second share of the same minute
    const after = [...(await everywhere(10, fresh as string)), ...(await everywhere(10, begun as string))]
    expect(admitted(after.slice(0, 30)) + admitted(ofKey(cut, 0))).toBeLessThanOrEqual(limit + replicas)
    expect(admitted(after.slice(30)) + admitted(ofKey(cut, 1)) + 15).toBeLessThanOrEqual(limit + replicas)
    const told = await running.stop()
    expect(tally(told)).toEqual({ 200: told.length })
    const late = told.filter(({ begunAt }) => begunAt > from + 1000 && begunAt < to)
    expect(late.length).toBeGreaterThan(200)
    expect(slowest(late)).toBeLessThan(usual + 250)
    await balanced(three)
  }, 60_000)

  test('a Redis that forgets everything under load lets no budget be passed', async () => {
    const client = new Redis(redis?.url ?? '', { maxRetriesPerRequest: 1 })
    const [poor, free] = [await three.key({ max_budget: 3 }), await three.key({ max_budget: 1000 })]
    const running = load({ replicas: three.replicas, callers: 2, everyMs: 20, key: free as string, group: 'quick' })
    const spending = load({ replicas: three.replicas, callers: 1, everyMs: 150, key: poor as string, group: 'slow' })
    for (let times = 0; times < 4; times++) {
      await Bun.sleep(400)
      await client.flushall()
    }
    await Bun.sleep(3500)
    const told = await running.stop()
    const spent = await spending.stop()
    client.disconnect()
    expect(tally(told)).toEqual({ 200: told.length })
    expect(Object.keys(tally(spent))).toEqual(['200', '429'])
    expect(admitted(spent)).toBe(30)
    expect(tally(await everywhere(2, poor as string))).toEqual({ 429: 6 })
    await balanced(three)
  }, 60_000)
})
