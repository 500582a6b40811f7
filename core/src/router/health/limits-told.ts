import { durationMs } from '../../formats/recognition.ts'

/** What a provider's answer says of its limits. */
export interface LimitsTold {
  /** the smallest share that is left of any of them: 1 is all, 0 nothing */
  readonly headroom: number
  /** milliseconds until the one with the least left is whole again */
  readonly resetMs: number
}

/** Where no reset is told: the limits are by the minute. */
const usualResetMs = 60_000

/**
 * Names of the headers: https://platform.openai.com/docs/guides/rate-limits#rate-limits-in-headers,
 * https://docs.anthropic.com/en/api/rate-limits#response-headers
 */
const named: readonly { readonly limit: string; readonly remaining: string; readonly reset: string }[] = [
  ...['requests', 'tokens'].map((what) => ({
    limit: `x-ratelimit-limit-${what}`,
    remaining: `x-ratelimit-remaining-${what}`,
    reset: `x-ratelimit-reset-${what}`,
  })),
  ...['requests', 'tokens', 'input-tokens', 'output-tokens'].map((what) => ({
    limit: `anthropic-ratelimit-${what}-limit`,
    remaining: `anthropic-ratelimit-${what}-remaining`,
    reset: `anthropic-ratelimit-${what}-reset`,
  })),
]

/** Reads the rate limit headers; undefined where there are none. */
export function limitsTold(headers: Headers, now: number): LimitsTold | undefined {
  let least: LimitsTold | undefined
  for (const { limit, remaining, reset } of named) {
    const left = Number(headers.get(remaining) ?? Number.NaN)
    const all = Number(headers.get(limit) ?? Number.NaN)
    if (!(left >= 0) || !(all > 0)) continue
    const headroom = Math.min(1, left / all)
    if (!least || headroom < least.headroom) least = { headroom, resetMs: resetIn(headers.get(reset), now) }
  }
  return least
}

function resetIn(text: string | null, now: number): number {
  if (text === null) return usualResetMs
  const ms = durationMs(text) ?? Date.parse(text) - now
  return Number.isFinite(ms) ? Math.max(0, ms) : usualResetMs
}
