import { anyProvider, buildTarget, builtin, type Environment, type TargetSpec } from '../../client/build-target.ts'
import type { Deadlines } from '../../client/target.ts'
import { GatewayError, isGatewayError } from '../../kernel/faults.ts'
import {
  asArray,
  asBoolean,
  asNumber,
  asObject,
  asString,
  compact,
  type Json,
  type JsonObject,
  type MutableJsonObject,
} from '../../kernel/json.ts'
import { nanoUsd } from '../../kernel/money.ts'
import { customPrice, unsupportedPriceFields } from '../../models/custom-price.ts'
import type { Deployment } from '../deployment.ts'
import { fingerprint } from './fingerprint.ts'
import { inertParams, isPriceField, knownParams } from './params.ts'

/** One entry of LiteLLM's `model_list`. */
export interface ModelEntry {
  readonly model_name: string
  readonly litellm_params: JsonObject & { readonly model: string }
  readonly model_info?: JsonObject
}

/** A deployment, and what of its entry has no effect. */
export interface ReadEntry {
  readonly deployment: Deployment
  /** names of parameters that are understood but do not act yet */
  readonly inert: readonly string[]
}

/** Reads an entry. Throws `misconfigured` or `unknown-model` naming what is wrong with it. */
export function readEntry(entry: ModelEntry, environment: Environment): ReadEntry {
  const params = entry.litellm_params
  const info = entry.model_info ?? {}
  const own = customPrice({ ...pick(info, isPriceField), ...pick(params, isPriceField) })
  const baseModel = asString(info.base_model) ?? asString(params.base_model)
  const target = buildTarget(specOf(params, info, baseModel), environment)
  // the built-in model calls nobody
  const price =
    own ??
    (target.provider === builtin ? customPrice({ input_cost_per_token: 0, output_cost_per_token: 0 }) : undefined)
  const deployment: Deployment = {
    ...target,
    id: asString(info.id) ?? fingerprint(entry.model_name, params),
    group: entry.model_name,
    ...compact({
      weight: number(params.weight),
      rpm: number(params.rpm),
      tpm: number(params.tpm),
      maxParallel: number(params.max_parallel_requests),
      budget: budgetOf(params),
      order: number(params.order),
      cooldownMs: milliseconds(params.cooldown_time),
      retries: number(params.num_retries) ?? number(params.max_retries),
      price,
      pricedAs: baseModel,
      accessGroups: strings(info.access_groups),
      tags: strings(params.tags),
      region: regionOf(params, info),
      teamId: asString(info.team_id),
      credential: target.secret && fingerprint('credential', { secret: target.secret.reveal() }),
      onClientAbort: abortRuleOf(params.on_client_abort),
    }),
  }
  const inert = [
    ...Object.keys(params).filter((key) => inertParams.has(key)),
    ...unsupportedPriceFields({ ...info, ...params }),
  ]
  return { deployment, inert }
}

function specOf(params: ModelEntry['litellm_params'], info: JsonObject, baseModel: string | undefined): TargetSpec {
  return compact({
    model: params.model,
    provider: asString(params.custom_llm_provider),
    apiKey: asString(params.api_key),
    apiBase: asString(params.api_base) ?? asString(params.base_url),
    apiVersion: asString(params.api_version),
    headers: headersOf(params),
    placeholders: placeholdersOf(params),
    defaults: pick(params, (key) => !knownParams.has(key) && !inertParams.has(key) && !isPriceField(key)),
    extraBody: asObject(params.extra_body),
    dropParams: asBoolean(params.drop_params),
    dropFields: strings(params.additional_drop_params),
    deadlines: deadlinesOf(params),
    profile: { ...profileFrom(info), ...(asBoolean(params.use_chat_completions_api) && { formats: ['openai-chat'] }) },
    standsFor: baseModel,
    mock: asString(params.mock_response),
  }) as TargetSpec
}

/** Dollars and how long they last, as of a key. */
function budgetOf(params: JsonObject): Deployment['budget'] {
  const dollars = number(params.max_budget)
  if (dollars === undefined) return undefined
  if (!(dollars >= 0 && dollars <= 9_000_000))
    throw new GatewayError('misconfigured', 'max_budget must be a number of dollars.', { param: 'max_budget' })
  const duration = asString(params.budget_duration)
  return { limit: nanoUsd(dollars), ...(duration !== undefined && { duration }) }
}

/** Where a deployment runs; `region_name` is LiteLLM's word for it, the others are of those whose URL names it. */
function regionOf(params: JsonObject, info: JsonObject): string | undefined {
  const said = asString(info.region) ?? asString(params.region_name)
  return said ?? asString(params.aws_region_name) ?? asString(params.vertex_location)
}

function abortRuleOf(value: Json | undefined): 'cancel' | 'drain' | undefined {
  if (value === undefined || value === null) return undefined
  if (value === 'cancel' || value === 'drain') return value
  throw new GatewayError('misconfigured', 'on_client_abort must be cancel or drain.', { param: 'on_client_abort' })
}

function deadlinesOf(params: JsonObject): Deadlines | undefined {
  const deadlines = compact({
    totalMs: milliseconds(params.timeout) ?? milliseconds(params.request_timeout),
    firstByteMs: milliseconds(params.ttft_timeout) ?? milliseconds(params.stream_timeout),
    idleMs: milliseconds(params.stream_idle_timeout),
  })
  return Object.keys(deadlines).length > 0 ? deadlines : undefined
}

function headersOf(params: JsonObject): Record<string, string> | undefined {
  const given: JsonObject = { ...asObject(params.headers), ...asObject(params.extra_headers) }
  const organization = asString(params.organization)
  const headers: Record<string, string> = organization === undefined ? {} : { 'openai-organization': organization }
  for (const [name, value] of Object.entries(given)) headers[name.toLowerCase()] = String(value)
  return Object.keys(headers).length > 0 ? headers : undefined
}

const placeholderParams: Readonly<Record<string, string>> = {
  aws_region_name: 'region',
  region_name: 'region',
  vertex_location: 'location',
  vertex_project: 'project',
  account: 'account',
  workspace: 'workspace',
  resource: 'resource',
}

function placeholdersOf(params: JsonObject): Record<string, string> | undefined {
  const out: Record<string, string> = {}
  for (const [param, placeholder] of Object.entries(placeholderParams)) {
    const value = asString(params[param])
    if (value !== undefined) out[placeholder] = value
  }
  return Object.keys(out).length > 0 ? out : undefined
}

function profileFrom(info: JsonObject): TargetSpec['profile'] {
  const reads = (['image', 'audio', 'video', 'pdf'] as const).filter(
    (kind) => info[`supports_${kind === 'image' ? 'vision' : `${kind}_input`}`] === true,
  )
  return compact({
    contextTokens: asNumber(info.max_input_tokens),
    maxOutputTokens: asNumber(info.max_output_tokens),
    tools: asBoolean(info.supports_function_calling),
    structuredOutput: asBoolean(info.supports_response_schema),
    prefill: asBoolean(info.supports_assistant_prefill),
    ...(reads.length > 0 && { reads }),
  }) as TargetSpec['profile']
}

/** The deployment that a wildcard deployment becomes for one model; undefined when nobody is known to have it. */
export function expander(
  entries: ReadonlyMap<string, ModelEntry>,
  environment: Environment,
): (deployment: Deployment, model: string) => Deployment | undefined {
  return (deployment, model) => {
    const entry = entries.get(deployment.id)
    if (!entry) return undefined
    const prefixed =
      deployment.provider === anyProvider || model.startsWith(`${deployment.provider.name}/`)
        ? model
        : `${deployment.provider.name}/${model}`
    try {
      const { deployment: made } = readEntry(
        { ...entry, litellm_params: { ...entry.litellm_params, model: prefixed } },
        environment,
      )
      return { ...made, id: deployment.id }
    } catch (thrown) {
      if (isGatewayError(thrown)) return undefined
      throw thrown
    }
  }
}

function pick(from: JsonObject, wanted: (key: string) => boolean): MutableJsonObject {
  return Object.fromEntries(
    Object.entries(from).filter(([key, value]) => wanted(key) && value !== undefined && value !== null),
  )
}

function number(value: unknown): number | undefined {
  const read = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  return asNumber(read)
}

/** Seconds, as LiteLLM writes times, in milliseconds. */
function milliseconds(value: unknown): number | undefined {
  const seconds = number(value)
  return seconds === undefined ? undefined : seconds * 1000
}

function strings(value: unknown): readonly string[] | undefined {
  const list = asArray(value).filter((item): item is string => typeof item === 'string')
  return list.length > 0 ? list : undefined
}
