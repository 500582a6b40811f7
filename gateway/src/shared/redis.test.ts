import { afterAll, afterEach, describe, expect, test } from 'bun:test'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { redisForTests } from '../../../tests/services.ts'
import { createRedisShared, type RedisPorts, type RedisShared } from './redis.ts'
import { dollar, granted, money, nano, refused, requests, sharedSuite, slot, tokens } from './shared.suite.ts'
import type { Claim, Taken } from './shared.ts'

const server = await redisForTests()
const url = server?.url ?? ''
let namespaces = 0
const fresh = () => `test-${process.pid}-${++namespaces}`

const opened: RedisShared[] = []

async function open(namespace: string, more: Partial<RedisPorts> = {}): Promise<RedisShared> {
  const shared = createRedisShared({
    ...{ url, namespace, now: Date.now, balanceOf: () => nano(0), log: () => {}, probeEveryMs: 50 },
    ...more,
  })
  opened.push(shared)
  await shared.ready
  return shared
}

const grantedOf = (taken: readonly Taken[]) => taken.filter((one) => one.granted).length

async function until(holds: () => boolean | Promise<boolean>, ms = 5000): Promise<void> {
  const end = Date.now() + ms
  while (!(await holds())) {
    if (Date.now() > end) throw new Error('it never came to that')
    await Bun.sleep(10)
  }
}

async function timed<T>(act: () => T | Promise<T>): Promise<{ readonly ms: number; readonly value: T }> {
  const started = performance.now()
  const value = await act()
  return { ms: performance.now() - started, value }
}

if (server)
  sharedSuite('Shared in Redis', async (balanceOf) => {
    const shared = await open(fresh(), { balanceOf })
    return { shared, pass: (ms) => Bun.sleep(ms), close: () => shared.close() }
  })

describe.skipIf(!server)('Shared in Redis (skipped where no redis-server is installed)', () => {
  afterEach(async () => {
    server?.resume()
    await Promise.all(opened.splice(0).map((shared) => shared.close()))
  })
  afterAll(() => server?.stop())

  test('three processes let in exactly what one may', async () => {
    const namespace = fresh()
    const replicas = await Promise.all([open(namespace), open(namespace), open(namespace)])
    const claims = [requests('rpm', 100), money('budget', 1000, dollar), slot('places', 150)]
    const taken = await Promise.all(Array.from({ length: 600 }, (_, at) => replicas[at % 3]!.take(claims)))
    expect(grantedOf(taken)).toBe(100)
    expect(replicas.map((shared) => shared.agreement())).toEqual(['agreed', 'agreed', 'agreed'])
  })

  test('processes see what others spent, set aside and hold', async () => {
    const namespace = fresh()
    const [one, two] = await Promise.all([open(namespace), open(namespace)])
    granted(await one.take([money('a', 50, 100)])).hold.settle([40])
    const { hold } = granted(await one.take([money('a', 30, 100), slot('s', 1)]))
    expect(refused(await two.take([money('a', 31, 100)])).level).toEqual({ used: 40, reserved: 30 })
    expect(refused(await two.take([slot('s', 1)])).at).toBe(0)
    hold.settle([10])
    await until(async () => (await two.take([money('a', 50, 100), slot('s', 1)])).granted)
    expect(two.spentIn('a')).toBe(nano(50))
    await until(() => two.replicas() === 2 || one.replicas() === 2)
  })

  test('what a process held that died is free again when its heartbeat has expired', async () => {
    const namespace = fresh()
    const claims: readonly Claim[] = [money('a', 80, 100), slot('s', 1)]
    const script = `
      import { createRedisShared } from ${JSON.stringify(join(import.meta.dir, 'redis.ts'))}
      const shared = createRedisShared({ url: process.env.REDIS, namespace: process.env.SPACE, now: Date.now, log: () => {},
        balanceOf: () => 0, heartbeatMs: 100, deadAfterMs: 600 })
      await shared.ready
      const taken = await shared.take(${JSON.stringify(claims)})
      console.log(taken.granted)
      setInterval(() => {}, 1000)`
    const child = spawn(process.execPath, ['-e', script], {
      env: { ...process.env, REDIS: url, SPACE: namespace },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    try {
      const said = await new Promise((resolve) => child.stdout.once('data', (bytes) => resolve(String(bytes).trim())))
      expect(said).toBe('true')
      const shared = await open(namespace, { heartbeatMs: 100, deadAfterMs: 600 })
      // longer than a heartbeat lasts: it is alive, so its things are its own
      await Bun.sleep(800)
      refused(await shared.take(claims))
      expect(shared.replicas()).toBe(2)
      child.kill('SIGKILL')
      refused(await shared.take(claims))
      await Bun.sleep(700)
      expect(granted(await shared.take(claims)).levels).toEqual([
        { used: 0, reserved: 80 },
        { used: 1, reserved: 0 },
      ])
      await until(() => shared.replicas() === 1)
    } finally {
      child.kill('SIGKILL')
    }
  })

  test('a process that leaves frees at once what it held', async () => {
    const namespace = fresh()
    const [one, two] = await Promise.all([open(namespace), open(namespace)])
    granted(await one.take([slot('s', 1)]))
    refused(await two.take([slot('s', 1)]))
    await one.close()
    granted(await two.take([slot('s', 1)]))
  })

  test('nobody waits long for a frozen Redis, and soon nobody waits at all', async () => {
    const lines: string[] = []
    const shared = await open(fresh(), { log: (line) => lines.push(line) })
    granted(await shared.take([money('a', 10, dollar), requests('r', 1000)]))
    server?.pause()
    const first = await timed(() =>
      Promise.all(Array.from({ length: 20 }, () => shared.take([money('a', 10, dollar), requests('r', 1000)]))),
    )
    expect(grantedOf(first.value)).toBe(20)
    expect(first.ms).toBeLessThan(130)
    expect(shared.agreement()).toBe('cut-off')
    const next = await timed(() => shared.take([money('a', 10, dollar), requests('r', 1000)]))
    expect(next.ms).toBeLessThan(5)
    expect(lines.length).toBe(1)
    server?.resume()
    await until(() => shared.agreement() === 'agreed')
  })

  test('what happened while Redis was frozen is known to all when it is back, once', async () => {
    const namespace = fresh()
    const [one, two] = await Promise.all([open(namespace), open(namespace)])
    granted(await one.take([money('a', 10, 1000)])).hold.settle([10])
    const running = granted(await one.take([money('a', 100, 1000), slot('s', 10), tokens('t', 5, 1000)]))
    server?.pause()
    // these are settled though Redis may not have heard of them, and their questions still lie before it
    for (let at = 0; at < 8; at++)
      granted(await one.take([money('a', 20, 1000), slot('s', 10), tokens('t', 7, 1000)])).hold.settle([
        3,
        undefined,
        6,
      ])
    const kept = granted(await one.take([money('a', 50, 1000), slot('s', 10)]))
    expect(one.agreement()).toBe('cut-off')
    server?.resume()
    await until(() => one.agreement() === 'agreed')
    await until(() => two.agreement() === 'agreed')
    // a question that was given up must not act any more
    await Bun.sleep(100)
    const seen = granted(await two.take([money('a', 0, 1000), slot('s', 10)]))
    expect(seen.levels).toEqual([
      { used: 34, reserved: 150 },
      { used: 3, reserved: 0 },
    ])
    seen.hold.settle([0])
    running.hold.settle([100, undefined, 4])
    kept.hold.settle([50])
    await Bun.sleep(50)
    const after = granted(await two.take([money('a', 0, 1000), slot('s', 10), tokens('t', 1, 1000)]))
    expect(after.levels.slice(0, 2)).toEqual([
      { used: 184, reserved: 0 },
      { used: 1, reserved: 0 },
    ])
    // of the requests that Redis was asked for and did not answer, those before the cut are not counted in its window
    expect(after.levels[2]!.used).toBeGreaterThanOrEqual(4 + 1 + 3 * 6)
    expect(after.levels[2]!.used).toBeLessThanOrEqual(4 + 1 + 8 * 6)
  })

  test('a process that is cut off keeps to its share', async () => {
    const namespace = fresh()
    const replicas = await Promise.all([open(namespace, { heartbeatMs: 50 }), open(namespace, { heartbeatMs: 50 })])
    await until(() => replicas.every((shared) => shared.replicas() === 2))
    const [one, two] = replicas
    granted(await one!.take([money('a', 200, 1000), requests('r', 100)])).hold.settle([200])
    await until(async () => granted(await two!.take([money('a', 0, 1000)])).levels[0]!.used === 200)
    await server?.kill()
    await until(() => replicas.every((shared) => shared.agreement() === 'cut-off'))
    const take = (claim: Claim) => Promise.all(Array.from({ length: 300 }, (_, at) => replicas[at % 2]!.take([claim])))
    expect(grantedOf(await take(money('a', 10, 1000)))).toBe(80)
    const admitted = grantedOf(await take(requests('r', 100)))
    expect(admitted).toBeGreaterThanOrEqual(98)
    expect(admitted).toBeLessThanOrEqual(102)
    expect(grantedOf(await take(slot('s', 11)))).toBe(10)
    await server?.restart()
    await until(() => replicas.every((shared) => shared.agreement() === 'agreed'))
  })

  test('an empty Redis learns balances from the store again, and what runs from those who run it', async () => {
    const namespace = fresh()
    const balances = new Map([['a', 100]])
    const balanceOf = (bucket: string) => nano(balances.get(bucket) ?? 0)
    const [one, two] = await Promise.all([open(namespace, { balanceOf }), open(namespace, { balanceOf })])
    granted(await one.take([money('a', 50, 1000)])).hold.settle([50])
    balances.set('a', 150)
    one.written([{ bucket: 'a', amount: nano(50), balance: nano(150) }])
    granted(await one.take([money('a', 70, 1000), slot('s', 5)]))
    await flush()
    granted(await one.take([money('a', 0, 1000)]))
    await until(() => one.agreement() === 'agreed')
    await two.take([requests('r', 5)])
    await until(() => two.agreement() === 'agreed')
    expect(granted(await two.take([money('a', 0, 1000), slot('s', 5)])).levels).toEqual([
      { used: 150, reserved: 70 },
      { used: 2, reserved: 0 },
    ])
  })

  test('scripts that Redis has lost are brought again', async () => {
    const shared = await open(fresh())
    granted(await shared.take([requests('r', 5)]))
    const client = new Redis(url)
    await client.script('FLUSH')
    client.disconnect()
    expect(granted(await shared.take([requests('r', 5)])).levels[0]?.used).toBe(2)
    expect(shared.agreement()).toBe('agreed')
  })

  test('what others settled and lost is healed by the store', async () => {
    const namespace = fresh()
    const [one, two] = await Promise.all([open(namespace), open(namespace)])
    granted(await one.take([money('a', 10, 100)])).hold.settle([10])
    one.written([{ bucket: 'a', amount: nano(10), balance: nano(90) }])
    await Bun.sleep(30)
    expect(refused(await two.take([money('a', 20, 100)])).level.used).toBe(90)
  })

  test('what the store tells of is known to all, also where the process that hears it never asked', async () => {
    const namespace = fresh()
    const [one, two] = await Promise.all([open(namespace), open(namespace)])
    granted(await one.take([money('a', 10, 100)])).hold.settle([10])
    two.written([{ bucket: 'a', amount: nano(0), balance: nano(70) }])
    await until(async () => granted(await one.take([money('a', 0)])).levels[0]?.used === 70)
    refused(await one.take([money('a', 31, 100)]))
  })

  test('starts without Redis, says so once, and joins when it is there', async () => {
    await server?.kill()
    const lines: string[] = []
    const { ms, value: shared } = await timed(() => open(fresh(), { log: (line) => lines.push(line) }))
    expect(ms).toBeLessThan(1100)
    expect(shared.agreement()).toBe('cut-off')
    const { hold } = granted(await shared.take([money('a', 10, 100), requests('r', 10), slot('s', 1)]))
    await Bun.sleep(200)
    expect(lines.length).toBe(1)
    expect(lines[0]).toContain('out of reach')
    await server?.restart()
    await until(() => shared.agreement() === 'agreed')
    hold.settle([10])
    expect(granted(await shared.take([requests('r', 10), slot('s', 1)])).levels.map(({ used }) => used)).toEqual([2, 1])
    expect(lines.length).toBe(2)
  })

  test('news reach all processes, also after Redis was started again', async () => {
    const namespace = fresh()
    const [one, two] = await Promise.all([open(namespace), open(namespace)])
    const heard: string[] = []
    one.subscribe('keys', (message) => heard.push(`one ${message}`))
    two.subscribe('keys', (message) => heard.push(`two ${message}`))
    const tell = async (message: string) => {
      one.publish('keys', message)
      await until(() => heard.includes(`two ${message}`), 500).catch(() => {})
      return heard.includes(`two ${message}`)
    }
    await until(() => tell('before'))
    await server?.kill()
    await server?.restart()
    await until(() => one.agreement() === 'agreed' && two.agreement() === 'agreed')
    await until(() => tell('after'))
    one.publish('keys', 'last')
    await until(() => heard.includes('two last'))
    expect(heard.filter((line) => line.endsWith('last')).sort()).toEqual(['one last', 'two last'])
  })

  test('a budget whose balance nobody can tell is refused for now', async () => {
    const balanceOf = () => Promise.reject(new Error('down'))
    const shared = await open(fresh(), { balanceOf })
    await expect(Promise.resolve(shared.take([money('a', 1, 10)]))).rejects.toMatchObject({ code: 'store-down' })
    granted(await shared.take([money('b', 1), requests('r', 5)])).hold.settle([1])
    expect(shared.agreement()).toBe('agreed')
  })

  test('a period that begins while the store is down begins with nothing spent, for all', async () => {
    const namespace = fresh()
    const down = { balanceOf: () => Promise.reject(new Error('down')) }
    const [one, two] = await Promise.all([open(namespace, down), open(namespace, down)])
    const before = { ...money('a', 1, 10), beganAt: Date.now() - 60_000 }
    await expect(Promise.resolve(one.take([before]))).rejects.toMatchObject({ code: 'store-down' })
    await Bun.sleep(5)
    const claim = { ...money('b', 6, 10), beganAt: Date.now() }
    granted(await one.take([claim])).hold.settle([6])
    await until(async () => !(await two.take([claim])).granted)
    server?.pause()
    for (let tries = 0; one.agreement() === 'agreed' && tries < 20; tries++) await one.take([requests('r', 1000)])
    expect(one.agreement()).toBe('cut-off')
    await Bun.sleep(5)
    granted(await one.take([{ ...money('c', 1, 10), beganAt: Date.now() }]))
    await expect(Promise.resolve(one.take([{ ...before, bucket: 'd' }]))).rejects.toMatchObject({ code: 'store-down' })
  })

  test('a password never stands in what is logged', async () => {
    const lines: string[] = []
    await open(fresh(), {
      url: url.replace('redis://', 'redis://user:canary-secret@'),
      log: (line) => lines.push(line),
    })
    expect(lines.length).toBe(1)
    expect(lines.join()).not.toContain('canary-secret')
  })
})

async function flush(): Promise<void> {
  const client = new Redis(url)
  await client.flushall()
  client.disconnect()
}
