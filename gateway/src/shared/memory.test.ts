import { describe, expect, test } from 'bun:test'
import { createMemoryShared } from './memory.ts'
import { granted, money, nano, refused, requests, sharedSuite, slot, tokens } from './shared.suite.ts'

sharedSuite('Shared in memory', async (balanceOf) => {
  const clock = { now: Date.UTC(2026, 10, 22, 12) }
  const shared = createMemoryShared({ balanceOf, now: () => clock.now })
  return {
    shared,
    async pass(ms) {
      clock.now += ms
      await Promise.resolve()
    },
    close: () => shared.close(),
  }
})

describe('a store that takes its time', () => {
  const now = () => 0

  test('is asked once for each bucket, and makes only the first requests wait', async () => {
    let asked = 0
    const balanceOf = async () => {
      asked++
      await Bun.sleep(5)
      return nano(40)
    }
    const shared = createMemoryShared({ balanceOf, now })
    const taken = await Promise.all(Array.from({ length: 10 }, () => shared.take([money('a', 10, 100)])))
    expect(taken.filter((one) => one.granted).length).toBe(6)
    expect(asked).toBe(1)
    expect(shared.take([money('a', 10, 100)])).not.toBeInstanceOf(Promise)
  })

  test('refuses for now what has a budget that nobody can tell, and lets in what has none', async () => {
    const shared = createMemoryShared({ balanceOf: () => new Promise(() => {}), now, waitMs: 20 })
    await expect(Promise.resolve(shared.take([money('a', 10, 100)]))).rejects.toMatchObject({ code: 'store-down' })
    granted(await shared.take([money('b', 10)])).hold.settle([10])
    expect(shared.spentIn('b')).toBeUndefined()
  })

  test('lets in what has a budget whose period began since, for nothing can have been spent in it', async () => {
    const shared = createMemoryShared({ balanceOf: () => new Promise(() => {}), now: () => 1000, waitMs: 5 })
    const old = shared.take([{ ...money('a', 10, 100), beganAt: 1000 }])
    await expect(Promise.resolve(old)).rejects.toMatchObject({ code: 'store-down' })
    granted(await shared.take([{ ...money('b', 60, 100), beganAt: 1001 }])).hold.settle([60])
    refused(await shared.take([{ ...money('b', 60, 100), beganAt: 1001 }]))
  })

  test('is believed when it answers after all, beside what was settled meanwhile', async () => {
    const answer = Promise.withResolvers<ReturnType<typeof nano>>()
    const shared = createMemoryShared({ balanceOf: () => answer.promise, now, waitMs: 10 })
    granted(await shared.take([money('a', 10)])).hold.settle([10])
    answer.resolve(nano(5))
    await Bun.sleep(1)
    expect(shared.spentIn('a')).toBe(nano(15))
  })

  test('is asked again after it failed', async () => {
    let down = true
    const balanceOf = async () => {
      if (down) throw new Error('down')
      return nano(0)
    }
    const shared = createMemoryShared({ balanceOf, now })
    await expect(Promise.resolve(shared.take([money('a', 10, 100)]))).rejects.toMatchObject({ code: 'store-down' })
    down = false
    granted(await shared.take([money('a', 10, 100)]))
  })
})

describe('many buckets', () => {
  test('are forgotten when nobody uses them, and those in use are not', async () => {
    const stored = new Map<string, number>()
    let asked = 0
    const balanceOf = (bucket: string) => {
      asked++
      return nano(stored.get(bucket) ?? 0)
    }
    const shared = createMemoryShared({ balanceOf, now: () => 0, most: 100 })
    const held = granted(await shared.take([money('held', 60, 100)]))
    granted(await shared.take([money('pending', 60, 100)])).hold.settle([60])
    for (let at = 0; at < 1000; at++) granted(await shared.take([money(`idle-${at}`, 1)])).hold.settle([0])
    refused(await shared.take([money('held', 60, 100)]))
    refused(await shared.take([money('pending', 60, 100)]))
    held.hold.settle([60])
    expect(shared.spentIn('held')).toBe(nano(60))
    const before = asked
    granted(await shared.take([money('idle-0', 1)]))
    expect(asked).toBe(before + 1)
  })

  test('a windowful that ended leaves no trace', async () => {
    const clock = { now: 0 }
    const shared = createMemoryShared({ balanceOf: () => nano(0), now: () => clock.now, most: 100 })
    granted(await shared.take([requests('kept', 1, 100_000)]))
    for (let at = 0; at < 1000; at++) {
      clock.now += 10
      granted(await shared.take([requests(`r-${at}`, 1, 50), slot(`s-${at}`, 1)])).hold.settle([])
    }
    refused(await shared.take([requests('kept', 1, 100_000)]))
  })
})

test('a request with twelve claims is let in and settled within microseconds', async () => {
  const shared = createMemoryShared({ balanceOf: () => nano(0), now: Date.now })
  const claims = Array.from({ length: 4 }, (_, at) => [
    money(`m${at}`, 10, 1e12),
    tokens(`t${at}`, 10, 1e12),
    slot(`s${at}`, 1e9),
  ]).flat()
  const amounts = claims.map(() => 5)
  const rounds = 20_000
  const started = performance.now()
  for (let at = 0; at < rounds; at++) granted(await shared.take(claims)).hold.settle(amounts)
  // ten times what it takes on a slow machine: this is for what went wrong altogether
  expect(((performance.now() - started) / rounds) * 1000).toBeLessThan(60)
})
