import { describe, expect, test } from 'bun:test'
import { createPace, race } from './hedge.ts'

/** A runner that is told when to come in. */
function runner(name: string) {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const seen = { lost: false }
  return {
    seen,
    finish: () => resolve(name),
    fail: () => reject(new Error(`${name} fell`)),
    result: promise,
    lose: () => void (seen.lost = true),
  }
}

const soon = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5))

describe('a race', () => {
  test('is won by the second where the first is slow, and the first is told', async () => {
    const [first, second] = [runner('first'), runner('second')]
    const won = race({ first, afterMs: 1, second: () => second })
    await soon()
    second.finish()
    expect(await won).toBe('second')
    expect([first.seen.lost, second.seen.lost]).toEqual([true, false])
  })

  test('has no second where the first is quick, or fails at once', async () => {
    for (const end of ['finish', 'fail'] as const) {
      const first = runner('first')
      const won = race({
        first,
        afterMs: 1000,
        second: () => {
          throw new Error('nobody asked for a second')
        },
      }).catch((error: Error) => error.message)
      first[end]()
      expect(await won).toBe(end === 'finish' ? 'first' : 'first fell')
    }
  })

  test('goes on when one falls, and ends with the first one’s failure when both do', async () => {
    const [first, second] = [runner('first'), runner('second')]
    const won = race({ first, afterMs: 1, second: () => second })
    await soon()
    first.fail()
    second.finish()
    expect(await won).toBe('second')
    const [again, both] = [runner('first'), runner('second')]
    const lost = race({ first: again, afterMs: 1, second: () => both }).catch((error: Error) => error.message)
    await soon()
    both.fail()
    again.fail()
    expect(await lost).toBe('first fell')
  })
})

describe('the pace of a group', () => {
  test('lets one call in twenty be doubled, and saves ten at the most', () => {
    const pace = createPace()
    let extra = 0
    for (let call = 0; call < 1000; call++) {
      pace.begin({ after: 10, maxExtra: 0.05 })
      if (pace.takeExtra()) extra++
    }
    expect(extra).toBe(50)
    for (let call = 0; call < 1000; call++) pace.begin({ after: 10, maxExtra: 0.05 })
    const burst = Array.from({ length: 30 }, () => pace.takeExtra()).filter(Boolean).length
    expect(burst).toBe(10)
  })

  test('knows the 95th percentile of recent answers, once there are enough', () => {
    const pace = createPace()
    const hedge = { after: 'p95', maxExtra: 1 } as const
    for (let ms = 1; ms < 20; ms++) pace.answered(ms)
    expect(pace.begin(hedge)).toBeUndefined()
    pace.answered(20)
    expect(pace.begin(hedge)).toBe(19)
    for (let call = 0; call < 200; call++) pace.answered(500)
    expect(pace.begin(hedge)).toBe(500)
  })
})
