import type { Json, JsonObject, MutableJsonObject } from 'turnpike-core/internal/kernel/json'
import { toUsd } from 'turnpike-core/internal/kernel/money'
import { later } from '../../vocabulary/period.ts'
import type { VirtualKey } from '../../vocabulary/principal.ts'
import { invalid } from '../wire.ts'
import {
  duration,
  flag,
  money,
  object,
  oneOf,
  type Reader,
  saysNothing,
  text,
  textMap,
  texts,
  whole,
} from './field-values.ts'

/** A key while a body is being applied to it. */
export interface Draft {
  readonly key: { -readonly [K in keyof VirtualKey]: VirtualKey[K] }
  readonly extra: MutableJsonObject
  readonly now: number
}

/** Puts a member of a body into a draft; `null` clears. */
type Field = (draft: Draft, value: Json, name: string, body: JsonObject) => void

type Optional = { [K in keyof VirtualKey]: undefined extends VirtualKey[K] ? K : never }[keyof VirtualKey]

/** A member of the key that may be absent. */
function member<K extends Optional & string>(at: K, read: Reader<NonNullable<VirtualKey[K]>>): Field {
  return ({ key }, value, name) => {
    if (value === null) delete key[at]
    else key[at] = read(value, name) as VirtualKey[K]
  }
}

/** A member that is kept and shown again but does not act. */
function kept(read: Reader<Json>): Field {
  return ({ extra }, value, name) => {
    if (value === null) delete extra[name]
    else extra[name] = read(value, name)
  }
}

/** What a key's kind opens to it; `default` says nothing of routes. */
const routesOfType = {
  default: [],
  llm_api: ['llm_api_routes'],
  management: ['management_routes'],
  read_only: ['info_routes'],
} as const

const keyTypes = Object.keys(routesOfType) as readonly (keyof typeof routesOfType)[]

/** Every field that acts or is kept, in the order in which they are applied: `tags` go into the metadata set before them. */
export const fields: Readonly<Record<string, Field>> = {
  key_alias: member('alias', text),
  user_id: member('userId', text),
  team_id: member('teamId', text),
  organization_id: member('organizationId', text),
  models: ({ key }, value, name) => {
    const models = value === null ? [] : texts(value, name)
    // outside, an empty list means every model; inside, it means none: it is turned at the door
    key.models = models.length === 0 ? ['all-proxy-models'] : models
  },
  aliases: ({ key }, value, name) => {
    key.aliases = value === null ? {} : textMap(value, name)
  },
  max_budget: member('maxBudget', money),
  soft_budget: kept((value, name) => toUsd(money(value, name))),
  budget_duration: member('budgetDuration', (value, name) => {
    duration(value, name)
    return value as string
  }),
  duration: ({ key, extra, now }, value, name) => {
    delete key.expiresAt
    delete extra.duration
    if (value === null || value === '-1') return
    key.expiresAt = later(now, duration(value, name))
    extra.duration = value
  },
  rpm_limit: member('rpmLimit', whole),
  tpm_limit: member('tpmLimit', whole),
  max_parallel_requests: member('maxParallelRequests', whole),
  blocked: ({ key }, value, name) => {
    key.blocked = value !== null && flag(value, name)
  },
  key_type: ({ key, extra }, value, name) => {
    const type = value === null ? 'default' : oneOf(keyTypes)(value, name)
    key.allowedRoutes = routesOfType[type]
    extra.key_type = type
  },
  allowed_routes: ({ key, extra }, value, name, body) => {
    const routes = value === null ? [] : texts(value, name)
    for (const route of routes) checkRoute(route, name)
    const type = saysNothing(body.key_type) ? undefined : oneOf(keyTypes)(body.key_type ?? null, 'key_type')
    const ofType = routesOfType[type ?? 'default']
    if (routes.length > 0 && ofType.length > 0 && !sameList(routes, ofType))
      throw invalid(name, `${name} and a key_type of ${type} contradict each other: give one of them.`)
    if (routes.length > 0 || ofType.length === 0) key.allowedRoutes = routes
    if (type === undefined) delete extra.key_type
  },
  metadata: ({ key }, value, name) => {
    const metadata = value === null ? {} : object(value, name)
    for (const refused of Object.keys(unserved))
      if (!saysNothing(metadata[refused])) throw notServed(`${name}.${refused}`)
    setMetadata(key, metadata)
  },
  tags: ({ key }, value) => {
    const { tags: _before, ...rest } = key.metadata as JsonObject
    setMetadata(key, saysNothing(value) ? rest : { ...rest, tags: value })
  },
  agent_id: kept(text),
  project_id: kept(text),
  /** no mail is sent; accepted because LiteLLM's dashboard and scripts always send it */
  send_invite_email: (_draft, value, name) => {
    if (value !== null) flag(value, name)
  },
}

function setMetadata(key: Draft['key'], metadata: JsonObject): void {
  const { tags } = metadata
  key.tags = tags === undefined || tags === null ? [] : texts(tags, 'tags')
  key.metadata = metadata
}

const routeShape = /^(\/[\x21-\x7e]*|[a-z_]+)$/

function checkRoute(route: string, name: string): void {
  if (!routeShape.test(route))
    throw invalid(
      name,
      `${name} holds ${JSON.stringify(route)}, which is neither a path nor the name of a group of routes.`,
    )
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((entry, index) => entry === b[index])
}

/**
 * LiteLLM's fields for what is not served here, with what they are shown as. To take them and do nothing would be to promise a
 * limit that does not hold: they are refused unless they say nothing.
 */
export const unserved = {
  allowed_cache_controls: [],
  config: {},
  permissions: {},
  model_max_budget: {},
  budget_fallbacks: {},
  budget_limits: null,
  budget_id: null,
  model_rpm_limit: null,
  model_tpm_limit: null,
  mcp_rpm_limit: null,
  tag_rpm_limit: null,
  default_estimated_output_tokens: null,
  default_estimated_output_tokens_per_model: null,
  guardrails: null,
  policies: null,
  prompts: null,
  disable_global_guardrails: null,
  throttle_on_budget_exceeded: null,
  enforced_params: null,
  allowed_passthrough_routes: null,
  allowed_vector_store_indexes: null,
  object_permission: null,
  router_settings: null,
  access_group_ids: null,
  auto_rotate: false,
  rotation_interval: null,
  temp_budget_increase: null,
  temp_budget_expiry: null,
  rpm_limit_type: null,
  tpm_limit_type: null,
  logging: null,
  spend: 0,
} as const satisfies Record<string, Json>

/** Values of those fields that describe what happens anyway. */
const usual: Readonly<Record<string, Json>> = {
  rpm_limit_type: 'best_effort_throughput',
  tpm_limit_type: 'best_effort_throughput',
}

/** Names that a body about a key may have, beside `key`. */
export const fieldNames: readonly string[] = [...Object.keys(fields), ...Object.keys(unserved)]

/** Applies the members that a body has: what it does not name stays as it is. */
export function applyFields(draft: Draft, body: JsonObject): void {
  for (const name of Object.keys(unserved)) {
    const value = body[name]
    if (!saysNothing(value) && value !== usual[name]) throw notServed(name)
  }
  for (const [name, apply] of Object.entries(fields)) {
    const value = body[name]
    if (value !== undefined) apply(draft, value, name, body)
  }
  if (draft.key.models.includes('all-team-models') && draft.key.teamId !== undefined)
    throw invalid(
      'models',
      'all-team-models is not supported yet: teams are kept as names only, so name the models of the key.',
    )
}

function notServed(name: string) {
  const why = name === 'spend' ? 'spend is the sum of the ledger and cannot be set' : `${name} is not supported yet`
  return invalid(name, `${why}; leave it out or empty.`)
}
