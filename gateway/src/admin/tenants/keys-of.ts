import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import type { House } from '../../house.ts'
import { fresh, record, type Who } from '../desk.ts'
import { viewKey, viewKeys } from '../keys/key-view.ts'

/** Whose keys are meant. */
export type KeysOf = {
  readonly [C in 'userId' | 'teamId' | 'organizationId']?: string
}

/** The newest keys of somebody; a secret that was replaced is not one of them. Never shows a secret, which nobody has. */
export async function keyViews(house: House, where: KeysOf, limit = 100): Promise<readonly JsonObject[]> {
  const rows = await house.store.keys.list({ where, limit, orderBy: 'createdAt', descending: true })
  return viewKeys(
    house,
    rows.filter(({ value }) => value.rotatedTo === undefined),
  )
}

const batch = 200

/** Deletes keys with their owner. Each is kept as it was among what is deleted. */
export async function deleteKeys(who: Who, where: KeysOf): Promise<number> {
  const { store } = who.house
  let count = 0
  for (;;) {
    const rows = await store.keys.list({ where, limit: batch })
    const gone = await store.keys.remove(rows.map(({ value }) => value.hash))
    for (const { value } of gone) who.house.news.key(value.hash)
    for (const row of gone) {
      const was = await viewKey(who.house, row)
      await store.deleted.insert(
        fresh(who, { id: crypto.randomUUID(), kind: 'key' as const, objectId: row.value.hash, was }),
      )
      await record(who, {
        action: 'deleted',
        table: 'LiteLLM_VerificationToken',
        objectId: row.value.hash,
        before: was,
      })
    }
    count += gone.length
    if (rows.length < batch) return count
  }
}
