const dayMs = 86_400_000
const unitMs = { s: 1000, m: 60_000, h: 3_600_000, d: dayMs, w: 7 * dayMs } as const

/** A length of time as LiteLLM writes it: `30s`, `5m`, `12h`, `7d`, `2w`, `1mo`. */
export interface Duration {
  readonly count: number
  readonly unit: keyof typeof unitMs | 'mo'
}

const written = /^([1-9]\d{0,5})(s|mo|m|h|d|w)$/

/** Reads `<int>s|m|h|d|w|mo`; undefined when it is anything else. */
export function readDuration(text: string): Duration | undefined {
  const [, count, unit] = written.exec(text) ?? []
  return count === undefined ? undefined : { count: Number(count), unit: unit as Duration['unit'] }
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

/** One turn of a budget: its number is part of the bucket's name, so that a reset is a matter of the clock and never of a job. */
export interface Period {
  readonly index: number
  /** milliseconds since 1970: the first moment of the next one */
  readonly endsAt: number
}

/**
 * The period of a budget that a moment lies in, in UTC: `1d` begins at midnight, `7d` and `1w` on Monday, `30d` and `1mo` on the
 * first of the month; other lengths are counted from 1970 (weeks from its first Monday, months from its January).
 */
export function periodAt({ count, unit }: Duration, time: number): Period {
  if (unit === 'mo' || (unit === 'd' && count === 30)) return months(unit === 'mo' ? count : 1, time)
  if (unit === 'w' || (unit === 'd' && count === 7))
    return fixed(unitMs.w * (unit === 'w' ? count : 1), time, firstMonday)
  return fixed(unitMs[unit] * count, time, 0)
}

/** 5 January 1970 */
const firstMonday = 4 * dayMs

function fixed(length: number, time: number, origin: number): Period {
  const index = Math.floor((time - origin) / length)
  return { index, endsAt: origin + (index + 1) * length }
}

function months(count: number, time: number): Period {
  const date = new Date(time)
  const index = Math.floor(((date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth()) / count)
  return { index, endsAt: Date.UTC(1970, (index + 1) * count) }
}
