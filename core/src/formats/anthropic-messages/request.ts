import {
  asArray,
  asBoolean,
  asNumber,
  asObject,
  asString,
  type JsonObject,
  leftovers,
  type MutableJsonObject,
} from '../../kernel/json.ts'
import type { ModelProfile } from '../../models/profile.ts'
import type { ChatRequest, OutputShape } from '../../vocabulary/chat-request.ts'
import type { Read } from '../../vocabulary/warnings.ts'
import type { RequestPath } from '../format.ts'
import { type NameRule, toolNames } from '../tool-names.ts'
import { format, malformed, type Notes, optional, takeNotes, unsupported } from './wire/fields.ts'
import { readMessages, readSystem } from './wire/read-messages.ts'
import { boundTokens, readReasoning, writeReasoning } from './wire/reasoning.ts'
import { writeSampling } from './wire/sampling.ts'
import { fitSchema } from './wire/schema.ts'
import { plainText } from './wire/text.ts'
import { isForced, readToolChoice, readTools, writeTools } from './wire/tools.ts'
import { writeMessages } from './wire/write-messages.ts'

/** What Anthropic takes as a tool's name (https://platform.claude.com/docs/en/agents-and-tools/tool-use/implement-tool-use). */
export const nameRule: NameRule = { maxLength: 128, pattern: /^[a-zA-Z0-9_-]+$/ }

const known = new Set([
  'model',
  'messages',
  'system',
  'max_tokens',
  'stop_sequences',
  'temperature',
  'top_p',
  'top_k',
  'metadata',
  'service_tier',
  'stream',
  'tools',
  'tool_choice',
  'thinking',
  'output_config',
  'output_format',
])

/** https://platform.claude.com/docs/en/api/messages */
export function readRequest(body: JsonObject, path: RequestPath = {}): Read<ChatRequest> {
  const notes = takeNotes()
  const config = optional(body, 'output_config', asObject, 'an object')
  const { reasoning, kept } = readReasoning(optional(body, 'thinking', asObject, 'an object'), config)
  const metadata = optional(body, 'metadata', asObject, 'an object')
  const user = asString(metadata?.user_id)
  const more = metadata && leftovers(metadata, user === undefined ? new Set() : new Set(['user_id']))
  const fields = { ...leftovers(body, known), ...kept, ...(more && { metadata: more }) }
  const output = readOutput(asObject(config?.format) ?? asObject(body.output_format))
  const tools = readTools(body.tools)
  const stream = optional(body, 'stream', asBoolean, 'true or false') ?? path.stream
  const value: ChatRequest = {
    model: readModel(body, path),
    messages: [...readSystem(body.system), ...readMessages(body.messages, notes)],
    ...(stream !== undefined && { stream }),
    ...(tools && { tools }),
    ...readToolChoice(body.tool_choice),
    ...(output && { output }),
    ...(reasoning && { reasoning }),
    ...readLimits(body),
    ...(user !== undefined && { user }),
    ...(Object.keys(fields).length > 0 && { native: { format, fields } }),
  }
  return { value, warnings: notes.warnings }
}

function readModel(body: JsonObject, path: RequestPath): string {
  const model = optional(body, 'model', asString, 'a string') ?? path.model
  if (model === undefined || model === '') throw malformed('model', 'must name the model.')
  return model
}

function readLimits(body: JsonObject): Partial<ChatRequest> {
  const number = (key: string) => optional(body, key, asNumber, 'a number')
  const maxOutputTokens = number('max_tokens')
  const stop = optional(body, 'stop_sequences', readStop, 'a list of strings')
  const temperature = number('temperature')
  const topP = number('top_p')
  const topK = number('top_k')
  const serviceTier = optional(body, 'service_tier', asString, 'a string')
  return {
    ...(maxOutputTokens !== undefined && { maxOutputTokens }),
    ...(stop && { stop }),
    ...(temperature !== undefined && { temperature }),
    ...(topP !== undefined && { topP }),
    ...(topK !== undefined && { topK }),
    ...(serviceTier !== undefined && { serviceTier }),
  }
}

function readStop(value: unknown): string[] | undefined {
  const stop = asArray(value).filter((item) => typeof item === 'string')
  return Array.isArray(value) && stop.length === value.length ? stop : undefined
}

/** Anthropic holds the model to every schema, which elsewhere is called strict. */
function readOutput(asked: JsonObject | undefined): OutputShape | undefined {
  const schema = asked?.type === 'json_schema' ? asObject(asked.schema) : undefined
  return schema && { type: 'json-schema', schema, strict: true }
}

/** Throws `unsupported` for what would change the meaning; what only shades it is in the warnings. */
export function writeRequest(request: ChatRequest, profile: ModelProfile): Read<JsonObject> {
  const notes = takeNotes()
  if (request.choices !== undefined && request.choices > 1)
    throw unsupported('choices', 'Anthropic makes one answer per request; ask several times.')
  const names = toolNames(request.tools, nameRule)
  const { system, messages, called, unthoughtCall } = writeMessages(request.messages, names, { profile, notes })
  const fields = ownFields(request, notes)
  const { thinking: _kept, ...more } = fields
  const bare = writeReasoning({
    reasoning: request.reasoning,
    profile,
    maxOutputTokens: request.maxOutputTokens,
    kept: fields,
    barred: barThinking(request, unthoughtCall, profile),
    notes,
  })
  const { thinking, effort, maxTokens } = boundTokens(bare, {
    maxOutputTokens: request.maxOutputTokens,
    profile,
    notes,
  })
  const instructions = [...system, ...jsonInstruction(request.output, notes)]
  const config = writeConfig(request.output, effort, { profile, notes, own: asObject(fields.output_config) })
  const body: MutableJsonObject = {
    model: profile.model,
    max_tokens: maxTokens,
    ...(instructions.length > 0 && { system: plainText(instructions) ?? instructions }),
    messages,
    ...writeTools(request, called, { names, profile, notes }),
    ...writeSampling(request, { profile, notes, thinks: thinking !== undefined && thinking.type !== 'disabled' }),
    ...(request.stream !== undefined && { stream: request.stream }),
    ...more,
    ...(thinking && { thinking }),
    ...writeUser(request, fields, notes),
    ...(config && { output_config: config }),
  }
  return { value: body, warnings: notes.warnings }
}

/** https://platform.claude.com/docs/en/build-with-claude/extended-thinking#extended-thinking-with-tool-use */
function barThinking(request: ChatRequest, unthoughtCall: boolean, profile: ModelProfile): string | undefined {
  if (isForced(request.toolChoice)) return 'Anthropic does not think before a call that the choice of tools forces.'
  const adaptive = profile.thinking === 'adaptive' || request.reasoning?.mode === 'adaptive'
  if (unthoughtCall && !adaptive)
    return 'the call that is being answered was made without thinking of its own, and Anthropic does not change that in mid-turn.'
  return undefined
}

function ownFields(request: ChatRequest, notes: Notes): JsonObject {
  if (!request.native) return {}
  if (request.native.format === format) return request.native.fields
  for (const key of Object.keys(request.native.fields))
    notes.dropped(key, `only ${request.native.format} knows this field.`)
  return {}
}

/** An address or a number tells who somebody is, which Anthropic asks not to be told. */
const personal = /^\S+@\S+\.\S+$|^\+?[\d\s().-]{7,}$/

function writeUser(request: ChatRequest, fields: JsonObject, notes: Notes): JsonObject {
  const who = request.user ?? request.safetyId
  if (request.safetyId !== undefined) {
    if (request.user === undefined) notes.adjusted('safetyId', 'it is `metadata.user_id` at Anthropic.')
    else notes.dropped('safetyId', 'Anthropic takes one id of a user.')
  }
  if (who === undefined) return {}
  if (personal.test(who)) {
    notes.dropped('user', 'Anthropic asks for no e-mail addresses or telephone numbers.')
    return {}
  }
  return { metadata: { ...asObject(fields.metadata), user_id: who } }
}

function jsonInstruction(output: OutputShape | undefined, notes: Notes): JsonObject[] {
  if (output?.type !== 'json') return []
  notes.emulated('output', 'Anthropic has no JSON mode without a schema: the system prompt asks for it.')
  return [{ type: 'text', text: 'Answer with a single JSON object and nothing else: no prose, no code fence.' }]
}

interface Config {
  readonly profile: ModelProfile
  readonly notes: Notes
  readonly own: JsonObject | undefined
}

/** https://platform.claude.com/docs/en/build-with-claude/structured-outputs */
function writeConfig(output: OutputShape | undefined, effort: string | undefined, { profile, notes, own }: Config) {
  const shape = output?.type === 'json-schema' ? writeShape(output, profile, notes) : undefined
  const config = { ...own, ...(effort !== undefined && { effort }), ...(shape && { format: shape }) }
  return Object.keys(config).length > 0 ? config : undefined
}

function writeShape(
  output: Extract<OutputShape, { type: 'json-schema' }>,
  profile: ModelProfile,
  notes: Notes,
): JsonObject {
  if (profile.structuredOutput === false)
    throw unsupported(
      'output',
      `${profile.model} cannot be held to a JSON schema; ask for it in words, or use a newer model.`,
    )
  for (const key of ['name', 'description'] as const)
    if (output[key] !== undefined) notes.dropped(`output.${key}`, 'Anthropic takes the schema alone.')
  if (output.strict !== true) notes.adjusted('output.strict', 'Anthropic always holds the model to the schema.')
  const schema = fitSchema(output.schema)
  if (JSON.stringify(schema) !== JSON.stringify(output.schema))
    notes.adjusted('output.schema', 'the schema was brought into the form that Anthropic takes.')
  return { type: 'json_schema', schema }
}
