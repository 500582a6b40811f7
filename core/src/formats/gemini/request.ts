import { GatewayError } from '../../kernel/faults.ts'
import { type JsonObject, leftovers, type MutableJsonObject } from '../../kernel/json.ts'
import type { ModelProfile } from '../../models/profile.ts'
import type { ChatRequest, Tool } from '../../vocabulary/chat-request.ts'
import type { Read } from '../../vocabulary/warnings.ts'
import type { RequestPath } from '../format.ts'
import { toolNames } from '../tool-names.ts'
import { readConfig } from './request/config-read.ts'
import { writeConfig } from './request/config-write.ts'
import { readContents, readSystem } from './request/contents-read.ts'
import { writeContents } from './request/contents-write.ts'
import { readToolConfig, readTools, writeChoice, writeTools } from './request/tools.ts'
import {
  camel,
  formatId,
  invalid,
  listAt,
  nameRule,
  objectAt,
  orAbsent,
  stringAt,
  type Warnings,
  warn,
} from './wire.ts'

const known = new Set([
  'model',
  'contents',
  'systemInstruction',
  'tools',
  'toolConfig',
  'generationConfig',
  'serviceTier',
])

/** Reads a body of `generateContent` (https://ai.google.dev/api/generate-content); model and streaming stand in the path. */
export function readRequest(given: JsonObject, path: RequestPath): Read<ChatRequest> {
  const warnings: Warnings = []
  const body = camel(given)
  const model = path.model ?? stringAt(body, 'model', '')
  if (model === undefined) throw invalid('model', 'it is expected in the path')
  const contents = listAt(body, 'contents', '')
  if (!contents || contents.length === 0) throw invalid('contents', 'at least one turn is expected')
  const { config, rest: configRest } = readConfig(objectAt(body, 'generationConfig', '') ?? {})
  const calling = readToolConfig(objectAt(body, 'toolConfig', '') ?? {})
  const tools = readTools(listAt(body, 'tools', '') ?? []).map((tool) => (calling.strict ? strictly(tool) : tool))
  const serviceTier = stringAt(body, 'serviceTier', '')
  const fields = orAbsent({
    ...leftovers(body, known),
    ...(configRest && { generationConfig: configRest }),
    ...(calling.rest && { toolConfig: calling.rest }),
  })
  const value: ChatRequest = {
    model: model.replace(/^models\//, ''),
    messages: [...readSystem(body.systemInstruction), ...readContents(contents, warnings)],
    ...(path.stream !== undefined && { stream: path.stream }),
    ...(tools.length > 0 && { tools }),
    ...(calling.choice && { toolChoice: calling.choice }),
    ...config,
    ...(serviceTier !== undefined && { serviceTier }),
    ...(fields && { native: { format: formatId, fields } }),
  }
  return { value, warnings }
}

const strictly = (tool: Tool): Tool => (tool.type === 'function' ? { ...tool, strict: true } : tool)

/** Writes the body of `generateContent`; model and streaming go into the path. */
export function writeRequest(request: ChatRequest, profile: ModelProfile): Read<JsonObject> {
  const warnings: Warnings = []
  const names = toolNames(request.tools, nameRule)
  const native = ownFields(request, warnings)
  const { generationConfig: nativeConfig, toolConfig: nativeCalling, ...fields } = native
  const spoken = writeContents(request.messages, { names, profile, warnings })
  const tools = writeTools(request.tools ?? [], names, warnings)
  const calling = writeChoice(request, names, warnings)
  const config = deepJoin(nativeConfig, writeConfig(request, profile, warnings), 'thinkingConfig')
  const toolConfig = deepJoin(nativeCalling, calling && { functionCallingConfig: calling }, 'functionCallingConfig')
  const serviceTier = writeTier(request, warnings)
  warnOfUnknown(request, warnings)
  const value: JsonObject = {
    ...fields,
    ...spoken,
    ...(tools.length > 0 && { tools }),
    ...(toolConfig && { toolConfig }),
    ...(config && { generationConfig: config }),
    ...(serviceTier !== undefined && { serviceTier }),
  }
  return { value, warnings }
}

function ownFields({ native }: ChatRequest, warnings: Warnings): JsonObject {
  if (!native) return {}
  if (native.format === formatId) return native.fields
  for (const field of Object.keys(native.fields)) warn(warnings, 'dropped', field, `only ${native.format} knows it`)
  return {}
}

/** Google's own settings under ours; one section of them is joined member by member. */
function deepJoin(native: JsonObject[string], ours: JsonObject | undefined, section: string): JsonObject | undefined {
  const base = (typeof native === 'object' ? native : {}) as JsonObject
  const out: MutableJsonObject = { ...base, ...ours }
  if (base[section] !== undefined && ours?.[section] !== undefined)
    out[section] = { ...(base[section] as JsonObject), ...(ours[section] as JsonObject) }
  return orAbsent(out)
}

/** The tiers that Google knows (https://ai.google.dev/gemini-api/docs/flex-inference). */
const tiers = new Set(['standard', 'flex', 'priority', 'unspecified'])

function writeTier({ serviceTier }: ChatRequest, warnings: Warnings): string | undefined {
  if (serviceTier === undefined || tiers.has(serviceTier.toLowerCase())) return serviceTier
  warn(warnings, 'dropped', 'serviceTier', `Gemini has no tier \`${serviceTier}\``)
  return undefined
}

const unknown = [
  'parallelTools',
  'logitBias',
  'verbosity',
  'user',
  'metadata',
  'store',
  'safetyId',
  'promptCache',
] as const satisfies readonly (keyof ChatRequest)[]

function warnOfUnknown(request: ChatRequest, warnings: Warnings): void {
  for (const field of unknown)
    if (request[field] !== undefined) warn(warnings, 'dropped', field, 'Gemini has no such setting')
}

/** The path of the call; a full resource name (`models/…`, `tunedModels/…`) stays as it is. */
export function callPath(model: string, stream: boolean): string {
  if (model === '') throw new GatewayError('invalid-request', 'model: a name is expected', { param: 'model' })
  const method = stream ? 'streamGenerateContent?alt=sse' : 'generateContent'
  const named = /^(models|tunedModels)\/([^/]+)$/.exec(model)
  return named
    ? `/${named[1]}/${encodeURIComponent(named[2] ?? '')}:${method}`
    : `/models/${encodeURIComponent(model)}:${method}`
}
