import type { VirtualKey } from '../../vocabulary/principal.ts'
import type {
  Budget,
  Customer,
  Organization,
  OrganizationMember,
  Tag,
  Team,
  TeamMember,
  User,
} from '../../vocabulary/tenants.ts'
import type { Aggregate } from '../aggregate.ts'
import type { Deleted, Session, Setting, Store, StoredCredential, StoredModel } from '../store.ts'
import type { Shape } from './shape.ts'

/** The columns that the store's port names for one of its aggregates. */
type ColumnsOf<A> = A extends Aggregate<infer _T, infer Column> ? Column : never
type ShapeOf<T, Name extends keyof Store> = Shape<T, ColumnsOf<Store[Name]>>

const id = (value: { readonly id: string }): string => value.id

export const keys: ShapeOf<VirtualKey, 'keys'> = {
  table: 'keys',
  id: ({ hash }) => hash,
  columns: {
    alias: { of: ({ alias }) => alias, unique: true },
    userId: { of: ({ userId }) => userId },
    teamId: { of: ({ teamId }) => teamId },
    organizationId: { of: ({ organizationId }) => organizationId },
    budgetId: { of: ({ budgetId }) => budgetId },
    expiresAt: { of: ({ expiresAt }) => expiresAt },
    maxBudget: { of: ({ maxBudget }) => maxBudget },
  },
  bucket: 'key',
}

export const users: ShapeOf<User, 'users'> = {
  table: 'users',
  id,
  columns: {
    email: { of: ({ email }) => email, unique: true, folded: true },
    alias: { of: ({ alias }) => alias },
    role: { of: ({ role }) => role },
    ssoId: { of: ({ ssoId }) => ssoId, unique: true },
  },
  bucket: 'user',
}

export const teams: ShapeOf<Team, 'teams'> = {
  table: 'teams',
  id,
  columns: {
    alias: { of: ({ alias }) => alias },
    organizationId: { of: ({ organizationId }) => organizationId },
  },
  bucket: 'team',
}

export const teamMembers: ShapeOf<TeamMember, 'teamMembers'> = {
  table: 'teamMembers',
  id,
  columns: { teamId: { of: ({ teamId }) => teamId }, userId: { of: ({ userId }) => userId } },
  bucket: 'team-member',
}

export const organizations: ShapeOf<Organization, 'organizations'> = {
  table: 'organizations',
  id,
  columns: { alias: { of: ({ alias }) => alias } },
  bucket: 'organization',
}

export const organizationMembers: ShapeOf<OrganizationMember, 'organizationMembers'> = {
  table: 'organizationMembers',
  id,
  columns: {
    organizationId: { of: ({ organizationId }) => organizationId },
    userId: { of: ({ userId }) => userId },
  },
}

export const customers: ShapeOf<Customer, 'customers'> = {
  table: 'customers',
  id,
  columns: { alias: { of: ({ alias }) => alias } },
  bucket: 'end-user',
}

export const tags: ShapeOf<Tag, 'tags'> = { table: 'tags', id, columns: {}, bucket: 'tag' }

export const budgets: ShapeOf<Budget, 'budgets'> = { table: 'budgets', id, columns: {} }

export const models: ShapeOf<StoredModel, 'models'> = {
  table: 'models',
  id,
  columns: { name: { of: ({ name }) => name }, teamId: { of: ({ teamId }) => teamId } },
}

export const credentials: ShapeOf<StoredCredential, 'credentials'> = { table: 'credentials', id, columns: {} }

export const settings: ShapeOf<Setting, 'settings'> = { table: 'settings', id, columns: {} }

export const deleted: ShapeOf<Deleted, 'deleted'> = {
  table: 'deleted',
  id,
  columns: { kind: { of: ({ kind }) => kind }, objectId: { of: ({ objectId }) => objectId } },
}

export const sessions: ShapeOf<Session, 'sessions'> = {
  table: 'sessions',
  id,
  columns: { userId: { of: ({ userId }) => userId }, expiresAt: { of: ({ expiresAt }) => expiresAt } },
}
