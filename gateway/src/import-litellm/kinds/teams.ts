import { isArray, isObject, type JsonObject } from 'turnpike-core/internal/kernel/json'
import { placeIdField, userIdField } from '../../admin/tenants/fields.ts'
import { availablePermissions } from '../../admin/tenants/teams/team-fields.ts'
import { bucketOf } from '../../admission/scopes.ts'
import type { Team, TeamMember } from '../../vocabulary/tenants.ts'
import type { Terms } from '../../vocabulary/terms.ts'
import { bring, type Thing } from '../bring.ts'
import { flag, modelsOf, object, stored, text, textMap, texts } from '../columns.ts'
import { partsOf, together } from '../fields.ts'
import type { Move } from '../move.ts'
import type { Tally } from '../report.ts'
import type { SourceRow } from '../source.ts'
import { spentOf } from '../spend.ts'
import { withTermsOf } from '../terms.ts'

/** Where LiteLLM notes which budget members have who have none of their own. */
const memberBudget = 'team_member_budget_id'

/** Teams with their members. */
export async function importTeams(move: Move): Promise<void> {
  const tally = move.tally('teams')
  const link = { table: 'LiteLLM_ModelTable', key: 'id', by: 'model_id' }
  for await (const rows of move.source.pages({ table: 'LiteLLM_TeamTable', key: ['team_id'], link })) {
    tally.add({ found: rows.length })
    const fit = rows.filter(({ row }) => {
      const fits = placeIdField.safeParse(row.team_id).success
      if (!fits) tally.skip('its id holds a colon or a slash, or is too long', String(row.team_id))
      return fits
    })
    const ids = fit.flatMap(({ row }) => budgetIdOf(row) ?? [])
    const budgets = byColumn(await move.source.matching('LiteLLM_BudgetTable', 'budget_id', ids), 'budget_id')
    const goal = { kind: 'teams', rows: move.store.teams, id: ({ id }: Team) => id }
    const things = fit.map((row) => teamOf(row, { tally, now: move.now, budgets }))
    await bring(move, goal, things)
    await importMembers(move, fit, budgets)
  }
}

type Budgets = ReadonlyMap<string, JsonObject>

function byColumn(rows: readonly JsonObject[], column: string): Budgets {
  return new Map(rows.map((row) => [String(row[column]), row]))
}

function budgetIdOf(team: JsonObject): string | undefined {
  return text(object(team, 'metadata'), memberBudget)
}

function teamOf(
  { row, linked }: SourceRow,
  { tally, now, budgets }: { readonly tally: Tally; readonly now: number; readonly budgets: Budgets },
): Thing<Team> {
  const id = String(row.team_id)
  const { notes, fields } = partsOf(row, { tally, id, taken: [memberBudget] })
  const alias = text(row, 'team_alias')
  const organizationId = text(row, 'organization_id')
  const memberPermissions = texts(row, 'team_member_permissions').filter((route) => {
    const known = availablePermissions.includes(route)
    if (!known) tally.left(`team_member_permissions ${route}`, id)
    return known
  })
  const budget = budgets.get(budgetIdOf(row) ?? '')
  const { budgetId: _, ...memberTerms } = budget ? withTermsOf<Terms>({}, budget, { tally, id }) : {}
  const team: Team = {
    id,
    ...(alias !== undefined && { alias }),
    ...(organizationId !== undefined && { organizationId }),
    models: modelsOf(row),
    modelAliases: linked ? textMap(linked, 'model_aliases') : {},
    blocked: flag(row, 'blocked'),
    ...(Object.keys(memberTerms).length > 0 && { memberTerms }),
    memberPermissions,
    metadata: notes,
  }
  const value = withTermsOf(team, together(row, fields), { tally, id })
  return { stored: stored(value, row, now), spend: spentOf(bucketOf.team(id), row, [row]) }
}

/** Who is in these teams: LiteLLM's list in the team's row, with budgets and spend of its table of memberships. */
async function importMembers(move: Move, teams: readonly SourceRow[], defaults: Budgets): Promise<void> {
  const kind = 'team members'
  const tally = move.tally(kind)
  const ids = teams.map(({ row }) => String(row.team_id))
  const memberships = await move.source.matching('LiteLLM_TeamMembership', 'team_id', ids)
  const own = new Map(memberships.map((row) => [`${row.team_id}:${row.user_id}`, row]))
  const budgetIds = [...new Set(memberships.flatMap((row) => text(row, 'budget_id') ?? []))]
  const budgets = byColumn(await move.source.matching('LiteLLM_BudgetTable', 'budget_id', budgetIds), 'budget_id')
  const things = teams.flatMap(({ row: team }) => {
    const teamId = String(team.team_id)
    const roles = rolesIn(team, tally)
    tally.add({ found: roles.size })
    return [...roles].map(([userId, role]): Thing<TeamMember> => {
      const id = `${teamId}:${userId}`
      const row = own.get(id) ?? {}
      own.delete(id)
      const member = withTermsOf<TeamMember>({ id, teamId, userId, role }, row, { tally, id })
      const held = [budgets.get(text(row, 'budget_id') ?? ''), defaults.get(budgetIdOf(team) ?? '')]
      return { stored: stored(member, row, move.now), spend: spentOf(bucketOf.team_member(id), row, held) }
    })
  })
  for (const id of own.keys()) tally.skip("has a membership and is not in the team's list", id)
  const goal = { kind, rows: move.store.teamMembers, id: ({ id }: TeamMember) => id }
  for (let start = 0; start < things.length; start += membersAtOnce)
    await bring(move, goal, things.slice(start, start + membersAtOnce))
}

const membersAtOnce = 500

/** Users by their role; older versions kept two lists of names. */
function rolesIn(team: JsonObject, tally: Tally): ReadonlyMap<string, TeamMember['role']> {
  const roles = new Map<string, TeamMember['role']>()
  const note = (userId: string | undefined, role: TeamMember['role']): void => {
    const usable = userId !== undefined && userIdField.safeParse(userId).success
    if (!usable) tally.skip('a member without a usable user_id, of the team', String(team.team_id))
    else if (role === 'admin' || !roles.has(userId)) roles.set(userId, role)
  }
  const listed = team.members_with_roles
  for (const entry of isArray(listed) ? listed : [])
    if (isObject(entry)) note(text(entry, 'user_id'), entry.role === 'admin' ? 'admin' : 'user')
  for (const userId of texts(team, 'admins')) note(userId, 'admin')
  for (const userId of texts(team, 'members')) note(userId, 'user')
  return roles
}
