import { toUsd } from 'turnpike-core/internal/kernel/money'
import { matchesWildcard, shownList } from '../../access/patterns.ts'
import type { Terms } from '../../vocabulary/terms.ts'
import { invalid } from '../shapes.ts'

type Bounded = 'max_budget' | 'rpm_limit' | 'tpm_limit'

/** Two of whom one may never have more than the other, as messages name them. */
export interface Kin {
  readonly child: string
  readonly parent: string
  /** fields of the body where they are not called as the terms are */
  readonly fields?: { readonly [name in Bounded]?: string }
}

/** 400 where a child's budget or limit is above its parent's. Budgets of different periods say nothing of each other. */
export function checkTermsWithin(child: Terms, parent: Terms, kin: Kin): void {
  if (child.budgetDuration === parent.budgetDuration) refuseMore('max_budget', dollarsOf(child), dollarsOf(parent), kin)
  refuseMore('rpm_limit', child.rpmLimit, parent.rpmLimit, kin)
  refuseMore('tpm_limit', child.tpmLimit, parent.tpmLimit, kin)
}

function dollarsOf({ maxBudget }: Terms): number | undefined {
  return maxBudget === undefined ? undefined : toUsd(maxBudget)
}

function refuseMore(name: Bounded, child: number | undefined, parent: number | undefined, kin: Kin): void {
  if (child === undefined || parent === undefined || child <= parent) return
  throw invalid(
    kin.fields?.[name] ?? name,
    `${kin.child} ${name} (${child}) cannot exceed the ${name} (${parent}) of its ${kin.parent}.`,
  )
}

const every = ['all-proxy-models', '*']

/** 400 where a child's models are not all among its parent's. */
export function checkModelsWithin(models: readonly string[], parent: readonly string[], kin: Kin): void {
  if (parent.some((entry) => every.includes(entry))) return
  const beyond = models.find((model) => model !== 'no-default-models' && !covers(parent, model))
  if (beyond === undefined) return
  throw invalid(
    'models',
    `${kin.child} cannot have model ${beyond}: its ${kin.parent} can only access models=${shownList(parent)}.`,
  )
}

function covers(parent: readonly string[], model: string): boolean {
  if (every.includes(model)) return false
  return parent.some((entry) => entry === model || (entry.includes('*') && matchesWildcard(entry, model)))
}
