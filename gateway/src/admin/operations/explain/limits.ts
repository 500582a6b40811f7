import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import { type NanoUsd, toUsd } from 'turnpike-core/internal/kernel/money'
import type { Deployment } from 'turnpike-core/internal/router/deployment'
import type { Placed } from '../../../admission/claims.ts'
import type { House } from '../../../house.ts'
import { spentBy } from '../../desk.ts'
import { iso } from '../../terms.ts'

/** A budget or limit that a call would be held to, with what is left of it, and whether the call's worst case fits. */
export async function limitView({ claim, item, resetAt }: Placed, house: House): Promise<JsonObject> {
  const { scope } = item
  const about = {
    scope: scope.kind,
    id: scope.id,
    alias: scope.alias ?? null,
    ...(item.model !== undefined && { model: item.model }),
  }
  if (claim.kind !== 'money')
    return {
      ...about,
      limits: item.kind,
      limit: claim.limit,
      wants: claim.kind === 'slot' ? 1 : claim.amount,
      fits: claim.kind === 'slot' || claim.amount <= claim.limit,
    }
  const spent = house.shared.spentIn(claim.bucket) ?? (await house.store.balanceOf(claim.bucket))
  const left = claim.limit === undefined ? undefined : ((claim.limit - spent) as NanoUsd)
  return {
    ...about,
    limits: 'budget',
    limit_usd: usd(claim.limit),
    spent_usd: toUsd(spent),
    left_usd: usd(left),
    wants_usd: toUsd(claim.amount),
    fits: left === undefined || claim.amount === 0 || claim.amount <= left,
    resets_at: iso(resetAt),
  }
}

/** The budgets of a deployment itself and of its provider: one that is spent is passed over. */
export async function deploymentBudgets(
  { id, provider, budget }: Deployment,
  worst: NanoUsd | undefined,
  house: House,
): Promise<readonly JsonObject[]> {
  const { providers } = house.config.governance.budgets
  const cap = Object.hasOwn(providers, provider.name) ? providers[provider.name] : undefined
  const caps = [
    ...(cap ? [{ scope: 'provider', id: provider.name, limit: cap.maxBudget, duration: cap.duration }] : []),
    ...(budget ? [{ scope: 'deployment', id, limit: budget.limit, duration: budget.duration }] : []),
  ]
  return Promise.all(
    caps.map(async ({ scope, id: of, limit, duration }) => {
      const terms = duration === undefined ? {} : { budgetDuration: duration }
      const spent = await spentBy(house, `${scope}:${of}`, terms)
      const left = (limit - spent) as NanoUsd
      const fits = (worst ?? 0) === 0 ? true : (worst ?? 0) <= left
      return { scope, id: of, limit_usd: toUsd(limit), spent_usd: toUsd(spent), left_usd: toUsd(left), fits }
    }),
  )
}

export function usd(amount: NanoUsd | undefined): number | null {
  return amount === undefined ? null : toUsd(amount)
}
