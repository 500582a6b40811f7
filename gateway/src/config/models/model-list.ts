import { isGatewayError } from 'turnpike-core/internal/kernel/faults'
import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import { type ModelEntry, readEntry } from 'turnpike-core/internal/router/model-list/entry'
import type { Complaint, Locate } from '../document.ts'
import type { Variables } from '../environment.ts'
import { nearest } from '../nearest.ts'

export interface ReadModels {
  readonly models: readonly ModelEntry[]
  readonly warnings: readonly Complaint[]
}

/** What the sections say of every entry of `model_list`. */
export interface EntryDefaults {
  readonly dropParams: boolean | undefined
  readonly idleTimeout: unknown
  /** `router_settings.default_litellm_params` */
  readonly params: JsonObject
}

const entryKeys = ['model_name', 'litellm_params', 'model_info', 'tpm', 'rpm']

/** Reads and tries every entry of `model_list`; one that cannot work is a complaint at its place. */
export function readModels(
  list: unknown,
  defaults: EntryDefaults,
  { locate, complaints, variables }: { locate: Locate; complaints: Complaint[]; variables: Variables },
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
    return {
      model_name: item.model_name,
      litellm_params: {
        ...defaults.params,
        ...(defaults.dropParams !== undefined && { drop_params: defaults.dropParams }),
        ...(defaults.idleTimeout !== undefined && { stream_idle_timeout: defaults.idleTimeout as number }),
        ...(item.tpm !== undefined && { tpm: item.tpm as number }),
        ...(item.rpm !== undefined && { rpm: item.rpm as number }),
        ...(params as JsonObject),
        model: params.model,
      },
      ...(isMapping(item.model_info) && { model_info: item.model_info as JsonObject }),
    }
  }
}

/** What is wrong with a root URL; undefined when nothing is. It is not repeated: it may hold a password. */
function faultOfBase(given: string): string | undefined {
  if (!URL.canParse(given)) return 'must be a URL such as https://api.example.com/v1'
  const { protocol, username, password } = new URL(given)
  if (!/^https?:$/.test(protocol)) return 'must begin with https:// or http://'
  return username === '' && password === ''
    ? undefined
    : 'must not hold a user name or password: give the key as `api_key`'
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
