import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { NanoUsd, PicoUsdPerUnit } from '../kernel/money.ts'
import { type Usage, usageOf } from '../vocabulary/usage.ts'
import { cost, costAsReported, ratesFor, reportedCost } from './cost.ts'
import type { Price, Rates } from './price.ts'

const pico = (value: number) => value as PicoUsdPerUnit
const of = (rates: Record<string, number>): Rates => rates as never
const priced = (rates: Record<string, number>, more: Partial<Price> = {}): Price => ({
  rates: of(rates),
  version: 'test',
  ...more,
})

const tokens = fc.integer({ min: 0, max: 3_000_000 })
const anyUsage: fc.Arbitrary<Usage> = fc
  .record({
    fresh: tokens,
    cacheRead: tokens,
    cacheWrite5m: tokens,
    cacheWrite1h: tokens,
    audioIn: tokens,
    imageIn: tokens,
    text: tokens,
    reasoning: tokens,
    audioOut: tokens,
    imageOut: tokens,
    searches: fc.integer({ min: 0, max: 50 }),
  })
  .map(({ text, searches, ...parts }) =>
    usageOf({
      ...parts,
      output: text + parts.reasoning + parts.audioOut + parts.imageOut,
      calls: { web_search: searches, other: searches },
    }),
  )
const rate = fc.option(fc.integer({ min: 0, max: 600_000_000 }), { nil: undefined })
const anyRates: fc.Arbitrary<Rates> = fc
  .record({
    input: rate,
    output: rate,
    cacheRead: rate,
    cacheWrite5m: rate,
    cacheWrite1h: rate,
    audioIn: rate,
    imageIn: rate,
    reasoning: rate,
    audioOut: rate,
    imageOut: rate,
    request: rate,
    search: rate,
  })
  .map(
    ({ search, ...buckets }) =>
      JSON.parse(
        JSON.stringify({ ...buckets, ...(search !== undefined && { calls: { web_search: search } }) }),
      ) as Rates,
  )
// within a factor of a hundred of one another, as real tiers are
const near = anyRates.map(
  (rates) =>
    JSON.parse(
      JSON.stringify(rates, (_key, value) => (typeof value === 'number' ? 50_000 + (value % 5_000_000) : value)),
    ) as Rates,
)
const anyPrice: fc.Arbitrary<Price> = fc.oneof(
  anyRates.map((rates) => ({ rates, version: 'test' })),
  fc.record({ rates: near, above: tokens, sized: near, flex: near }).map(({ rates, above, sized, flex }) => ({
    rates,
    tiers: [{ aboveInputTokens: above, rates: sized }],
    serviceTiers: { flex },
    version: 'test',
  })),
)
const anyTier = fc.constantFrom(undefined, 'flex', 'default', 'priority')
const context = (serviceTier: string | undefined) => (serviceTier === undefined ? {} : { serviceTier })

/** The same sum by another way: big integers over the filled rates, rounded half up. */
function exact(usage: Usage, price: Price, tier: string | undefined): number {
  const rates = ratesFor(price, usage.input, tier)
  const imageOut = usage.imageOut ?? 0
  const units: [keyof Rates, number][] = [
    ['input', usage.fresh],
    ['cacheRead', usage.cacheRead],
    ['cacheWrite5m', usage.cacheWrite5m],
    ['cacheWrite1h', usage.cacheWrite1h],
    ['audioIn', usage.audioIn],
    ['imageIn', usage.imageIn],
    ['output', usage.output - usage.reasoning - usage.audioOut - imageOut],
    ['reasoning', usage.reasoning],
    ['audioOut', usage.audioOut],
    ['imageOut', imageOut],
    ['request', 1],
  ]
  let sum = 0n
  for (const [bucket, count] of units) sum += BigInt(count) * BigInt((rates[bucket] as number | undefined) ?? 0)
  for (const [name, count] of Object.entries(usage.calls)) sum += BigInt(count) * BigInt(rates.calls?.[name] ?? 0)
  return Number((sum + 500n) / 1000n)
}

describe('the cost of a call', () => {
  test('is the exact sum, rounded once, and its parts add up to it', () => {
    fc.assert(
      fc.property(anyUsage, anyPrice, anyTier, (usage, price, tier) => {
        const found = cost(usage, price, context(tier))
        expect(found.total as number).toBe(exact(usage, price, tier))
        expect(found.input + found.cacheRead + found.cacheWrite + found.output + found.calls).toBe(found.total)
        for (const part of [
          found.input,
          found.cacheRead,
          found.cacheWrite,
          found.output,
          found.calls,
          found.reasoning,
        ]) {
          expect(Number.isSafeInteger(part)).toBe(true)
          expect(part).toBeGreaterThanOrEqual(0)
        }
        expect(found.reasoning).toBeLessThanOrEqual(found.output)
      }),
      { numRuns: 300 },
    )
  })

  test('never falls when more is used at the same rates', () => {
    fc.assert(
      fc.property(anyUsage, anyRates, fc.integer({ min: 1, max: 1000 }), (usage, rates, more) => {
        const price: Price = { rates, version: 'test' }
        const before = cost(usage, price).total
        for (const grown of [
          { ...usage, input: usage.input + more, fresh: usage.fresh + more },
          { ...usage, input: usage.input + more, cacheRead: usage.cacheRead + more },
          { ...usage, output: usage.output + more },
          { ...usage, output: usage.output + more, reasoning: usage.reasoning + more },
          { ...usage, calls: { web_search: (usage.calls.web_search ?? 0) + more } },
        ])
          expect(cost(grown, price).total).toBeGreaterThanOrEqual(before)
      }),
      { numRuns: 100 },
    )
  })

  test('a bucket without a rate of its own is charged as its parent', () => {
    const usage = usageOf({
      cacheRead: 1000,
      cacheWrite5m: 1000,
      cacheWrite1h: 1000,
      audioIn: 1000,
      imageIn: 1000,
      output: 4000,
      reasoning: 1000,
      audioOut: 1000,
      imageOut: 1000,
    })
    const found = cost(usage, priced({ input: 2000, output: 7000 }))
    expect([found.input, found.cacheRead, found.cacheWrite, found.output] as number[]).toEqual([
      4000, 2000, 4000, 28_000,
    ])
    expect(
      cost(usageOf({ cacheWrite1h: 1000 }), priced({ input: 2000, cacheWrite5m: 2500 })).cacheWrite as number,
    ).toBe(2500)
    expect(
      cost(usageOf({ cacheWrite1h: 1000 }), priced({ input: 2000, cacheWrite5m: 2500, cacheWrite1h: 4000 }))
        .cacheWrite as number,
    ).toBe(4000)
  })

  test('cached tokens are charged once, at their own rate', () => {
    const usage = usageOf({ input: 10_000, cacheRead: 8000, output: 500 })
    expect(cost(usage, priced({ input: 1_000_000, cacheRead: 100_000, output: 5_000_000 })).total as number).toBe(
      5_300_000,
    )
  })

  test('reasoning is within output and never added to it', () => {
    const usage = usageOf({ output: 1000, reasoning: 800 })
    const found = cost(usage, priced({ output: 2000 }))
    expect([found.output, found.reasoning] as number[]).toEqual([2000, 1600])
    expect(cost(usage, priced({ output: 2000, reasoning: 3000 })).output as number).toBe(400 + 2400)
  })

  test('what has no rate costs nothing and makes the cost incomplete', () => {
    const price = priced(
      { input: 1000, output: 1000 },
      { rates: { input: pico(1000), calls: { web_search: pico(5_000_000) } } },
    )
    expect(cost(usageOf({ calls: { web_search: 2 } }), price)).toMatchObject({ calls: 10_000, incomplete: false })
    expect(cost(usageOf({ calls: { code: 1 } }), price)).toMatchObject({ calls: 0, incomplete: true })
    expect(cost(usageOf({ calls: { constructor: 1 } }), price)).toMatchObject({ calls: 0, incomplete: true })
    expect(cost(usageOf({ output: 5 }), price)).toMatchObject({ output: 0, incomplete: true })
    expect(cost(usageOf({ input: 5 }), price)).toMatchObject({ input: 5, incomplete: false })
  })

  test('a fee per request is charged once', () => {
    expect(cost(usageOf({ input: 1000 }), priced({ input: 1000, request: 5_000_000_000 }))).toMatchObject({
      input: 1000,
      calls: 5_000_000,
      total: 5_001_000,
    })
  })

  test('fractions of a measured unit are charged as fractions', () => {
    const price: Price = { rates: { calls: { audio_second: pico(100_000_000) } }, version: 'test' }
    expect(cost(usageOf({ calls: { audio_second: 1.25 } }), price).calls as number).toBe(125_000)
  })

  test('amounts beyond what a number multiplies exactly are exact', () => {
    const usage = usageOf({ input: 999_999_999, output: 999_999_999 })
    expect(cost(usage, priced({ input: 599_999_999, output: 599_999_999 })).total as number).toBe(
      Number((999_999_999n * 599_999_999n * 2n + 500n) / 1000n),
    )
  })
})

describe('tiers', () => {
  const price = priced(
    { input: 1000, cacheRead: 100, output: 4000 },
    {
      tiers: [
        { aboveInputTokens: 500_000, rates: of({ input: 3000 }) },
        { aboveInputTokens: 200_000, rates: of({ input: 2000, output: 6000 }) },
      ],
      serviceTiers: { flex: of({ input: 500, output: 2000 }) },
    },
  )
  const rates = (input: number, tier?: string) => {
    const { input: read, cacheRead, output } = ratesFor(price, input, tier)
    return [read, cacheRead, output] as (number | undefined)[]
  }

  test('the largest threshold that is exceeded holds for the whole request', () => {
    expect(rates(200_000)).toEqual([1000, 100, 4000])
    expect(rates(200_001)).toEqual([2000, 100, 6000])
    expect(rates(500_000)).toEqual([2000, 100, 6000])
    expect(rates(500_001)).toEqual([3000, 100, 4000])
  })

  test('cached tokens count for the threshold', () => {
    expect(cost(usageOf({ cacheRead: 200_000, fresh: 1 }), price).rates.input).toBe(pico(2000))
  })

  test('a service tier replaces the rates it names and keeps the others', () => {
    expect(rates(1, 'flex')).toEqual([500, 100, 2000])
    for (const unknown of ['default', 'standard', 'constructor']) expect(rates(1, unknown)).toEqual([1000, 100, 4000])
  })

  test('both together: the service tier grows as the plain rates do', () => {
    expect(rates(200_001, 'flex')).toEqual([1000, 100, 3000])
    expect(rates(500_001, 'flex')).toEqual([1500, 100, 2000])
  })

  test('a service tier priced at a size is taken as it is', () => {
    const own: Price = {
      ...price,
      tiers: [{ aboveInputTokens: 200_000, rates: of({ input: 2000 }), serviceTiers: { flex: of({ input: 1234 }) } }],
    }
    expect(ratesFor(own, 200_001, 'flex').input).toBe(pico(1234))
  })
})

describe('a cost that the provider reports', () => {
  test('is read in dollars and in ticks, with the vendor’s part where the key is the customer’s own', () => {
    expect(reportedCost({ cost: 0.00011915 }) as number).toBe(119_150)
    expect(reportedCost({ cost: { total_cost: 0.00619, request_cost: 0.006 } }) as number).toBe(6_190_000)
    expect(reportedCost({ cost_in_usd_ticks: 11_346_500 }) as number).toBe(1_134_650)
    const details = { upstream_inference_cost: 0.02 }
    expect(reportedCost({ cost: 0.001, is_byok: true, cost_details: details }) as number).toBe(21_000_000)
    expect(reportedCost({ cost: 0.02, is_byok: false, cost_details: details }) as number).toBe(20_000_000)
  })

  test('of zero is a cost, and what is no amount is none', () => {
    expect(reportedCost({ cost: 0 }) as number).toBe(0)
    for (const raw of [undefined, {}, { cost: -1 }, { cost: '5' }, { cost: null }, { cost: {} }, { cost: 1e300 }])
      expect(reportedCost(raw)).toBeUndefined()
  })

  test('is the total, and the parts of the list in proportion add up to it', () => {
    fc.assert(
      fc.property(anyUsage, fc.option(anyPrice), fc.integer({ min: 0, max: 1e12 }), (usage, price, told) => {
        const listed = price ? cost(usage, price) : undefined
        const found = costAsReported(told as NanoUsd, usage, listed)
        expect(found.input + found.cacheRead + found.cacheWrite + found.output + found.calls).toBe(told)
        expect(found).toMatchObject({ total: told, incomplete: false, version: 'reported' } as never)
        expect(found.reasoning).toBeLessThanOrEqual(found.output)
      }),
      { numRuns: 200 },
    )
  })
})
