import type { Call } from 'turnpike-core/internal/client/call'
import { isGatewayError } from 'turnpike-core/internal/kernel/faults'
import type { NanoUsd } from 'turnpike-core/internal/kernel/money'
import type { Group } from 'turnpike-core/internal/router/pool'
import type { Admitted, Wanted } from '../admission/admission.ts'
import { isNamed } from '../admission/plan.ts'
import type { House } from '../house.ts'
import type { Principal } from '../vocabulary/principal.ts'
import { inputEstimate, outputEstimate, worstCase } from './price.ts'
import type { Parties } from './request/parties.ts'
import { type ResolvedRoute, resolve } from './resolve.ts'

/** What a request was given when it was let in, and where it may go with it. */
export interface Grant extends Admitted {
  readonly route: ResolvedRoute
  /** whether what was set aside covers an answer of this group */
  readonly covers: (group: Group) => boolean
}

export interface Admission {
  readonly call: Call
  readonly caller: Principal
  readonly parties: Parties
  readonly route: ResolvedRoute
  readonly house: House
}

/**
 * Sets aside the worst case in every budget and one of every limit, all or nothing. Where the budget of the model itself is spent and
 * its owner named cheaper ones, the first of them that has room is gone to. Throws `budget-exceeded` or `rate-limited`.
 */
export async function admit(admission: Admission): Promise<Grant> {
  try {
    return await admitTo(admission)
  } catch (thrown) {
    const spent = isGatewayError(thrown) && thrown.code === 'budget-exceeded' ? thrown.detail.model : undefined
    for (const model of spent === undefined ? [] : cheaper(admission.caller, spent)) {
      try {
        return await admitTo({ ...admission, route: resolve(model, admission.caller, admission.house) })
      } catch (further) {
        if (!isGatewayError(further)) throw further
      }
    }
    throw thrown
  }
}

/** What a call wants set aside, and the most that it can cost in each group that may answer it. */
export function wantedOf({ call, caller, parties, route, house }: Admission): {
  readonly wanted: Wanted
  readonly worst: ReadonlyMap<Group, NanoUsd | undefined>
} {
  const at = house.now()
  const own = worstCase(call, route.group.deployments, at)
  const worst = new Map<Group, NanoUsd | undefined>([[route.group, own]])
  for (const group of route.reach) worst.set(group, worstCase(call, group.deployments, at))
  const input = inputEstimate(call)
  const wanted: Wanted = {
    principal: caller,
    customer: parties.customer,
    tags: parties.tagRows,
    model: route.model,
    worstCase:
      own === undefined ? undefined : (Math.max(...[...worst.values()].map((amount) => amount ?? 0)) as NanoUsd),
    tokens: { input, total: input + outputEstimate(call) },
    payers: parties.payers,
  }
  return { wanted, worst }
}

async function admitTo(admission: Admission): Promise<Grant> {
  const { route, house } = admission
  const { wanted, worst } = wantedOf(admission)
  const taken = house.admission.admit(wanted)
  const admitted: Admitted = taken instanceof Promise ? await taken : taken
  const covers = (group: Group) => group === route.group || !admitted.limited || worst.get(group) !== undefined
  return { ...admitted, route, covers }
}

/** Models that whoever set the budget named for the time when it is spent. */
function cheaper(caller: Principal, model: string): readonly string[] {
  if (caller.kind === 'master' || caller.kind === 'anonymous') return []
  const owners = [caller.kind === 'key' ? caller.key : undefined, caller.member, caller.user, caller.team]
  return owners.flatMap((owner) =>
    Object.entries(owner?.budgetFallbacks ?? {}).flatMap(([name, models]) => (isNamed(name, model) ? models : [])),
  )
}
