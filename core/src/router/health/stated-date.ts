import type { GatewayError } from '../../kernel/faults.ts'

/** However long a provider says, after this it is asked again. */
export const longestMs = 24 * 3_600_000

/** Out of rotation after an empty account that does not say when it is filled again. */
const unstatedMs = 3_600_000

const opening = /\b(?:resets?|reset time is|renews?|refreshes|regain access|try again|retry|available again)\b/i
const isoDate = /\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?: ?(?:UTC|Z)| ?[+-]\d\d:?\d\d)?)?/
const span =
  /\bin\s+((?:\d+(?:\.\d+)?\s*(?:days?|hours?|minutes?|seconds?|hrs?|mins?|secs?|[dhms])\b[\s,]*(?:and\s+)?)+)/i
const unixTime = /\b(1\d{9})\b/

const unitMs: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000 }

/**
 * Milliseconds until a provider whose account is empty can be asked again: what its headers say, else the date or the time in its
 * words ("resets at 2026-12-01T00:00:00Z", "try again in 3 hours"), else an hour; a day at most.
 */
export function quotaWaitMs(error: GatewayError, now: number): number {
  const wait = error.retryAfterMs ?? statedMs(error.message, now) ?? unstatedMs
  return Math.min(longestMs, Math.max(0, wait))
}

function statedMs(message: string, now: number): number | undefined {
  const from = opening.exec(message)
  if (!from) return undefined
  const said = message.slice(from.index, from.index + 200)
  const date = isoDate.exec(said)?.[0]
  if (date !== undefined) return future(Date.parse(zoned(date)), now)
  const stamp = unixTime.exec(said)?.[1]
  if (stamp !== undefined) return future(Number(stamp) * 1000, now)
  const words = span.exec(said)?.[1]
  if (words === undefined) return undefined
  let sum = 0
  for (const [, amount, unit] of words.matchAll(/(\d+(?:\.\d+)?)\s*([a-z])/gi))
    sum += Number(amount) * (unitMs[(unit ?? '').toLowerCase()] ?? 0)
  return sum > 0 ? sum : undefined
}

/** A date without a zone is in UTC, in a form that every runtime reads. */
function zoned(date: string): string {
  const [day = '', ...rest] = date.replace(/ ?UTC$/, 'Z').split(/[ T]/)
  const time = rest.join('')
  if (time === '' || time === 'Z') return day
  return `${day}T${time}${/(?:Z|[+-]\d\d:?\d\d)$/.test(time) ? '' : 'Z'}`
}

function future(at: number, now: number): number | undefined {
  return Number.isFinite(at) && at > now ? at - now : undefined
}
