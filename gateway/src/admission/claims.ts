import type { NanoUsd } from 'turnpike-core/internal/kernel/money'
import type { Claim } from '../shared/shared.ts'
import type { Period } from '../vocabulary/period.ts'
import type { BudgetItem, Item, LimitItem } from './plan.ts'

/** Finds the period of a budget that a moment lies in; undefined when the duration cannot be read. */
export type PeriodAt = (duration: string, time: number) => Period | undefined

/** A claim with what it was made of. */
export interface Placed {
  readonly claim: Claim
  readonly item: Item
  /** when the budget's period ends */
  readonly resetAt?: number | undefined
}

/** The figures of a call that claims are made of. */
export interface Amounts {
  readonly worstCase: NanoUsd
  readonly inputTokens: number
  readonly totalTokens: number
  readonly now: number
}

const windowMs = 60_000

/** An item as the claim that a call makes on it right now. */
export function claimOf(item: Item, amounts: Amounts, periodAt: PeriodAt): Placed {
  return item.kind === 'budget' ? moneyClaim(item, amounts, periodAt) : limitClaim(item, amounts)
}

function moneyClaim(item: BudgetItem, { worstCase, now }: Amounts, periodAt: PeriodAt): Placed {
  const period = item.duration === undefined ? undefined : periodAt(item.duration, now)
  const bucket = period ? `${item.bucket}:${item.duration}:${period.name}` : item.bucket
  const extra = item.extra && now < item.extra.until ? item.extra.amount : 0
  const limit = item.limit === undefined ? undefined : ((item.limit + extra) as NanoUsd)
  return {
    item,
    claim: { kind: 'money', bucket, amount: worstCase, limit, beganAt: period?.startsAt },
    resetAt: period?.endsAt,
  }
}

function limitClaim(item: LimitItem, { inputTokens, totalTokens }: Amounts): Placed {
  const { kind, bucket, limit } = item
  if (kind === 'max_parallel_requests') return { item, claim: { kind: 'slot', bucket, limit } }
  // a call whose answer alone could fill the window may still have it to itself
  const amount = kind === 'requests' ? 1 : Math.max(inputTokens, Math.min(totalTokens, limit), 1)
  return { item, claim: { kind: 'window', bucket, amount, limit, windowMs } }
}
