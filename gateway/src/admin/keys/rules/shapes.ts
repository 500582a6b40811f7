import { z } from 'zod'
import { isNetwork } from '../../../config/governance/access.ts'
import { readDuration } from '../../../vocabulary/duration.ts'
import { anyObject, id } from '../../shapes.ts'
import { modelsField, placeIdField, saysNothing, unserved, unservedFields, userIdField } from '../../tenants/fields.ts'
import { termFields } from '../../terms.ts'

/** What a key's kind opens to it; `default` says nothing of routes. */
export const routesOfType = {
  default: [],
  llm_api: ['llm_api_routes'],
  management: ['management_routes'],
  read_only: ['info_routes'],
} as const

const keyTypes = [
  'default',
  'llm_api',
  'management',
  'read_only',
] as const satisfies readonly (keyof typeof routesOfType)[]

const lifetime = z
  .string()
  .refine(
    (text) => text === '-1' || readDuration(text) !== undefined,
    'must be a whole number and s, m, h, d, w or mo, like 30d; -1 is for ever',
  )
const routeName = z.string().regex(/^(\/[\x21-\x7e]*|[a-z_]+)$/, 'must be a path or the name of a group of routes')
const network = z.string().refine(isNetwork, 'must be an address, or a network such as 10.0.0.0/8')
const bodyMember = z.string().regex(/^[\w-]+(?:\.[\w-]+)?$/, 'must be named like user, or metadata.team for one within')
export const tagNames = z.array(z.string().min(1).max(512)).max(1000)

/** Only `get_spend_routes` acts. */
const permissions = z
  .looseObject({ get_spend_routes: z.boolean().nullish() })
  .refine(
    ({ get_spend_routes: _, ...others }) => Object.values(others).every(saysNothing),
    'may have get_spend_routes; others are not supported here',
  )

const { tags: _tags, ...unservedOfAll } = unservedFields

/** LiteLLM's fields for what does not act here: taken only where they say nothing. */
export const unservedOfKeys = {
  ...unservedOfAll,
  spend: unserved('is the sum of the ledger and cannot be set; /key/{key}/reset_spend corrects it'),
  allowed_cache_controls: unserved(),
  config: unserved(),
  throttle_on_budget_exceeded: unserved(),
  auto_rotate: unserved('is not supported: nobody would be told the new secret; use /key/regenerate'),
  rotation_interval: unserved('is not supported: nobody would be told the new secret; use /key/regenerate'),
  logging: unserved(),
} as const

/** Everything that a body may say of a key; `null` clears. */
export const keyFields = {
  key_alias: id.nullish(),
  user_id: userIdField.nullish(),
  team_id: placeIdField.nullish(),
  organization_id: placeIdField.nullish(),
  ...termFields,
  models: modelsField,
  aliases: z.record(z.string(), z.string().min(1).max(512)).nullish(),
  duration: lifetime.nullish(),
  blocked: z.boolean().nullish(),
  key_type: z.enum(keyTypes).nullish(),
  allowed_routes: z.array(routeName).nullish(),
  allowed_ips: z.array(network).max(1000).nullish(),
  enforced_params: z.array(bodyMember).max(100).nullish(),
  permissions: permissions.nullish(),
  metadata: anyObject.nullish(),
  tags: tagNames.nullish(),
  agent_id: id.nullish(),
  project_id: id.nullish(),
  /** no mail is sent; accepted because LiteLLM's scripts always send it */
  send_invite_email: z.boolean().nullish(),
  ...unservedOfKeys,
} as const

export type KeyBody = z.infer<z.ZodObject<typeof keyFields>>

/** A key as callers name one: its secret or its hash. */
export const keyName = z.string().min(1).max(1024)
export const someKeys = z.array(keyName).max(500)

export const generateBody = z.object({ key: z.string().nullish(), ...keyFields })
export const updateBody = z.object({ key: keyName, ...keyFields })
export const regenerateBody = z.object({
  key: keyName.nullish(),
  new_key: z.string().nullish(),
  grace_period: z.union([z.literal(''), lifetime.refine((text) => text !== '-1', 'must end')]).nullish(),
  new_master_key: unserved('is not supported: the master key is configured'),
  ...keyFields,
})
export const oneKeyBody = z.object({ key: keyName })
export const deleteBody = z.object({ keys: someKeys.nullish(), key_aliases: z.array(id).max(500).nullish() })
export const manyKeysBody = z.object({ keys: someKeys })

const { budget_id, max_budget, team_id, tags } = keyFields
export const bulkBody = z.object({
  keys: z
    .array(z.strictObject({ key: keyName, budget_id, max_budget, team_id, tags }))
    .min(1)
    .max(500, 'at most 500 at once'),
})
