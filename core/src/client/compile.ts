import { sign } from '../credentials/index.ts'
import type { Format } from '../formats/format.ts'
import { formatOf, formats } from '../formats/index.ts'
import { toolNames } from '../formats/tool-names.ts'
import { GatewayError } from '../kernel/faults.ts'
import { isObject, type JsonObject, type MutableJsonObject } from '../kernel/json.ts'
import { spliceMembers } from '../kernel/scan.ts'
import { applyQuirks, quirksTouch } from '../providers/apply-quirks.ts'
import { placeOf } from '../providers/place.ts'
import type { Quirk } from '../providers/provider.ts'
import type { ChatRequest } from '../vocabulary/chat-request.ts'
import type { FormatId } from '../vocabulary/format-id.ts'
import type { Warning } from '../vocabulary/warnings.ts'
import type { Call } from './call.ts'
import type { Target } from './target.ts'

/** A call made ready for one target: what goes over the wire, and how what comes back is to be read. */
export interface Compiled {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  readonly format: FormatId
  readonly stream: boolean
  readonly warnings: readonly Warning[]
  /** caller and provider speak the same format: the answer's bytes go through as they come */
  readonly untouched: boolean
  /** we asked for usage in the stream and the caller did not: its frame is taken out again */
  readonly hidesUsage: boolean
}

/** The wire format in which a target is to be called: the caller's own if it is spoken there, else the preferred one. */
export function formatFor(call: FormatId, target: Target): FormatId {
  const spoken = target.profile.formats
    ? target.provider.chat.filter((id) => target.profile.formats?.includes(id))
    : target.provider.chat
  const format = spoken.includes(call) ? call : (spoken[0] ?? target.provider.chat[0])
  if (!format)
    throw new GatewayError('misconfigured', `The provider \`${target.provider.name}\` has no chat format.`, { provider: target.provider.name })
  return format
}

/** Makes a call ready for a target without sending it. */
export function compile(call: Call, target: Target): Compiled {
  const id = formatFor(call.format, target)
  const format = formatOf(id)
  const made = id === call.format ? keep(call, target, format) : translate(call, target, format)
  return { ...made, ...placeFor(target, id, call), format: id, stream: call.stream, untouched: id === call.format }
}

type Made = Pick<Compiled, 'body' | 'warnings' | 'hidesUsage'>

const encoder = new TextEncoder()

/** Same format: changes in place what must change, and leaves every other byte alone. */
function keep(call: Call, target: Target, format: Format<'chat'>): Made {
  const changes: MutableJsonObject = {}
  const { members } = call.envelope
  if (members.has('model') || format.id !== 'gemini') {
    const model = wireModel(target)
    if (call.model !== model || !members.has('model')) changes.model = model
  }
  for (const [name, value] of Object.entries(target.defaults ?? {})) if (!members.has(name)) changes[name] = value
  for (const name of members.keys()) if (isOurs(name, call)) changes[name] = undefined
  Object.assign(changes, target.extraBody)
  const hidesUsage = format.id === 'openai-chat' && call.stream && !asksUsage(call)
  if (hidesUsage) changes.stream_options = { ...(call.field('stream_options') as JsonObject | null | undefined), include_usage: true }
  const quirks = quirksOf(target)
  if (!quirksTouch(quirks, members)) return { body: spliceMembers(call.envelope, changes), warnings: [], hidesUsage }
  const { body, warnings } = applyQuirks({ ...call.body(), ...changes }, quirks)
  return { body: encoder.encode(JSON.stringify(body)), warnings, hidesUsage }
}

/** Fields that callers send to a gateway and no provider knows. */
const gatewayFields: ReadonlySet<string> = new Set([
  'fallbacks', 'context_window_fallbacks', 'content_policy_fallbacks', 'disable_fallbacks', 'num_retries', 'drop_params', 'tags', 'mock_response',
])

/** LiteLLM's callers put tags and trace names into `metadata`; a provider's own metadata holds nothing but strings. */
function isOurs(name: string, call: Call): boolean {
  if (gatewayFields.has(name)) return true
  if (name !== 'metadata' || !call.format.startsWith('openai')) return false
  const metadata = call.field('metadata')
  return isObject(metadata) && Object.values(metadata).some((value) => typeof value !== 'string')
}

function asksUsage(call: Call): boolean {
  const options = call.field('stream_options') as JsonObject | null | undefined
  return options?.include_usage === true
}

/** Another format: through the vocabulary. */
function translate(call: Call, target: Target, format: Format<'chat'>): Made {
  const read = call.request()
  const request: ChatRequest = { ...withDefaults(read.value, target.defaults), model: wireModel(target), stream: call.stream }
  const written = format.client.writeRequest(request, target.profile)
  const { body, warnings } = applyQuirks({ ...written.value, ...target.extraBody }, quirksOf(target))
  return {
    body: encoder.encode(JSON.stringify(body)),
    warnings: [...read.warnings, ...written.warnings, ...warnings],
    hidesUsage: false,
  }
}

/** Default fields are written in OpenAI's names; read as such, they fill what the caller left open. */
function withDefaults(request: ChatRequest, defaults: JsonObject | undefined): ChatRequest {
  if (!defaults || Object.keys(defaults).length === 0) return request
  const { messages: _messages, model: _model, native: _native, ...filled } = formats['openai-chat'].server.readRequest(
    { model: request.model, messages: [{ role: 'user', content: '' }], ...defaults },
    {},
  ).value
  return { ...filled, ...request }
}

export function wireModel({ provider, model }: Target): string {
  const prefix = provider.modelPrefix
  return prefix === undefined || model.startsWith(prefix) ? model : prefix + model
}

const targetQuirks = new WeakMap<Target, readonly Quirk[]>()

/** The row's quirks, and those that the model's profile and the deployment's own settings amount to. */
function quirksOf(target: Target): readonly Quirk[] {
  const known = targetQuirks.get(target)
  if (known) return known
  const quirks: Quirk[] = [...(target.provider.quirks ?? [])]
  const { profile } = target
  if (profile.thinking === 'effort' && profile.outputLimitField === 'max_completion_tokens')
    quirks.push({ kind: 'rename', from: 'max_tokens', to: 'max_completion_tokens', why: 'reasoning models take max_completion_tokens' })
  if (target.dropParams && profile.sampling === false) quirks.push({ kind: 'drop', fields: samplingFields, why: 'the model takes no sampling parameters' })
  if (target.dropFields && target.dropFields.length > 0) quirks.push({ kind: 'drop', fields: target.dropFields, why: 'listed in additional_drop_params' })
  targetQuirks.set(target, quirks)
  return quirks
}

const samplingFields = ['temperature', 'top_p', 'presence_penalty', 'frequency_penalty', 'logprobs', 'top_logprobs', 'logit_bias']

interface Place {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

const places = new WeakMap<Target, Map<string, Place>>()

/** URL and headers of a target, worked out once; only the caller's vendor headers come on top per call. */
function placeFor(target: Target, format: FormatId, call: Call): Place {
  const key = call.stream ? `${format}+stream` : format
  let known = places.get(target)
  if (!known) places.set(target, (known = new Map()))
  let place = known.get(key)
  if (!place) known.set(key, (place = findPlace(target, format, call.stream)))
  if (format !== call.format || Object.keys(call.vendorHeaders).length === 0) return place
  return { url: place.url, headers: { ...place.headers, ...call.vendorHeaders } }
}

function findPlace(target: Target, format: FormatId, stream: boolean): Place {
  const { provider } = target
  const model = wireModel(target)
  const url = placeOf(provider, {
    format,
    model,
    path: formatOf(format).client.path(model, stream),
    ...(target.apiBase !== undefined && { apiBase: target.apiBase }),
    ...(target.apiVersion !== undefined && { apiVersion: target.apiVersion }),
    ...(target.placeholders && { params: target.placeholders }),
  })
  const headers = new Headers({ 'content-type': 'application/json', ...rowHeaders(target), ...target.headers })
  sign(provider.credentials?.[format] ?? provider.credential, target.secret, headers, new URL(url))
  const plain: Record<string, string> = {}
  headers.forEach((value, name) => {
    plain[name] = value
  })
  return { url, headers: plain }
}

function rowHeaders({ provider }: Target): Readonly<Record<string, string>> {
  const out: Record<string, string> = {}
  for (const [name, value] of Object.entries(provider.headers ?? {})) {
    const text = value.startsWith('$') ? value.slice(value.indexOf('|') + 1) : value
    if (text !== '') out[name] = text
  }
  return out
}

/** The wire names that tools were given for this call, for reading the answer back. */
export function namesFor(request: ChatRequest): ReturnType<typeof toolNames> {
  return toolNames(request.tools ?? [])
}
