import type { Deployment } from '../deployment.ts'

/** A deployment with what is known of its recent life at the moment of the choice. */
export interface Candidate {
  readonly deployment: Deployment
  /** requests under way */
  readonly inFlight: number
  /** mean milliseconds per output token within the window; for streams to the first content */
  readonly latency: number | undefined
  readonly firstByteLatency: number | undefined
  /** moving average of the milliseconds per output token, fading with time */
  readonly ewma: number | undefined
  readonly tokensThisMinute: number
  readonly requestsThisMinute: number
  /** the share of the provider's own limits that is left: 1 is all, or not known; 0 nothing */
  readonly headroom: number
  /** pico-dollars for a token of input and one of output; undefined when nobody knows */
  readonly price: number | undefined
}

/** What the strategies draw lots with: a number in [0, 1). */
export type Dice = () => number

export interface Ranking {
  readonly stream: boolean
  readonly dice: Dice
}

/** Puts candidates in the order in which they are to be tried. Pure: same candidates and dice, same order. */
export interface Strategy {
  readonly name: string
  rank<C extends Candidate>(candidates: readonly C[], ranking: Ranking): readonly C[]
  /** the one that `rank` would put first with the same dice, without ranking the others; undefined where there are none */
  first<C extends Candidate>(candidates: readonly C[], ranking: Ranking): C | undefined
}
