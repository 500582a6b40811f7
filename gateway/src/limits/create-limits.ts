import { GatewayError } from 'turnpike-core/internal/kernel/faults'
import type { Principal, VirtualKey } from '../vocabulary/principal.ts'
import type { Lease, Limits } from './limits.ts'

const windowMs = 60_000

/** A parallel slot frees when some request ends, nobody knows when: ask again soon. */
const slotRetryMs = 1000

/** What one key has taken. Requests and tokens are of the current window, which begins with its first request. */
interface Counter {
  startedAt: number
  requests: number
  tokens: number
  running: number
}

const unlimited: Lease = { release: () => {}, headers: {} }

/** Limits of this process, in fixed windows of a minute. */
export function createLimits({ now }: { readonly now: () => number }): Limits {
  const counters = new Map<string, Counter>()
  let sweepAt = 10_000

  function counterOf(hash: string, time: number): Counter {
    let counter = counters.get(hash)
    if (!counter) {
      if (counters.size >= sweepAt) sweep(time)
      counter = { startedAt: time, requests: 0, tokens: 0, running: 0 }
      counters.set(hash, counter)
    } else if (time >= counter.startedAt + windowMs) {
      counter.startedAt = time
      counter.requests = 0
      counter.tokens = 0
    }
    return counter
  }

  function sweep(time: number): void {
    for (const [hash, { running, startedAt }] of counters)
      if (running === 0 && time >= startedAt + windowMs) counters.delete(hash)
    sweepAt = Math.max(10_000, counters.size * 2)
  }

  return {
    take(principal: Principal, estimatedTokens: number): Lease {
      if (principal.kind !== 'key') return unlimited
      const { key } = principal
      if (key.rpmLimit === undefined && key.tpmLimit === undefined && key.maxParallelRequests === undefined)
        return unlimited
      const counter = counterOf(key.hash, now())
      check(key, counter, estimatedTokens, now())
      counter.requests++
      counter.tokens += estimatedTokens
      counter.running++
      return { headers: headersOf(key, counter), release: releaseOnce(counter, estimatedTokens) }
    },
  }
}

function releaseOnce(counter: Counter, estimated: number): Lease['release'] {
  const { startedAt } = counter
  let released = false
  return (used) => {
    if (released) return
    released = true
    counter.running--
    // tokens count in the window in which they were let in; what is unknown stays as estimated
    if (used !== undefined && counter.startedAt === startedAt) counter.tokens += used - estimated
  }
}

type Kind = 'requests' | 'tokens' | 'max_parallel_requests'

interface Gauge {
  readonly kind: Kind
  readonly limit: number | undefined
  readonly taken: number
}

function gauges(key: VirtualKey, counter: Counter): readonly Gauge[] {
  return [
    { kind: 'requests', limit: key.rpmLimit, taken: counter.requests },
    { kind: 'tokens', limit: key.tpmLimit, taken: counter.tokens },
    { kind: 'max_parallel_requests', limit: key.maxParallelRequests, taken: counter.running },
  ]
}

/** Throws `rate-limited` for the first limit that would be passed; takes nothing. */
function check(key: VirtualKey, counter: Counter, tokens: number, time: number): void {
  for (const { kind, limit, taken } of gauges(key, counter)) {
    // a request of unknown size still needs room for one token
    const wanted = kind === 'tokens' ? Math.max(1, tokens) : 1
    if (limit !== undefined && taken + wanted > limit) throw exceeded({ key, kind, limit, taken }, counter, time)
  }
}

function exceeded(gauge: Gauge & { readonly key: VirtualKey }, counter: Counter, time: number): GatewayError {
  const { key, kind, limit = 0, taken } = gauge
  const resetAt = counter.startedAt + windowMs
  const shown = new Date(resetAt).toISOString().slice(0, 19).replace('T', ' ')
  return new GatewayError(
    'rate-limited',
    `Rate limit exceeded for api_key: ${key.hash}. Limit type: ${kind}. Current limit: ${limit}, Remaining: ${Math.max(0, limit - taken)}. Limit resets at: ${shown} UTC`,
    {
      kind: 'throttling_error',
      retryAfterMs: kind === 'max_parallel_requests' ? slotRetryMs : Math.max(1, resetAt - time),
    },
  )
}

function headersOf(key: VirtualKey, counter: Counter): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {}
  for (const { kind, limit, taken } of gauges(key, counter)) {
    if (limit === undefined) continue
    headers[`x-ratelimit-api_key-limit-${kind}`] = String(limit)
    headers[`x-ratelimit-api_key-remaining-${kind}`] = String(Math.max(0, limit - taken))
  }
  return headers
}
