import type { Aggregate, ListQuery, Stored } from '../../store/aggregate.ts'
import type { Deleted, Session, Setting } from '../../store/store.ts'
import type { VirtualKey } from '../../vocabulary/principal.ts'
import type { Budget, Organization, OrganizationMember, Team, TeamMember, User } from '../../vocabulary/tenants.ts'

/** An aggregate in memory, with unique columns; for tests. */
export function memoryAggregate<T extends object, C extends string = never>(
  identify: (value: T) => string,
  unique: readonly C[] = [],
): Aggregate<T, C> & { readonly rows: Map<string, Stored<T>> } {
  const rows = new Map<string, Stored<T>>()
  const column = (value: T, name: string) => (value as Record<string, unknown>)[name]
  const sorted = () => [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row)
  const takenBy = (value: T) =>
    unique.find((name) =>
      [...rows.values()].some(
        (row) =>
          identify(row.value) !== identify(value) &&
          column(value, name) !== undefined &&
          column(row.value, name) === column(value, name),
      ),
    )

  function fits(value: T, { where = {}, contains = {} }: Pick<ListQuery<C>, 'where' | 'contains'>): boolean {
    const exact = Object.entries<string | number | readonly string[] | undefined>(where).every(
      ([name, wanted]) =>
        wanted === undefined ||
        (Array.isArray(wanted) ? wanted.includes(column(value, name)) : column(value, name) === wanted),
    )
    return (
      exact &&
      Object.entries<string | undefined>(contains).every(
        ([name, part]) =>
          part === undefined ||
          String(column(value, name) ?? '')
            .toLowerCase()
            .includes(part.toLowerCase()),
      )
    )
  }

  async function insert(stored: Stored<T>): Promise<{ readonly taken?: C | 'id' }> {
    if (rows.has(identify(stored.value))) return { taken: 'id' }
    const taken = takenBy(stored.value)
    if (taken !== undefined) return { taken }
    rows.set(identify(stored.value), stored)
    return {}
  }

  return {
    rows,
    insert,
    async insertMany(many) {
      const made = new Set<string>()
      for (const stored of many) if ((await insert(stored)).taken === undefined) made.add(identify(stored.value))
      return made
    },
    find: async (id) => rows.get(id),
    findMany: async (ids) => ids.flatMap((id) => rows.get(id) ?? []),
    findBy: async (name, value) => sorted().find((row) => column(row.value, name) === value),
    async change(id, edit) {
      const row = rows.get(id)
      if (!row) return undefined
      const after = edit(row)
      const taken = takenBy(after.value)
      if (taken !== undefined) return { taken }
      rows.set(id, after)
      return after
    },
    async remove(ids) {
      const gone = ids.flatMap((id) => rows.get(id) ?? [])
      for (const id of ids) rows.delete(id)
      return gone
    },
    async list(query) {
      const found = sorted().filter(
        (row) => fits(row.value, query) && (query.after === undefined || identify(row.value) > query.after),
      )
      const by = query.orderBy
      if (by !== undefined && by !== 'id')
        found.sort((a, b) => (String(column(a.value, by)) < String(column(b.value, by)) ? -1 : 1))
      if (query.descending) found.reverse()
      return found.slice(query.offset ?? 0, (query.offset ?? 0) + query.limit)
    },
    count: async (query) => sorted().filter((row) => fits(row.value, query)).length,
  }
}

/** The part of the store that identity needs, in memory. */
export function memoryStore() {
  const byId = (value: { readonly id: string }) => value.id
  return {
    users: memoryAggregate<User, 'email' | 'alias' | 'role' | 'ssoId'>(byId, ['email', 'ssoId']),
    teams: memoryAggregate<Team, 'alias' | 'organizationId'>(byId),
    teamMembers: memoryAggregate<TeamMember, 'teamId' | 'userId'>(byId),
    organizations: memoryAggregate<Organization, 'alias'>(byId),
    organizationMembers: memoryAggregate<OrganizationMember, 'organizationId' | 'userId'>(byId),
    budgets: memoryAggregate<Budget>(byId),
    sessions: memoryAggregate<Session, 'userId' | 'expiresAt'>(byId),
    settings: memoryAggregate<Setting>(byId),
    deleted: memoryAggregate<Deleted, 'kind' | 'objectId'>(byId),
    keys: memoryAggregate<
      VirtualKey,
      'alias' | 'userId' | 'teamId' | 'organizationId' | 'budgetId' | 'expiresAt' | 'maxBudget'
    >((key) => key.hash),
  }
}

export type MemoryStore = ReturnType<typeof memoryStore>

/** A row as a test puts it in. */
export function row<T>(value: T): Stored<T> {
  return { value, extra: {}, createdAt: 0, createdBy: 'test', updatedAt: 0, updatedBy: 'test' }
}

export function userOf(changes: Partial<User> & { readonly id: string }): User {
  return { role: 'internal_user', models: [], blocked: false, metadata: {}, ...changes }
}

export function teamOf(changes: Partial<Team> & { readonly id: string }): Team {
  return {
    models: ['all-proxy-models'],
    modelAliases: {},
    blocked: false,
    memberPermissions: [],
    metadata: {},
    ...changes,
  }
}
