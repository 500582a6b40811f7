import type { Hedge } from '../settings.ts'

/** One runner of a race. */
export interface Runner<T> {
  readonly result: Promise<T>
  /** it has lost: whatever it still does is stopped, and its result is nobody's */
  lose(): void
}

export interface Race<T> {
  readonly first: Runner<T>
  readonly afterMs: number
  /** starts the second, if there is one that may; called at most once, when the first has been slow */
  second(): Runner<T> | undefined
}

/** Whoever succeeds first; the failure of the first where both fail. A failure before the second has started ends the race. */
export async function race<T>({ first, afterMs, second }: Race<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const slow = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), afterMs)
  })
  const soon = await Promise.race([first.result.then((value) => ({ value })), slow]).finally(() => clearTimeout(timer))
  if (soon) return soon.value
  const rival = second()
  if (!rival) return first.result
  const [own, other] = [
    first.result.then((value) => ({ value, loser: rival })),
    rival.result.then((value) => ({ value, loser: first })),
  ]
  try {
    const { value, loser } = await Promise.any([own, other])
    loser.lose()
    return value
  } catch {
    // both have failed: the first one's failure tells more
    return first.result
  }
}

/** What is remembered of a group's calls, to know when one is slow and whether another may be doubled. */
export interface Pace {
  /** a call begins: how long to wait for it before a second one is made; undefined: none may be made */
  begin(hedge: Hedge): number | undefined
  /** takes the right to one extra call, if there is one */
  takeExtra(): boolean
  /** a call has begun to answer after so long */
  answered(ms: number): void
}

/** How many recent calls are remembered, and how many it takes to know what is slow. */
const window = 200
const enough = 20
/** Extra calls that may be saved up in quiet times. */
const mostSaved = 10

export function createPace(): Pace {
  const recent: number[] = []
  let at = 0
  let saved = 0
  return {
    begin({ after, maxExtra }) {
      saved = Math.min(mostSaved, saved + maxExtra)
      if (typeof after === 'number') return after
      if (recent.length < enough) return undefined
      const sorted = recent.toSorted((a, b) => a - b)
      return sorted[Math.ceil(sorted.length * 0.95) - 1]
    },
    takeExtra() {
      // twenty times a twentieth is a little less than one
      if (saved < 1 - 1e-9) return false
      saved = Math.max(0, saved - 1)
      return true
    },
    answered(ms) {
      recent[at] = ms
      at = (at + 1) % window
    },
  }
}
