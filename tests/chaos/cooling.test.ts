import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { verify } from '../../gateway/src/ledger/verify.ts'
import { type Cluster, cluster, master, onBoth, postgres, type Replica, redis } from './cluster.ts'
import { until } from './load.ts'

const coolMs = 3000

/** What one replica learns of a deployment, the other knows. */
describe.skipIf(!postgres || !redis)(`two replicas ${onBoth}`, () => {
  let two: Cluster
  let [a, b]: readonly Replica[] = []

  beforeAll(async () => {
    two = await cluster({
      replicas: 2,
      postgres,
      redis,
      router: { disable_cooldowns: false, cooldown_time: coolMs / 1000, num_retries: 1 },
      groups: { pair: ['status-404', 'count:50'], other: ['status-404+count:1', 'count:50'] },
    })
    ;[a, b] = two.replicas
  }, 30_000)
  afterAll(() => two?.close())

  /** One call of a group; which deployments were asked for it, and how it ended. */
  async function ask(replica: Replica | undefined, model: string) {
    const before = two.provider.requests.length
    const response = await fetch(`${replica?.url()}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${master}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model, max_tokens: 50, messages: [{ role: 'user', content: 'Hello' }] }),
      signal: AbortSignal.timeout(10_000),
    })
    await response.text()
    const asked = two.provider.requests.slice(before).map(({ body }) => (JSON.parse(body) as { model: string }).model)
    return { status: response.status, asked }
  }

  test('a deployment that one took out of rotation is passed over by the other until its time is over', async () => {
    expect(await ask(a, 'pair')).toEqual({ status: 200, asked: ['status-404', 'count:50'] })
    const from = Date.now()
    await Bun.sleep(100)
    for (const replica of [b, a, b]) expect(await ask(replica, 'pair')).toEqual({ status: 200, asked: ['count:50'] })
    // another deployment of the same vendor, which nobody has asked, is not taken out by it
    expect((await ask(b, 'other')).asked).toEqual(['status-404+count:1', 'count:50'])
    expect((await ask(a, 'other')).asked).toEqual(['count:50'])
    await until(async () => (await ask(b, 'pair')).asked.length > 1, 'the other tries it again')
    expect(Date.now() - from).toBeWithin(coolMs - 200, coolMs + 1500)
    expect((await verify(await two.store())).difference).toBe(0)
  }, 30_000)
})
