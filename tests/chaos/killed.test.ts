import { expect, test } from 'bun:test'
import { type Cluster, type ClusterOptions, cluster, onBoth, postgres, type Replica, redis } from './cluster.ts'
import { ask, type Books, balanced, books, load, type Told, tally, until } from './load.ts'

/** What a crash costs: nothing that was settled a second before, and nothing twice. */

/** What was running when a replica was killed. */
interface Crash {
  readonly told: readonly Told[]
  /** ids of streams that had begun a second before the kill and were running */
  readonly open: readonly string[]
  readonly at: number
}

/** Kills a replica under load, with streams running. */
async function crash(replica: Replica, key: string): Promise<Crash> {
  const open: string[] = []
  const streams = Array.from({ length: 5 }, () =>
    ask(replica, { key, group: 'endless', stream: true, begun: (id) => void open.push(id) }),
  )
  const running = load({ replicas: [replica], callers: 6, everyMs: 10, key, group: 'quick' })
  await until(() => open.length === 5, 'the streams run')
  await Bun.sleep(2000)
  const at = Date.now()
  await replica.kill()
  const ended = await Promise.all(streams)
  expect(tally(ended)).toEqual({ 0: 5 })
  return { told: await running.stop(), open, at }
}

function expectWhole({ rows, sent, called, difference }: Books, { told, open, at }: Crash): void {
  expect(difference).toBe(0)
  const byId = new Map(rows.map((row) => [row.id, row]))
  const settled = told.filter(({ status, endedAt }) => status === 200 && endedAt < at - 1000)
  expect(settled.length).toBeGreaterThan(50)
  for (const { id } of settled) expect(byId.get(id ?? '')?.outcome).toBe('answered')
  expect(open.map((id) => byId.get(id)?.outcome)).toEqual(open.map(() => 'lost'))
  for (const id of open) expect(byId.get(id)?.usage?.input).toBeGreaterThan(0)
  // at most what began or ended in the last moments is not known: fewer than the callers, and never more than was asked
  expect(sent.length).toBeWithin(called - 12, called + 1)
}

const terms = { max_budget: 1000, budget_duration: '1d', tags: ['crash'] }

/** Several gateways for as long as the work takes. */
async function among(
  options: ClusterOptions,
  work: (gateways: Cluster, ...replicas: Replica[]) => Promise<void>,
): Promise<void> {
  const gateways = await cluster(options)
  try {
    await work(gateways, ...gateways.replicas)
  } finally {
    await gateways.close()
  }
}

test.concurrent.skipIf(!postgres || !redis)(
  `a replica that is killed loses nothing, its open calls are lost ones, and what it held is free again: ${onBoth}`,
  () =>
    among({ replicas: 2, postgres, redis }, async (two, a, b) => {
      const [key, held] = [await two.key(terms), await two.key({ max_budget: 0.3 })]
      // three streams that hold the whole budget
      let begun = 0
      const holders = [0, 1, 2].map(() =>
        ask(a, { key: held, group: 'endless', stream: true, begun: () => void begun++ }),
      )
      await until(() => begun === 3, 'the budget is held')
      const crashed = await crash(a, key)
      expect(tally(await Promise.all(holders))).toEqual({ 0: 3 })
      expect((await ask(b, { key: held, group: 'quick' })).status).toBe(429)
      // the lease of a dead process ends after a quarter of a minute
      const free = async () => (await ask(b, { key: held, group: 'quick' })).status === 200
      await until(free, 'what the dead one held is free', 17_000)
      expect(Date.now() - crashed.at).toBeLessThan(19_000)
      await a.restart()
      await until(
        async () => (await books(two, 100)).rows.some(({ outcome }) => outcome === 'lost'),
        'lost ones are booked',
      )
      expectWhole(await books(two, 2000), crashed)
      await a.restart()
      expectWhole(await books(two, 500), crashed)
    }),
  60_000,
)

test.concurrent.skipIf(!postgres || !redis)(
  `a replica that is asked to leave finishes, writes everything and exits with 0: ${onBoth}`,
  () =>
    among({ replicas: 2, postgres, redis }, async (two, _a, b) => {
      await drains(two, b, await two.key(terms))
      await balanced(two)
    }),
  60_000,
)

test.concurrent(
  'on SQLite a kill loses nothing, open calls are booked as lost, and whoever is asked to leave does so in order',
  () =>
    among({ replicas: 1 }, async (one, gateway) => {
      const key = await one.key(terms)
      await drains(one, gateway, key)
      await balanced(one)
      await gateway.restart()
      const crashed = await crash(gateway, key)
      await gateway.restart()
      expectWhole(await books(one, 2000), crashed)
      expect((await ask(gateway, { key, group: 'quick' })).status).toBe(200)
      expect(await gateway.terminate()).toBe(0)
      await gateway.restart()
      expectWhole(await books(one, 500), crashed)
    }),
  60_000,
)

async function drains(gateways: Cluster, replica: Replica, key: string): Promise<void> {
  const before = await books(gateways, 500)
  const gap = before.called - before.sent.length
  const running = load({ replicas: [replica], callers: 6, everyMs: 10, key, group: 'quick' })
  const streams = Array.from({ length: 5 }, () => ask(replica, { key, group: 'long', stream: true }))
  await Bun.sleep(500)
  const leaving = replica.terminate()
  const ended = await Promise.all(streams)
  expect(await leaving).toBe(0)
  expect(tally(ended)).toEqual({ 200: 5 })
  for (const { body } of ended) expect(body).toContain('[DONE]')
  const told = await running.stop()
  const { rows, sent, called, difference } = await books(gateways, 500)
  expect(difference).toBe(0)
  expect(called - sent.length).toBe(gap)
  const ids = new Set(rows.map(({ id }) => id))
  for (const { id, status } of [...told, ...ended]) if (status === 200) expect(ids.has(id ?? '')).toBe(true)
}
