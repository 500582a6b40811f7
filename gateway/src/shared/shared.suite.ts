import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import type { NanoUsd } from 'turnpike-core/internal/kernel/money'
import type { BalanceOf, Claim, MoneyClaim, Shared, SlotClaim, Taken, WindowClaim } from './shared.ts'

export const nano = (amount: number) => amount as NanoUsd

export const dollar = nano(1_000_000_000)

export const money = (bucket: string, amount: number, limit?: number): MoneyClaim => ({
  kind: 'money',
  bucket,
  amount: nano(amount),
  ...(limit !== undefined && { limit: nano(limit) }),
})

export const requests = (bucket: string, limit: number, windowMs = 60_000): WindowClaim => ({
  kind: 'window',
  bucket,
  amount: 1,
  limit,
  windowMs,
})

export const tokens = (bucket: string, amount: number, limit: number, windowMs = 60_000): WindowClaim => ({
  ...requests(bucket, limit, windowMs),
  amount,
})

export const slot = (bucket: string, limit: number): SlotClaim => ({ kind: 'slot', bucket, limit })

export function granted(taken: Taken): Extract<Taken, { readonly granted: true }> {
  if (!taken.granted) throw new Error(`refused at ${taken.at}: ${JSON.stringify(taken.level)}`)
  return taken
}

export function refused(taken: Taken): Extract<Taken, { readonly granted: false }> {
  if (taken.granted) throw new Error(`granted: ${JSON.stringify(taken.levels)}`)
  return taken
}

export interface Scene {
  readonly shared: Shared
  /** lets time pass, for windows */
  pass(ms: number): Promise<void>
  close(): Promise<void>
}

/** What every implementation of `Shared` must do. */
export function sharedSuite(name: string, open: (balanceOf: BalanceOf) => Promise<Scene>): void {
  describe(name, () => {
    const balances = new Map<string, number>()
    let scene: Scene
    let shared: Shared

    beforeEach(async () => {
      balances.clear()
      scene = await open((bucket) => nano(balances.get(bucket) ?? 0))
      shared = scene.shared
    })
    afterEach(() => scene.close())

    const take = async (...claims: Claim[]) => shared.take(claims)
    /** the level of a bucket of money, without taking anything */
    const levelOf = async (bucket: string) => {
      const { hold, levels } = granted(await take(money(bucket, 0)))
      hold.settle([0])
      return levels[0]
    }

    test('takes all or nothing', async () => {
      const all = [money('a', 40, 100), requests('r', 5), tokens('t', 30, 100), slot('s', 2)]
      granted(await take(...all))
      expect(refused(await take(...all, slot('full', 0))).at).toBe(4)
      expect(await levelOf('a')).toEqual({ used: 0, reserved: 40 })
      const again = granted(await take(...all))
      expect(again.levels.map(({ used }) => used)).toEqual([0, 2, 60, 2])
      expect(again.levels[0]?.reserved).toBe(80)
    })

    test('names the first claim without room, and its level before the claim', async () => {
      granted(await take(money('a', 90, 100)))
      granted(await take(slot('s', 1)))
      const { at, level } = refused(await take(requests('r', 1), money('a', 11, 100), slot('s', 1)))
      expect(at).toBe(1)
      expect(level).toEqual({ used: 0, reserved: 90 })
    })

    test('200 takes at once never pass a budget of a dollar', async () => {
      const price = 9_000_000
      const taken = await Promise.all(Array.from({ length: 200 }, () => take(money('dollar', price, dollar))))
      const holds = taken.flatMap((one) => (one.granted ? [one.hold] : []))
      expect(holds.length).toBe(111)
      for (const hold of holds) hold.settle([price])
      expect(shared.spentIn('dollar')).toBe(nano(111 * price))
      expect(refused(await take(money('dollar', price, dollar))).level).toEqual({ used: 111 * price, reserved: 0 })
      granted(await take(money('dollar', 1_000_000, dollar)))
    })

    test('money that is booked in a bucket without a claim counts there, once', async () => {
      balances.set('user', 500)
      granted(await take(money('user', 1, 1000))).hold.settle([1])
      const both = (amount: number) =>
        [
          ['user', nano(amount)],
          ['team', nano(amount)],
        ] as const
      granted(await take(money('key', 100))).hold.settle([100], both(100))
      expect(await levelOf('user')).toEqual({ used: 601, reserved: 0 })
      // nobody ever asked for this one, and the store does not have it yet
      expect(await levelOf('team')).toEqual({ used: 100, reserved: 0 })
      shared.written([
        { bucket: 'user', amount: nano(101), balance: nano(601) },
        { bucket: 'team', amount: nano(100), balance: nano(100) },
      ])
      expect(await levelOf('user')).toEqual({ used: 601, reserved: 0 })
      expect(await levelOf('team')).toEqual({ used: 100, reserved: 0 })
      refused(await take(money('user', 400, 1000)))
      granted(await take(money('user', 399, 1000)))
    })

    test('the last nano-dollar of a budget is there to be spent, and not one more', async () => {
      const { hold } = granted(await take(money('a', 100, 100)))
      refused(await take(money('a', 1, 100)))
      hold.settle([99])
      granted(await take(money('a', 1, 100)))
      refused(await take(money('a', 1, 100)))
    })

    test('what costs nothing is let in though the budget is gone', async () => {
      granted(await take(money('a', 100, 100))).hold.settle([150])
      granted(await take(money('a', 0, 100)))
      refused(await take(money('a', 1, 100)))
    })

    test('amounts beyond two to the power of fifty keep every nano-dollar', async () => {
      const huge = 2 ** 52
      balances.set('huge', huge)
      granted(await take(money('huge', 1, huge + 2))).hold.settle([1])
      expect(await levelOf('huge')).toEqual({ used: huge + 1, reserved: 0 })
      refused(await take(money('huge', 2, huge + 2)))
    })

    test('a window lets in exactly its limit, and the next one begins anew', async () => {
      const claim = requests('r', 10, 400)
      const taken = await Promise.all(Array.from({ length: 30 }, () => take(claim)))
      expect(taken.filter((one) => one.granted).length).toBe(10)
      const { level } = refused(await take(claim))
      expect(level.used).toBe(10)
      expect(level.resetAt).toBeNumber()
      await scene.pass(450)
      expect(granted(await take(claim)).levels[0]?.used).toBe(1)
    })

    test('a refused request does not begin a window', async () => {
      refused(await take(requests('r', 10, 400), slot('s', 0)))
      await scene.pass(300)
      granted(await take(requests('r', 1, 400)))
      await scene.pass(200)
      refused(await take(requests('r', 1, 400)))
    })

    test('a request of unknown size needs room for one token', async () => {
      granted(await take(tokens('t', 100, 100)))
      refused(await take(tokens('t', 0, 100)))
      granted(await take(tokens('u', 99, 100)))
      expect(granted(await take(tokens('u', 0, 100))).levels[0]?.used).toBe(99)
    })

    test('a window is corrected by what was used, and left alone where that is unknown', async () => {
      granted(await take(tokens('t', 80, 100))).hold.settle([30])
      expect(granted(await take(tokens('t', 20, 100))).levels[0]?.used).toBe(50)
      granted(await take(tokens('u', 80, 100))).hold.settle([undefined])
      refused(await take(tokens('u', 30, 100)))
    })

    test('a correction reaches only the window in which the request was let in', async () => {
      const { hold } = granted(await take(tokens('t', 80, 100, 300)))
      await scene.pass(350)
      granted(await take(tokens('t', 50, 100, 60_000)))
      hold.settle([10])
      expect(granted(await take(tokens('t', 1, 100, 60_000))).levels[0]?.used).toBe(51)
    })

    test('a place is freed once, however often it is settled', async () => {
      const first = granted(await take(slot('s', 2)))
      granted(await take(slot('s', 2)))
      expect(refused(await take(slot('s', 2))).level.used).toBe(2)
      first.hold.settle([])
      first.hold.settle([])
      granted(await take(slot('s', 2)))
      refused(await take(slot('s', 2)))
    })

    test('money is spent once, however often it is settled', async () => {
      const { hold } = granted(await take(money('a', 10, 100)))
      hold.settle([7])
      hold.settle([7])
      expect(await levelOf('a')).toEqual({ used: 7, reserved: 0 })
    })

    test('one bucket may be claimed twice by a request', async () => {
      refused(await take(money('a', 60, 100), money('a', 60, 100)))
      const { hold } = granted(await take(money('a', 50, 100), money('a', 50, 100), requests('r', 2), requests('r', 2)))
      hold.settle([50, 50, undefined, undefined])
      expect(await levelOf('a')).toEqual({ used: 100, reserved: 0 })
      refused(await take(requests('r', 2)))
    })

    test('what the store has is spent already', async () => {
      balances.set('a', 95)
      expect(shared.spentIn('a')).toBeUndefined()
      expect(refused(await take(money('a', 6, 100))).level).toEqual({ used: 95, reserved: 0 })
      granted(await take(money('a', 5, 100)))
      expect(shared.spentIn('a')).toBe(nano(95))
    })

    test('writing what was settled changes nothing of what is spent', async () => {
      granted(await take(money('a', 30, 100))).hold.settle([30])
      balances.set('a', 30)
      shared.written([{ bucket: 'a', amount: nano(30), balance: nano(30) }])
      expect(shared.spentIn('a')).toBe(nano(30))
      expect(await levelOf('a')).toEqual({ used: 30, reserved: 0 })
    })

    test('what the store has beyond what is known counts from then on', async () => {
      granted(await take(money('a', 30, 100))).hold.settle([30])
      shared.written([{ bucket: 'a', amount: nano(0), balance: nano(60) }])
      expect(shared.spentIn('a')).toBe(nano(90))
      refused(await take(money('a', 20, 100)))
    })

    test('a corrected ledger is believed', async () => {
      granted(await take(money('a', 90, 100))).hold.settle([90])
      shared.written([{ bucket: 'a', amount: nano(90), balance: nano(90) }])
      shared.correct('a', nano(10))
      expect(shared.spentIn('a')).toBe(nano(10))
      expect(granted(await take(money('a', 90, 100))).levels[0]).toEqual({ used: 10, reserved: 90 })
    })

    test('a bucket without a limit is counted', async () => {
      granted(await take(money('a', 500))).hold.settle([400])
      expect(shared.spentIn('a')).toBe(nano(400))
    })

    test('who publishes hears himself, until he stops listening', async () => {
      const heard: string[] = []
      const stop = shared.subscribe('keys', (message) => heard.push(message))
      shared.subscribe('other', () => heard.push('wrong topic'))
      shared.publish('keys', 'one')
      await scene.pass(30)
      stop()
      shared.publish('keys', 'two')
      await scene.pass(30)
      expect(heard).toEqual(['one'])
    })
  })
}
