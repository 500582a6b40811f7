import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import type { NanoUsd } from 'turnpike-core/internal/kernel/money'
import type { VirtualKey } from '../../vocabulary/principal.ts'
import type { Team, User } from '../../vocabulary/tenants.ts'
import type { Stored } from '../aggregate.ts'

export const nano = (amount: number) => amount as NanoUsd

export const noon = Date.UTC(2026, 10, 22, 12)

/** Something as it is stored. */
export function stored<T>(value: T, extra: JsonObject = {}, createdAt = noon): Stored<T> {
  return { value, extra, createdAt, createdBy: 'default_user_id', updatedAt: createdAt, updatedBy: 'default_user_id' }
}

export function sampleKey(hash: string, changes: Partial<VirtualKey> = {}): Stored<VirtualKey> {
  const key: VirtualKey = {
    hash,
    name: 'sk-...abcd',
    models: ['all-proxy-models'],
    aliases: {},
    blocked: false,
    allowedRoutes: [],
    allowedIps: [],
    enforcedParams: [],
    metadata: {},
    tags: [],
    createdAt: noon,
    ...changes,
  }
  return stored(key, {}, key.createdAt)
}

export function sampleUser(id: string, changes: Partial<User> = {}): Stored<User> {
  return stored({ id, role: 'internal_user', models: [], blocked: false, metadata: {}, ...changes })
}

export function sampleTeam(id: string, changes: Partial<Team> = {}): Stored<Team> {
  return stored({
    id,
    models: [],
    modelAliases: {},
    blocked: false,
    memberPermissions: [],
    metadata: {},
    ...changes,
  })
}
