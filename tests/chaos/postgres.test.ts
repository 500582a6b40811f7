import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { Client } from 'pg'
import { type Cluster, cluster, onBoth, postgres, type Replica, redis } from './cluster.ts'
import { ask, balanced, load, slowest, stopLoads, type Told, tally, until } from './load.ts'

afterEach(stopLoads)

/** What two replicas do while their Postgres is gone, frozen, started anew or in a tangle of locks. */
describe.skipIf(!postgres || !redis)(`two replicas ${onBoth}`, () => {
  let two: Cluster
  let [a, b]: readonly Replica[] = []

  beforeAll(async () => {
    // what is known of a key is asked for anew after a fifth of a second instead of half a minute: four seconds are to it as ten minutes
    two = await cluster({ replicas: 2, postgres, redis, general: { user_api_key_cache_ttl: 0.2 } })
    ;[a, b] = two.replicas
  }, 30_000)
  afterAll(async () => {
    postgres?.resume()
    await two?.close()
  })

  const begin = (key: string, callers = 4) =>
    load({ replicas: two.replicas, callers, everyMs: 15, key, group: 'quick' })

  async function expectUnseenRefused(unseen: readonly string[]): Promise<void> {
    for (const key of unseen)
      for (const replica of two.replicas) {
        const { status, headers } = await ask(replica, { key, group: 'quick' })
        expect(status).toBe(503)
        expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
      }
  }

  test('while Postgres is gone keys in use go on, others are told 503, and afterwards the ledger is whole', async () => {
    const terms = { max_budget: 1000, budget_duration: '4s', rpm_limit: 100_000 }
    const [key, idle] = [await two.key(terms), await two.key({ max_budget: 5 })]
    // four seconds without Postgres see at least one new period of the budget
    const running = begin(key)
    await Bun.sleep(1500)
    await postgres?.kill()
    const from = Date.now()
    await Bun.sleep(500)
    await expectUnseenRefused(['sk-that-nobody-made-1234567890', idle as string])
    await Bun.sleep(3800)
    await expectUnseenRefused([idle as string])
    const to = Date.now()
    await postgres?.restart()
    await Bun.sleep(1000)
    const told = await running.stop()
    expect(tally(told)).toEqual({ 200: told.length })
    expect(told.filter(({ begunAt }) => begunAt > from && begunAt < to).length).toBeGreaterThan(500)
    expect(slowest(told)).toBeLessThan(1000)
    await until(
      async () => (await ask(b as Replica, { key: idle as string, group: 'quick' })).status === 200,
      'the idle key works',
    )
    const { rows } = await balanced(two, 30_000)
    for (const { id } of told) expect(rows.some((row) => row.id === id)).toBe(true)
  }, 60_000)

  test('a Postgres that is frozen holds up nobody whose key is in use', async () => {
    const key = await two.key({ max_budget: 1000 })
    const running = begin(key, 2)
    await Bun.sleep(1000)
    postgres?.pause()
    await Bun.sleep(3000)
    postgres?.resume()
    const told = await running.stop()
    expect(tally(told)).toEqual({ 200: told.length })
    expect(slowest(told)).toBeLessThan(1000)
    await balanced(two, 30_000)
  }, 60_000)

  test('restarts and deadlocks under load lose no row and book none twice', async () => {
    const keys = await Promise.all([0, 1, 2, 3].map(() => two.key({ max_budget: 1000, budget_duration: '1d' })))
    const running = keys.map((key) => begin(key, 1))
    await Bun.sleep(500)
    const deadlocks = await tangle(two.database ?? '', 2000)
    await postgres?.kill()
    await postgres?.restart()
    await Bun.sleep(700)
    await postgres?.restart()
    await Bun.sleep(500)
    const told: Told[] = (await Promise.all(running.map((one) => one.stop()))).flat()
    expect(tally(told)).toEqual({ 200: told.length })
    expect(deadlocks).toBeGreaterThan(0)
    const { rows } = await balanced(two, 30_000)
    expect(rows.filter(({ id }) => told.some((one) => one.id === id)).length).toBe(told.length)
    expect(a?.said()).not.toContain('uncaught')
  }, 60_000)
})

/** Locks the two balances that everything is booked in, again and again, against the order of whoever books; how often that met in a deadlock. */
async function tangle(url: string, ms: number): Promise<number> {
  const client = new Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  const before = await deadlocksOf(client)
  // the gateways look for deadlocks, we never do: they are the ones that are taken back
  await client.query(`set deadlock_timeout = '60s'`)
  for (const end = Date.now() + ms; Date.now() < end; ) {
    await client.query('begin')
    for (const bucket of ['provider:openai', 'all']) {
      await client.query('select 1 from balances where bucket = $1 for update', [bucket])
      await Bun.sleep(30)
    }
    await client.query('commit')
    await Bun.sleep(50)
  }
  // a session tells its figures now and then, about once a second
  const after = async () => (await deadlocksOf(client)) - before
  await until(async () => (await after()) > 0, 'deadlocks are counted', 5000)
  const count = await after()
  await client.end()
  return count
}

async function deadlocksOf(client: Client): Promise<number> {
  await client.query('select pg_stat_clear_snapshot()')
  const { rows } = await client.query<{ deadlocks: string }>(
    'select deadlocks from pg_stat_database where datname = current_database()',
  )
  return Number(rows[0]?.deadlocks)
}
