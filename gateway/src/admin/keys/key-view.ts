import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import { type NanoUsd, toUsd } from 'turnpike-core/internal/kernel/money'
import type { House } from '../../house.ts'
import type { Stored } from '../../store/aggregate.ts'
import { readDuration, utcClock } from '../../vocabulary/duration.ts'
import { periodAt } from '../../vocabulary/period.ts'
import type { VirtualKey } from '../../vocabulary/principal.ts'
import type { KeyView } from '../contract.ts'
import { unserved } from './key-fields.ts'

/** Fields of LiteLLM's row that no request sets. */
const empty = {
  model_spend: {},
  soft_budget_cooldown: false,
  litellm_budget_table: null,
  object_permission_id: null,
  last_active: null,
  rotation_count: 0,
  last_rotation_at: null,
  key_rotation_at: null,
} as const

/** A stored key as the API shows it; never its secret, which nobody has. */
export function viewKey(
  { value: key, extra, ...stored }: Stored<VirtualKey>,
  house: Pick<House, 'ledger' | 'now'>,
): KeyView {
  const { logging: _logging, temp_budget_increase: _increase, temp_budget_expiry: _expiry, ...shown } = unserved
  return {
    ...shown,
    ...empty,
    soft_budget: null,
    agent_id: null,
    project_id: null,
    ...extra,
    key_type: typeof extra.key_type === 'string' ? extra.key_type : 'default',
    token: key.hash,
    key_name: key.name,
    key_alias: key.alias ?? null,
    spend: toUsd(house.admission.spendOf(key.hash, key.budgetDuration) ?? (0 as NanoUsd)),
    max_budget: dollars(key.maxBudget),
    budget_duration: key.budgetDuration ?? null,
    budget_reset_at: resetAt(key, house.now()),
    expires: key.expiresAt === undefined ? null : iso(key.expiresAt),
    models: key.models.length === 1 && key.models[0] === 'all-proxy-models' ? [] : key.models,
    aliases: key.aliases,
    user_id: key.userId ?? null,
    team_id: key.teamId ?? null,
    organization_id: key.organizationId ?? null,
    org_id: key.organizationId ?? null,
    metadata: key.metadata as JsonObject,
    rpm_limit: key.rpmLimit ?? null,
    tpm_limit: key.tpmLimit ?? null,
    max_parallel_requests: key.maxParallelRequests ?? null,
    allowed_routes: key.allowedRoutes,
    blocked: key.blocked,
    created_at: iso(key.createdAt),
    created_by: stored.createdBy,
    updated_at: iso(stored.updatedAt),
    updated_by: stored.updatedBy,
  }
}

export function iso(time: number): string {
  return new Date(time).toISOString()
}

function dollars(amount: NanoUsd | undefined): number | null {
  return amount === undefined ? null : toUsd(amount)
}

function resetAt({ budgetDuration }: VirtualKey, now: number): string | null {
  const length = budgetDuration === undefined ? undefined : readDuration(budgetDuration)
  return length ? iso(periodAt(length, now, utcClock).endsAt) : null
}
