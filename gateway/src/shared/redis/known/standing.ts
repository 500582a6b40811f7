import type { Claim } from '../../shared.ts'

/** How this process stands to the others at the moment; the link writes it, everybody else reads. */
export interface Standing {
  /** whether Redis is asked */
  joined: boolean
  /** counts the times it was cut off: what was counted before another cut is not of this one */
  cuts: number
  /** counts the names it had: what was set aside under an earlier one was carried over when it got the next */
  life: number
  /** processes that are alive, as last heard, this one included */
  replicas: number
  /** since when it is connected, or cut off: milliseconds since 1970 */
  since: number
  /** what Redis' clock is ahead of ours, in milliseconds */
  ahead: number
}

/** Whether a bucket's period began since then: who does not find it has not missed what others spent there. */
export function isNew(claim: Claim, { since }: Standing): boolean {
  return claim.kind === 'money' && claim.beganAt !== undefined && claim.beganAt > since
}

/** This process' share of what is left. A limit that is not reached lets one through everywhere. */
export function shareOf(left: number, { replicas }: Standing): number {
  return left <= 0 ? 0 : Math.max(1, Math.floor(left / replicas))
}
