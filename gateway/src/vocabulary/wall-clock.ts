import { type ResetClock, readTimeOfDay } from './duration.ts'

const dayMs = 86_400_000
const formats = new Map<string, Intl.DateTimeFormat>()

/** Milliseconds after midnight at which the clock's days begin. */
export function resetMsOf({ resetTime }: ResetClock): number {
  return resetTime === undefined ? 0 : (readTimeOfDay(resetTime) ?? 0)
}

/** How far the hands of a clock in that zone are ahead of UTC, in milliseconds. */
export function offsetAt(time: number, timeZone: string): number {
  if (timeZone === 'UTC') return 0
  const second = Math.floor(time / 1000) * 1000
  const at = { year: 0, month: 0, day: 0, hour: 0, minute: 0, second: 0 }
  for (const { type, value } of formatFor(timeZone).formatToParts(second)) {
    if (type in at) at[type as keyof typeof at] = Number(value)
  }
  return Date.UTC(at.year, at.month - 1, at.day, at.hour, at.minute, at.second) - second
}

/**
 * The first moment at which the hands in that zone show `wall` (given as if it were UTC) or have just jumped over it. Where they
 * show it twice, the first time counts.
 */
export function firstInstant(wall: number, timeZone: string): number {
  const before = offsetAt(wall - dayMs, timeZone)
  const after = offsetAt(wall + dayMs, timeZone)
  const early = wall - before
  if (before === after || offsetAt(early, timeZone) === before) return early
  const late = wall - after
  return offsetAt(late, timeZone) === after ? late : changeBetween(wall - dayMs, wall + dayMs, timeZone)
}

/** The moment at which the offset changes, which it does once between the two. */
function changeBetween(from: number, to: number, timeZone: string): number {
  const before = offsetAt(from, timeZone)
  let [low, high] = [from, to]
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (offsetAt(middle, timeZone) === before) low = middle
    else high = middle
  }
  return high
}

function formatFor(timeZone: string): Intl.DateTimeFormat {
  let format = formats.get(timeZone)
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      calendar: 'gregory',
      numberingSystem: 'latn',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    })
    formats.set(timeZone, format)
  }
  return format
}
