import { isArray, isObject, type JsonObject } from 'turnpike-core/internal/kernel/json'
import { z } from 'zod'
import { anyObject, id, invalid, names, text } from '../shapes.ts'

/** Whether a member of a body says nothing: absent, null, false, 0, or empty. */
export function saysNothing(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === 0 || value === '') return true
  if (isArray(value)) return value.length === 0
  return isObject(value) && Object.keys(value).length === 0
}

/** A field of LiteLLM's that does not act here: to take it would be to promise something. `usual` describes what happens anyway. */
export function unserved(why = 'is not supported here; leave it out', usual?: string) {
  return z
    .unknown()
    .refine((value) => saysNothing(value) || (usual !== undefined && value === usual), why)
    .optional()
}

/** LiteLLM's fields of users and teams that are not served. */
export const unservedFields = {
  guardrails: unserved(),
  policies: unserved(),
  prompts: unserved(),
  disable_global_guardrails: unserved(),
  object_permission: unserved(),
  router_settings: unserved(),
  access_group_ids: unserved(),
  allowed_passthrough_routes: unserved(),
  allowed_vector_store_indexes: unserved(),
  secret_manager_settings: unserved(),
  mcp_rpm_limit: unserved(),
  tag_rpm_limit: unserved(),
  tags: unserved('tags are given to keys and requests here; leave them out'),
  spend: unserved('is the sum of the ledger and cannot be set'),
  rpm_limit_type: unserved('must be best_effort_throughput', 'best_effort_throughput'),
  tpm_limit_type: unserved('must be best_effort_throughput', 'best_effort_throughput'),
  default_estimated_output_tokens: unserved(),
  default_estimated_output_tokens_per_model: unserved(),
} as const

/** Members that LiteLLM reads from metadata where they act: here they act as fields alone, or not at all. */
const notInMetadata = [
  ...Object.keys(unservedFields),
  'logging',
  'model_rpm_limit',
  'model_tpm_limit',
  'temp_budget_increase',
  'temp_budget_expiry',
  'model_max_budget',
]

/** Notes of the caller's own. */
export const metadataField = anyObject.nullish()

export function checkedMetadata(metadata: JsonObject | null | undefined): JsonObject | undefined {
  if (metadata === undefined) return undefined
  for (const name of notInMetadata)
    if (!saysNothing(metadata?.[name]))
      throw invalid(
        `metadata.${name}`,
        `metadata.${name} would not act: give ${name} as a field of its own, if it is supported.`,
      )
  return metadata ?? {}
}

/** Outside an empty list of models, or none, means all; inside it means none: turned at the door. */
export function modelsInside(models: readonly string[] | null | undefined): readonly string[] | undefined {
  if (models === undefined) return undefined
  return models === null || models.length === 0 ? everyModel : models
}

export const everyModel: readonly string[] = ['all-proxy-models']
export const noModel: readonly string[] = ['no-default-models']

export function modelsShown(models: readonly string[]): readonly string[] {
  if (models.length === 0) return noModel
  return models.length === 1 && models[0] === 'all-proxy-models' ? [] : models
}

export const modelsField = names.nullish()

/** Ids that name a bucket of their own: one that looks like a period of another's could take its place. */
export const userIdField = id.refine(
  (value) => !/:\d+(s|m|h|d|w|mo):/.test(value),
  'must not hold a duration between colons',
)
export const placeIdField = id.refine((value) => /^[^:/]+$/.test(value), 'must not hold a colon or a slash')
export const emailField = text.refine((value) => /^[^\s@]+@[^\s@]+$/.test(value), 'must be an e-mail address')

/** The same thing with members set; `null` takes one away, `undefined` leaves it. */
export function patched<T extends object>(value: T, changes: { readonly [K in keyof T]?: T[K] | null | undefined }): T {
  const named = Object.entries(changes).filter(([, change]) => change !== undefined)
  const cleared = new Set(named.flatMap(([name, change]) => (change === null ? [name] : [])))
  return Object.fromEntries(
    Object.entries({ ...value, ...Object.fromEntries(named) }).filter(([name]) => !cleared.has(name)),
  ) as T
}

/** One or many, as a list. */
export function oneOrMany<S extends z.ZodType>(schema: S) {
  return z.preprocess((value) => (isArray(value) ? value : [value]), z.array(schema).min(1).max(500))
}
