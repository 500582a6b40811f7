import type { Call } from 'turnpike-core/internal/client/call'
import { GatewayError } from 'turnpike-core/internal/kernel/faults'
import type { House } from '../house.ts'
import type { Reservation } from '../ledger/ledger.ts'
import type { Lease } from '../limits/limits.ts'
import type { Principal } from '../vocabulary/principal.ts'
import { inputEstimate, worstCase } from './price.ts'
import type { ResolvedRoute } from './resolve.ts'

/** What a request was given when it was let in, to be handed back when it ends. */
export interface Grant {
  readonly lease: Lease
  readonly reservation: Reservation | undefined
}

export interface Admission {
  readonly call: Call
  readonly caller: Principal
  readonly route: ResolvedRoute
  readonly house: House
}

/** Sets aside the worst case in the caller's budgets and one of each limit. Throws `budget-exceeded` or `rate-limited`. */
export function admit({ call, caller, route, house }: Admission): Grant {
  const lease = house.limits.take(caller, inputEstimate(call))
  try {
    return { lease, reservation: reserve({ call, caller, route, house }) }
  } catch (thrown) {
    lease.release(0)
    throw thrown
  }
}

function reserve({ call, caller, route, house }: Admission): Reservation | undefined {
  if (caller.kind !== 'key' || caller.key.maxBudget === undefined) return undefined
  const worst = worstCase(call, route.group.deployments, house.now())
  if (worst === undefined && !house.config.general.allowUnpriced)
    throw new GatewayError(
      'model-denied',
      `The price of model=${call.model} is unknown, so a key with a budget may not call it. Give the deployment prices in model_info (input_cost_per_token, output_cost_per_token), or set general_settings.unpriced: allow.`,
      { param: 'model', kind: 'unpriced_model' },
    )
  return worst === undefined ? undefined : house.ledger.reserve(caller, worst)
}
