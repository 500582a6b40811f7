import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import { toUsd } from 'turnpike-core/internal/kernel/money'
import { bucketOf } from '../../admission/scopes.ts'
import type { House } from '../../house.ts'
import type { Stored } from '../../store/aggregate.ts'
import type { VirtualKey } from '../../vocabulary/principal.ts'
import { fresh, record, resetAt, spentBy, type Who } from '../desk.ts'
import { iso, termsView } from '../terms.ts'
import { modelsShown } from './fields.ts'
import { effective, stamps } from './views.ts'

/** Whose keys are meant. */
export type KeysOf = {
  readonly [C in 'userId' | 'teamId' | 'organizationId']?: string
}

/** A key as lists of its user or team show it; never its secret, which nobody has. */
export async function keyView(house: House, stored: Stored<VirtualKey>): Promise<JsonObject> {
  const key = stored.value
  const terms = await effective(house, key)
  return {
    token: key.hash,
    key_name: key.name,
    key_alias: key.alias ?? null,
    spend: toUsd(await spentBy(house, bucketOf.api_key(key.hash), terms)),
    ...termsView(key),
    budget_reset_at: iso(resetAt(house, terms)),
    expires: iso(key.expiresAt),
    models: modelsShown(key.models),
    aliases: key.aliases,
    user_id: key.userId ?? null,
    team_id: key.teamId ?? null,
    organization_id: key.organizationId ?? null,
    metadata: key.metadata as JsonObject,
    allowed_routes: key.allowedRoutes,
    blocked: key.blocked,
    ...stamps(stored),
    created_at: iso(key.createdAt),
  }
}

export async function keyViews(house: House, where: KeysOf, limit = 100): Promise<readonly JsonObject[]> {
  const rows = await house.store.keys.list({ where, limit, orderBy: 'createdAt', descending: true })
  return Promise.all(rows.map((row) => keyView(house, row)))
}

const batch = 200

/** Deletes keys with their owner. Each is kept as it was among what is deleted. */
export async function deleteKeys(who: Who, where: KeysOf): Promise<number> {
  const { store } = who.house
  let count = 0
  for (;;) {
    const rows = await store.keys.list({ where, limit: batch })
    const gone = await store.keys.remove(rows.map(({ value }) => value.hash))
    for (const row of gone) {
      const was = await keyView(who.house, row)
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
