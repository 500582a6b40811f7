import { isObject, type Json, type JsonObject, type MutableJsonObject } from 'turnpike-core/internal/kernel/json'
import { z } from 'zod'
import { type IsSecret, mask, sealed, someText } from '../../registry/secrets.ts'
import type { Sealing } from '../../sealing/sealing.ts'
import { anyObject, id, invalid } from '../shapes.ts'

/** A deployment as it is sent: LiteLLM's `Deployment`. */
export const newModelBody = z.object({
  model_name: id,
  litellm_params: anyObject,
  model_info: anyObject.nullish(),
  blocked: z.boolean().nullish(),
})

/** A change of one: LiteLLM's `updateDeployment`. Members that are named change, `null` clears, the rest stays. */
export const modelChangeBody = z.object({
  model_name: id.nullish(),
  litellm_params: anyObject.nullish(),
  model_info: anyObject.nullish(),
  blocked: z.boolean().nullish(),
})

/** Members of `model_info` that the gateway says itself: sent back, they are passed over. */
const toldInfo = new Set(['db_model', 'created_at', 'created_by', 'updated_at', 'updated_by', 'error'])

/** Members of `model_info` that would promise something that is not kept. */
const unkept: Readonly<Record<string, string>> = {
  team_id: 'a model belongs to everybody here: put it into an access group and grant that to the team',
  team_public_model_name: 'give the model this model_name, or the team an alias in model_aliases',
}

/** `model_info` as it is kept: without what the gateway tells itself, and without what would be refused. */
export function infoFields(given: JsonObject): JsonObject {
  for (const [name, why] of Object.entries(unkept))
    if (!saysNothing(given[name])) throw invalid(`model_info.${name}`, `model_info.${name} is not supported: ${why}.`)
  return Object.fromEntries(
    Object.entries(given).filter(([name]) => !toldInfo.has(name) && !Object.hasOwn(unkept, name) && name !== 'blocked'),
  )
}

/** Values that ask for nothing. */
export function saysNothing(value: Json | undefined): boolean {
  if (value === undefined || value === null || value === '' || value === false) return true
  return Array.isArray(value) ? value.length === 0 : typeof value === 'object' && Object.keys(value).length === 0
}

/** Parameters without those that would have no effect and ask for nothing; one that asks for something is refused by name. */
export function withoutInert(params: JsonObject, inert: readonly string[]): JsonObject {
  const asking = inert.find((name) => !saysNothing(params[name]))
  if (asking !== undefined)
    throw invalid(`litellm_params.${asking}`, `litellm_params.${asking} has no effect in this version: leave it out.`)
  return Object.fromEntries(Object.entries(params).filter(([name]) => !inert.includes(name)))
}

/** Headers as texts, which they are on the wire. */
function headersAsTexts(params: JsonObject): JsonObject {
  const out: MutableJsonObject = { ...params }
  for (const name of ['headers', 'extra_headers']) {
    const given = out[name]
    if (isObject(given))
      out[name] = Object.fromEntries(Object.entries(given).map(([header, value]) => [header, String(value)]))
  }
  return out
}

/**
 * Members as they are stored, secrets sealed. Refuses what only the gateway may write: text that looks sealed, and the mask where no
 * secret is stored.
 */
export function takenIn(given: JsonObject, field: string, sealing: Sealing, isSecret?: IsSecret): JsonObject {
  for (const [name, member] of Object.entries(given)) {
    if (member === undefined) continue
    if (someText(member, (text) => sealing.isSealed(text)))
      throw invalid(`${field}.${name}`, `${field}.${name} looks like a sealed secret: send the secret itself.`)
    if (someText(member, (text) => text.includes(mask)))
      throw invalid(
        `${field}.${name}`,
        `${field}.${name} holds ${mask}, which stands for a secret: send the secret, or leave it out.`,
      )
  }
  return sealed(headersAsTexts(given), sealing, isSecret)
}

/** What a change says beyond what is stored: a member that comes back as it was shown is none. */
export function changesOf(given: JsonObject, shown: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(given).filter(([name, value]) => !Object.hasOwn(shown, name) || !same(value, shown[name])),
  )
}

function same(a: Json | undefined, b: Json | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

/** Members laid over others; `null` takes one away. */
export function patched(under: JsonObject, over: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries({ ...under, ...over }).filter(([, value]) => value !== undefined && value !== null),
  )
}
