import type { Json, JsonObject } from 'turnpike-core/internal/kernel/json'
import { z } from 'zod'
import { readsAll } from '../../../access/rights.ts'
import { forbidden, ownUserId } from '../../desk.ts'
import { viewKeys } from '../../keys/key-view.ts'
import type { Desk } from '../../row.ts'
import { id, queryWhole } from '../../shapes.ts'
import { userView } from '../../tenants/users/user-view.ts'

const limit = queryWhole.min(1).max(1000).optional()

export const spendKeysQuery = z.object({ limit })

/** `GET /spend/keys`: keys by what they ever spent, most first; of who does not read everything, their own. */
export async function spendKeys({
  house,
  caller,
  query,
}: Desk<undefined, z.infer<typeof spendKeysQuery>>): Promise<readonly JsonObject[]> {
  await house.ledger.flush()
  const where = readsAll(caller) ? {} : { userId: ownUserId(caller) ?? '' }
  const rows = await house.store.keys.list({ where, orderBy: 'spend', descending: true, limit: query.limit ?? 100 })
  return viewKeys(house, rows)
}

export const spendUsersQuery = z.object({ user_id: id.optional(), limit })

/** `GET /spend/users`: users by what they ever spent, most first. */
export async function spendUsers({
  house,
  caller,
  query,
}: Desk<undefined, z.infer<typeof spendUsersQuery>>): Promise<Json> {
  await house.ledger.flush()
  const own = ownUserId(caller)
  if (!readsAll(caller) && query.user_id !== undefined && query.user_id !== own)
    throw forbidden(`You may see your own spend only. Your user_id=${own ?? ''}.`, 'user_id')
  const userId = readsAll(caller) ? query.user_id : (own ?? '')
  const rows = await house.store.users.list({
    where: userId === undefined ? {} : { id: userId },
    orderBy: 'spend',
    descending: true,
    limit: query.limit ?? 100,
  })
  return Promise.all(rows.map((stored) => userView(house, stored)))
}
