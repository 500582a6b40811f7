import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { addUsd, nanoUsd, type PicoUsdPerUnit, picoUsd, subtractUsd, sumTerms, toUsd, zeroUsd } from './money.ts'

describe('money', () => {
  test('takes prices as lists print them', () => {
    expect(picoUsd(0.0375 / 1e6)).toBe(37_500 as PicoUsdPerUnit)
    expect(picoUsd(3e-6)).toBe(3_000_000 as PicoUsdPerUnit)
    expect(picoUsd(1.1e-7)).toBe(110_000 as PicoUsdPerUnit)
    expect(nanoUsd(0.1)).toBe(100_000_000 as typeof zeroUsd)
  })

  test('adds without a rest', () => {
    const tenth = nanoUsd(0.1)
    expect(toUsd(addUsd(addUsd(tenth, tenth), tenth))).toBe(0.3)
    expect(subtractUsd(addUsd(tenth, tenth), nanoUsd(0.2))).toBe(zeroUsd)
  })

  test('rounds a sum once, not each of its terms', () => {
    const rate = 400 as PicoUsdPerUnit
    expect(sumTerms([{ units: 1, rate }])).toBe(0 as typeof zeroUsd)
    expect(
      sumTerms([
        { units: 1, rate },
        { units: 1, rate },
      ]),
    ).toBe(1 as typeof zeroUsd)
    expect(sumTerms([{ units: 1, rate: 500 as PicoUsdPerUnit }])).toBe(1 as typeof zeroUsd)
  })

  test('is exact beyond what a float holds', () => {
    const rate = 999_999_999_999 as PicoUsdPerUnit
    expect(
      sumTerms([
        { units: 9_000_001, rate },
        { units: 3, rate: 7 as PicoUsdPerUnit },
      ]),
    ).toBe(Number((9_000_001n * 999_999_999_999n + 21n + 500n) / 1000n) as typeof zeroUsd)
  })

  test('agrees with big integers for any terms', () => {
    const term = fc.record({ units: fc.nat(10_000_000), rate: fc.nat(2_000_000_000) })
    fc.assert(
      fc.property(fc.array(term, { maxLength: 8 }), (terms) => {
        const exact = terms.reduce((sum, { units, rate }) => sum + BigInt(units) * BigInt(rate), 0n)
        const nano = sumTerms(terms.map(({ units, rate }) => ({ units, rate: rate as PicoUsdPerUnit })))
        expect(BigInt(nano)).toBe((exact + 500n) / 1000n)
      }),
      { numRuns: 500, seed: 3 },
    )
  })
})
