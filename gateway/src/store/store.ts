import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import type { NanoUsd } from 'turnpike-core/internal/kernel/money'
import type { VirtualKey } from '../vocabulary/principal.ts'
import type {
  Budget,
  Customer,
  Organization,
  OrganizationMember,
  Tag,
  Team,
  TeamMember,
  User,
} from '../vocabulary/tenants.ts'
import type { Aggregate } from './aggregate.ts'
import type { LedgerRows } from './ledger/rows.ts'
import type { Rollups } from './ledger/sums.ts'
import type { AuditTrail } from './trails/audit-trail.ts'
import type { RequestLogs } from './trails/request-logs.ts'

/** A model that was added over the API. Secrets in the entry are sealed. */
export interface StoredModel {
  readonly id: string
  readonly name: string
  readonly teamId?: string
  readonly blocked: boolean
  /** as in `model_list` */
  readonly entry: JsonObject
}

/** Credentials under a name, for models to refer to. Values are sealed. */
export interface StoredCredential {
  /** its name */
  readonly id: string
  readonly values: JsonObject
  readonly about: JsonObject
}

/** A setting that was changed over the API (`router_settings`, `sso`, …). */
export interface Setting {
  readonly id: string
  readonly value: JsonObject
}

/** A key or team that was deleted, as it was. */
export interface Deleted {
  readonly id: string
  readonly kind: 'key' | 'team'
  readonly objectId: string
  readonly was: JsonObject
}

/** A person's session after single sign-on or a login; its id is the hash of its secret. */
export interface Session {
  readonly id: string
  readonly userId: string
  readonly expiresAt: number
}

/** What the gateway remembers over a restart. Every change is one transaction; no request waits on it once its caller is known. */
export interface Store {
  readonly dialect: 'sqlite' | 'postgres'
  readonly keys: Aggregate<
    VirtualKey,
    'alias' | 'userId' | 'teamId' | 'organizationId' | 'budgetId' | 'expiresAt' | 'maxBudget'
  >
  readonly users: Aggregate<User, 'email' | 'alias' | 'role' | 'ssoId'>
  readonly teams: Aggregate<Team, 'alias' | 'organizationId'>
  readonly teamMembers: Aggregate<TeamMember, 'teamId' | 'userId'>
  readonly organizations: Aggregate<Organization, 'alias'>
  readonly organizationMembers: Aggregate<OrganizationMember, 'organizationId' | 'userId'>
  readonly customers: Aggregate<Customer, 'alias'>
  readonly tags: Aggregate<Tag>
  readonly budgets: Aggregate<Budget>
  readonly models: Aggregate<StoredModel, 'name' | 'teamId'>
  readonly credentials: Aggregate<StoredCredential>
  readonly settings: Aggregate<Setting>
  readonly deleted: Aggregate<Deleted, 'kind' | 'objectId'>
  readonly sessions: Aggregate<Session, 'userId' | 'expiresAt'>
  readonly audit: AuditTrail
  readonly ledger: LedgerRows
  readonly rollups: Rollups
  readonly requestLogs: RequestLogs
  /** What is spent in a bucket, 0 when nothing is. At once on SQLite, where it takes microseconds. */
  balanceOf(bucket: string): NanoUsd | Promise<NanoUsd>
  balancesOf(buckets: readonly string[]): Promise<ReadonlyMap<string, NanoUsd>>
  /** throws when the store cannot be asked */
  ping(): Promise<void>
  close(): Promise<void>
}
