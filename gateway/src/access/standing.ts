import type { Store } from '../store/store.ts'
import type { Principal, Standing } from '../vocabulary/principal.ts'
import type { Budget, Organization, Team, TeamMember, User } from '../vocabulary/tenants.ts'
import type { Terms } from '../vocabulary/terms.ts'

export type KeyPrincipal = Extract<Principal, { kind: 'key' }>

/** Where somebody stands, asked for by those who know whom they speak of. */
export interface Standings {
  ofKey(hash: string): Promise<KeyPrincipal | undefined>
  ofUser(userId: string | undefined, place?: Place): Promise<Standing>
}

/** A team and an organisation that a caller acts for. */
export interface Place {
  readonly teamId?: string | undefined
  readonly organizationId?: string | undefined
}

type Rows = Pick<
  Store,
  'keys' | 'users' | 'teams' | 'teamMembers' | 'organizations' | 'organizationMembers' | 'budgets'
>

/** Puts a caller's rows together. Every row is read anew: whoever calls this keeps what it gives. */
export function createStandings(store: Rows): Standings {
  async function withBudget<T extends Terms>(value: T): Promise<T> {
    if (value.budgetId === undefined) return value
    const budget = await store.budgets.find(value.budgetId)
    return budget ? underlaid(value, budget.value) : value
  }

  async function find<T extends Terms>(
    from: { find(id: string): Promise<{ readonly value: T } | undefined> },
    id: string | undefined,
  ): Promise<T | undefined> {
    const found = id === undefined ? undefined : await from.find(id)
    return found && withBudget(found.value)
  }

  async function ofUser(userId: string | undefined, place: Place = {}): Promise<Standing> {
    const [user, team] = await Promise.all([find<User>(store.users, userId), find<Team>(store.teams, place.teamId)])
    const [organization, memberships, seats] = await Promise.all([
      find<Organization>(store.organizations, place.organizationId ?? team?.organizationId),
      user ? values(store.teamMembers.list({ where: { userId: user.id }, limit: mostTeams })) : [],
      user ? values(store.organizationMembers.list({ where: { userId: user.id }, limit: mostTeams })) : [],
    ])
    const own = memberships.find(({ teamId }) => teamId === team?.id)
    const member = own && team && memberWith(await withBudget(own), team)
    return {
      role: user?.role ?? 'internal_user',
      ...(user && { user }),
      ...(team && { team }),
      ...(member && { member }),
      ...(organization && { organization }),
      teamIds: memberships.map(({ teamId }) => teamId),
      administers: {
        teams: memberships.filter(({ role }) => role === 'admin').map(({ teamId }) => teamId),
        organizations: seats.filter(({ role }) => role === 'org_admin').map(({ organizationId }) => organizationId),
      },
    }
  }

  return {
    ofUser,
    async ofKey(hash) {
      const presented = (await store.keys.find(hash))?.value
      if (!presented) return undefined
      const current =
        presented.rotatedTo === undefined ? presented : (await store.keys.find(presented.rotatedTo))?.value
      if (!current) return undefined
      const key = await withBudget(current)
      // a secret that was replaced is good until its grace ends, and for what the key may do today
      const expiresAt = earlier(presented.expiresAt, current.expiresAt)
      const standing = await ofUser(key.userId, key)
      return {
        kind: 'key',
        key: expiresAt === key.expiresAt ? key : { ...key, expiresAt: expiresAt as number },
        ...standing,
      }
    },
  }
}

/** Teams of one person that are looked at. */
const mostTeams = 1000

/** The member, with the team's terms for members wherever nothing is set for this one. */
function memberWith(member: TeamMember, team: Team): TeamMember {
  return team.memberTerms ? underlaid(member, team.memberTerms) : member
}

/** A thing with other terms laid under its own: what it says itself holds. */
export function underlaid<T extends Terms>(value: T, under: Terms | Budget): T {
  const { id: _, ...terms } = under as Terms & { readonly id?: string }
  return { ...terms, ...value }
}

async function values<T>(rows: Promise<readonly { readonly value: T }[]>): Promise<readonly T[]> {
  return (await rows).map(({ value }) => value)
}

function earlier(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return Math.min(a, b)
}
