import { z } from 'zod'
import { hashOf, isHash } from '../../access/secrets.ts'
import { masterCaller } from '../../store/ledger/row.ts'
import { id, invalid } from '../shapes.ts'

export const dayMs = 86_400_000

/** Days that can be asked for at once. */
export const longestDays = 3660

/** A date of a query, as days since 1970. */
export const date = z
  .string()
  .refine((text) => dayIn(text) !== undefined, 'must be a date as YYYY-MM-DD')
  .transform((text) => dayIn(text) ?? 0)

function dayIn(text: string): number | undefined {
  const time = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN
  return Number.isNaN(time) || new Date(time).toISOString().slice(0, 10) !== text ? undefined : time / dayMs
}

/** A moment, or a date; as the end of a range the last second, or the whole day, counts. */
export const instant = z
  .string()
  .refine((sent) => instantOf(sent) !== undefined, 'must be a time as YYYY-MM-DD HH:MM:SS, or a date')
  .transform((sent) => instantOf(sent) ?? { at: 0, lengthMs: 0 })

function instantOf(sent: string): { readonly at: number; readonly lengthMs: number } | undefined {
  const bare = sent.trim().replace(' ', 'T')
  if (!/^\d{4}-\d\d-\d\d/.test(bare)) return undefined
  const isDate = bare.length === 10
  const zoned = isDate || /(?:Z|[+-]\d\d:?\d\d)$/i.test(bare.slice(10)) ? bare : `${bare}Z`
  const at = Date.parse(zoned)
  if (!Number.isFinite(at)) return undefined
  return { at, lengthMs: isDate ? dayMs : at % 1000 === 0 ? 1000 : 1 }
}

/** A key in a query, by its secret or its hash. */
export const keyHash = id.transform((sent) => (sent === masterCaller || isHash(sent) ? sent : hashOf(sent)))

/** Names with commas between them. */
export const commaList = z
  .string()
  .max(16_384)
  .transform((text) =>
    text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  )

/** Minutes by which local time is behind UTC, as JavaScript's `getTimezoneOffset` gives them: 480 in California, -330 in India. */
export const timezone = z.coerce.number().int().min(-840).max(720)

export const neededDays = { start_date: date, end_date: date } as const
export const maybeDays = { start_date: date.optional(), end_date: date.optional() } as const

/** Whole days, the first and the last of them counted, and the hours that begin in them. */
export interface Days {
  readonly first: number
  readonly last: number
  /** minutes by which local time is ahead of UTC */
  readonly zone: number
  /** `[from, to)`, milliseconds since 1970 */
  readonly from: number
  readonly to: number
}

export function daysBetween(first: number, last: number, behindUtc = 0): Days {
  if (last < first) throw invalid('end_date', 'end_date must not be before start_date.')
  if (last - first >= longestDays) throw invalid('start_date', `At most ${longestDays} days can be summed up at once.`)
  const zone = 0 - behindUtc
  return { first, last, zone, from: first * dayMs - zone * 60_000, to: (last + 1) * dayMs - zone * 60_000 }
}

export interface MaybeDays {
  readonly start_date?: number | undefined
  readonly end_date?: number | undefined
}

/** The days of a query; where it does not say, the last thirty. */
export function usualDays({ start_date, end_date }: MaybeDays, now: number): Days {
  const last = end_date ?? Math.max(Math.floor(now / dayMs), start_date ?? 0)
  return daysBetween(start_date ?? last - 29, last)
}

/** `2026-11-22` */
export function isoDay(day: number): string {
  return new Date(day * dayMs).toISOString().slice(0, 10)
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** `Nov 22` */
export function shortDay(day: number): string {
  const at = new Date(day * dayMs)
  return `${months[at.getUTCMonth()]} ${String(at.getUTCDate()).padStart(2, '0')}`
}
