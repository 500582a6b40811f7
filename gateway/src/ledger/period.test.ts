import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { later, periodAt, readDuration } from './period.ts'

/** Sunday, 22 November 2026, 17:52:24 UTC */
const sunday = Date.UTC(2026, 10, 22, 17, 52, 24)
const utc = (text: string) => Date.parse(`${text}Z`)

describe('durations', () => {
  test.each(['', '30', 'd', '0d', '-1d', '1.5h', '30 d', '1y', 'mo', '30D', '9999999s'])(
    '%p is no duration',
    (text) => {
      expect(readDuration(text)).toBeUndefined()
    },
  )

  test.each([
    ['30s', '2026-11-22T17:52:54'],
    ['5m', '2026-11-22T17:57:24'],
    ['12h', '2026-11-23T05:52:24'],
    ['7d', '2026-11-29T17:52:24'],
    ['2w', '2026-12-06T17:52:24'],
    ['1mo', '2026-12-22T17:52:24'],
    ['14mo', '2028-01-22T17:52:24'],
  ])('%s after the 22nd of November is %s', (text, expected) => {
    expect(later(sunday, readDuration(text)!)).toBe(utc(expected))
  })

  test('a month after the 31st of January is the last day of February', () => {
    expect(later(utc('2028-01-31T08:00:00'), { count: 1, unit: 'mo' })).toBe(utc('2028-02-29T08:00:00'))
  })
})

describe('periods', () => {
  test.each([
    ['45s', '2026-11-22T17:52:30'],
    ['10m', '2026-11-22T18:00:00'],
    ['1h', '2026-11-22T18:00:00'],
    ['24h', '2026-11-23T00:00:00'],
    ['1d', '2026-11-23T00:00:00'],
    ['7d', '2026-11-23T00:00:00'],
    ['1w', '2026-11-23T00:00:00'],
    ['30d', '2026-12-01T00:00:00'],
    ['1mo', '2026-12-01T00:00:00'],
    ['3mo', '2027-01-01T00:00:00'],
    ['12mo', '2027-01-01T00:00:00'],
  ])('the period of %s ends at %s', (text, expected) => {
    expect(periodAt(readDuration(text)!, sunday).endsAt).toBe(utc(expected))
  })

  test('every moment lies in exactly one period: the next begins where one ends', () => {
    const duration = fc.record({
      count: fc.integer({ min: 1, max: 400 }),
      unit: fc.constantFrom('s', 'm', 'h', 'd', 'w', 'mo' as const),
    })
    fc.assert(
      fc.property(duration, fc.integer({ min: Date.UTC(2020, 0), max: Date.UTC(2060, 0) }), (length, time) => {
        const { index, endsAt } = periodAt(length, time)
        expect(endsAt).toBeGreaterThan(time)
        expect(periodAt(length, endsAt - 1).index).toBe(index)
        expect(periodAt(length, endsAt).index).toBe(index + 1)
      }),
    )
  })
})
