import { GatewayError } from 'turnpike-core/internal/kernel/faults'
import { type NanoUsd, toUsd, zeroUsd } from 'turnpike-core/internal/kernel/money'
import type { Shared, Taken } from '../shared/shared.ts'
import type { Principal } from '../vocabulary/principal.ts'
import type { Admission, Admitted, Bill, Payer, Wanted } from './admission.ts'
import { type Amounts, claimOf, type PeriodAt, type Placed } from './claims.ts'
import { enteringWith, type ProviderCap } from './entering.ts'
import { limitHeaders } from './headers.ts'
import { type BudgetItem, type Item, itemsOf, type LimitItem } from './plan.ts'
import { budgetExceeded, rateLimited } from './refusal.ts'
import { bucketOf, customerScope, type Scope, type ScopeSettings, scopesOf, tagScope } from './scopes.ts'

export interface AdmissionPorts {
  readonly shared: Pick<Shared, 'take' | 'spentIn' | 'agreement'>
  readonly settings: ScopeSettings & {
    readonly allowUnpriced: boolean
    /** budgets of providers, by name */
    readonly providers: Readonly<Record<string, ProviderCap>>
  }
  readonly periodAt: PeriodAt
  /** hears in words when a soft budget is passed */
  readonly alert?: (words: string) => void
  readonly now: () => number
}

/** Models of one caller whose items are kept; more than that only names that do not exist can make. */
const mostModels = 1000

export function createAdmission({ shared, settings, periodAt, now, alert }: AdmissionPorts): Admission {
  const plans = new WeakMap<Principal, Map<string, readonly Item[]>>()
  const ofRows = new WeakMap<object, Scope>()

  /** What a caller is held to for a model: worked out once per snapshot of the caller. */
  function planOf(principal: Principal, model: string): readonly Item[] {
    let plan = plans.get(principal)
    if (!plan || plan.size > mostModels) plans.set(principal, (plan = new Map()))
    let items = plan.get(model)
    if (!items) plan.set(model, (items = scopesOf(principal, settings).flatMap((scope) => itemsOf(scope, model))))
    return items
  }

  function scopeOfRow<T extends object>(row: T, make: (row: T) => Scope): Scope {
    let scope = ofRows.get(row)
    if (!scope) ofRows.set(row, (scope = make(row)))
    return scope
  }

  function itemsFor({ principal, model, customer, tags, payers }: Wanted): readonly Item[] {
    let items = planOf(principal, model)
    if (customer) items = [...items, ...itemsOf(scopeOfRow(customer, customerScope), model)]
    for (const tag of tags) items = [...items, ...itemsOf(scopeOfRow(tag, tagScope), model)]
    return payers ? items.filter((item) => item.kind !== 'budget' || !paidFor(item, payers)) : items
  }

  function place(wanted: Wanted): Placed[] {
    const amounts = amountsOf(wanted, now())
    const placed = itemsFor(wanted).map((item) => claimOf(item, amounts, periodAt))
    for (const { scope, share } of wanted.payers ?? []) {
      const part = { ...amounts, worstCase: Math.ceil(amounts.worstCase * share) as NanoUsd }
      for (const item of itemsOf({ ...scope, budgets: true }, wanted.model))
        if (item.kind === 'budget') placed.push(claimOf(item, part, periodAt))
    }
    return placed.filter((one, at) => !isClaimedBeside(placed, one, at))
  }

  function granted(placed: readonly Placed[], taken: Taken): Admitted {
    if (!taken.granted) throw refusalOf(placed[taken.at] as Placed, taken.level, now())
    const { hold, levels } = taken
    return {
      headers: limitHeaders(placed, levels),
      limited: placed.some(({ claim }) => claim.kind === 'money' && claim.limit !== undefined),
      buckets: placed.flatMap(({ claim, item }) =>
        claim.kind === 'money' && claim.bucket !== item.scope.bucket ? [claim.bucket] : [],
      ),
      settle(bill) {
        hold.settle(
          placed.map((one) => trueAmount(one, bill)),
          unclaimed(placed, bill),
        )
        if (alert && bill.spend > 0) for (const one of placed) tellSoftBudget(one, bill, alert)
      },
    }
  }

  return {
    claims: place,
    admit(wanted) {
      const placed = place(wanted)
      refuseUnpriced(wanted, placed)
      const taken = shared.take(placed.map(({ claim }) => claim))
      return taken instanceof Promise ? taken.then((later) => granted(placed, later)) : granted(placed, taken)
    },
    enter: enteringWith({ shared, providers: settings.providers, periodAt, now }),
    spendOf(keyHash, budgetDuration) {
      const bucket = bucketOf.api_key(keyHash)
      const period = budgetDuration === undefined ? undefined : periodAt(budgetDuration, now())
      return shared.spentIn(period ? `${bucket}:${budgetDuration}:${period.name}` : bucket)
    },
  }

  /** Once, by the exchange that passes it. */
  function tellSoftBudget(one: Placed, bill: Bill, tell: (words: string) => void): void {
    const { claim, item } = one
    const soft = item.scope.terms.softBudget
    if (soft === undefined || claim.kind !== 'money' || item.kind !== 'budget' || item.model !== undefined) return
    const spent = shared.spentIn(claim.bucket)
    if (spent === undefined || spent < soft || spent - (trueAmount(one, bill) ?? 0) >= soft) return
    tell(
      `${item.scope.kind} ${item.scope.alias ?? item.scope.id} has spent $${toUsd(spent)}, its soft budget is $${toUsd(soft)}`,
    )
  }

  function refuseUnpriced({ worstCase, model }: Wanted, placed: readonly Placed[]): void {
    if (worstCase !== undefined || settings.allowUnpriced) return
    if (!placed.some(({ claim }) => claim.kind === 'money' && claim.limit !== undefined)) return
    throw new GatewayError(
      'model-denied',
      `The price of model=${model} is unknown, so nobody with a budget may call it. Give the deployment prices in model_info (input_cost_per_token, output_cost_per_token), or set general_settings.unpriced: allow.`,
      { param: 'model', kind: 'unpriced_model' },
    )
  }
}

function amountsOf({ worstCase, tokens }: Wanted, now: number): Amounts {
  return { worstCase: worstCase ?? zeroUsd, inputTokens: tokens.input, totalTokens: tokens.total, now }
}

/**
 * Whether the same money is claimed once more: a budget and a window of the same length are one bucket, and the tighter limit holds.
 */
function isClaimedBeside(placed: readonly Placed[], { claim }: Placed, at: number): boolean {
  if (claim.kind !== 'money') return false
  const limit = claim.limit ?? Number.POSITIVE_INFINITY
  return placed.some(({ claim: other }, where) => {
    if (where === at || other.kind !== 'money' || other.bucket !== claim.bucket) return false
    const beside = other.limit ?? Number.POSITIVE_INFINITY
    return beside < limit || (beside === limit && where < at)
  })
}

/** Whether others pay what this budget would have paid. */
function paidFor({ scope }: BudgetItem, payers: readonly Payer[]): boolean {
  return payers.some((payer) => payer.scope.kind === scope.kind)
}

/** What a claim came to in the end. */
function trueAmount({ claim }: Placed, { shares, spend, tokens }: Bill): number | undefined {
  if (claim.kind === 'slot') return 0
  if (claim.kind === 'window') return claim.bucket.endsWith('#tokens') ? tokens : 1
  return shares.find(([bucket]) => bucket === claim.bucket)?.[1] ?? (shares.length === 0 ? spend : 0)
}

/** What the ledger books beyond what was claimed: counted too wherever somebody else claims it. */
function unclaimed(placed: readonly Placed[], { shares }: Bill): readonly (readonly [string, NanoUsd])[] {
  return shares.filter(
    ([bucket, amount]) =>
      amount !== 0 && !placed.some(({ claim }) => claim.kind === 'money' && claim.bucket === bucket),
  )
}

function refusalOf(placed: Placed, level: Parameters<typeof rateLimited>[0]['level'], now: number): GatewayError {
  const { claim, item, resetAt } = placed
  const limit = claim.limit ?? 0
  const amount = claim.kind === 'slot' ? 1 : claim.amount
  if (item.kind === 'budget') return budgetExceeded({ item, level, amount, limit, now, resetAt })
  return rateLimited({ item: item as LimitItem, level, amount, limit, now })
}
