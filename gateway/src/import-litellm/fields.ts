import type { JsonObject, MutableJsonObject } from 'turnpike-core/internal/kernel/json'
import { object, saysNothing } from './columns.ts'
import type { Tally } from './report.ts'

/** Members of metadata that act in LiteLLM and not here. They are left out: kept, they would promise something, and some hold secrets. */
const idleMetadata: ReadonlySet<string> = new Set([
  'tags',
  'guardrails',
  'policies',
  'prompts',
  'logging',
  'callback_settings',
  'disable_global_guardrails',
  'disable_fallbacks',
  'cache',
  'litellm_disabled_callbacks',
  'priority',
  'throttle_on_budget_exceeded',
  'secret_manager_settings',
  'allowed_vector_store_indexes',
  'allowed_passthrough_routes',
  'rpm_limit_type',
  'tpm_limit_type',
  'mcp_rpm_limit',
  'mcp_tpm_limit',
  'tag_rpm_limit',
  'default_estimated_output_tokens',
  'default_estimated_output_tokens_per_model',
  'team_member_key_duration',
  'enforced_batch_output_expires_after',
  'enforced_file_expires_after',
])

/** Members of metadata that are fields of budgets and limits: LiteLLM has no columns for them in all versions. */
const termsInMetadata: ReadonlySet<string> = new Set([
  'model_rpm_limit',
  'model_tpm_limit',
  'temp_budget_increase',
  'temp_budget_expiry',
  'budget_fallbacks',
  'budget_limits',
])

/** Columns that act in LiteLLM and not here. */
const idleColumns = [
  'config',
  'router_settings',
  'allowed_cache_controls',
  'policies',
  'object_permission_id',
  'agent_id',
  'project_id',
  'access_group_ids',
  'auto_rotate',
  'rotation_interval',
  'default_team_member_models',
  'allowed_models',
] as const

/** What a value is that describes what happens anyway. */
const usual: Readonly<Record<string, string>> = {
  rpm_limit_type: 'best_effort_throughput',
  tpm_limit_type: 'best_effort_throughput',
}

/** A row's metadata, taken apart. */
export interface Parts {
  /** notes of its owner, which mean nothing to the gateway */
  readonly notes: JsonObject
  /** members that become fields */
  readonly fields: JsonObject
}

/** Takes a row's metadata apart and tells what of the row does not act here. `taken` are members that the caller reads itself. */
export function partsOf(
  row: JsonObject,
  { tally, id, taken = [] }: { readonly tally: Tally; readonly id: string; readonly taken?: readonly string[] },
): Parts {
  const notes: MutableJsonObject = {}
  const fields: MutableJsonObject = {}
  for (const column of idleColumns) if (!saysNothing(row[column])) tally.left(column, id)
  for (const [name, value] of Object.entries(object(row, 'metadata'))) {
    if (termsInMetadata.has(name) || taken.includes(name)) fields[name] = value
    else if (!idleMetadata.has(name)) notes[name] = value
    else if (!saysNothing(value) && value !== usual[name]) tally.left(`metadata.${name}`, id)
  }
  return { notes, fields }
}

/** A row's own columns over what its metadata says of the same. */
export function together(row: JsonObject, fields: JsonObject): JsonObject {
  const out: MutableJsonObject = { ...fields }
  for (const [name, value] of Object.entries(row)) if (!saysNothing(value)) out[name] = value
  return out
}
