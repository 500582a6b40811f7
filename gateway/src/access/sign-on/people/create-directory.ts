import { GatewayError } from 'turnpike-core/internal/kernel/faults'
import type { Aggregate, Stored } from '../../../store/aggregate.ts'
import type { Store } from '../../../store/store.ts'
import type { Team, TeamMember, User } from '../../../vocabulary/tenants.ts'
import type { Changed, Directory, Newcomer } from './directory.ts'

export interface DirectoryPorts {
  readonly store: Pick<Store, 'users' | 'teams' | 'teamMembers' | 'organizations' | 'organizationMembers'>
  readonly now: () => number
  /** a user with the defaults of new ones */
  readonly newUser: (newcomer: Newcomer) => User
  readonly newTeam: (team: { readonly id: string; readonly alias?: string | undefined }) => Team
  /** who a change is put down to */
  readonly by: string
  readonly changed?: (what: Changed) => void
}

const mostMemberships = 1000

/** The directory over the store. */
export function createDirectory({ store, now, newUser, newTeam, by, changed = () => {} }: DirectoryPorts): Directory {
  const fresh = <T>(value: T): Stored<T> => ({
    value,
    extra: {},
    createdAt: now(),
    createdBy: by,
    updatedAt: now(),
    updatedBy: by,
  })

  async function insertOr<T extends { readonly id: string }, C extends string>(
    rows: Pick<Aggregate<T, C>, 'insert' | 'find'>,
    value: T,
  ): Promise<{ value: T; made: boolean }> {
    const { taken } = await rows.insert(fresh(value))
    if (taken === undefined) return { value, made: true }
    const there = await rows.find(value.id)
    if (there) return { value: there.value, made: false }
    throw new GatewayError(
      'route-denied',
      `Authentication Error, the ${taken} of this identity belongs to somebody else here.`,
      {
        kind: 'auth_error',
      },
    )
  }

  return {
    async findUser({ ssoId, id, email }) {
      const tied = ssoId === undefined ? undefined : await store.users.findBy('ssoId', ssoId)
      if (tied) return tied.value
      const named = id === undefined ? undefined : await store.users.find(id)
      if (named) return named.value
      const mailed = email === undefined ? undefined : await store.users.findBy('email', email)
      return mailed && (mailed.value.ssoId ?? ssoId) === ssoId ? mailed.value : undefined
    },
    async makeUser(newcomer) {
      const { value, made } = await insertOr(store.users, newUser(newcomer))
      if (made) changed({ kind: 'user', id: value.id })
      return value
    },
    async changeUser(id, { role, ssoId }) {
      const after = await store.users.change(id, (row) => ({
        ...row,
        value: { ...row.value, ...(role ? { role } : {}), ...(ssoId === undefined ? {} : { ssoId }) },
        updatedAt: now(),
        updatedBy: by,
      }))
      if (!after || 'taken' in after) return undefined
      changed({ kind: 'user', id })
      return after.value
    },
    async findTeam({ id, alias }) {
      if (id !== undefined) return (await store.teams.find(id))?.value
      return alias === undefined ? undefined : (await store.teams.findBy('alias', alias))?.value
    },
    async makeTeam(team) {
      const { value, made } = await insertOr(store.teams, newTeam(team))
      if (made) changed({ kind: 'team', id: value.id })
      return value
    },
    async findOrganization({ id, alias }) {
      if (id !== undefined) return (await store.organizations.find(id))?.value
      return alias === undefined ? undefined : (await store.organizations.findBy('alias', alias))?.value
    },
    memberships: async (userId) => values(await store.teamMembers.list({ where: { userId }, limit: mostMemberships })),
    organizationMemberships: async (userId) =>
      values(await store.organizationMembers.list({ where: { userId }, limit: mostMemberships })),
    async join(teamId, userId) {
      const member: TeamMember = { id: `${teamId}:${userId}`, teamId, userId, role: 'user' }
      const { taken } = await store.teamMembers.insert(fresh(member))
      if (taken === undefined) changed({ kind: 'member', id: member.id })
    },
    async leave(teamId, userId) {
      const gone = await store.teamMembers.remove([`${teamId}:${userId}`])
      for (const { value } of gone) changed({ kind: 'member', id: value.id })
    },
  }
}

function values<T>(rows: readonly Stored<T>[]): readonly T[] {
  return rows.map(({ value }) => value)
}
