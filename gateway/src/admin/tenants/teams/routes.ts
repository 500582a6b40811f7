import { isGatewayError } from 'turnpike-core/internal/kernel/faults'
import type { Json, JsonObject } from 'turnpike-core/internal/kernel/json'
import { z } from 'zod'
import { isAdmin } from '../../../access/rights.ts'
import type { Route } from '../../../pipeline/route.ts'
import type { Stored } from '../../../store/aggregate.ts'
import type { Team } from '../../../vocabulary/tenants.ts'
import { forbidden } from '../../desk.ts'
import { type Desk, row } from '../../row.ts'
import { dollars, duration, id, invalid, names, text, whole } from '../../shapes.ts'
import { termsView } from '../../terms.ts'
import { oneOrMany, unserved } from '../fields.ts'
import { userView } from '../users/user-view.ts'
import { listTeams, ownMembership, pageTeams, seenTeam, teamInfo, teamInfoQuery, teamListQuery } from './listing.ts'
import {
  addMembers,
  changeMember,
  type Joined,
  type MemberTermsBody,
  memberOf,
  type Newcomer,
  removeMember,
} from './members.ts'
import { resetMemberSpend } from './reset-spend.ts'
import {
  availablePermissions,
  checkPermissions,
  memberRole,
  memberShape,
  newTeamShape,
  patchTeamShape,
  updateTeamShape,
} from './team-fields.ts'
import { membershipView, memberWith, teamView } from './team-view.ts'
import {
  addTeamModels,
  changeTeam,
  createTeam,
  deleteTeamModels,
  deleteTeams,
  managedTeam,
  setTeamBlocked,
  updateTeam,
} from './team-writes.ts'

const groups = ['management_routes'] as const
const read = ['management_routes', 'info_routes'] as const
const detail = true
const team = { groups, detail, policy: 'team' } as const
const byTeam = z.object({ team_id: id })
const withModels = z.object({ team_id: id, models: names })

const teamRows: readonly Route[] = [
  row({
    id: 'team.new',
    at: 'POST /team/new',
    ...team,
    policy: 'organization',
    summary: 'Makes a team.',
    body: newTeamShape,
    handle: createTeam,
  }),
  row({
    id: 'team.update',
    at: 'POST /team/update',
    ...team,
    summary: 'Changes a team; fields that are not named stay.',
    body: updateTeamShape,
    handle: (desk) => updateTeam(desk, desk.body.team_id),
  }),
  row({
    id: 'team.patch',
    at: 'PATCH /team/:team_id',
    ...team,
    summary: 'Changes a team; fields that are not named stay.',
    body: patchTeamShape,
    handle: (desk) => updateTeam(desk, desk.params.team_id ?? ''),
  }),
  row({
    id: 'team.delete',
    at: 'POST /team/delete',
    ...team,
    summary: 'Deletes teams with their keys.',
    body: z.object({ team_ids: z.array(id).min(1).max(500) }),
    handle: (desk) => deleteTeams(desk, desk.body.team_ids),
  }),
  row({
    id: 'team.block',
    at: 'POST /team/block',
    ...team,
    summary: 'Blocks all keys of a team.',
    body: byTeam,
    handle: (desk) => setTeamBlocked(desk, desk.body.team_id, true),
  }),
  row({
    id: 'team.unblock',
    at: 'POST /team/unblock',
    ...team,
    summary: 'Lets the keys of a team be used again.',
    body: byTeam,
    handle: (desk) => setTeamBlocked(desk, desk.body.team_id, false),
  }),
  row({
    id: 'team.model.add',
    at: 'POST /team/model/add',
    ...team,
    summary: 'Gives a team more models.',
    body: withModels,
    handle: (desk) => addTeamModels(desk, desk.body.team_id, desk.body.models),
  }),
  row({
    id: 'team.model.delete',
    at: 'POST /team/model/delete',
    ...team,
    summary: 'Takes models from a team.',
    body: withModels,
    handle: (desk) => deleteTeamModels(desk, desk.body.team_id, desk.body.models),
  }),
  row({
    id: 'team.info',
    at: 'GET /team/info',
    groups: read,
    policy: 'key',
    summary: 'Shows a team, its members and its keys.',
    query: teamInfoQuery,
    handle: teamInfo,
  }),
  row({
    id: 'team.list',
    at: 'GET /team/list',
    groups: read,
    policy: 'own-spend',
    summary: 'Lists teams: all of them, or those of the caller.',
    query: teamListQuery,
    handle: listTeams,
  }),
  row({
    id: 'team.list.v2',
    at: 'GET /v2/team/list',
    groups: read,
    policy: 'own-spend',
    summary: 'Lists teams in pages.',
    query: teamListQuery,
    handle: pageTeams,
  }),
  row({
    id: 'team.available',
    at: 'GET /team/available',
    groups: read,
    policy: 'own-spend',
    summary: 'Lists the teams that anybody may join: there are none.',
    handle: () => [],
  }),
]

const memberTerms = {
  max_budget_in_team: dollars.nullish(),
  budget_duration: duration.nullish(),
  rpm_limit: whole.nullish(),
  tpm_limit: whole.nullish(),
  allowed_models: unserved('is not supported: a member has the models of the team'),
} as const

const byPerson = { team_id: id, user_id: id.nullish(), user_email: text.nullish() } as const

const memberRows: readonly Route[] = [
  row({
    id: 'team.member_add',
    at: 'POST /team/member_add',
    ...team,
    summary: 'Adds members to a team; whoever is not known becomes a user.',
    body: z.object({ team_id: id, member: oneOrMany(memberShape), ...memberTerms }),
    async handle(desk) {
      const found = await managedTeam(desk, desk.body.team_id)
      return joined(desk, found, await addMembers(desk, found, desk.body.member, desk.body))
    },
  }),
  row({
    id: 'team.bulk_member_add',
    at: 'POST /team/bulk_member_add',
    ...team,
    summary: 'Adds many members to a team; those that cannot be added are told apart.',
    body: z.object({
      team_id: id,
      members: z.array(memberShape).max(500).nullish(),
      all_users: z.boolean().nullish(),
      ...memberTerms,
    }),
    handle: addManyMembers,
  }),
  row({
    id: 'team.member_update',
    at: 'POST /team/member_update',
    ...team,
    summary: 'Changes the role, budget or limits of a member.',
    body: z.object({ ...byPerson, role: memberRole.nullish(), ...memberTerms }),
    async handle(desk) {
      const { value } = await managedTeam(desk, desk.body.team_id)
      const member = await memberOf(desk.house, value, desk.body)
      const after = await changeMember(desk, value, member.value, desk.body)
      const user = await desk.house.store.users.find(after.userId)
      const { max_budget, budget_duration, rpm_limit, tpm_limit } = termsView(memberWith(after, value))
      return {
        team_id: value.id,
        user_id: after.userId,
        user_email: user?.value.email ?? null,
        role: after.role,
        max_budget_in_team: max_budget,
        budget_duration,
        rpm_limit,
        tpm_limit,
        allowed_models: null,
      }
    },
  }),
  row({
    id: 'team.member_delete',
    at: 'POST /team/member_delete',
    ...team,
    summary: 'Takes a member, and their keys of the team, out of a team.',
    body: z.object(byPerson),
    async handle(desk) {
      const found = await managedTeam(desk, desk.body.team_id)
      const member = await memberOf(desk.house, found.value, desk.body)
      await removeMember(desk, found.value, member.value)
      return teamView(desk.house, found)
    },
  }),
  row({
    id: 'team.member.reset_spend',
    at: 'POST /team/:team_id/member/:user_id/reset_spend',
    ...team,
    summary: 'Sets what a member has spent in the current period of their budget.',
    body: z.object({ reset_to: z.number().min(0).max(9_000_000) }),
    handle: (desk) =>
      resetMemberSpend(desk, {
        teamId: desk.params.team_id ?? '',
        userId: desk.params.user_id ?? '',
        resetTo: desk.body.reset_to,
      }),
  }),
  row({
    id: 'team.member.me',
    at: 'GET /team/:team_id/members/me',
    groups: read,
    policy: 'own-spend',
    summary: "Shows the caller's own membership.",
    handle: (desk) => ownMembership(desk, desk.params.team_id ?? ''),
  }),
]

async function joined(
  { house }: Pick<Desk<unknown, unknown>, 'house'>,
  found: Stored<Team>,
  { users, members }: Joined,
): Promise<JsonObject> {
  return {
    ...(await teamView(house, found)),
    updated_users: await Promise.all(users.map((user) => userView(house, user))),
    updated_team_memberships: await Promise.all(members.map((member) => membershipView(house, member, found.value))),
  }
}

/** Why something was refused; anything else is thrown on. */
function reasonOf(thrown: unknown): string {
  if (isGatewayError(thrown)) return thrown.message
  throw thrown
}

interface ManyBody extends MemberTermsBody {
  readonly team_id: string
  readonly members?: readonly Newcomer[] | null | undefined
  readonly all_users?: boolean | null | undefined
}

async function addManyMembers(desk: Desk<ManyBody, undefined>): Promise<Json> {
  const { body, caller, house } = desk
  const found = await managedTeam(desk, body.team_id)
  if (body.all_users && !isAdmin(caller))
    throw forbidden('Only a proxy admin can add all users to a team.', 'all_users')
  if (!body.all_users && !body.members?.length) throw invalid('members', 'Give members, or all_users: true.')
  const results: JsonObject[] = []
  const add = async (newcomer: Newcomer) => {
    const { user_id = null, user_email = null } = newcomer
    const why = await addMembers(desk, found, [newcomer], body).then(() => null, reasonOf)
    results.push({ user_id, user_email, success: why === null, error: why })
  }
  if (!body.all_users) for (const newcomer of body.members ?? []) await add(newcomer)
  else
    for (let after: string | undefined; ; ) {
      const users = await house.store.users.list({ limit: 200, ...(after !== undefined && { after }) })
      for (const { value } of users) await add({ user_id: value.id, role: 'user' })
      after = users.at(-1)?.value.id
      if (after === undefined) break
    }
  const successful = results.filter(({ success }) => success === true).length
  return {
    team_id: body.team_id,
    results,
    total_requested: results.length,
    successful_additions: successful,
    failed_additions: results.length - successful,
    updated_team: await teamView(house, found),
  }
}

const permissionRows: readonly Route[] = [
  row({
    id: 'team.permissions_list',
    at: 'GET /team/permissions_list',
    groups: read,
    policy: 'own-spend',
    summary: 'Lists what members of a team may do with its keys.',
    query: z.object({ team_id: id }),
    handle: async (desk) => permissionsView((await seenTeam(desk, desk.query.team_id)).value),
  }),
  row({
    id: 'team.permissions_update',
    at: 'POST /team/permissions_update',
    ...team,
    summary: 'Sets what members of a team may do with its keys.',
    body: z.object({ team_id: id, team_member_permissions: names }),
    async handle(desk) {
      const memberPermissions = desk.body.team_member_permissions
      checkPermissions(memberPermissions)
      const found = await managedTeam(desk, desk.body.team_id)
      return changeTeam(desk, found, { edit: (value) => ({ ...value, memberPermissions }) })
    },
  }),
]

function permissionsView({ id: team_id, memberPermissions }: Team): JsonObject {
  return { team_id, team_member_permissions: memberPermissions, all_available_permissions: availablePermissions }
}

export const teamRoutes: readonly Route[] = [...teamRows, ...memberRows, ...permissionRows]
