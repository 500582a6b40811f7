import { type Duration, fixedMs, type ResetClock } from './duration.ts'
import { firstInstant, offsetAt, resetMsOf } from './wall-clock.ts'

export { type Duration, later, readDuration } from './duration.ts'

const dayMs = 86_400_000

/** One turn of a budget, from its first millisecond up to the first of the next one. */
export interface Period {
  /** Part of the bucket's name, so that a reset is a matter of the clock and never of a job: the same in every process, another in every period. */
  readonly name: string
  /** milliseconds since 1970 */
  readonly startsAt: number
  readonly endsAt: number
}

/** How many durations a clock's cache remembers the current period of; more are computed each time they are first met again. */
const most = 1000
const current = new WeakMap<ResetClock, Map<number, Period>>()
const units = { s: 0, m: 1, h: 2, d: 3, w: 4, mo: 5 } as const

/**
 * The period of a budget that a moment lies in. By the clock's zone and time of day: `1d` and `24h` begin every day, `7d` and `1w` on
 * Monday, `30d` and `1mo` on the first of the month, others in whole days, weeks or months are counted from January 1970. What is no
 * whole number of days is counted from 1970 in UTC and knows no zone.
 */
export function periodAt(duration: Duration, time: number, clock: ResetClock): Period {
  const periods = remembered(clock)
  const key = duration.count * 8 + units[duration.unit]
  const known = periods.get(key)
  if (known && time < known.endsAt && time >= known.startsAt) return known
  if (periods.size >= most) periods.clear()
  const period = compute(duration, time, clock)
  periods.set(key, period)
  return period
}

function remembered(clock: ResetClock): Map<number, Period> {
  const known = current.get(clock)
  if (known) return known
  const empty = new Map<number, Period>()
  current.set(clock, empty)
  return empty
}

function compute(duration: Duration, time: number, clock: ResetClock): Period {
  const turn = turnOf(duration)
  return turn ? calendarPeriod(turn, time, clock) : fixedPeriod(fixedMs(duration) ?? dayMs, time)
}

function fixedPeriod(length: number, time: number): Period {
  const index = Math.floor(time / length)
  return { name: String(index), startsAt: index * length, endsAt: (index + 1) * length }
}

/** Periods by the calendar: which day (counted from 1 January 1970) the one with a number begins on, and which one a day is in. */
interface Turn {
  firstDay(index: number): number
  indexOf(day: number): number
}

/** 5 January 1970 */
const firstMonday = 4

/** Undefined: no whole number of days. */
function turnOf(duration: Duration): Turn | undefined {
  const { count, unit } = duration
  if (unit === 'mo') return months(count)
  if (unit === 'w') return days(7 * count, firstMonday)
  if (unit === 'd' && count === 30) return months(1)
  if (unit === 'd' && count === 7) return days(7, firstMonday)
  const length = (fixedMs(duration) ?? 0) / dayMs
  return Number.isInteger(length) ? days(length, 0) : undefined
}

function days(length: number, origin: number): Turn {
  return {
    firstDay: (index) => origin + index * length,
    indexOf: (day) => Math.floor((day - origin) / length),
  }
}

function months(count: number): Turn {
  return {
    firstDay: (index) => Date.UTC(1970, index * count) / dayMs,
    indexOf(day) {
      const date = new Date(day * dayMs)
      return Math.floor(((date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth()) / count)
    },
  }
}

function calendarPeriod(turn: Turn, time: number, clock: ResetClock): Period {
  const resetMs = resetMsOf(clock)
  const startOf = (index: number) => firstInstant(turn.firstDay(index) * dayMs + resetMs, clock.timeZone)
  const wall = time + offsetAt(time, clock.timeZone) - resetMs
  // the hands may have been moved since the period began, and a day that was left out has no length: the bounds decide, not the hands
  let index = turn.indexOf(Math.floor(wall / dayMs))
  while (startOf(index) > time) index--
  while (startOf(index + 1) <= time) index++
  return {
    name: new Date(turn.firstDay(index) * dayMs).toISOString().slice(0, 10),
    startsAt: startOf(index),
    endsAt: startOf(index + 1),
  }
}
