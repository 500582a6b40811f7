import type { Deployment } from '../deployment.ts'

/** A deployment with what is known of its recent life. */
export interface Candidate {
  readonly deployment: Deployment
  /** requests under way */
  readonly inFlight: number
  /** milliseconds per output token, newest last, within the window; for streams to the first content */
  readonly latencies: readonly number[]
  readonly firstByteLatencies: readonly number[]
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
  rank(candidates: readonly Candidate[], ranking: Ranking): readonly Candidate[]
}
