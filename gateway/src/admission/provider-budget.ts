import { type NanoUsd, toUsd } from 'turnpike-core/internal/kernel/money'
import type { Shared, Taken } from '../shared/shared.ts'
import type { Entered } from './admission.ts'
import type { PeriodAt } from './claims.ts'

/** A budget of a provider, for good where it has no duration. */
export interface ProviderCap {
  readonly maxBudget: NanoUsd
  readonly duration?: string | undefined
}

interface Entering {
  readonly shared: Pick<Shared, 'take'>
  readonly provider: string
  readonly cap: ProviderCap
  readonly worstCase: NanoUsd
  readonly periodAt: PeriodAt
  readonly now: number
}

/** Sets an attempt's worst case aside in its provider's budget. The ledger books under `provider:NAME` for good, and under the period's name. */
export function enterBudget({ shared, provider, cap, worstCase, periodAt, now }: Entering): Entered | Promise<Entered> {
  const period = cap.duration === undefined ? undefined : periodAt(cap.duration, now)
  const own = `provider:${provider}`
  const bucket = period ? `${own}:${cap.duration}:${period.name}` : own
  const entered = (taken: Taken): Entered => {
    if (!taken.granted)
      return {
        full: `Exceeded budget for provider ${provider}: ${toUsd(taken.level.used as NanoUsd)} >= ${toUsd(cap.maxBudget)}`,
      }
    return {
      buckets: bucket === own ? [] : [bucket],
      claims: (name) => name === bucket,
      settle: ({ shares }) => taken.hold.settle([shares.find(([name]) => name === bucket)?.[1] ?? 0]),
    }
  }
  const taken = shared.take([{ kind: 'money', bucket, amount: worstCase, limit: cap.maxBudget }])
  return taken instanceof Promise ? taken.then(entered) : entered(taken)
}
