import { GatewayError } from 'turnpike-core/internal/kernel/faults'

export interface ThrottleRules {
  readonly perName: number
  readonly perSource: number
  readonly windowMs: number
  readonly now: () => number
}

/** Counts attempts to log in, in this process. */
export interface Throttle {
  /** Counts an attempt before it is made, so that many at once cannot pass. Throws `rate-limited`; gives back how to take it off again. */
  attempt(name: string, source: string | undefined): () => void
}

const most = 100_000

interface Count {
  attempts: number
  readonly endsAt: number
}

export function createThrottle({ perName, perSource, windowMs, now }: ThrottleRules): Throttle {
  const names = new Map<string, Count>()
  const sources = new Map<string, Count>()

  function countOf(counts: Map<string, Count>, of: string): Count {
    const running = counts.get(of)
    if (running && running.endsAt > now()) return running
    const fresh = { attempts: 0, endsAt: now() + windowMs }
    counts.delete(of)
    counts.set(of, fresh)
    for (const oldest of counts.keys()) {
      if (counts.size <= most) break
      counts.delete(oldest)
    }
    return fresh
  }

  return {
    attempt(name, source) {
      const limits: [Count, number][] = [[countOf(names, name.toLowerCase().slice(0, 256)), perName]]
      if (source !== undefined) limits.push([countOf(sources, source), perSource])
      const full = limits.find(([count, limit]) => count.attempts >= limit)?.[0]
      if (full)
        throw new GatewayError('rate-limited', 'Too many attempts to log in. Try again later.', {
          kind: 'throttling_error',
          retryAfterMs: full.endsAt - now(),
        })
      for (const [count] of limits) count.attempts++
      return () => {
        for (const [count] of limits) count.attempts--
      }
    },
  }
}
