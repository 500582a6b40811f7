import type { Store } from '../store.ts'
import type { Connection } from '../tables.ts'
import { aggregateOf } from './aggregate-of.ts'
import type { Shape } from './shape.ts'
import * as shapes from './shapes.ts'

type Aggregates = Pick<Store, keyof typeof shapes>

/** Every kind of document that the store keeps. */
export function aggregatesOf(connection: Connection): Aggregates {
  const of = <T, Column extends string>(shape: Shape<T, Column>) => aggregateOf(connection, shape)
  return {
    keys: of(shapes.keys),
    users: of(shapes.users),
    teams: of(shapes.teams),
    teamMembers: of(shapes.teamMembers),
    organizations: of(shapes.organizations),
    organizationMembers: of(shapes.organizationMembers),
    customers: of(shapes.customers),
    tags: of(shapes.tags),
    budgets: of(shapes.budgets),
    models: of(shapes.models),
    credentials: of(shapes.credentials),
    settings: of(shapes.settings),
    deleted: of(shapes.deleted),
    sessions: of(shapes.sessions),
  }
}
