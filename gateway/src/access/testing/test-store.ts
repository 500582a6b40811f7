import type { Aggregate, Stored } from '../../store/aggregate.ts'
import { openSqlite } from '../../store/sqlite.ts'
import type { Team, User } from '../../vocabulary/tenants.ts'

/** A store of a test's own, in memory. */
export function newStore() {
  return openSqlite(':memory:')
}

/** A row as a test puts it in. */
export function row<T>(value: T): Stored<T> {
  return { value, extra: {}, createdAt: 0, createdBy: 'test', updatedAt: 0, updatedBy: 'test' }
}

/** Everything that one kind of thing has. */
export async function allOf<T, C extends string>(rows: Pick<Aggregate<T, C>, 'list'>): Promise<readonly T[]> {
  return (await rows.list({ limit: 1000 })).map(({ value }) => value)
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
