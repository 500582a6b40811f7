import type { Json, JsonObject } from 'turnpike-core/internal/kernel/json'
import { type NanoUsd, nanoUsd, toUsd } from 'turnpike-core/internal/kernel/money'
import { z } from 'zod'
import type { ModelTerms, Terms } from '../vocabulary/terms.ts'
import { dollars, duration, id, invalid, moment, whole } from './shapes.ts'

const modelBudget = z.looseObject({
  budget_limit: z.number().min(0).nullish(),
  max_budget: z.number().min(0).nullish(),
  time_period: duration.nullish(),
  budget_duration: duration.nullish(),
  rpm_limit: whole.nullish(),
  tpm_limit: whole.nullish(),
  models: z.array(z.string()).nullish(),
})

const perModel = z.record(z.string(), whole)

/** The fields of budgets and limits, the same for a key, user, team, member, organisation, customer, tag and budget; `null` clears. */
export const termFields = {
  max_budget: dollars.nullish(),
  soft_budget: dollars.nullish(),
  budget_duration: duration.nullish(),
  budget_limits: z.array(z.looseObject({ budget_duration: duration, max_budget: z.number().min(0) })).nullish(),
  model_max_budget: z.record(z.string(), z.union([z.number().min(0), modelBudget])).nullish(),
  budget_fallbacks: z.record(z.string(), z.array(z.string())).nullish(),
  temp_budget_increase: dollars.nullish(),
  temp_budget_expiry: moment.nullish(),
  rpm_limit: whole.nullish(),
  tpm_limit: whole.nullish(),
  max_parallel_requests: whole.nullish(),
  model_rpm_limit: perModel.nullish(),
  model_tpm_limit: perModel.nullish(),
  budget_id: id.nullish(),
} as const

export type TermBody = z.infer<z.ZodObject<typeof termFields>>

type Draft = { -readonly [K in keyof Terms]: Terms[K] }

/** How each field goes into the terms. */
const setters: { readonly [F in keyof typeof termFields]: (draft: Draft, value: NonNullable<TermBody[F]>) => void } = {
  max_budget: (draft, value) => void (draft.maxBudget = value),
  soft_budget: (draft, value) => void (draft.softBudget = value),
  budget_duration: (draft, value) => void (draft.budgetDuration = value),
  budget_limits: (draft, value) =>
    void (draft.budgetLimits = value.map((one) => ({
      duration: one.budget_duration,
      maxBudget: nanoUsd(one.max_budget),
    }))),
  model_max_budget: (draft, value) =>
    void (draft.modelMaxBudget = Object.fromEntries(
      Object.entries(value).map(([name, one]) => [name, modelTerms(one)]),
    )),
  budget_fallbacks: (draft, value) => void (draft.budgetFallbacks = value),
  temp_budget_increase: (draft, value) => void (draft.tempBudgetIncrease = value),
  temp_budget_expiry: (draft, value) => void (draft.tempBudgetExpiry = value),
  rpm_limit: (draft, value) => void (draft.rpmLimit = value),
  tpm_limit: (draft, value) => void (draft.tpmLimit = value),
  max_parallel_requests: (draft, value) => void (draft.maxParallelRequests = value),
  model_rpm_limit: (draft, value) => void (draft.modelRpmLimit = value),
  model_tpm_limit: (draft, value) => void (draft.modelTpmLimit = value),
  budget_id: (draft, value) => void (draft.budgetId = value),
}

/** Which member of the terms each field is. */
const members = {
  max_budget: 'maxBudget',
  soft_budget: 'softBudget',
  budget_duration: 'budgetDuration',
  budget_limits: 'budgetLimits',
  model_max_budget: 'modelMaxBudget',
  budget_fallbacks: 'budgetFallbacks',
  temp_budget_increase: 'tempBudgetIncrease',
  temp_budget_expiry: 'tempBudgetExpiry',
  rpm_limit: 'rpmLimit',
  tpm_limit: 'tpmLimit',
  max_parallel_requests: 'maxParallelRequests',
  model_rpm_limit: 'modelRpmLimit',
  model_tpm_limit: 'modelTpmLimit',
  budget_id: 'budgetId',
} as const satisfies Record<keyof typeof termFields, keyof Terms>

/** A thing with the terms that a body names: absent stays as it is, `null` clears. */
export function withTerms<T extends Terms>(value: T, body: Partial<TermBody>): T {
  const draft: Draft = { ...value }
  for (const field of Object.keys(members) as (keyof typeof members)[]) {
    const given = body[field]
    if (given === undefined) continue
    delete draft[members[field]]
    if (given !== null) (setters[field] as (draft: Draft, value: unknown) => void)(draft, given)
  }
  if (draft.tempBudgetIncrease !== undefined && draft.tempBudgetExpiry === undefined)
    throw invalid('temp_budget_expiry', 'temp_budget_increase needs temp_budget_expiry: until when it holds.')
  return draft as T
}

function modelTerms(given: number | z.infer<typeof modelBudget>): ModelTerms {
  if (typeof given === 'number') return { maxBudget: nanoUsd(given) }
  const budget = given.budget_limit ?? given.max_budget
  const period = given.time_period ?? given.budget_duration
  return {
    ...(typeof budget === 'number' && { maxBudget: nanoUsd(budget) }),
    ...(typeof period === 'string' && { duration: period }),
    ...(typeof given.rpm_limit === 'number' && { rpmLimit: given.rpm_limit }),
    ...(typeof given.tpm_limit === 'number' && { tpmLimit: given.tpm_limit }),
    ...(given.models && { models: given.models }),
  }
}

/** Terms as LiteLLM shows them; money in dollars. */
export function termsView(terms: Terms): Record<keyof typeof termFields, Json> {
  return {
    max_budget: usd(terms.maxBudget),
    soft_budget: usd(terms.softBudget),
    budget_duration: terms.budgetDuration ?? null,
    budget_limits:
      terms.budgetLimits?.map((one) => ({ budget_duration: one.duration, max_budget: toUsd(one.maxBudget) })) ?? null,
    model_max_budget: modelBudgetView(terms.modelMaxBudget),
    budget_fallbacks: (terms.budgetFallbacks ?? {}) as JsonObject,
    temp_budget_increase: usd(terms.tempBudgetIncrease),
    temp_budget_expiry: iso(terms.tempBudgetExpiry),
    rpm_limit: terms.rpmLimit ?? null,
    tpm_limit: terms.tpmLimit ?? null,
    max_parallel_requests: terms.maxParallelRequests ?? null,
    model_rpm_limit: (terms.modelRpmLimit as JsonObject | undefined) ?? null,
    model_tpm_limit: (terms.modelTpmLimit as JsonObject | undefined) ?? null,
    budget_id: terms.budgetId ?? null,
  }
}

function modelBudgetView(budgets: Terms['modelMaxBudget']): JsonObject {
  return Object.fromEntries(
    Object.entries(budgets ?? {}).map(([name, one]) => [
      name,
      {
        ...(one.maxBudget !== undefined && { budget_limit: toUsd(one.maxBudget) }),
        ...(one.duration !== undefined && { time_period: one.duration }),
        ...(one.rpmLimit !== undefined && { rpm_limit: one.rpmLimit }),
        ...(one.tpmLimit !== undefined && { tpm_limit: one.tpmLimit }),
        ...(one.models && { models: one.models }),
      },
    ]),
  )
}

/** Nano-dollars as the dollars that the API shows. */
export function usd(amount: NanoUsd | undefined): number | null {
  return amount === undefined ? null : toUsd(amount)
}

/** Milliseconds since 1970 as the API shows them. */
export function iso(time: number | undefined): string | null {
  return time === undefined ? null : new Date(time).toISOString()
}
