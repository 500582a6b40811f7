import { isGatewayError } from 'turnpike-core/internal/kernel/faults'
import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import { type ModelEntry, readEntry } from 'turnpike-core/internal/router/model-list/entry'
import { readDuration } from '../../vocabulary/duration.ts'
import type { Complaint, Locate } from '../document.ts'
import type { Variables } from '../environment.ts'
import { nearest } from '../nearest.ts'
import { type Credential, merged } from './credentials.ts'
import { faultOfBase } from './root-url.ts'

export interface ReadModels {
  readonly models: readonly ModelEntry[]
  readonly warnings: readonly Complaint[]
}

/** What an entry of `model_list` is read with. */
export interface ModelSurroundings {
  /** parameters of every entry that does not say them itself */
  readonly defaults: JsonObject
  readonly credentials: readonly Credential[]
  readonly locate: Locate
  readonly complaints: Complaint[]
  readonly variables: Variables
}

const entryKeys = ['model_name', 'litellm_params', 'model_info', 'tpm', 'rpm']

/** Reads and tries every entry of `model_list`; one that cannot work is a complaint at its place. */
export function readModels(
  list: unknown,
  { defaults, credentials, locate, complaints, variables }: ModelSurroundings,
): ReadModels {
  const warnings: Complaint[] = []
  const models: ModelEntry[] = []
  if (list === undefined || list === null) return { models, warnings }
  if (!Array.isArray(list)) {
    complaints.push({ ...locate(['model_list']), message: '`model_list` must be a list' })
    return { models, warnings }
  }
  for (const [at, item] of list.entries()) {
    const entry = shape(item, ['model_list', at])
    if (entry) attempt(entry, at)
  }
  return { models, warnings }

  function attempt(entry: ModelEntry, at: number): void {
    try {
      const { deployment, inert } = readEntry(entry, variables)
      const fault = deployment.apiBase === undefined ? undefined : faultOfBase(deployment.apiBase)
      if (fault !== undefined)
        complaints.push({
          ...locate(['model_list', at, 'litellm_params', 'api_base']),
          message: `\`api_base\` ${fault}`,
        })
      const duration = deployment.budget?.duration
      if (duration !== undefined && !readDuration(duration))
        complaints.push({
          ...locate(['model_list', at, 'litellm_params', 'budget_duration']),
          message: '`budget_duration` must be a length of time such as 30d',
        })
      for (const key of inert)
        warnings.push({
          ...locate(['model_list', at, 'litellm_params', key]),
          message: `\`${key}\` has no effect in this version`,
        })
      models.push(entry)
    } catch (thrown) {
      if (!isGatewayError(thrown)) throw thrown
      complaints.push({ ...locate(['model_list', at, 'litellm_params', 'model']), message: thrown.message })
    }
  }

  function credentialOf(name: unknown, path: readonly (string | number)[]): Credential | undefined {
    if (name === undefined || name === null) return undefined
    const found = credentials.find((one) => one.name === name)
    if (!found)
      complaints.push({
        ...locate([...path, 'litellm_params', 'litellm_credential_name']),
        message: `\`litellm_credential_name\` is \`${String(name)}\`, which \`credential_list\` does not have; credentials that are added over the API are for models that are added there`,
      })
    return found
  }

  function shape(item: unknown, path: readonly (string | number)[]): ModelEntry | undefined {
    const complain = (key: string | undefined, message: string): undefined => {
      complaints.push({ ...locate(key === undefined ? path : [...path, key]), message })
    }
    if (!isMapping(item))
      return complain(undefined, 'an entry of `model_list` must be a mapping with `model_name` and `litellm_params`')
    for (const key of Object.keys(item)) {
      if (entryKeys.includes(key)) continue
      const meant = nearest(key, entryKeys)
      if (meant) complain(key, `\`${key}\` is not a known key; did you mean \`${meant}\`?`)
      else warnings.push({ ...locate([...path, key]), message: `\`${key}\` is not a known key and has no effect` })
    }
    if (typeof item.model_name !== 'string' || item.model_name === '')
      return complain('model_name', 'an entry of `model_list` needs `model_name`, the name that callers use')
    const params = item.litellm_params
    if (!isMapping(params))
      return complain(
        'litellm_params',
        `the model \`${item.model_name}\` needs \`litellm_params\` with \`model\`, for example \`openai/gpt-4o\``,
      )
    if (typeof params.model !== 'string' || params.model === '')
      return complain(
        'litellm_params',
        `the model \`${item.model_name}\` needs \`litellm_params.model\`, for example \`openai/gpt-4o\``,
      )
    if (item.model_info !== undefined && item.model_info !== null && !isMapping(item.model_info))
      return complain('model_info', '`model_info` must be a mapping')
    const credential = credentialOf(params.litellm_credential_name, path)
    return {
      model_name: item.model_name,
      litellm_params: {
        ...defaults,
        ...(item.tpm !== undefined && { tpm: item.tpm as number }),
        ...(item.rpm !== undefined && { rpm: item.rpm as number }),
        ...(credential ? merged(params as JsonObject, credential.values) : (params as JsonObject)),
        model: params.model,
      },
      ...(isMapping(item.model_info) && { model_info: item.model_info as JsonObject }),
    }
  }
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
