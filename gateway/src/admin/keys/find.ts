import { readsAll } from '../../access/rights.ts'
import { hashOf, isHash } from '../../access/secrets.ts'
import type { Stored } from '../../store/aggregate.ts'
import type { VirtualKey } from '../../vocabulary/principal.ts'
import { notFound, type Who } from '../desk.ts'
import { invalid } from '../shapes.ts'
import { notYours } from './rules/rights.ts'

/** The hash of a key that is sent as its secret or as its hash. */
export function hashOfSent(sent: string): string {
  return isHash(sent) ? sent : hashOf(sent)
}

/** The key that a secret or hash stands for; a secret that was replaced stands for the key that it was. */
export async function keyOf({ house }: Who, sent: string): Promise<Stored<VirtualKey> | undefined> {
  const found = await house.store.keys.find(hashOfSent(sent))
  return found?.value.rotatedTo === undefined ? found : house.store.keys.find(found.value.rotatedTo)
}

/** The same, or an error: 404, and 403 for who may not know. */
export async function keyOrNotFound(who: Who, sent: string): Promise<Stored<VirtualKey>> {
  const found = await keyOf(who, sent)
  if (found) return found
  throw readsAll(who.caller) ? keyNotFound() : notYours()
}

export function keyNotFound(why = 'Key not found in database') {
  return notFound(why, 'key')
}

export function aliasTaken(alias: string | undefined) {
  return invalid(
    'key_alias',
    `Key with alias '${alias ?? ''}' already exists. Unique key aliases across all keys are required.`,
  )
}

/** Hashes of secrets that this key replaced: some of them may still be in their grace. */
export function replacedBy({ extra }: Stored<VirtualKey>): readonly string[] {
  const { rotated_from: hashes } = extra
  return Array.isArray(hashes) ? hashes.map(String) : []
}
