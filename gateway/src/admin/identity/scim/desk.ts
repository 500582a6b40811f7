import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import type { Newcomer } from '../../../access/sign-on/people/directory.ts'
import type { House } from '../../../house.ts'
import type { RouteCall } from '../../../pipeline/route.ts'
import type { Stored } from '../../../store/aggregate.ts'
import type { Store } from '../../../store/store.ts'
import type { Team, User } from '../../../vocabulary/tenants.ts'

/** What was provisioned, for the audit trail and for whoever keeps snapshots. */
export interface Provisioned {
  readonly kind: 'user' | 'team' | 'key'
  readonly id: string
  readonly action: 'created' | 'updated' | 'deleted' | 'blocked' | 'unblocked'
  /** as SCIM shows them */
  readonly before?: JsonObject | undefined
  readonly after?: JsonObject | undefined
}

/** What provisioning works on. */
export interface ScimDesk {
  readonly store: Pick<Store, 'users' | 'teams' | 'teamMembers' | 'keys' | 'sessions' | 'deleted'>
  readonly now: () => number
  /** who a change is put down to */
  readonly by: string
  /** the gateway's own address, for the places of resources */
  readonly publicUrl: string | undefined
  readonly newUser: (newcomer: Newcomer) => User
  readonly newTeam: (team: { readonly id: string; readonly alias?: string | undefined }) => Team
  /** hears of every change after it is stored */
  readonly changed: (what: Provisioned) => Promise<void> | void
}

export type DeskOf = (call: RouteCall, house: House) => ScimDesk

/** A new row around a value. */
export function fresh<T>({ now, by }: ScimDesk, value: T): Stored<T> {
  const at = now()
  return { value, extra: {}, createdAt: at, createdBy: by, updatedAt: at, updatedBy: by }
}

/** A row with another value. */
export function edited<T>({ now, by }: ScimDesk, stored: Stored<T>, value: T): Stored<T> {
  return { ...stored, value, updatedAt: now(), updatedBy: by }
}

/** When and where, as every resource says it. */
export function metaOf(kind: 'User' | 'Group', stored: Stored<{ readonly id: string }>, publicUrl = ''): JsonObject {
  return {
    resourceType: kind,
    created: new Date(stored.createdAt).toISOString(),
    lastModified: new Date(stored.updatedAt).toISOString(),
    location: `${publicUrl}/scim/v2/${kind}s/${encodeURIComponent(stored.value.id)}`,
  }
}
