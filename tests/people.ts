import { hashOf, nameOf, newSecret } from '../gateway/src/access/secrets.ts'
import type { Aggregate, Stored } from '../gateway/src/store/aggregate.ts'
import type { VirtualKey } from '../gateway/src/vocabulary/principal.ts'
import type { Organization, Role, Team, User } from '../gateway/src/vocabulary/tenants.ts'
import type { Terms } from '../gateway/src/vocabulary/terms.ts'
import type { TestHouse } from './house.ts'

/** A key that is put into the store as it is, past the management API. */
export interface PutKey {
  readonly secret: string
  readonly hash: string
}

export type Put = ReturnType<typeof peopleOf>

/** Puts rows into a house's store, past the management API, so that a test of one thing does not hang on another. */
export function peopleOf({ gateway }: Pick<TestHouse, 'gateway'>) {
  const { store, access } = gateway.house

  async function put<T, C extends string>(rows: Pick<Aggregate<T, C>, 'insert'>, value: T): Promise<T> {
    const stored: Stored<T> = { value, extra: {}, createdAt: 0, createdBy: 'test', updatedAt: 0, updatedBy: 'test' }
    const { taken } = await rows.insert(stored)
    if (taken !== undefined) throw new Error(`${taken} is taken: ${JSON.stringify(value)}`)
    access.forgetTenants()
    return value
  }

  return {
    async key(fields: Partial<VirtualKey> = {}): Promise<PutKey> {
      const secret = newSecret()
      const hash = hashOf(secret)
      await put(store.keys, {
        hash,
        name: nameOf(secret),
        models: ['all-proxy-models'],
        aliases: {},
        blocked: false,
        allowedRoutes: [],
        allowedIps: [],
        enforcedParams: [],
        metadata: {},
        tags: [],
        createdAt: 0,
        ...fields,
      })
      return { secret, hash }
    },
    user: (id: string, fields: Partial<User> = {}) =>
      put(store.users, {
        id,
        role: 'internal_user',
        models: ['all-proxy-models'],
        blocked: false,
        metadata: {},
        ...fields,
      }),
    team: (id: string, fields: Partial<Team> = {}) =>
      put(store.teams, {
        id,
        models: ['all-proxy-models'],
        modelAliases: {},
        blocked: false,
        memberPermissions: [],
        metadata: {},
        ...fields,
      }),
    organization: (id: string, fields: Partial<Organization> = {}) =>
      put(store.organizations, { id, models: ['all-proxy-models'], metadata: {}, ...fields }),
    joinTeam: (teamId: string, userId: string, role: 'admin' | 'user' = 'user', terms: Terms = {}) =>
      put(store.teamMembers, { id: `${teamId}:${userId}`, teamId, userId, role, ...terms }),
    joinOrganization: (organizationId: string, userId: string, role: Role) =>
      put(store.organizationMembers, { id: `${organizationId}:${userId}`, organizationId, userId, role }),
    budget: (id: string, terms: Terms) => put(store.budgets, { id, ...terms }),
    customer: (id: string, fields: { readonly blocked?: boolean } = {}) =>
      put(store.customers, { id, blocked: false, ...fields }),
  }
}
