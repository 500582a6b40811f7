import { missingKey, sign } from '../credentials/index.ts'
import type { Format } from '../formats/format.ts'
import { formatOf } from '../formats/index.ts'
import { GatewayError } from '../kernel/faults.ts'
import { isObject, type JsonObject, type MutableJsonObject } from '../kernel/json.ts'
import { spliceMembers } from '../kernel/scan.ts'
import { applyQuirks, quirksTouch } from '../providers/apply-quirks.ts'
import { placeOf } from '../providers/place.ts'
import type { Quirk } from '../providers/provider.ts'
import { chatFormats, headersFor, quirksFor, wireModel } from '../providers/row.ts'
import type { ChatRequest } from '../vocabulary/chat-request.ts'
import type { FormatId } from '../vocabulary/format-id.ts'
import type { Warning } from '../vocabulary/warnings.ts'
import type { Call } from './call.ts'
import { defaultFields, filledIn, withDefaults } from './defaults.ts'
import { refuseVendorOnly, withoutForeignTools } from './foreign.ts'
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

const chosen = new WeakMap<Target, Map<FormatId, FormatId>>()

/** The wire format in which a target is to be called: the caller's own if it is spoken there, else the preferred one. */
export function formatFor(call: FormatId, target: Target): FormatId {
  let known = chosen.get(target)
  if (!known) chosen.set(target, (known = new Map()))
  let format = known.get(call)
  if (!format) known.set(call, (format = chooseFormat(call, target)))
  return format
}

function chooseFormat(call: FormatId, { provider, model, profile, apiBase }: Target): FormatId {
  const spoken = chatFormats(provider, { model, ...(apiBase !== undefined && { apiBase }) })
  const fitting = profile.formats ? spoken.filter((id) => profile.formats?.includes(id)) : spoken
  const format = fitting.includes(call) ? call : (fitting[0] ?? spoken[0])
  if (!format)
    throw new GatewayError('misconfigured', `The provider \`${provider.name}\` has no chat format.`, {
      provider: provider.name,
    })
  return format
}

/** Makes a call ready for a target without sending it. */
export function compile(call: Call, target: Target): Compiled {
  const id = formatFor(call.format, target)
  const untouched = id === call.format
  const { body, warnings, hidesUsage } = untouched
    ? keep(call, target, formatOf(id))
    : translate(call, target, formatOf(id))
  const { url, headers } = placeFor(target, id, call)
  return { url, headers, body, warnings, hidesUsage, untouched, format: id, stream: call.stream }
}

type Made = Pick<Compiled, 'body' | 'warnings' | 'hidesUsage'>

const encoder = new TextEncoder()

/** Same format: changes in place what must change, and leaves every other byte alone. */
function keep(call: Call, target: Target, format: Format<'chat'>): Made {
  const changes: MutableJsonObject = {}
  const { members } = call.envelope
  if (members.has('model') || format.wire.modelIn === 'body') {
    const model = wireModel(target.provider, target.model)
    if (call.model !== model || !members.has('model')) changes.model = model
  }
  if (target.defaults)
    for (const [name, value] of Object.entries(defaultFields(target, format))) {
      // inside a container that only this format has, defaults lie beside what the caller says there
      const beside = members.has(name) && !Object.hasOwn(target.defaults, name)
      const change = beside ? filledIn(call.field(name), value) : members.has(name) ? undefined : value
      if (change !== undefined) changes[name] = change
    }
  for (const name of members.keys()) if (isOurs(name, call)) changes[name] = undefined
  Object.assign(changes, target.extraBody)
  const { usageSwitch } = format.wire
  const asked = usageSwitch && call.stream ? call.field(usageSwitch.field) : undefined
  const hidesUsage = usageSwitch !== undefined && call.stream && !usageSwitch.isOn(asked)
  if (hidesUsage) changes[usageSwitch.field] = usageSwitch.on(asked)
  const warnings = quirkChanges(call, target, format.id, changes)
  return { body: spliceMembers(call.envelope, changes), warnings, hidesUsage }
}

const none: readonly Warning[] = []

/** Puts what the target's quirks change among the changes; fields that they leave alone keep their bytes. */
function quirkChanges(call: Call, target: Target, format: FormatId, changes: MutableJsonObject): readonly Warning[] {
  const quirks = quirksOf(target, format)
  if (quirks.length === 0 || !quirksTouch(quirks, [...call.envelope.members.keys(), ...Object.keys(changes)]))
    return none
  const before: JsonObject = { ...call.body(), ...changes }
  const { body: after, warnings } = applyQuirks(before, quirks, quirkOptions(target))
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)]))
    if (after[name] !== before[name]) changes[name] = after[name]
  return warnings
}

function quirkOptions({ dropParams }: Target): { dropUnsupported?: boolean } {
  return dropParams === undefined ? {} : { dropUnsupported: dropParams }
}

/** Fields that callers send to a gateway and no provider knows. */
const gatewayFields: ReadonlySet<string> = new Set([
  'fallbacks',
  'context_window_fallbacks',
  'content_policy_fallbacks',
  'disable_fallbacks',
  'num_retries',
  'drop_params',
  'tags',
  'mock_response',
  'mock_testing_fallbacks',
  'mock_testing_context_fallbacks',
  'mock_testing_content_policy_fallbacks',
  'mock_testing_rate_limit_error',
  'timeout',
  'request_timeout',
  'stream_timeout',
  'stream_idle_timeout',
  'connect_timeout',
  'priority',
  'queue_timeout',
  'cache',
  'litellm_call_id',
  'litellm_trace_id',
  'litellm_session_id',
])

/** LiteLLM's callers put tags and trace names into `metadata`; a provider's own metadata holds nothing but strings. */
function isOurs(name: string, call: Call): boolean {
  if (gatewayFields.has(name)) return true
  if (name !== 'metadata' || !call.format.startsWith('openai')) return false
  const metadata = call.field('metadata')
  return isObject(metadata) && Object.values(metadata).some((value) => typeof value !== 'string')
}

/** Another format: through the vocabulary. */
function translate(call: Call, target: Target, format: Format<'chat'>): Made {
  refuseVendorOnly(call, target)
  const read = call.request()
  const asked: ChatRequest = {
    ...withDefaults(read.value, target.defaults),
    model: wireModel(target.provider, target.model),
    stream: call.stream,
  }
  const own = withoutForeignTools(asked, call, format.id, target)
  const written = format.client.writeRequest(own.value, target.profile)
  const { body, warnings } = applyQuirks(
    { ...written.value, ...target.extraBody },
    quirksOf(target, format.id),
    quirkOptions(target),
  )
  return {
    body: encoder.encode(JSON.stringify(body)),
    // what was for the gateway is not lost: it has been heeded here
    warnings: [...read.warnings, ...own.warnings, ...written.warnings, ...warnings].filter(
      ({ path }) => !isOurs(path, call),
    ),
    hidesUsage: false,
  }
}

const targetQuirks = new WeakMap<Target, Map<FormatId, readonly Quirk[]>>()

/** The row's quirks, and those that the model's profile and the deployment's own settings amount to. */
function quirksOf(target: Target, format: FormatId): readonly Quirk[] {
  let known = targetQuirks.get(target)
  if (!known) targetQuirks.set(target, (known = new Map()))
  let quirks = known.get(format)
  if (!quirks) known.set(format, (quirks = [...quirksFor(target.provider, format), ...ownQuirks(target)]))
  return quirks
}

function ownQuirks({ profile, dropParams, dropFields = [] }: Target): Quirk[] {
  const quirks: Quirk[] = []
  if (profile.thinking === 'effort' && profile.outputLimitField === 'max_completion_tokens')
    quirks.push({
      kind: 'rename',
      from: 'max_tokens',
      to: 'max_completion_tokens',
      why: 'reasoning models take max_completion_tokens',
    })
  if (dropParams && profile.sampling === false)
    quirks.push({ kind: 'drop', fields: samplingFields, why: 'the model takes no sampling parameters' })
  if (dropFields.length > 0) quirks.push({ kind: 'drop', fields: dropFields, why: 'listed in additional_drop_params' })
  return quirks
}

const samplingFields = [
  'temperature',
  'top_p',
  'presence_penalty',
  'frequency_penalty',
  'logprobs',
  'top_logprobs',
  'logit_bias',
]

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
  const { provider, environment } = target
  const model = wireModel(provider, target.model)
  const url = placeOf(provider, {
    format,
    model,
    path: formatOf(format).client.path(model, stream),
    env: environment,
    ...(target.apiBase !== undefined && { apiBase: target.apiBase }),
    ...(target.apiVersion !== undefined && { apiVersion: target.apiVersion }),
    ...(target.placeholders && { params: target.placeholders }),
  })
  const parsed = new URL(url)
  const headers = new Headers({
    'content-type': 'application/json',
    ...headersFor(provider, { format, url: parsed, env: environment }),
    ...target.headers,
  })
  if (!target.secret && provider.keyEnv.length > 0 && !headers.has('authorization') && provider.base !== undefined)
    throw missingKey(provider)
  sign(provider.credentials?.[format] ?? provider.credential, target.secret, headers, parsed)
  const plain: Record<string, string> = {}
  headers.forEach((value, name) => {
    plain[name] = value
  })
  return { url, headers: plain }
}
