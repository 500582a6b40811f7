import { GatewayError } from 'turnpike-core/internal/kernel/faults'
import { asString, type Json, type JsonObject } from 'turnpike-core/internal/kernel/json'
import { type ModelEntry, readEntry } from 'turnpike-core/internal/router/model-list/entry'
import { resolveVariables, type Variables } from '../config/environment.ts'
import { merged } from '../config/models/credentials.ts'
import { faultOfBase } from '../config/models/root-url.ts'
import type { Sealing } from '../sealing/sealing.ts'
import type { StoredModel } from '../store/store.ts'
import { readDuration } from '../vocabulary/duration.ts'
import { opened, variableOf } from './secrets.ts'

/** What a stored model needs to become one that can be called. */
export interface Surroundings {
  readonly sealing: Sealing
  readonly environment: Variables
  /** what the configuration says of every entry */
  readonly defaults: JsonObject
  /** values of a credential by its name, sealed or not; undefined when there is none */
  readonly credential: (name: string) => JsonObject | undefined
}

/** An entry that can be served, and which of its parameters would have no effect. */
export interface Assembled {
  readonly entry: ModelEntry
  readonly inert: readonly string[]
}

/**
 * The entry that a stored model amounts to: secrets opened, its credential laid under it, variables resolved, tried. Throws a
 * GatewayError that says what is wrong with it.
 */
export function assemble(model: StoredModel, surroundings: Surroundings): Assembled {
  const { sealing, environment, defaults } = surroundings
  const stored = model.entry.litellm_params as JsonObject | undefined
  const name = asString(stored?.litellm_credential_name)
  const credential = name === undefined ? undefined : surroundings.credential(name)
  if (name !== undefined && !credential)
    throw wrong(`There is no credential \`${name}\`: add it under /credentials first.`)
  const params = resolved(merged(opened(stored ?? {}, sealing), opened(credential ?? {}, sealing)), environment)
  const info = resolved(opened((model.entry.model_info as JsonObject | undefined) ?? {}, sealing), environment)
  const given = asString(params.model)
  if (given === undefined || given === '')
    throw wrong('litellm_params.model is missing: name the model to call, for example "openai/gpt-4o".')
  const base = asString(params.api_base) ?? asString(params.base_url)
  const fault = base === undefined ? undefined : faultOfBase(base)
  if (fault !== undefined) throw wrong(`litellm_params.api_base ${fault}.`)
  const entry: ModelEntry = {
    model_name: model.name,
    litellm_params: { ...defaults, ...params, model: given },
    model_info: { ...info, id: model.id },
  }
  const { deployment, inert } = readEntry(entry, environment)
  const duration = deployment.budget?.duration
  if (duration !== undefined && !readDuration(duration))
    throw wrong('litellm_params.budget_duration must be a length of time such as 30d.')
  return { entry, inert }
}

/** The value with its references to variables resolved. A missing one is a fault: the model would be called without it. */
function resolved(value: JsonObject, environment: Variables): JsonObject {
  const own = variablesOf(value).find((name) => gatewayOwn.test(name))
  if (own !== undefined)
    throw wrong(`os.environ/${own} is the gateway's own and cannot be given to a provider: refer to another variable.`)
  const { value: found, missing } = resolveVariables(value, environment)
  const [first] = missing
  if (first) throw wrong(`The environment variable ${first.name}, which ${first.path.join('.')} refers to, is not set.`)
  return found as JsonObject
}

/** What opens the gateway itself, and not a provider. */
const gatewayOwn =
  /^(?:TURNPIKE_|LITELLM_(?:MASTER|SALT)_KEY$|DATABASE_|REDIS_|UI_PASSWORD$|JWT_|(?:GENERIC|GOOGLE|MICROSOFT)_CLIENT_SECRET$)/

function variablesOf(value: Json | undefined): readonly string[] {
  if (typeof value === 'string') return [variableOf(value) ?? []].flat()
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value as JsonObject).flatMap(variablesOf)
}

function wrong(message: string): GatewayError {
  return new GatewayError('misconfigured', message)
}
