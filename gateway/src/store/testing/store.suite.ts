import { afterEach, describe, expect, test } from 'bun:test'
import { zeroUsd } from 'turnpike-core/internal/kernel/money'
import type { OpenOptions } from '../connections/connect.ts'
import type { Store } from '../store.ts'
import { nano, sampleKey } from './samples.ts'

/** Opens one place again and again. */
export type Opener = (options?: OpenOptions) => Promise<Store>

/** What every store must do as a whole. `place` gives a new, empty place each time. */
export function storeSuite(name: string, place: () => Promise<Opener>): void {
  describe(name, () => {
    const opened: Store[] = []
    afterEach(async () => {
      for (const store of opened.splice(0)) await store.close()
    })
    async function opener(): Promise<Opener> {
      const open = await place()
      return async (options) => {
        const store = await open(options)
        opened.push(store)
        return store
      }
    }

    test('what was put in is there after closing and opening again', async () => {
      const open = await opener()
      const first = await open()
      await first.keys.insert(sampleKey('h1'))
      await first.close()
      const second = await open({ migrate: 'require' })
      expect(await second.keys.find('h1')).toEqual(sampleKey('h1'))
      await second.ping()
    })

    test('an empty database is refused when migrations must have been run', async () => {
      const open = await opener()
      await expect(open({ migrate: 'require' })).rejects.toThrow('turnpike migrate --apply')
      await open()
      await open({ migrate: 'require' })
    })

    test('what is booked is in the balance, and a bucket that nobody has touched holds nothing', async () => {
      const store = await (await opener())()
      expect(await store.balanceOf('key:h1')).toBe(zeroUsd)
      await store.ledger.append([
        {
          id: 'r1',
          endpoint: 'chat.completions',
          startedAt: 1,
          endedAt: 2,
          stream: false,
          keyHash: 'h1',
          tags: ['a'],
          model: 'fast',
          incomplete: false,
          spend: nano(4_000_000_000_000_001),
          outcome: 'answered',
          status: 200,
          attempts: [],
          periods: [],
          metadata: {},
        },
      ])
      expect(await store.balanceOf('key:h1')).toBe(nano(4_000_000_000_000_001))
      expect(await store.balancesOf(['key:h1', 'tag:a', 'key:h2'])).toEqual(
        new Map([
          ['key:h1', nano(4_000_000_000_000_001)],
          ['tag:a', nano(4_000_000_000_000_001)],
        ]),
      )
    })

    test('a closed store says so instead of waiting', async () => {
      const store = await (await opener())()
      await store.close()
      await expect(store.keys.find('h1')).rejects.toThrow()
      await expect(store.ping()).rejects.toThrow()
    })
  })
}
