import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import { z } from 'zod'
import type { House } from '../../../house.ts'
import type { Team } from '../../../vocabulary/tenants.ts'
import type { Terms } from '../../../vocabulary/terms.ts'
import { forbidden } from '../../desk.ts'
import { dollars, duration, id, invalid, names, text, whole } from '../../shapes.ts'
import { termFields, withTerms } from '../../terms.ts'
import { checkModelsWithin, checkTermsWithin } from '../bounds.ts'
import {
  checkedMetadata,
  metadataField,
  modelsField,
  modelsInside,
  patched,
  placeIdField,
  unserved,
  unservedFields,
} from '../fields.ts'
import { checkBudgetId, effective } from '../views.ts'

export const memberRole = z.enum(['admin', 'user'])

export const memberShape = z.strictObject({ user_id: id.nullish(), user_email: text.nullish(), role: memberRole })

/** What a body may say of a team, whether it makes one or changes it. */
const teamFields = {
  ...unservedFields,
  team_alias: text.nullish(),
  organization_id: id.nullish(),
  metadata: metadataField,
  ...termFields,
  models: modelsField,
  model_aliases: z.record(z.string().min(1), z.string().min(1)).nullish(),
  blocked: z.boolean().nullish(),
  team_member_permissions: names.nullish(),
  team_member_budget: dollars.nullish(),
  team_member_budget_duration: duration.nullish(),
  team_member_rpm_limit: whole.nullish(),
  team_member_tpm_limit: whole.nullish(),
  team_member_key_duration: unserved(),
  default_team_member_models: unserved(),
  enforced_batch_output_expires_after: unserved(),
  enforced_file_expires_after: unserved(),
} as const

export const newTeamShape = z.object({
  ...teamFields,
  team_id: placeIdField.nullish(),
  admins: z.array(id).nullish(),
  members: z.array(id).nullish(),
  members_with_roles: z.array(memberShape).nullish(),
})

export const updateTeamShape = z.object({ ...teamFields, team_id: id })
export const patchTeamShape = z.object(teamFields)

export type TeamBody = z.infer<typeof patchTeamShape>

/** What the administrators of a team may change of it themselves: the rest binds them too. */
const teamAdminFields = new Set([
  'team_id',
  'team_alias',
  'metadata',
  'soft_budget',
  'team_member_permissions',
  'team_member_budget',
  'team_member_budget_duration',
  'team_member_rpm_limit',
  'team_member_tpm_limit',
])

export function refuseFieldsAbove(named: ReadonlySet<string>): void {
  for (const name of named)
    if (!teamAdminFields.has(name))
      throw forbidden(`${name} of a team can only be changed by a proxy admin or an admin of its organization.`, name)
}

/** A team with what a body names; the rest stays. */
export function withTeamBody(team: Team, body: TeamBody): Team {
  checkPermissions(body.team_member_permissions ?? [])
  return withTerms(
    patched<Team>(team, {
      alias: body.team_alias,
      organizationId: body.organization_id,
      models: modelsInside(body.models),
      modelAliases: body.model_aliases === null ? {} : body.model_aliases,
      blocked: body.blocked === null ? false : body.blocked,
      memberPermissions: body.team_member_permissions === null ? [] : body.team_member_permissions,
      metadata: checkedMetadata(body.metadata),
      memberTerms: memberTerms(team, body),
    }),
    body,
  )
}

function memberTerms(team: Team, body: TeamBody): Terms | null | undefined {
  const terms = withTerms<Terms>(team.memberTerms ?? {}, {
    max_budget: body.team_member_budget,
    budget_duration: body.team_member_budget_duration,
    rpm_limit: body.team_member_rpm_limit,
    tpm_limit: body.team_member_tpm_limit,
  })
  return Object.keys(terms).length === 0 ? null : terms
}

/** Routes that a team's members may be allowed for its keys. */
export const availablePermissions: readonly string[] = [
  '/key/info',
  '/key/health',
  '/key/list',
  '/key/generate',
  '/key/service-account/generate',
  '/key/update',
  '/key/bulk_update',
  '/key/delete',
  '/key/regenerate',
  '/key/{key_id}/regenerate',
  '/key/{key_id}/reset_spend',
  '/key/block',
  '/key/unblock',
]

export function checkPermissions(asked: readonly string[]): void {
  const unknown = asked.find((one) => !availablePermissions.includes(one))
  if (unknown !== undefined)
    throw invalid(
      'team_member_permissions',
      `team_member_permissions holds ${unknown}, which members cannot be allowed. Available: ${availablePermissions.join(', ')}.`,
    )
}

const membersKin = {
  child: 'Team member',
  parent: 'team',
  fields: {
    max_budget: 'team_member_budget',
    rpm_limit: 'team_member_rpm_limit',
    tpm_limit: 'team_member_tpm_limit',
  },
} as const

/** 400 where a team has more than its organisation, its members more than the team, or it refers to what is not there. */
export async function checkTeam(house: House, team: Team): Promise<void> {
  await checkBudgetId(house, team)
  const own = await effective(house, team)
  if (team.memberTerms) checkTermsWithin(team.memberTerms, own, membersKin)
  if (team.organizationId === undefined) return
  const organization = await house.store.organizations.find(team.organizationId)
  if (!organization)
    throw invalid('organization_id', `Organization not found, passed organization_id=${team.organizationId}`)
  const parent = await effective(house, organization.value)
  const kin = { child: 'Team', parent: 'organization' }
  checkTermsWithin(own, parent, kin)
  checkModelsWithin(team.models, parent.models, kin)
  checkModelsWithin(Object.values(team.modelAliases), parent.models, kin)
}

/** What the operator gives to new teams. */
export function newTeam(house: House, teamId: string): Team {
  const { models, memberPermissions, ...terms } = house.config.governance.creation.teams
  return patched<Team>(
    {
      id: teamId,
      models: modelsInside(models) ?? ['all-proxy-models'],
      modelAliases: {},
      blocked: false,
      memberPermissions: memberPermissions ?? [],
      metadata: {} as JsonObject,
    },
    terms,
  )
}
