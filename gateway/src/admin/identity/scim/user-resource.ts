import { asString, isArray, isObject, type Json, type JsonObject } from 'turnpike-core/internal/kernel/json'
import type { Stored } from '../../../store/aggregate.ts'
import type { User } from '../../../vocabulary/tenants.ts'
import { scimFault, userSchema } from './answers.ts'
import { metaOf } from './desk.ts'
import { keyIn } from './filter.ts'

/** What a provider said of a user and no column of ours holds. */
interface Remembered {
  readonly userName?: string
  readonly externalId?: string
  readonly displayName?: string
  readonly name?: JsonObject
}

/** A user as SCIM shows one (https://www.rfc-editor.org/rfc/rfc7643#section-4.1). */
export function userResource(
  stored: Stored<User>,
  publicUrl: string | undefined,
  groups?: readonly JsonObject[],
): JsonObject {
  const { value: user } = stored
  const { userName, externalId, displayName, name } = rememberedOf(user)
  const shown = displayName ?? (userName === undefined ? user.alias : undefined)
  return {
    schemas: [userSchema],
    id: user.id,
    ...(externalId === undefined ? {} : { externalId }),
    userName: userName ?? user.id,
    ...(shown === undefined ? {} : { displayName: shown }),
    ...(name === undefined ? {} : { name }),
    ...(user.email === undefined ? {} : { emails: [{ value: user.email, type: 'work', primary: true }] }),
    active: !user.blocked,
    ...(groups === undefined ? {} : { groups }),
    meta: metaOf('User', stored, publicUrl),
  }
}

/** The user with what a resource says; a resource's `id`, `groups` and `meta` are ours to say. */
export function withResource(user: User, resource: JsonObject): User {
  const userName = textIn(resource, 'userName')
  if (userName === undefined) throw scimFault('invalidValue', 'userName must be text that is not empty.')
  const [externalId, displayName] = [textIn(resource, 'externalId'), textIn(resource, 'displayName')]
  const name = attribute(resource, 'name')
  const email = emailIn(resource) ?? (userName.includes('@') ? userName : undefined)
  const renamed = userName !== user.id
  const scim: Remembered = {
    ...(renamed ? { userName } : {}),
    ...(externalId === undefined ? {} : { externalId }),
    ...(displayName === undefined ? {} : { displayName }),
    ...(isObject(name) ? { name } : {}),
  }
  // the column of the alias is where a name is looked up that is not the id
  const alias = renamed ? userName : (displayName ?? wholeName(name))
  const { email: _, alias: __, ...rest } = user
  return {
    ...rest,
    ...(email === undefined ? {} : { email: email.toLowerCase() }),
    ...(alias === undefined ? {} : { alias }),
    blocked:
      isActive(attribute(resource, 'active')) === undefined ? user.blocked : !isActive(attribute(resource, 'active')),
    metadata: { ...user.metadata, scim },
  }
}

function rememberedOf({ metadata }: User): Remembered {
  const { scim } = metadata
  return typeof scim === 'object' && scim !== null ? (scim as Remembered) : {}
}

export function attribute(resource: JsonObject, name: string): Json | undefined {
  return resource[keyIn(resource, name) ?? ''] ?? undefined
}

/** An attribute that is text, undefined when it is missing or empty. */
export function textIn(resource: JsonObject, name: string): string | undefined {
  const value = attribute(resource, name)
  if (value === undefined || value === '') return undefined
  if (typeof value === 'string' && value.length <= 256 && !/\p{Cc}/u.test(value)) return value
  throw scimFault('invalidValue', `${name} must be text of 256 characters at most.`)
}

/** Some providers write truth as a word. */
function isActive(value: Json | undefined): boolean | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'boolean') return value
  const word = typeof value === 'string' ? value.toLowerCase() : ''
  if (word === 'true' || word === 'false') return word === 'true'
  throw scimFault('invalidValue', 'active must be true or false.')
}

function emailIn(resource: JsonObject): string | undefined {
  const emails = attribute(resource, 'emails')
  if (!isArray(emails)) return undefined
  const entries = emails.filter(isObject)
  const first = entries.find(({ primary }) => primary === true || primary === 'true') ?? entries[0]
  return first && asString(first.value)
}

function wholeName(name: Json | undefined): string | undefined {
  if (!isObject(name)) return undefined
  const parts = [name.givenName, name.familyName].map(asString).filter(Boolean).join(' ')
  return asString(name.formatted) ?? (parts === '' ? undefined : parts)
}
