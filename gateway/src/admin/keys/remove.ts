import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import { isAdmin } from '../../access/rights.ts'
import type { Stored } from '../../store/aggregate.ts'
import type { VirtualKey } from '../../vocabulary/principal.ts'
import { fresh, record, type Who } from '../desk.ts'
import { invalid } from '../shapes.ts'
import { hashOfSent, keyNotFound, replacedBy } from './find.ts'
import { keyFacts, viewKeys } from './key-view.ts'
import { checkMayChange, notYours } from './rules/rights.ts'

export interface DeleteBody {
  readonly keys?: readonly string[] | null | undefined
  readonly key_aliases?: readonly string[] | null | undefined
}

/** Deletes keys, by secrets, hashes or aliases. Each is kept among what is deleted. One that may not be deleted keeps all from it. */
export async function deleteKeys(who: Who, { keys, key_aliases: aliases }: DeleteBody): Promise<JsonObject> {
  const sent = [...(keys ?? []), ...(aliases ?? [])]
  if (sent.length === 0) throw invalid('keys', 'Name the keys to delete in keys or in key_aliases.')
  const named = new Map<string, Stored<VirtualKey> | undefined>()
  const { store } = who.house
  for (const key of keys ?? []) named.set(key, await store.keys.find(hashOfSent(key)))
  for (const alias of aliases ?? []) named.set(alias, await store.keys.findBy('alias', alias))
  for (const found of named.values()) await checkMayDelete(who, found)
  const found = [...named.values()].filter((row) => row !== undefined)
  const gone = await remove(who, found)
  if (gone.size === 0) throw keyNotFound('No keys found')
  return { deleted_keys: [...named].flatMap(([name, row]) => (row && gone.has(row.value.hash) ? [name] : [])) }
}

async function checkMayDelete(who: Who, found: Stored<VirtualKey> | undefined): Promise<void> {
  if (found) await checkMayChange(who, found, '/key/delete')
  else if (!isAdmin(who.caller)) throw notYours()
}

/** Removes keys, and with them the secrets that they replaced; the hashes of those keys that were there. */
async function remove(who: Who, rows: readonly Stored<VirtualKey>[]): Promise<ReadonlySet<string>> {
  const { store, news } = who.house
  const gone = await store.keys.remove([...new Set(rows.map(({ value }) => value.hash))])
  // told before anything else is tried: a key that is gone must not live on because its record could not be written
  for (const { value } of gone) news.key(value.hash)
  const replaced = gone.flatMap(replacedBy)
  await store.keys.remove(replaced)
  for (const hash of replaced) news.key(hash)
  const views = await viewKeys(who.house, gone)
  for (const [index, row] of gone.entries()) {
    const was: JsonObject = { ...views[index] }
    const { hash } = row.value
    await store.deleted.insert(fresh(who, { id: crypto.randomUUID(), kind: 'key' as const, objectId: hash, was }))
    await record(who, { action: 'deleted', table: 'LiteLLM_VerificationToken', objectId: hash, before: keyFacts(row) })
  }
  return new Set(gone.map(({ value }) => value.hash))
}
