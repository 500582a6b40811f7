import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { type Duration, later, type ResetClock, readDuration, utcClock } from './duration.ts'
import { type Period, periodAt } from './period.ts'

const hourMs = 3_600_000
/** Sunday, 22 November 2026, 17:52:24 UTC */
const sunday = Date.UTC(2026, 10, 22, 17, 52, 24)
const utc = (text: string) => Date.parse(`${text}Z`)
const read = (text: string): Duration => readDuration(text) ?? { count: 1, unit: 'd' }
const at = (text: string, time: number, clock: ResetClock = utcClock) => periodAt(read(text), time, clock)

/** All periods from the one that `from` lies in up to the one that `to` lies in, each found by where the last one ended. */
function periodsOver(duration: string, [from, to]: readonly [number, number], clock: ResetClock): Period[] {
  const periods: Period[] = []
  for (let time = from; time <= to; time = periods.at(-1)?.endsAt ?? to + 1) periods.push(at(duration, time, clock))
  return periods
}

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
    expect(later(sunday, read(text))).toBe(utc(expected))
  })

  test('a month after the 31st of January is the last day of February', () => {
    expect(later(utc('2028-01-31T08:00:00'), { count: 1, unit: 'mo' })).toBe(utc('2028-02-29T08:00:00'))
  })
})

describe('periods', () => {
  test.each([
    ['45s', '2026-11-22T17:52:30', /^\d+$/],
    ['10m', '2026-11-22T18:00:00', /^\d+$/],
    ['1h', '2026-11-22T18:00:00', /^\d+$/],
    ['24h', '2026-11-23T00:00:00', /^2026-11-22$/],
    ['1d', '2026-11-23T00:00:00', /^2026-11-22$/],
    ['7d', '2026-11-23T00:00:00', /^2026-11-16$/],
    ['1w', '2026-11-23T00:00:00', /^2026-11-16$/],
    ['30d', '2026-12-01T00:00:00', /^2026-11-01$/],
    ['1mo', '2026-12-01T00:00:00', /^2026-11-01$/],
    ['3mo', '2027-01-01T00:00:00', /^2026-10-01$/],
    ['12mo', '2027-01-01T00:00:00', /^2026-01-01$/],
  ])('the period of %s ends at %s and is named after its start', (text, ends, name) => {
    expect(at(text, sunday).endsAt).toBe(utc(ends))
    expect(at(text, sunday).name).toMatch(name)
  })

  test.each([
    ['1d', 'Europe/Berlin', undefined, '2026-11-22T23:00:00'],
    ['1d', 'America/New_York', undefined, '2026-11-23T05:00:00'],
    ['1d', 'Asia/Kolkata', undefined, '2026-11-22T18:30:00'],
    ['1d', 'Asia/Kolkata', '23:30', '2026-11-22T18:00:00'],
    ['1d', 'Asia/Kolkata', '23:15', '2026-11-23T17:45:00'],
    ['7d', 'Europe/Berlin', '06:30:15', '2026-11-23T05:30:15'],
    ['1mo', 'America/New_York', '06:00', '2026-12-01T11:00:00'],
    // shorter than a day: no zone, no time of day
    ['7h', 'Asia/Kolkata', '06:00', '2026-11-22T19:00:00'],
  ])('the period of %s in %s from %s on ends at %s UTC', (text, timeZone, resetTime, ends) => {
    expect(at(text, sunday, { timeZone, resetTime }).endsAt).toBe(utc(ends))
  })

  test('before the reset time it is still the day before', () => {
    const clock = { timeZone: 'Europe/Berlin', resetTime: '06:00' }
    expect(at('1d', utc('2026-10-05T03:59:59'), clock).name).toBe('2026-10-04')
    expect(at('1d', utc('2026-10-05T04:00:00'), clock).name).toBe('2026-10-05')
  })

  test('the same duration by two clocks is two periods, whichever was asked first', () => {
    const berlin = { timeZone: 'Europe/Berlin' }
    const late = utc('2026-11-22T23:30:00')
    expect([at('1d', late).name, at('1d', late, berlin).name, at('1d', late).name]).toEqual([
      '2026-11-22',
      '2026-11-23',
      '2026-11-22',
    ])
  })

  test('one that was asked for again is the same value, until it ends', () => {
    const first = at('1d', sunday)
    expect(at('1d', first.endsAt - 1)).toBe(first)
    expect(at('1d', first.endsAt)).not.toBe(first)
    // a clock that was set back, as when a test or a machine does it
    expect(at('1d', first.startsAt - 1).name).toBe('2026-11-21')
  })
})

describe('days on which the hands are moved', () => {
  test.each([
    ['Europe/Berlin', '2026-03-29', 23],
    ['Europe/Berlin', '2026-10-25', 25],
    ['America/New_York', '2026-03-08', 23],
    ['America/New_York', '2026-11-01', 25],
    ['Australia/Lord_Howe', '2026-04-05', 24.5],
    ['Australia/Lord_Howe', '2026-10-04', 23.5],
    ['Asia/Kolkata', '2026-03-29', 24],
    // midnight does not exist: the day begins at one o'clock
    ['America/Sao_Paulo', '2018-11-04', 23],
    // the last hour before midnight comes twice
    ['America/Sao_Paulo', '2018-02-17', 25],
    // one minute after midnight it is the day before again: the day has begun all the same
    ['America/St_Johns', '2010-11-07', 25],
  ])('in %s the %s has %d hours', (timeZone, name, hours) => {
    const period = at('1d', utc(`${name}T12:00:00`), { timeZone })
    expect(period.name).toBe(name)
    expect((period.endsAt - period.startsAt) / hourMs).toBe(hours)
  })

  test('a day that was left out has no period', () => {
    const clock = { timeZone: 'Pacific/Apia' }
    const around = periodsOver('1d', [utc('2011-12-29T00:00:00'), utc('2012-01-01T00:00:00')], clock)
    expect(around.map(({ name }) => name)).toEqual(['2011-12-28', '2011-12-29', '2011-12-31', '2012-01-01'])
    expect(new Set(around.map(({ startsAt, endsAt }) => endsAt - startsAt))).toEqual(new Set([24 * hourMs]))
  })
})

const zones: readonly (readonly [string, readonly [number, number]])[] = [
  ['Europe/Berlin', [utc('2026-01-01T00:00:00'), utc('2027-12-31T00:00:00')]],
  ['America/New_York', [utc('2026-01-01T00:00:00'), utc('2027-12-31T00:00:00')]],
  ['Asia/Kolkata', [utc('2026-01-01T00:00:00'), utc('2027-12-31T00:00:00')]],
  ['Australia/Lord_Howe', [utc('2026-01-01T00:00:00'), utc('2027-12-31T00:00:00')]],
  ['America/Sao_Paulo', [utc('2018-01-01T00:00:00'), utc('2019-12-31T00:00:00')]],
  ['Pacific/Apia', [utc('2011-01-01T00:00:00'), utc('2012-12-31T00:00:00')]],
]
const written = fc.oneof(
  fc.constantFrom('1d', '24h', '7d', '1w', '30d', '1mo', '90m', '36h', '48h'),
  fc
    .record({ count: fc.integer({ min: 1, max: 400 }), unit: fc.constantFrom('s', 'm', 'h', 'd', 'w', 'mo') })
    .map(({ count, unit }) => `${count}${unit}`),
)

describe.each(zones)('in %s', (timeZone, [first, last]) => {
  test('the days of two years add up to them, each beginning at midnight or where there is none', () => {
    const days = periodsOver('1d', [first, last], { timeZone })
    const total = days.reduce((sum, { startsAt, endsAt }) => sum + endsAt - startsAt, 0)
    expect(total).toBe((days.at(-1)?.endsAt ?? 0) - (days[0]?.startsAt ?? 0))
    expect(new Set(days.map(({ name }) => name)).size).toBe(days.length)
    const clock = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short' })
    expect(days.filter(({ name, startsAt }) => clock.format(startsAt) !== name)).toEqual([])
  })

  test('every moment lies in exactly one period, and the next begins where it ends', () => {
    const times = fc.integer({ min: first, max: last })
    const resets = fc.constantFrom(undefined, '00:30', '02:30', '23:59:59')
    fc.assert(
      fc.property(written, times, resets, (duration, time, resetTime) => {
        const clock = { timeZone, resetTime }
        const period = at(duration, time, clock)
        expect(period.startsAt).toBeLessThanOrEqual(time)
        expect(period.endsAt).toBeGreaterThan(time)
        // by clocks of their own, so that nothing is remembered
        expect(at(duration, period.startsAt, { ...clock })).toEqual(period)
        expect(at(duration, period.endsAt - 1, { ...clock })).toEqual(period)
        const next = at(duration, period.endsAt, { ...clock })
        expect(next.startsAt).toBe(period.endsAt)
        expect(next.name).not.toBe(period.name)
        expect(at(duration, period.startsAt - 1, { ...clock }).endsAt).toBe(period.startsAt)
      }),
      { numRuns: 150 },
    )
  })
})
