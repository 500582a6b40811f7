import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import { hashOf, isHash, nameOf, newSecret } from '../../access/secrets.ts'
import type { House } from '../../house.ts'
import type { RouteCall } from '../../pipeline/route.ts'
import type { Stored } from '../../store/aggregate.ts'
import type { VirtualKey } from '../../vocabulary/principal.ts'
import type { GeneratedKey } from '../contract.ts'
import { changedBy, invalid, keyNotFound, readBody } from '../wire.ts'
import { text, texts } from './field-values.ts'
import { applyFields, type Draft, fieldNames } from './key-fields.ts'
import { viewKey } from './key-view.ts'

const withKey = ['key', ...fieldNames]

/** `POST /key/generate`: makes a key and shows its secret, this once. */
export async function generateKey(call: RouteCall, house: House): Promise<Response> {
  const body = readBody(call, withKey)
  const secret = body.key === undefined || body.key === null ? newSecret() : ownSecret(body.key)
  const stored = newKey(secret, body, { now: house.now(), by: changedBy(call) })
  const outcome = await house.store.keys.insert(stored)
  if (outcome.taken === 'alias') throw aliasTaken(stored.value.alias)
  if (outcome.taken !== undefined)
    throw invalid('key', 'This key exists already; send another, or none to have one made.')
  house.access.forgetKey(stored.value.hash)
  const { hash, tags } = stored.value
  const view = viewKey(stored, house)
  const shown: GeneratedKey = { ...view, key: secret, token_id: hash, duration: durationOf(stored), tags }
  return Response.json(shown)
}

const secretShape = /^sk-[\x21-\x7e]+$/

/** A secret of the caller's own choice: long enough not to be guessed. */
function ownSecret(value: unknown): string {
  if (typeof value === 'string' && value.length >= 16 && value.length <= 512 && secretShape.test(value)) return value
  throw invalid('key', 'key must start with sk- and have 16 to 512 visible characters. It is not shown here.')
}

function newKey(
  secret: string,
  body: JsonObject,
  made: { readonly now: number; readonly by: string },
): Stored<VirtualKey> {
  const draft: Draft = {
    key: {
      hash: hashOf(secret),
      name: nameOf(secret),
      models: ['all-proxy-models'],
      aliases: {},
      blocked: false,
      allowedRoutes: [],
      allowedIps: [],
      enforcedParams: [],
      metadata: {},
      tags: [],
      createdAt: made.now,
    },
    extra: {},
    now: made.now,
  }
  applyFields(draft, body)
  return {
    value: draft.key,
    extra: draft.extra,
    createdAt: made.now,
    createdBy: made.by,
    updatedAt: made.now,
    updatedBy: made.by,
  }
}

function durationOf({ extra }: Stored<VirtualKey>): string | null {
  return typeof extra.duration === 'string' ? extra.duration : null
}

/** `POST /key/update`: changes the fields that are sent, clears those that are null, leaves the others. */
export async function updateKey(call: RouteCall, house: House): Promise<Response> {
  const body = readBody(call, withKey)
  const sent = text(body.key ?? null, 'key')
  const stored = await change(sent, call, house, (draft) => applyFields(draft, body))
  return Response.json({ ...viewKey(stored, house), key: sent })
}

/** `POST /key/block` and `POST /key/unblock`. */
export function setBlocked(blocked: boolean): (call: RouteCall, house: House) => Promise<Response> {
  return async (call, house) => {
    const sent = text(readBody(call, ['key']).key ?? null, 'key')
    if (!isHash(sent) && !sent.startsWith('sk-')) throw invalid('key', 'key must be a key (sk-...) or the hash of one.')
    const stored = await change(sent, call, house, ({ key }) => {
      key.blocked = blocked
    })
    return Response.json(viewKey(stored, house))
  }
}

async function change(
  sent: string,
  call: RouteCall,
  house: House,
  edit: (draft: Draft) => void,
): Promise<Stored<VirtualKey>> {
  const hash = hashOfSent(sent)
  let wanted: string | undefined
  const changed = await house.store.keys.change(hash, (stored) => {
    const now = house.now()
    const draft: Draft = { key: { ...stored.value }, extra: { ...stored.extra }, now }
    edit(draft)
    wanted = draft.key.alias
    return { ...stored, value: draft.key, extra: draft.extra, updatedAt: now, updatedBy: changedBy(call) }
  })
  if (!changed) throw keyNotFound()
  if ('taken' in changed) throw aliasTaken(wanted)
  house.access.forgetKey(hash)
  return changed
}

/** `POST /key/delete`, by keys (secrets or hashes) or by aliases. */
export async function deleteKeys(call: RouteCall, house: House): Promise<Response> {
  const body = readBody(call, ['keys', 'key_aliases'])
  const keys = body.keys === undefined || body.keys === null ? [] : texts(body.keys, 'keys')
  const aliases =
    body.key_aliases === undefined || body.key_aliases === null ? [] : texts(body.key_aliases, 'key_aliases')
  if (keys.length + aliases.length === 0) throw invalid('keys', 'Name the keys to delete in keys or in key_aliases.')
  const hashes = new Map(keys.map((sent) => [sent, hashOfSent(sent)]))
  for (const alias of aliases) {
    const found = await house.store.keys.findBy('alias', alias)
    if (found) hashes.set(alias, found.value.hash)
  }
  const removed = await house.store.keys.remove([...new Set(hashes.values())])
  const gone = new Set(removed.map(({ value }) => value.hash))
  for (const hash of gone) house.access.forgetKey(hash)
  if (gone.size === 0) throw keyNotFound('No keys found')
  return Response.json({ deleted_keys: [...hashes].filter(([, hash]) => gone.has(hash)).map(([sent]) => sent) })
}

/** The hash of a key that is sent as its secret or as its hash. */
export function hashOfSent(sent: string): string {
  return isHash(sent) ? sent : hashOf(sent)
}

function aliasTaken(alias: string | undefined) {
  return invalid(
    'key_alias',
    `Key with alias '${alias ?? ''}' already exists. Unique key aliases across all keys are required.`,
  )
}
