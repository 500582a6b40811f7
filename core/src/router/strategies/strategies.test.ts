import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { type Deployment, defaultSettings } from '../deployment.ts'
import { strategyFor, strategyNames } from './index.ts'
import { latencyBasedRouting } from './latency-based-routing.ts'
import { simpleShuffle } from './simple-shuffle.ts'
import type { Candidate } from './strategy.ts'

function candidate(id: string, more: Partial<Deployment> = {}, timing: Partial<Candidate> = {}): Candidate {
  return { deployment: { id, ...more } as Deployment, inFlight: 0, latencies: [], firstByteLatencies: [], ...timing }
}
const ids = (candidates: readonly Candidate[]) => candidates.map(({ deployment }) => deployment.id)

/** How often each is first, over dice that fall evenly. */
function firsts(candidates: readonly Candidate[], rolls = 1000): Record<string, number> {
  const out: Record<string, number> = {}
  for (let at = 0; at < rolls; at++) {
    const [first = ''] = ids(simpleShuffle.rank(candidates, { stream: false, dice: () => (at + 0.5) / rolls }))
    out[first] = (out[first] ?? 0) + 1
  }
  return out
}

describe('every strategy', () => {
  const made = strategyNames.map((name) => strategyFor({ ...defaultSettings, strategy: name }))
  const anyCandidates = fc
    .array(
      fc.record({
        weight: fc.option(fc.nat(9), { nil: undefined }),
        latencies: fc.array(fc.nat(500), { maxLength: 4 }),
      }),
      { maxLength: 8 },
    )
    .map((list) =>
      list.map(({ weight, latencies }, at) =>
        candidate(`d${at}`, weight === undefined ? {} : { weight }, { latencies }),
      ),
    )
  const dice = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

  test('returns its candidates, each exactly once, and changes nothing', () => {
    fc.assert(
      fc.property(anyCandidates, dice, fc.boolean(), (candidates, roll, stream) => {
        const before = JSON.stringify(candidates)
        for (const strategy of made) {
          const ranked = strategy.rank(candidates, { stream, dice: () => roll })
          expect(ids(ranked).sort()).toEqual(ids(candidates).sort())
        }
        expect(JSON.stringify(candidates)).toBe(before)
      }),
      { numRuns: 200 },
    )
  })

  test('ranks the same for the same candidates and dice', () => {
    fc.assert(
      fc.property(anyCandidates, dice, (candidates, roll) => {
        for (const strategy of made) {
          const rank = () => ids(strategy.rank(candidates, { stream: true, dice: () => roll }))
          expect(rank()).toEqual(rank())
        }
      }),
      { numRuns: 50 },
    )
  })

  test('that nobody knows is refused with those there are', () => {
    expect(() => strategyFor({ ...defaultSettings, strategy: 'fastest' })).toThrow('simple-shuffle')
  })
})

describe('simple-shuffle', () => {
  test('is even without weights', () => {
    expect(firsts([candidate('a'), candidate('b'), candidate('c'), candidate('d')])).toEqual({
      a: 250,
      b: 250,
      c: 250,
      d: 250,
    })
  })

  test('shares by weight', () => {
    expect(firsts([candidate('a', { weight: 9 }), candidate('b', { weight: 1 })])).toEqual({ a: 900, b: 100 })
  })

  test('shares by requests per minute, else by tokens per minute; weight comes before both', () => {
    expect(firsts([candidate('a', { rpm: 300 }), candidate('b', { rpm: 100 })])).toEqual({ a: 750, b: 250 })
    expect(firsts([candidate('a', { tpm: 1 }), candidate('b', { tpm: 4 })])).toEqual({ a: 200, b: 800 })
    expect(firsts([candidate('a', { rpm: 1, weight: 1 }), candidate('b', { rpm: 99, weight: 1 })])).toEqual({
      a: 500,
      b: 500,
    })
  })

  test('one without a weight among those that have one, or with zero, comes only when all others have failed', () => {
    const candidates = [
      candidate('a', { weight: 1 }),
      candidate('none'),
      candidate('zero', { weight: 0 }),
      candidate('b', { weight: 1 }),
    ]
    for (let at = 0; at < 100; at++) {
      const ranked = ids(simpleShuffle.rank(candidates, { stream: false, dice: () => at / 100 }))
      expect(ranked.slice(0, 2).sort()).toEqual(['a', 'b'])
    }
  })

  test('that all weigh nothing is even', () => {
    expect(firsts([candidate('a', { weight: 0 }), candidate('b', { weight: 0 })])).toEqual({ a: 500, b: 500 })
  })
})

describe('latency-based-routing', () => {
  const slow = candidate('slow', {}, { latencies: [100, 120], firstByteLatencies: [10] })
  const fast = candidate('fast', {}, { latencies: [20, 30], firstByteLatencies: [900] })
  const rank = (candidates: readonly Candidate[], { buffer = 0, stream = false, dice = 0 } = {}) =>
    ids(latencyBasedRouting(buffer).rank(candidates, { stream, dice: () => dice }))

  test('the fastest comes first, by the mean of its window', () => {
    expect(rank([slow, fast])).toEqual(['fast', 'slow'])
  })

  test('streams go by the time to their first content', () => {
    expect(rank([slow, fast], { stream: true })).toEqual(['slow', 'fast'])
  })

  test('those that nobody has tried are explored first', () => {
    expect(rank([fast, candidate('new'), slow])).toEqual(['new', 'fast', 'slow'])
  })

  test('those within the buffer share by lot', () => {
    const near = candidate('near', {}, { latencies: [28] })
    expect(rank([fast, near], { buffer: 0 })).toEqual(['fast', 'near'])
    expect(rank([fast, near], { buffer: 0.5, dice: 0 })).toEqual(['fast', 'near'])
    expect(rank([fast, near], { buffer: 0.5, dice: 0.99 })).toEqual(['near', 'fast'])
  })
})
