import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import { hashOf, nameOf, newSecret } from '../../../access/secrets.ts'
import { later, readDuration } from '../../../vocabulary/duration.ts'
import type { VirtualKey } from '../../../vocabulary/principal.ts'
import type { User } from '../../../vocabulary/tenants.ts'
import { fresh, record, type Who } from '../../desk.ts'
import { viewKey } from '../../keys/key-view.ts'
import { invalid } from '../../shapes.ts'
import { everyModel, noModel } from '../fields.ts'

/** What a body says of the key that comes with a new user. */
export interface FirstKeyBody {
  readonly key_alias?: string | null | undefined
  readonly duration?: string | null | undefined
  readonly aliases?: Readonly<Record<string, string>> | null | undefined
  readonly team_id?: string | null | undefined
}

/** Makes the key that comes with a new user. The answer is the only place where its secret is shown. */
export async function makeFirstKey(who: Who, user: User, body: FirstKeyBody): Promise<JsonObject> {
  const { house } = who
  const secret = newSecret()
  const length = body.duration ? readDuration(body.duration) : undefined
  const key: VirtualKey = {
    hash: hashOf(secret),
    name: nameOf(secret),
    userId: user.id,
    // a team's key has the team's models, even where its owner has none of their own
    models: body.team_id && user.models.every((model) => noModel.includes(model)) ? everyModel : user.models,
    aliases: body.aliases ?? {},
    blocked: false,
    allowedRoutes: [],
    allowedIps: [],
    enforcedParams: [],
    metadata: {},
    tags: [],
    createdAt: house.now(),
    ...(body.key_alias && { alias: body.key_alias }),
    ...(body.team_id && { teamId: body.team_id }),
    ...(length && { expiresAt: later(house.now(), length) }),
  }
  const stored = fresh(who, key)
  const { taken } = await house.store.keys.insert(stored)
  if (taken !== undefined) throw aliasTaken(body.key_alias ?? '')
  const view = await viewKey(house, stored)
  await record(who, { action: 'created', table: 'LiteLLM_VerificationToken', objectId: key.hash, after: view })
  return {
    key: secret,
    token: key.hash,
    token_id: key.hash,
    key_name: key.name,
    key_alias: key.alias ?? null,
    expires: view.expires ?? null,
    team_id: key.teamId ?? null,
    aliases: key.aliases,
    duration: body.duration ?? null,
  }
}

export function aliasTaken(alias: string) {
  return invalid(
    'key_alias',
    `Key with alias '${alias}' already exists. Unique key aliases across all keys are required.`,
  )
}
