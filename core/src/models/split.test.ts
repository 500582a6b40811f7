import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { isGatewayError } from '../kernel/faults.ts'
import type { NanoUsd } from '../kernel/money.ts'
import { splitCost } from './split.ts'

const nano = (value: number) => value as NanoUsd
const split = (total: number, shares: Record<string, number>) =>
  splitCost(nano(total), shares) as Record<string, number>

const names = fc.uniqueArray(fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', '7')), {
  minLength: 1,
  maxLength: 20,
})
const anySplit = names.chain((list) =>
  fc
    .array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: list.length, maxLength: list.length })
    .map((weights) => {
      const sum = weights.reduce((a, b) => a + b, 0)
      return list.map((name, at) => [name, sum > 0 ? (weights[at] ?? 0) / sum : 1 / list.length] as const)
    }),
)
const amounts = fc.oneof(fc.integer({ min: 0, max: 100 }), fc.maxSafeNat())

describe('a cost split among payers', () => {
  test('adds up to the whole exactly, and no share is a nano-dollar or more off', () => {
    fc.assert(
      fc.property(anySplit, amounts, (payers, total) => {
        const given = split(total, Object.fromEntries(payers))
        expect(Object.values(given).reduce((sum, share) => sum + BigInt(share), 0n)).toBe(BigInt(total))
        expect(Object.keys(given).sort()).toEqual(payers.map(([name]) => name).sort())
        for (const [name, weight] of payers) {
          const share = given[name] ?? Number.NaN
          expect(Number.isSafeInteger(share) && share >= 0).toBe(true)
          // what a double cannot hold of total × weight is allowed for
          expect(Math.abs(share - total * weight)).toBeLessThanOrEqual(1 + total * 1e-12)
        }
      }),
      { numRuns: 300 },
    )
  })

  test('is the same whatever the order of the payers', () => {
    fc.assert(
      fc.property(anySplit, amounts, (payers, total) => {
        expect(split(total, Object.fromEntries(payers.toReversed()))).toEqual(split(total, Object.fromEntries(payers)))
      }),
      { numRuns: 100 },
    )
  })

  test('gives what is left over to the largest fraction, and among equals to the first name', () => {
    expect(split(10, { b: 0.5, a: 0.5 })).toEqual({ a: 5, b: 5 })
    expect(split(1, { b: 0.5, a: 0.5 })).toEqual({ a: 1, b: 0 })
    expect(split(10, { c: 1 / 3, b: 1 / 3, a: 1 / 3 })).toEqual({ a: 4, b: 3, c: 3 })
    expect(split(10, { a: 0.25, b: 0.75 })).toEqual({ a: 3, b: 7 })
    expect(split(99, { a: 0.7, b: 0.3 })).toEqual({ a: 69, b: 30 })
  })

  test('a payer of nothing gets nothing, and a refund is split like a charge', () => {
    expect(split(7, { a: 1, b: 0 })).toEqual({ a: 7, b: 0 })
    expect(split(-10, { a: 0.25, b: 0.75 })).toEqual({ a: -3, b: -7 })
  })

  test('weights may miss 1 by a rounding error', () => {
    expect(split(100, { a: 0.333333, b: 0.333333, c: 0.333334 })).toEqual({ a: 33, b: 33, c: 34 })
    expect(split(3, { a: 0.3333333, b: 0.3333333, c: 0.3333333 })).toEqual({ a: 1, b: 1, c: 1 })
  })

  test.each([
    [{}],
    [{ a: 0.7, b: 0.2 }],
    [{ a: 0.7, b: 0.31 }],
    [{ a: 1.5, b: -0.5 }],
    [{ a: Number.NaN }],
    [{ a: Number.POSITIVE_INFINITY }],
    [JSON.parse('{"a":"1"}') as Record<string, number>],
  ])('shares that are none are refused by name: %j', (shares) => {
    let thrown: unknown
    try {
      split(100, shares)
    } catch (error) {
      thrown = error
    }
    expect(isGatewayError(thrown) && [thrown.code, thrown.detail.param]).toEqual([
      'invalid-request',
      'metadata.cost_split',
    ])
    expect(String(thrown)).toContain('metadata.cost_split')
  })
})
