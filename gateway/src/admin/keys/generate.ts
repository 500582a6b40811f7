import { isAdmin } from '../../access/rights.ts'
import { hashOf, nameOf, newSecret } from '../../access/secrets.ts'
import type { Stored } from '../../store/aggregate.ts'
import type { VirtualKey } from '../../vocabulary/principal.ts'
import type { GeneratedKey } from '../contract.ts'
import { fresh, ownUserId, record, type Who } from '../desk.ts'
import { invalid } from '../shapes.ts'
import { checkBudgetId } from '../tenants/views.ts'
import { aliasTaken } from './find.ts'
import { keyFacts, viewKey } from './key-view.ts'
import { bounded, checkCreation, withDefaults } from './rules/creation.ts'
import { applyBody, type Draft } from './rules/draft.ts'
import { checkName, checkPlace, type Footing } from './rules/rights.ts'
import type { KeyBody } from './rules/shapes.ts'
import { checkPermissions, checkRoutesWithin, checkWithin } from './rules/within.ts'

export type GenerateBody = KeyBody & { readonly key?: string | null | undefined }

/** Makes a key and shows its secret, this once. */
export async function generateKey(who: Who, body: GenerateBody): Promise<GeneratedKey> {
  const { caller } = who
  const own = isAdmin(caller) ? undefined : ownUserId(caller)
  const userId = body.user_id ?? own
  const silent = !body.key_type && !body.allowed_routes?.length
  const forAnother = own !== undefined && userId !== own && silent
  return make(who, { ...body, user_id: userId, ...(forAnother && { key_type: 'llm_api' as const }) }, '/key/generate')
}

/** Makes a key of a team that is nobody's own. */
export async function generateServiceKey(who: Who, body: GenerateBody): Promise<GeneratedKey> {
  const { creation } = who.house.config.governance
  if (!body.team_id && creation.keyDefaults.teamId === undefined)
    throw invalid(
      'team_id',
      'team_id is required for service account keys. Please specify `team_id` in the request body.',
    )
  const account = body.metadata?.service_account_id ?? body.key_alias ?? crypto.randomUUID()
  const asked = { ...body, user_id: undefined, metadata: { ...body.metadata, service_account_id: account } }
  return make(who, asked, '/key/service-account/generate')
}

async function make(who: Who, asked: GenerateBody, route: string): Promise<GeneratedKey> {
  const { house } = who
  const rules = house.config.governance.creation
  const filled = withDefaults(asked, rules)
  const service = route === '/key/service-account/generate'
  const body = bounded(service ? { ...filled, user_id: undefined } : filled, rules, 'all')
  const secret = asked.key === undefined || asked.key === null ? newSecret() : ownSecret(asked.key, 'key')
  const draft = applyBody(emptyKey(secret, house.now()), body, house.now())
  const footing = await checkPlace(who, draft.value, route)
  checkCreation(who, draft.value, { body: asked, teamRole: teamRoleOf(footing) })
  await checkKey(who, draft.value, footing)
  const stored = fresh(who, draft.value, draft.extra)
  await insert(who, stored)
  await record(who, {
    action: 'created',
    table: 'LiteLLM_VerificationToken',
    objectId: draft.value.hash,
    after: keyFacts(stored),
  })
  return shownOnce(who, stored, secret)
}

/** What a caller is in a key's team, in the words of the operator's rules. */
export function teamRoleOf({ as, member }: Footing): 'admin' | 'user' | undefined {
  return as === 'manager' ? 'admin' : member?.role
}

async function checkKey(who: Who, key: VirtualKey, footing: Footing): Promise<void> {
  checkName(who, undefined, key, true)
  checkPermissions(who, undefined, key)
  checkRoutesWithin(who, key)
  await checkWithin(who, key, footing)
  await checkBudgetId(who.house, key)
}

async function insert({ house }: Who, stored: Stored<VirtualKey>): Promise<void> {
  const { taken } = await house.store.keys.insert(stored)
  if (taken === 'alias') throw aliasTaken(stored.value.alias)
  if (taken !== undefined) throw invalid('key', 'This key exists already; send another, or none to have one made.')
}

/** The answer that shows a secret: the only one in which it ever stands. */
export async function shownOnce({ house }: Who, stored: Stored<VirtualKey>, secret: string): Promise<GeneratedKey> {
  const { duration } = stored.extra
  return {
    ...(await viewKey(house, stored)),
    key: secret,
    token_id: stored.value.hash,
    duration: typeof duration === 'string' ? duration : null,
    tags: stored.value.tags,
  }
}

const secretShape = /^sk-[\x21-\x7e]+$/

/** A secret of the caller's own choice: long enough not to be guessed. */
export function ownSecret(value: string, param: string): string {
  if (value.length >= 16 && value.length <= 512 && secretShape.test(value)) return value
  throw invalid(param, `${param} must start with sk- and have 16 to 512 visible characters. It is not shown here.`)
}

function emptyKey(secret: string, now: number): Draft {
  const value: VirtualKey = {
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
    createdAt: now,
  }
  return { value, extra: {} }
}
