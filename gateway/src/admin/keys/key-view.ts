import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import { type NanoUsd, toUsd, zeroUsd } from 'turnpike-core/internal/kernel/money'
import { underlaid } from '../../access/standing.ts'
import { bucketOf } from '../../admission/scopes.ts'
import type { House } from '../../house.ts'
import type { Stored } from '../../store/aggregate.ts'
import type { VirtualKey } from '../../vocabulary/principal.ts'
import type { KeyView } from '../contract.ts'
import { resetAt } from '../desk.ts'
import { modelsShown } from '../tenants/fields.ts'
import { budgetTable, modelUsage } from '../tenants/views.ts'
import { iso, termsView, usd } from '../terms.ts'
import { periodBucket } from './rotation/buckets.ts'

/** Fields of LiteLLM's row that nothing is ever in here. */
const empty = {
  allowed_cache_controls: [],
  config: {},
  model_spend: {},
  soft_budget_cooldown: false,
  object_permission: null,
  object_permission_id: null,
  guardrails: null,
  policies: null,
  prompts: null,
  disable_global_guardrails: null,
  throttle_on_budget_exceeded: null,
  allowed_passthrough_routes: null,
  allowed_vector_store_indexes: null,
  router_settings: null,
  access_group_ids: null,
  auto_rotate: false,
  rotation_interval: null,
  key_rotation_at: null,
  mcp_rpm_limit: null,
  tag_rpm_limit: null,
  default_estimated_output_tokens: null,
  default_estimated_output_tokens_per_model: null,
  rpm_limit_type: null,
  tpm_limit_type: null,
  last_active: null,
} as const

/** What is set down for a key, as the API shows it: never its secret, which nobody has. */
export function keyFacts({ value: key, extra, ...stored }: Stored<VirtualKey>) {
  const { permissions, ...metadata } = key.metadata as JsonObject
  const { rotated_from: _rotated, ...shown } = extra
  return {
    ...empty,
    ...termsView(key),
    agent_id: null,
    project_id: null,
    rotation_count: 0,
    last_rotation_at: null,
    ...shown,
    key_type: typeof extra.key_type === 'string' ? extra.key_type : 'default',
    token: key.hash,
    key_name: key.name,
    key_alias: key.alias ?? null,
    max_budget: usd(key.maxBudget),
    soft_budget: usd(key.softBudget),
    budget_duration: key.budgetDuration ?? null,
    rpm_limit: key.rpmLimit ?? null,
    tpm_limit: key.tpmLimit ?? null,
    max_parallel_requests: key.maxParallelRequests ?? null,
    expires: iso(key.expiresAt),
    models: modelsShown(key.models),
    aliases: key.aliases,
    user_id: key.userId ?? null,
    team_id: key.teamId ?? null,
    organization_id: key.organizationId ?? null,
    org_id: key.organizationId ?? null,
    metadata,
    permissions: permissions ?? {},
    allowed_routes: key.allowedRoutes,
    allowed_ips: key.allowedIps,
    enforced_params: key.enforcedParams.length === 0 ? null : key.enforcedParams,
    blocked: key.blocked,
    ...(key.rotatedTo !== undefined && { rotated_to: key.rotatedTo }),
    created_at: new Date(key.createdAt).toISOString(),
    created_by: stored.createdBy,
    updated_at: new Date(stored.updatedAt).toISOString(),
    updated_by: stored.updatedBy,
  }
}

/** Keys with what they have spent in the current periods of their budgets. */
export async function viewKeys(house: House, rows: readonly Stored<VirtualKey>[]): Promise<readonly KeyView[]> {
  const linked = await house.store.budgets.findMany([...new Set(rows.flatMap(({ value }) => value.budgetId ?? []))])
  const budgets = new Map(linked.map(({ value }) => [value.id, value]))
  const keys = rows.map((row) => {
    const budget = row.value.budgetId === undefined ? undefined : budgets.get(row.value.budgetId)
    const terms = budget ? underlaid(row.value, budget) : row.value
    return { row, budget, terms, bucket: periodBucket(house, bucketOf.api_key(row.value.hash), terms.budgetDuration) }
  })
  const spent = await spentIn(
    house,
    keys.map(({ bucket }) => bucket),
  )
  return keys.map(({ row, budget, terms, bucket }) => ({
    ...keyFacts(row),
    spend: toUsd(spent.get(bucket) ?? zeroUsd),
    budget_reset_at: iso(resetAt(house, terms)),
    litellm_budget_table: budget ? budgetTable(house, { ...budget, budgetId: budget.id }) : null,
  }))
}

/** What is spent in each bucket: as this process knows it, else as the store does. */
async function spentIn(house: House, buckets: readonly string[]): Promise<ReadonlyMap<string, NanoUsd>> {
  const known = buckets.flatMap((bucket) => {
    const spent = house.shared.spentIn(bucket)
    return spent === undefined ? [] : [[bucket, spent] as const]
  })
  const here = new Map(known)
  const asked = await house.store.balancesOf(buckets.filter((bucket) => !here.has(bucket)))
  return new Map([...asked, ...here])
}

export async function viewKey(house: House, row: Stored<VirtualKey>): Promise<KeyView> {
  const [view] = await viewKeys(house, [row])
  return view as KeyView
}

/** A key as `/key/info` shows it: with the use of its models' budgets, and without the hash that it was asked by. */
export async function keyInfoOf(house: House, row: Stored<VirtualKey>): Promise<JsonObject> {
  const { token: _token, ...view } = await viewKey(house, row)
  return { ...view, model_max_budget_usage: await modelUsage(house, bucketOf.api_key(row.value.hash), row.value) }
}
