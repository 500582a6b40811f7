import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import { bucketOf } from '../../../admission/scopes.ts'
import type { House } from '../../../house.ts'
import type { Stored } from '../../../store/aggregate.ts'
import type { OrganizationMember, User } from '../../../vocabulary/tenants.ts'
import { iso } from '../../terms.ts'
import { modelsShown } from '../fields.ts'
import { moneyView } from '../views.ts'

/** Teams of one person that are shown. */
export const mostTeams = 1000

export async function teamIdsOf(house: House, userId: string): Promise<readonly string[]> {
  const rows = await house.store.teamMembers.list({ where: { userId }, limit: mostTeams })
  return rows.map(({ value }) => value.teamId)
}

/** A user as the API shows one. */
export async function userView(house: House, stored: Stored<User>): Promise<JsonObject> {
  const { value: user, extra } = stored
  const [teams, { terms, ...money }, seats] = await Promise.all([
    teamIdsOf(house, user.id),
    moneyView(house, bucketOf.user(user.id), user),
    house.store.organizationMembers.list({ where: { userId: user.id }, limit: mostTeams }),
  ])
  return {
    ...extra,
    ...terms,
    ...money,
    user_id: user.id,
    user_email: user.email ?? null,
    user_alias: user.alias ?? null,
    user_role: user.role,
    sso_user_id: user.ssoId ?? null,
    team_id: null,
    organization_id: null,
    teams,
    models: modelsShown(user.models),
    metadata: user.metadata as JsonObject,
    blocked: user.blocked,
    allowed_cache_controls: [],
    policies: [],
    model_spend: {},
    organization_memberships: seats.map((seat) => seatView(seat)),
    object_permission: null,
    object_permission_id: null,
    created_at: iso(stored.createdAt),
    updated_at: iso(stored.updatedAt),
  }
}

/** Somebody's place in an organisation as the API shows it. */
export function seatView(stored: Stored<OrganizationMember>, email?: string): JsonObject {
  const { value } = stored
  return {
    user_id: value.userId,
    organization_id: value.organizationId,
    user_role: value.role,
    ...(email !== undefined && { user_email: email }),
    spend: 0,
    budget_id: null,
    created_at: iso(stored.createdAt),
    updated_at: iso(stored.updatedAt),
    litellm_budget_table: null,
  }
}
