import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { type Deployment, defaultSettings } from '../deployment.ts'
import { strategyFor, strategyNames } from './index.ts'
import { latencyBasedRouting } from './latency-based-routing.ts'
import { simpleShuffle } from './simple-shuffle.ts'
import type { Candidate } from './strategy.ts'

function candidate(id: string, more: Partial<Deployment> = {}, timing: Partial<Candidate> = {}): Candidate {
  return {
    deployment: { id, ...more } as Deployment,
    inFlight: 0,
    latency: undefined,
    firstByteLatency: undefined,
    ewma: undefined,
    tokensThisMinute: 0,
    requestsThisMinute: 0,
    headroom: 1,
    price: undefined,
    ...timing,
  }
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
  const some = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })
  const anyCandidates = fc
    .array(
      fc.record({
        weight: some(fc.nat(9)),
        inFlight: fc.nat(5),
        latency: some(fc.nat(500)),
        firstByteLatency: some(fc.nat(500)),
        ewma: some(fc.nat(500)),
        tokensThisMinute: fc.nat(9),
        headroom: fc.constantFrom(0, 0.2, 1),
        price: some(fc.nat(3)),
      }),
      { maxLength: 8 },
    )
    .map((list) =>
      list.map(({ weight, ...known }, at) => candidate(`d${at}`, weight === undefined ? {} : { weight }, known)),
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

  test('puts first whom it names as the first', () => {
    fc.assert(
      fc.property(anyCandidates, dice, fc.boolean(), (candidates, roll, stream) => {
        for (const strategy of made) {
          const ranking = { stream, dice: () => roll }
          expect(strategy.first(candidates, ranking)).toBe(strategy.rank(candidates, ranking)[0])
        }
      }),
      { numRuns: 200 },
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
  const slow = candidate('slow', {}, { latency: 110, firstByteLatency: 10 })
  const fast = candidate('fast', {}, { latency: 25, firstByteLatency: 900 })
  const rank = (candidates: readonly Candidate[], { buffer = 0, stream = false, dice = 0 } = {}) =>
    ids(latencyBasedRouting(buffer).rank(candidates, { stream, dice: () => dice }))

  test('the fastest comes first, by its mean', () => {
    expect(rank([slow, fast])).toEqual(['fast', 'slow'])
  })

  test('streams go by the time to their first content', () => {
    expect(rank([slow, fast], { stream: true })).toEqual(['slow', 'fast'])
  })

  test('those that nobody has tried are explored first', () => {
    expect(rank([fast, candidate('new'), slow])).toEqual(['new', 'fast', 'slow'])
  })

  test('those within the buffer share by lot', () => {
    const near = candidate('near', {}, { latency: 28 })
    expect(rank([fast, near], { buffer: 0 })).toEqual(['fast', 'near'])
    expect(rank([fast, near], { buffer: 0.5, dice: 0 })).toEqual(['fast', 'near'])
    expect(rank([fast, near], { buffer: 0.5, dice: 0.99 })).toEqual(['near', 'fast'])
  })
})

/** The order of a strategy by name, with dice that always fall so. */
function order(strategy: string, candidates: readonly Candidate[], ...rolls: number[]): string[] {
  let at = 0
  const dice = () => rolls[Math.min(at++, rolls.length - 1)] ?? 0
  return ids(strategyFor({ ...defaultSettings, strategy }).rank(candidates, { stream: false, dice }))
}

describe('least-busy', () => {
  test('goes by requests under way, and by lot among the least', () => {
    const [idle, idler] = [candidate('idle'), candidate('idler')]
    const busy = candidate('busy', {}, { inFlight: 4 })
    expect(order('least-busy', [busy, idle], 0.99)).toEqual(['idle', 'busy'])
    expect(order('least-busy', [busy, idle, idler], 0.4)[0]).toBe('idle')
    expect(order('least-busy', [busy, idle, idler], 0.6)[0]).toBe('idler')
  })
})

describe.each(['usage-based-routing', 'usage-based-routing-v2'])('%s', (name) => {
  test('goes by the tokens of this minute', () => {
    const candidates = [20, 5, 10].map((tokensThisMinute) => candidate(`${tokensThisMinute}`, {}, { tokensThisMinute }))
    expect(order(name, candidates, 0)).toEqual(['5', '10', '20'])
  })

  test('puts those whose limit is reached last', () => {
    const tokens = candidate('tokens', { tpm: 5 }, { tokensThisMinute: 5 })
    const requests = candidate('requests', { rpm: 1 }, { requestsThisMinute: 1 })
    const free = candidate('free', { tpm: 1000, rpm: 100 }, { tokensThisMinute: 900 })
    expect(order(name, [tokens, requests, free], 0)).toEqual(['free', 'requests', 'tokens'])
  })
})

describe('cost-based-routing', () => {
  test('goes by price, and what has none known comes last', () => {
    const candidates = [candidate('unknown'), candidate('dear', {}, { price: 9 }), candidate('free', {}, { price: 0 })]
    expect(order('cost-based-routing', candidates, 0)).toEqual(['free', 'dear', 'unknown'])
  })
})

describe('rate-limit-aware', () => {
  test('goes by the room that the providers’ limits leave', () => {
    const candidates = [0, 0.2, 0.9].map((headroom) => candidate(`${headroom}`, {}, { headroom }))
    expect(order('rate-limit-aware', candidates, 0)).toEqual(['0.9', '0.2', '0'])
  })
})

describe('power-of-two', () => {
  const busy = candidate('busy', {}, { inFlight: 3, ewma: 10 })
  const slow = candidate('slow', {}, { inFlight: 0, ewma: 50 })
  const idle = candidate('idle', {}, { inFlight: 0, ewma: 10 })

  test('takes the better of the two that are drawn, by requests under way times latency', () => {
    expect(order('power-of-two', [busy, slow, idle], 0, 0).slice(0, 2)).toEqual(['busy', 'slow'])
    expect(order('power-of-two', [busy, slow, idle], 0, 0.9)[0]).toBe('idle')
    expect(order('power-of-two', [busy, slow, idle], 0.5, 0)[0]).toBe('idle')
  })

  test('goes by the requests under way where one was never timed', () => {
    expect(order('power-of-two', [busy, candidate('new')], 0)).toEqual(['new', 'busy'])
    expect(order('power-of-two', [slow, candidate('new', {}, { inFlight: 1 })], 0)).toEqual(['slow', 'new'])
  })

  test('draws every pair alike', () => {
    const candidates = ['a', 'b', 'c', 'd'].map((id) => candidate(id))
    const seen = new Map<string, number>()
    for (let one = 0; one < 12; one++)
      for (let two = 0; two < 12; two++) {
        const pair = order('power-of-two', candidates, (one + 0.5) / 12, (two + 0.5) / 12).slice(0, 2)
        const key = pair.sort().join('')
        seen.set(key, (seen.get(key) ?? 0) + 1)
      }
    expect([...seen.values()]).toEqual([24, 24, 24, 24, 24, 24])
  })
})
