import type { NanoUsd } from 'turnpike-core/internal/kernel/money'

/** One window of a budget: `{duration: '1d', maxBudget: …}`. */
export interface BudgetWindow {
  /** as written: `30s`, `12h`, `7d`, `1mo` */
  readonly duration: string
  readonly maxBudget: NanoUsd
}

/** What a scope sets down for one model, or for several that share a pool. */
export interface ModelTerms {
  readonly maxBudget?: NanoUsd
  /** undefined: the budget is for good */
  readonly duration?: string
  readonly rpmLimit?: number
  readonly tpmLimit?: number
  /** the models of the pool; undefined: the one that the entry is named after */
  readonly models?: readonly string[]
}

/** The budgets and limits that can be set down for whoever spends: a key, user, team, member, organisation, customer or tag. */
export interface Terms {
  readonly maxBudget?: NanoUsd
  /** spend above it is told, never refused */
  readonly softBudget?: NanoUsd
  readonly budgetDuration?: string
  /** further windows, all of which hold at once */
  readonly budgetLimits?: readonly BudgetWindow[]
  readonly modelMaxBudget?: Readonly<Record<string, ModelTerms>>
  /** model → models to go to when the model's own budget is spent, in order */
  readonly budgetFallbacks?: Readonly<Record<string, readonly string[]>>
  /** added to `maxBudget` until `tempBudgetExpiry` (milliseconds since 1970) */
  readonly tempBudgetIncrease?: NanoUsd
  readonly tempBudgetExpiry?: number
  /** per minute */
  readonly rpmLimit?: number
  readonly tpmLimit?: number
  readonly maxParallelRequests?: number
  readonly modelRpmLimit?: Readonly<Record<string, number>>
  readonly modelTpmLimit?: Readonly<Record<string, number>>
  /** a row of `budgets` whose terms hold wherever the owner says nothing itself */
  readonly budgetId?: string
}
