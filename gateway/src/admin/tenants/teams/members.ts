import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import type { House } from '../../../house.ts'
import type { Stored } from '../../../store/aggregate.ts'
import type { Team, TeamMember, User } from '../../../vocabulary/tenants.ts'
import type { Terms } from '../../../vocabulary/terms.ts'
import { edited, fresh, record, type Who } from '../../desk.ts'
import { invalid } from '../../shapes.ts'
import { type TermBody, termsView, withTerms } from '../../terms.ts'
import { checkTermsWithin } from '../bounds.ts'
import { deleteKeys } from '../keys-of.ts'
import { emailTaken, findPerson, type Named, personOrNew } from '../people.ts'
import { checkBudgetId, effective } from '../views.ts'

/** Somebody who joins a team, as a body says it. */
export interface Newcomer extends Named {
  readonly role: 'admin' | 'user'
}

/** Terms as members' bodies have them. */
export interface MemberTermsBody {
  readonly max_budget_in_team?: TermBody['max_budget']
  readonly budget_duration?: TermBody['budget_duration']
  readonly rpm_limit?: TermBody['rpm_limit']
  readonly tpm_limit?: TermBody['tpm_limit']
  readonly budget_id?: TermBody['budget_id']
}

export function withMemberTerms<T extends Terms>(value: T, { max_budget_in_team, ...rest }: MemberTermsBody): T {
  const { budget_duration, rpm_limit, tpm_limit, budget_id } = rest
  return withTerms(value, { max_budget: max_budget_in_team, budget_duration, rpm_limit, tpm_limit, budget_id })
}

export function memberId(teamId: string, userId: string): string {
  return `${teamId}:${userId}`
}

/** 400 where a member has more than the team. */
export async function checkMember(house: House, terms: Terms, team: Team): Promise<void> {
  await checkBudgetId(house, terms)
  const kin = { child: 'Team member', parent: 'team', fields: { max_budget: 'max_budget_in_team' } }
  checkTermsWithin(await effective(house, terms), await effective(house, team), kin)
}

export interface Joined {
  readonly users: readonly Stored<User>[]
  readonly members: readonly Stored<TeamMember>[]
}

/** Adds people to a team, all or none; those whom nobody knows are made. */
export async function addMembers(
  who: Who,
  team: Stored<Team>,
  newcomers: readonly Newcomer[],
  terms: MemberTermsBody = {},
): Promise<Joined> {
  if (newcomers.length === 0) return { users: [], members: [] }
  const { store } = who.house
  const own = withMemberTerms<Terms>({}, terms)
  await checkMember(who.house, own, team.value)
  await checkNewcomers(who, team.value, newcomers)
  const users: Stored<User>[] = []
  const members: Stored<TeamMember>[] = []
  for (const newcomer of newcomers) {
    const user = await personOrNew(who, newcomer)
    const [teamId, userId] = [team.value.id, user.value.id]
    const member = fresh<TeamMember>(who, { ...own, id: memberId(teamId, userId), teamId, userId, role: newcomer.role })
    const { taken } = await store.teamMembers.insert(member)
    if (taken !== undefined) throw alreadyIn(userId, teamId)
    await recordMember(who, undefined, member.value)
    users.push(user)
    members.push(member)
  }
  return { users, members }
}

/** Throws where somebody is named twice, is in the team already, or would get the address of somebody else. */
export async function checkNewcomers(who: Who, team: Team, newcomers: readonly Newcomer[]): Promise<void> {
  const { house } = who
  const seen = new Set<string>()
  for (const newcomer of newcomers) {
    const known = await findPerson(house, newcomer)
    const { user_id, user_email } = newcomer
    if (!known && user_id && user_email && (await findPerson(house, { user_email }))) throw emailTaken(user_email)
    const userId = known?.value.id ?? user_id ?? user_email ?? ''
    if (seen.has(userId) || (await house.store.teamMembers.find(memberId(team.id, userId))))
      throw alreadyIn(userId, team.id)
    seen.add(userId)
  }
}

function alreadyIn(userId: string, teamId: string) {
  return invalid('member', `User=${userId} is already in team=${teamId}. Change them by /team/member_update.`)
}

/** The membership of somebody who is named; 400 where they are not in the team. */
export async function memberOf(house: House, team: Team, named: Named): Promise<Stored<TeamMember>> {
  const user = await findPerson(house, named)
  const userId = user?.value.id ?? named.user_id ?? undefined
  const member = userId === undefined ? undefined : await house.store.teamMembers.find(memberId(team.id, userId))
  if (member) return member
  throw invalid(named.user_id ? 'user_id' : 'user_email', `User not found in team. Team=${team.id}.`)
}

/** Takes somebody out of a team, and their keys of the team with them. */
export async function removeMember(who: Who, team: Team, member: TeamMember): Promise<void> {
  await who.house.store.teamMembers.remove([member.id])
  await deleteKeys(who, { teamId: team.id, userId: member.userId })
  await recordMember(who, member, undefined)
}

export interface MemberEdit extends MemberTermsBody {
  readonly role?: TeamMember['role'] | null | undefined
}

export async function changeMember(who: Who, team: Team, member: TeamMember, body: MemberEdit): Promise<TeamMember> {
  const edit = (before: TeamMember) => ({ ...withMemberTerms(before, body), ...(body.role && { role: body.role }) })
  await checkMember(who.house, edit(member), team)
  const after = await who.house.store.teamMembers.change(member.id, (row) => edited(who, row, edit(row.value)))
  if (!after || 'taken' in after) throw invalid('user_id', `User not found in team. Team=${team.id}.`)
  await recordMember(who, member, after.value)
  return after.value
}

/** Memberships are told in the trail of their team. */
async function recordMember(who: Who, before: TeamMember | undefined, after: TeamMember | undefined): Promise<void> {
  await record(who, {
    action: 'updated',
    table: 'LiteLLM_TeamTable',
    objectId: (after ?? before)?.teamId ?? '',
    ...(before && { before: { member: memberView(before) } }),
    ...(after && { after: { member: memberView(after) } }),
  })
}

function memberView(member: TeamMember): JsonObject {
  const { max_budget, budget_duration, rpm_limit, tpm_limit, budget_id } = termsView(member)
  return { user_id: member.userId, role: member.role, max_budget, budget_duration, rpm_limit, tpm_limit, budget_id }
}
