/** How much of the recent traffic is retries: beyond its share they would only add to a provider's trouble. */
export interface RetryBudget {
  /** a request came */
  asked(): void
  /** whether one more retry is within the share; counts it if it is */
  take(): boolean
}

const slices = 6
const sliceMs = 10_000

/** Fewer requests within the window say nothing. */
const enoughRequests = 100

/** A budget over the last minute, in slices of ten seconds. */
export function createRetryBudget(share: number, now: () => number): RetryBudget {
  const requests = new Float64Array(slices)
  const retries = new Float64Array(slices)
  let current = Math.floor(now() / sliceMs)

  function place(): number {
    const slice = Math.floor(now() / sliceMs)
    if (slice !== current) {
      // a clock that was set back begins anew
      const gone = slice < current ? slices : Math.min(slices, slice - current)
      for (let step = 0; step < gone; step++) {
        const at = (((slice - step) % slices) + slices) % slices
        requests[at] = retries[at] = 0
      }
      current = slice
    }
    return ((slice % slices) + slices) % slices
  }
  const sum = (counts: Float64Array) => counts.reduce((total, count) => total + count, 0)

  return {
    asked() {
      const at = place()
      requests[at] = (requests[at] ?? 0) + 1
    },
    take() {
      const at = place()
      const all = sum(requests)
      if (all >= enoughRequests && sum(retries) + 1 > share * all) return false
      retries[at] = (retries[at] ?? 0) + 1
      return true
    },
  }
}
