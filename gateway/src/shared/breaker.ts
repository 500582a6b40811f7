/** Keeps requests from waiting on somebody who does not answer, and asks now and then whether he is back. */
export interface Breaker {
  /** open: nobody is asked */
  readonly open: boolean
  /** an answer came too late or not at all; enough of them in a row open it */
  failed(reason: string): void
  worked(): void
  /** opens at once, where there is no doubt */
  trip(reason: string): void
  /** he is back: for `probe` to say */
  close(): void
  stop(): void
}

export interface BreakerOptions {
  /** failures in a row that open it */
  readonly most?: number
  readonly probeEveryMs?: number
  /** asks whether he is back, and closes the breaker if so; first at once, then again and again */
  readonly probe: () => Promise<void>
  readonly opened: (reason: string) => void
}

export function createBreaker({ most = 5, probeEveryMs = 500, probe, opened }: BreakerOptions): Breaker {
  let failures = 0
  let open = false
  let probing = false
  let stopped = false
  let timer: ReturnType<typeof setTimeout> | undefined

  function next(ms: number): void {
    if (stopped || probing) return
    clearTimeout(timer)
    timer = setTimeout(() => void attempt(), ms)
    timer.unref?.()
  }

  async function attempt(): Promise<void> {
    probing = true
    await probe().catch(() => {})
    probing = false
    if (open) next(probeEveryMs)
  }

  function trip(reason: string): void {
    if (open || stopped) return
    open = true
    opened(reason)
    next(0)
  }

  return {
    get open() {
      return open
    },
    trip,
    failed(reason) {
      if (++failures >= most) trip(reason)
    },
    worked() {
      failures = 0
    },
    close() {
      failures = 0
      open = false
    },
    stop() {
      stopped = true
      clearTimeout(timer)
    },
  }
}
