import type { NanoUsd } from 'turnpike-core/internal/kernel/money'
import type { ModelTerms, Terms } from '../vocabulary/terms.ts'
import type { Scope } from './scopes.ts'

/** A budget that a call is held to. */
export interface BudgetItem {
  readonly kind: 'budget'
  readonly scope: Scope
  /** the name of the bucket, without its period */
  readonly bucket: string
  readonly duration?: string | undefined
  /** undefined: it is only counted */
  readonly limit?: NanoUsd | undefined
  /** a temporary increase of the limit, and until when */
  readonly extra?: { readonly amount: NanoUsd; readonly until: number } | undefined
  /** the model that was asked for, where this is the budget of a model or a pool */
  readonly model?: string | undefined
}

/** A limit that a call is held to. */
export interface LimitItem {
  readonly kind: 'requests' | 'tokens' | 'max_parallel_requests'
  readonly scope: Scope
  /** LiteLLM's descriptor, and the value that it describes: `model_per_key`, `HASH:gpt-4o` */
  readonly descriptor: string
  readonly value: string
  readonly bucket: string
  readonly limit: number
  readonly model?: string | undefined
}

export type Item = BudgetItem | LimitItem

/** Everything that one scope holds a call of this model to. Depends on nothing that changes between two requests. */
export function itemsOf(scope: Scope, model: string): readonly Item[] {
  const budgets = budgetItems(scope, model)
  return [...(scope.budgets ? budgets : budgets.map(onlyCounted)), ...limitItems(scope), ...modelLimits(scope, model)]
}

/** A budget that does not hold for this caller still has to know what is spent in it. */
function onlyCounted({ limit: _, extra: _none, ...item }: BudgetItem): BudgetItem {
  return item
}

function budgetItems(scope: Scope, model: string): BudgetItem[] {
  const { terms, bucket } = scope
  const items: BudgetItem[] = []
  const own = { kind: 'budget', scope, bucket } as const
  if (terms.maxBudget !== undefined)
    items.push({ ...own, duration: terms.budgetDuration, limit: terms.maxBudget, extra: extraOf(terms) })
  // a key's spend is told in every answer, and a soft budget is told when it is passed: counted where nothing limits it
  else if (scope.kind === 'api_key' || terms.softBudget !== undefined)
    items.push({ ...own, duration: terms.budgetDuration })
  for (const { duration, maxBudget } of terms.budgetLimits ?? []) items.push({ ...own, duration, limit: maxBudget })
  for (const [name, { maxBudget, duration }] of modelEntries(terms, model))
    if (maxBudget !== undefined) items.push({ ...own, bucket: `${bucket}/${name}`, duration, limit: maxBudget, model })
  return items
}

function extraOf({ tempBudgetIncrease: amount, tempBudgetExpiry: until }: Terms): BudgetItem['extra'] {
  return amount === undefined || until === undefined ? undefined : { amount, until }
}

function limitItems(scope: Scope): LimitItem[] {
  const { rpmLimit, tpmLimit, maxParallelRequests } = scope.terms
  const item = (kind: LimitItem['kind'], limit: number): LimitItem => ({
    kind,
    scope,
    descriptor: scope.kind,
    value: scope.id,
    bucket: `${scope.bucket}#${kind}`,
    limit,
  })
  return [
    ...(rpmLimit === undefined ? [] : [item('requests', rpmLimit)]),
    ...(tpmLimit === undefined ? [] : [item('tokens', tpmLimit)]),
    ...(maxParallelRequests === undefined ? [] : [item('max_parallel_requests', maxParallelRequests)]),
  ]
}

/** Names of the limits per model within a scope. */
const perModel: Partial<Record<Scope['kind'], string>> = {
  api_key: 'model_per_key',
  user: 'model_per_user',
  team: 'model_per_team',
  team_member: 'model_per_team_member',
  organization: 'model_per_organization',
  end_user: 'model_per_end_user',
  tag: 'model_per_tag',
}

function modelLimits(scope: Scope, model: string): LimitItem[] {
  const { terms } = scope
  // one window for all that an entry means, however the model is spelt
  const item = (kind: LimitItem['kind'], [name, limit]: readonly [string, number]): LimitItem => ({
    kind,
    scope,
    descriptor: perModel[scope.kind] ?? `model_per_${scope.kind}`,
    value: `${scope.id}:${model}`,
    bucket: `${scope.bucket}/${name}#${kind}`,
    limit,
    model,
  })

  const rpm = limitOf(terms.modelRpmLimit, model) ?? entryLimit(terms, model, 'rpmLimit')
  const tpm = limitOf(terms.modelTpmLimit, model) ?? entryLimit(terms, model, 'tpmLimit')
  return [...(rpm ? [item('requests', rpm)] : []), ...(tpm ? [item('tokens', tpm)] : [])]
}

/** The entry that means the model, with its limit; one with the very name goes before one that is spelt otherwise. */
function limitOf(limits: Readonly<Record<string, number>> = {}, model: string): [string, number] | undefined {
  const entries = Object.entries(limits)
  return entries.find(([name]) => name === model) ?? entries.find(([name]) => isNamed(name, model))
}

function entryLimit(terms: Terms, model: string, limit: 'rpmLimit' | 'tpmLimit'): [string, number] | undefined {
  for (const [name, { [limit]: most }] of modelEntries(terms, model)) if (most !== undefined) return [name, most]
  return undefined
}

function modelEntries({ modelMaxBudget }: Terms, model: string): [name: string, terms: ModelTerms][] {
  if (!modelMaxBudget) return []
  return Object.entries(modelMaxBudget).filter(([name, { models }]) =>
    (models ?? [name]).some((entry) => isNamed(entry, model)),
  )
}

/** Whether an entry means a model: the same name, with or without a provider before it. */
export function isNamed(entry: string, model: string): boolean {
  return entry === model || entry.endsWith(`/${model}`) || model.endsWith(`/${entry}`)
}
