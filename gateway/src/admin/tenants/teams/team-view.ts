import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import { underlaid } from '../../../access/standing.ts'
import { bucketOf } from '../../../admission/scopes.ts'
import type { House } from '../../../house.ts'
import type { Stored } from '../../../store/aggregate.ts'
import type { Team, TeamMember } from '../../../vocabulary/tenants.ts'
import { modelsShown } from '../fields.ts'
import { budgetTable, moneyView, stamps } from '../views.ts'

/** Members of one team that are shown. */
export const mostMembers = 5000

export async function membersOf(house: House, teamId: string): Promise<readonly Stored<TeamMember>[]> {
  return house.store.teamMembers.list({ where: { teamId }, limit: mostMembers })
}

/** A team as the API shows it, with its members. */
export async function teamView(
  house: House,
  stored: Stored<Team>,
  rows?: readonly Stored<TeamMember>[],
): Promise<JsonObject> {
  const { value: team, extra } = stored
  const members = rows ?? (await membersOf(house, team.id))
  const { terms, spend, ...money } = await moneyView(house, bucketOf.team(team.id), team)
  return {
    ...extra,
    ...terms,
    ...money,
    spend,
    team_id: team.id,
    team_alias: team.alias ?? null,
    organization_id: team.organizationId ?? null,
    admins: [],
    members: [],
    members_with_roles: await rolesOf(house, members),
    team_member_permissions: team.memberPermissions,
    metadata: team.metadata as JsonObject,
    models: modelsShown(team.models),
    blocked: team.blocked,
    model_id: null,
    model_spend: {},
    model_aliases: team.modelAliases,
    litellm_model_table: Object.keys(team.modelAliases).length === 0 ? null : { model_aliases: team.modelAliases },
    team_member_budget_table: team.memberTerms ? budgetTable(house, team.memberTerms) : null,
    router_settings: null,
    policies: [],
    access_group_ids: [],
    object_permission: null,
    object_permission_id: null,
    ...stamps(stored),
  }
}

async function rolesOf(house: House, members: readonly Stored<TeamMember>[]): Promise<readonly JsonObject[]> {
  const users = await house.store.users.findMany(members.map(({ value }) => value.userId))
  const emails = new Map(users.map(({ value }) => [value.id, value.email]))
  return members.map(({ value }) => ({
    user_id: value.userId,
    user_email: emails.get(value.userId) ?? null,
    role: value.role,
  }))
}

/** A member with the team's terms for members where nothing is set for this one. */
export function memberWith(member: TeamMember, team: Team): TeamMember {
  return team.memberTerms ? underlaid(member, team.memberTerms) : member
}

/** A membership as the API shows it: what holds for the member, and what is spent of it. */
export async function membershipView(
  house: House,
  { value: member }: Stored<TeamMember>,
  team: Team,
): Promise<JsonObject> {
  const { spend, litellm_budget_table } = await moneyView(
    house,
    bucketOf.team_member(member.id),
    memberWith(member, team),
  )
  return {
    user_id: member.userId,
    team_id: member.teamId,
    budget_id: member.budgetId ?? null,
    role: member.role,
    spend,
    litellm_budget_table,
  }
}
