import { expect, test } from 'bun:test'
import fc from 'fast-check'
import type { NanoUsd } from 'turnpike-core/internal/kernel/money'
import { usd } from './headers.ts'

/** What a header says, taken apart again without a float. */
function nanosOf(text: string): number {
  const [, sign, whole = '0', rest = ''] = /^(-?)(\d+)\.(\d{1,9})$/.exec(text) ?? []
  return Number(`${sign}${BigInt(whole) * 1_000_000_000n + BigInt(rest.padEnd(9, '0'))}`)
}

test('an amount in a header is exact to the nano-dollar, with a point and without an exponent', () => {
  const amounts = fc.oneof(fc.integer({ min: -5000, max: 5000 }), fc.integer({ min: 0, max: 9_000_000_000_000_000 }))
  fc.assert(
    fc.property(amounts, (amount) => {
      expect(nanosOf(usd(amount as NanoUsd)) + 0).toBe(amount + 0)
    }),
    { numRuns: 5000 },
  )
  expect([0, 1, 1000, 2_500_000, 1_000_000_000].map((amount) => usd(amount as NanoUsd))).toEqual([
    '0.0',
    '0.000000001',
    '0.000001',
    '0.0025',
    '1.0',
  ])
})
