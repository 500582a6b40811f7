const dayMs = 86_400_000
const unitMs = { s: 1000, m: 60_000, h: 3_600_000, d: dayMs, w: 7 * dayMs } as const

/** A length of time as LiteLLM writes it: `30s`, `5m`, `12h`, `7d`, `2w`, `1mo`. */
export interface Duration {
  readonly count: number
  readonly unit: keyof typeof unitMs | 'mo'
}

/** By which clock the periods of budgets turn: an IANA zone, and the time of day (`HH:MM` or `HH:MM:SS`; midnight where absent). */
export interface ResetClock {
  readonly timeZone: string
  readonly resetTime?: string | undefined
}

/** Midnight in UTC, where nothing else is configured. */
export const utcClock: ResetClock = { timeZone: 'UTC' }

const written = /^([1-9]\d{0,5})(s|mo|m|h|d|w)$/

/** Reads `<int>s|m|h|d|w|mo`; undefined when it is anything else. */
export function readDuration(text: string): Duration | undefined {
  const [, count, unit] = written.exec(text) ?? []
  return count === undefined ? undefined : { count: Number(count), unit: unit as Duration['unit'] }
}

/** Its length in milliseconds; undefined for months, which differ. */
export function fixedMs({ count, unit }: Duration): number | undefined {
  return unit === 'mo' ? undefined : count * unitMs[unit]
}

/** The moment that lies a duration after another. Months are calendar months; the day is the last one where a month is shorter. */
export function later(from: number, { count, unit }: Duration): number {
  if (unit !== 'mo') return from + count * unitMs[unit]
  const date = new Date(from)
  const day = date.getUTCDate()
  date.setUTCMonth(date.getUTCMonth() + count, 1)
  const last = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate()
  return date.setUTCDate(Math.min(day, last))
}

const timeOfDay = /^([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?$/

/** Reads `HH:MM` or `HH:MM:SS` as milliseconds after midnight; undefined when it is anything else. */
export function readTimeOfDay(text: string): number | undefined {
  const [, hours, minutes, seconds = '0'] = timeOfDay.exec(text) ?? []
  return hours === undefined ? undefined : Number(hours) * 3_600_000 + Number(minutes) * 60_000 + Number(seconds) * 1000
}

/** Whether this is the name of a time zone, as the IANA database has them. */
export function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}
