import { GatewayError } from 'turnpike-core/internal/kernel/faults'
import type { House } from '../../house.ts'
import type { Stored } from '../../store/aggregate.ts'
import type { Role, User } from '../../vocabulary/tenants.ts'
import { fresh, notFound, record, type Who } from '../desk.ts'
import { invalid } from '../shapes.ts'
import { everyModel, modelsInside } from './fields.ts'

/** A person as a body names one. */
export interface Named {
  readonly user_id?: string | null | undefined
  readonly user_email?: string | null | undefined
}

/** The user with this id; without an id, the one with this e-mail address. */
export async function findPerson(house: House, { user_id, user_email }: Named): Promise<Stored<User> | undefined> {
  if (user_id) return house.store.users.find(user_id)
  if (user_email) return house.store.users.findBy('email', user_email)
  throw invalid('user_id', 'Give user_id or user_email.')
}

export async function personOrNotFound(house: House, named: Named): Promise<Stored<User>> {
  const found = await findPerson(house, named)
  if (found) return found
  throw notFound(
    named.user_id
      ? `User not found, passed user_id=${named.user_id}`
      : `User not found, passed user_email=${named.user_email}`,
    named.user_id ? 'user_id' : 'user_email',
  )
}

/** A user with what the operator gives to new ones. */
export function newUser(house: House, id: string, asked?: Role): User {
  const defaults = house.config.governance.creation.users
  const role = asked ?? defaults.role ?? 'internal_user'
  const held = role !== 'proxy_admin' && role !== 'proxy_admin_viewer'
  return {
    id,
    role,
    models: modelsInside(defaults.models) ?? everyModel,
    blocked: false,
    metadata: {},
    ...(held && defaults.maxBudget !== undefined && { maxBudget: defaults.maxBudget }),
    ...(held && defaults.budgetDuration !== undefined && { budgetDuration: defaults.budgetDuration }),
    ...(held && defaults.rpmLimit !== undefined && { rpmLimit: defaults.rpmLimit }),
    ...(held && defaults.tpmLimit !== undefined && { tpmLimit: defaults.tpmLimit }),
  }
}

/** The person who is named; made, without any right to manage, where nobody is known by that name. */
export async function personOrNew(who: Who, named: Named): Promise<Stored<User>> {
  const { house } = who
  const found = await findPerson(house, named)
  if (found) return found
  const user = newUser(house, named.user_id ?? crypto.randomUUID())
  const role = user.role === 'internal_user_viewer' ? user.role : 'internal_user'
  const stored = fresh<User>(who, { ...user, role, ...(named.user_email && { email: named.user_email }) })
  const { taken } = await house.store.users.insert(stored)
  if (taken === undefined) {
    await record(who, { action: 'created', table: 'LiteLLM_UserTable', objectId: user.id, after: { user_id: user.id } })
    return stored
  }
  // somebody else was quicker with the same name
  const there = await findPerson(house, named)
  if (there) return there
  throw emailTaken(named.user_email ?? '')
}

export function emailTaken(email: string): GatewayError {
  return conflict('user_email', `User with email ${email} already exists.`)
}

export function conflict(param: string, message: string): GatewayError {
  return new GatewayError('invalid-request', message, { status: 409, param, kind: 'bad_request_error' })
}
