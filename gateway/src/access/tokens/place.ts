import { GatewayError } from 'turnpike-core/internal/kernel/faults'
import type { JwtRules } from '../../config/governance.ts'
import type { Token } from '../../vocabulary/principal.ts'
import type { Organization, Team, User } from '../../vocabulary/tenants.ts'
import type { Directory } from '../sign-on/people/directory.ts'
import type { Standings } from '../standing.ts'
import { type AllowanceRules, allowancesOf } from './allowances.ts'
import type { Assertion } from './assertion.ts'
import { refusedToken } from './verify.ts'

export interface PlaceRules extends AllowanceRules {
  readonly directory: Directory
  readonly standings: Pick<Standings, 'ofUser'>
}

/** Where a token stands here: user, team and organisation looked up, made where that is configured, and what it may. Throws where it may not come in. */
export async function placeToken(
  assertion: Assertion,
  { wantedTeam, first }: { readonly wantedTeam: string | undefined; readonly first: boolean },
  rules: PlaceRules,
): Promise<Token> {
  const { jwt, directory } = rules
  checkEmail(assertion, jwt)
  checkRoles(assertion, jwt)
  const admin = assertion.standsFor === 'proxy_admin'
  const user = admin ? await knownUser(assertion, directory) : await userOf(assertion, rules)
  if (user?.blocked) throw blocked(`User=${user.id} is blocked.`)
  const teams = admin ? [] : await teamsOf(assertion, wantedTeam, { user, rules })
  const team = teams[0]
  if (team?.blocked) throw blocked(`Team=${team.id} is blocked. Update via \`/team/unblock\` if you're an admin.`)
  if (user && first && !admin) await follow(assertion, { user, teams, rules })
  const organization = await organizationFor(assertion, directory)
  const allowances = allowancesOf(assertion, team !== undefined, rules)
  if (!admin && !user && !team && allowances.models === undefined)
    throw refusedToken(
      'it names no user and no team that is known here; the fields user_id_jwt_field, user_email_jwt_field, team_id_jwt_field and team_ids_jwt_field of litellm_jwtauth say where they are named.',
    )
  const standing = await rules.standings.ofUser(user?.id, { teamId: team?.id, organizationId: organization?.id })
  const role = admin ? 'proxy_admin' : (assertion.rowRole ?? (user || !team ? standing.role : 'team'))
  return {
    kind: 'token',
    via: 'jwt',
    subject: assertion.subject,
    ...standing,
    role,
    ...(teams.length > 0 && assertion.teamIds.length > 0 ? { teamIds: teams.map(({ id }) => id) } : {}),
    ...allowances,
    ...(assertion.endUserId === undefined ? {} : { endUserId: assertion.endUserId }),
  }
}

function checkEmail({ email }: Assertion, { allowedEmailDomain }: JwtRules): void {
  if (allowedEmailDomain === undefined || email === undefined) return
  if (email.slice(email.lastIndexOf('@') + 1) !== allowedEmailDomain.toLowerCase())
    throw denied(`its address is not of the domain ${allowedEmailDomain}.`)
}

function checkRoles(assertion: Assertion, jwt: JwtRules): void {
  if (jwt.enforceRbac && assertion.standsFor === undefined)
    throw denied('`enforce_rbac` is set, and it belongs to no proxy admin, team or user.')
  const { allowedUserRoles } = jwt
  if (allowedUserRoles.length === 0 || assertion.standsFor !== 'internal_user') return
  if (!assertion.userRoles.some((role) => allowedUserRoles.includes(role)))
    throw denied('none of its roles is among `user_allowed_roles`.')
}

function knownUser({ userId, email }: Assertion, directory: Directory): Promise<User | undefined> {
  if (userId === undefined && email === undefined) return Promise.resolve(undefined)
  return directory.findUser({ ssoId: userId, id: userId, email })
}

async function userOf(assertion: Assertion, { jwt, directory }: PlaceRules): Promise<User | undefined> {
  const { userId, email } = assertion
  const found = await knownUser(assertion, directory)
  if (found || userId === undefined) return found
  // with a domain to belong to, only somebody who is seen to belong to it is made
  const mayMake = jwt.createUsers && (jwt.allowedEmailDomain === undefined || email !== undefined)
  if (mayMake) return directory.makeUser({ id: userId, ssoId: userId, email, role: assertion.rowRole })
  throw refusedToken('its user is not known here; make it with `/user/new`, or set `user_id_upsert`.')
}

/** The teams that the token may stand in, the one that it stands in first. */
async function teamsOf(
  assertion: Assertion,
  wanted: string | undefined,
  { user, rules }: { readonly user: User | undefined; readonly rules: PlaceRules },
): Promise<readonly Team[]> {
  const { jwt, directory } = rules
  const own = assertion.teamIds.length > 0
  const open = own || !user ? assertion.teamIds : (await directory.memberships(user.id)).map(({ teamId }) => teamId)
  if (wanted !== undefined && !open.includes(wanted))
    throw denied('the team in the header `x-litellm-team-id` is not one of its teams.')
  if (!own && wanted !== undefined) return existing(await directory.findTeam({ id: wanted }))
  if (!own && assertion.teamAlias !== undefined) {
    const named = await directory.findTeam({ alias: assertion.teamAlias })
    if (!named) throw refusedToken('its team is not known here; make it with `/team/new`.')
    return [named]
  }
  const found = own ? await claimedTeams(assertion, wanted, rules) : []
  if (found.length > 0) return found
  if (jwt.defaultTeamId !== undefined && !own) return existing(await directory.findTeam({ id: jwt.defaultTeamId }))
  if (jwt.enforceTeamModels)
    throw denied('`enforce_team_based_model_access` is set, and it belongs to no team that is known here.')
  return []
}

async function claimedTeams(
  { teamIds, oneTeam, teamAlias }: Assertion,
  wanted: string | undefined,
  { jwt, directory }: PlaceRules,
): Promise<readonly Team[]> {
  const ids = wanted === undefined ? teamIds : [wanted, ...teamIds.filter((id) => id !== wanted)]
  const found = await Promise.all(
    ids.map(async (id) => {
      const team = await directory.findTeam({ id })
      return team ?? (jwt.createTeams ? directory.makeTeam({ id, alias: oneTeam ? teamAlias : undefined }) : undefined)
    }),
  )
  const teams = found.filter((team) => team !== undefined)
  if ((oneTeam && teams.length === 0) || (wanted !== undefined && teams[0]?.id !== wanted))
    throw refusedToken('its team is not known here; make it with `/team/new`, or set `team_id_upsert`.')
  // among several, one that is blocked stands behind the others
  return wanted === undefined ? [...teams].sort((a, b) => Number(a.blocked) - Number(b.blocked)) : teams
}

/** Lets the rows of a user follow what the token says, where that is configured. */
async function follow(
  { rowRole, teamIds }: Assertion,
  { user, teams, rules }: { readonly user: User; readonly teams: readonly Team[]; readonly rules: PlaceRules },
): Promise<void> {
  const { jwt, directory } = rules
  if (jwt.syncUsers && rowRole !== undefined && rowRole !== user.role)
    await directory.changeUser(user.id, { role: rowRole })
  if (!(jwt.syncUsers || jwt.joinTeams) || teamIds.length === 0) return
  const has = new Set((await directory.memberships(user.id)).map(({ teamId }) => teamId))
  for (const team of teams) if (!has.has(team.id)) await directory.join(team.id, user.id)
  if (!jwt.syncUsers) return
  for (const teamId of has) if (!teams.some(({ id }) => id === teamId)) await directory.leave(teamId, user.id)
}

async function organizationFor(assertion: Assertion, directory: Directory): Promise<Organization | undefined> {
  const { organizationId: id, organizationAlias: alias } = assertion
  if (id === undefined && alias === undefined) return undefined
  const found = await directory.findOrganization({ id, alias })
  // without its row nobody would hold the token to the organisation's budget
  if (!found) throw refusedToken('its organization is not known here; make it with `/organization/new`.')
  return found
}

function existing(team: Team | undefined): readonly Team[] {
  return team ? [team] : []
}

function blocked(what: string): GatewayError {
  return new GatewayError('blocked-key', `Authentication Error, ${what}`, { kind: 'auth_error' })
}

function denied(why: string): GatewayError {
  return new GatewayError('route-denied', `Authentication Error, the token may not be used: ${why}`, {
    kind: 'auth_error',
  })
}
