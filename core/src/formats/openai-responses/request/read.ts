import { asArray, asObject, asString, isObject, type Json, type JsonObject, leftovers } from '../../../kernel/json.ts'
import type { ChatRequest, Effort, OutputShape, ReasoningRequest } from '../../../vocabulary/chat-request.ts'
import type { Read } from '../../../vocabulary/warnings.ts'
import type { RequestPath } from '../../format.ts'
import { extras, malformed, own, requireObject, requireText, takeNotes } from '../own.ts'
import { defaultSchemaName, logprobsWish } from './fields.ts'
import { readInput } from './read-input.ts'
import { readToolChoice, readTools } from './tools.ts'

const known: ReadonlySet<string> = new Set(
  `model input instructions stream tools tool_choice parallel_tool_calls text reasoning max_output_tokens temperature top_p
   top_logprobs include user metadata service_tier store safety_identifier prompt_cache_key prompt_cache_retention`.split(
    /\s+/,
  ),
)

/** Reads a request: https://platform.openai.com/docs/api-reference/responses/create */
export function readRequest(body: JsonObject, path: RequestPath): Read<ChatRequest> {
  const notes = takeNotes()
  const request: ChatRequest = {
    model: path.model ?? requireText(body.model, 'model'),
    messages: readInput(body.input, optional(body, 'instructions', 'string'), notes),
    ...readStream(body, path),
    ...readToolFields(body),
    ...readText(body.text),
    ...readReasoning(body.reasoning),
    ...readLimits(body),
    ...readIdentity(body),
    ...readNative(body),
  }
  return { value: request, warnings: notes.warnings }
}

interface Types {
  readonly string: string
  readonly number: number
  readonly boolean: boolean
}

/** The member when it is there; null is as good as absent. */
function optional<T extends keyof Types>(body: JsonObject, name: string, type: T): Types[T] | undefined {
  const value = body[name]
  if (value === undefined || value === null) return undefined
  if (typeof value !== type) throw malformed(name, `a ${type}`)
  return value as Types[T]
}

function readStream(body: JsonObject, path: RequestPath): Pick<ChatRequest, 'stream'> {
  const stream = optional(body, 'stream', 'boolean') ?? (path.stream || undefined)
  return stream === undefined ? {} : { stream }
}

function readToolFields(body: JsonObject): Pick<ChatRequest, 'tools' | 'toolChoice' | 'parallelTools'> {
  const tools = readTools(body.tools)
  const toolChoice = readToolChoice(body.tool_choice)
  const parallelTools = optional(body, 'parallel_tool_calls', 'boolean')
  return {
    ...(tools && { tools }),
    ...(toolChoice && { toolChoice }),
    ...(parallelTools !== undefined && { parallelTools }),
  }
}

function readText(value: Json | undefined): Pick<ChatRequest, 'output' | 'verbosity'> {
  if (value === undefined || value === null) return {}
  const text = requireObject(value, 'text')
  const output = readShape(text.format)
  const { verbosity } = text
  if (verbosity !== undefined && verbosity !== null && !verbosities.has(verbosity))
    throw malformed('text.verbosity', `one of ${[...verbosities].join(', ')}`)
  return {
    ...(output && { output }),
    ...((verbosity === 'low' || verbosity === 'medium' || verbosity === 'high') && { verbosity }),
  }
}

const verbosities: ReadonlySet<unknown> = new Set(['low', 'medium', 'high'])

function readShape(value: Json | undefined): OutputShape | undefined {
  if (value === undefined || value === null) return undefined
  const format = requireObject(value, 'text.format')
  if (format.type === 'text') return { type: 'text' }
  if (format.type === 'json_object') return { type: 'json' }
  if (format.type !== 'json_schema') throw malformed('text.format.type', 'one of text, json_object, json_schema')
  const name = asString(format.name)
  const description = asString(format.description)
  return {
    type: 'json-schema',
    schema: requireObject(format.schema, 'text.format.schema'),
    ...(name !== undefined && name !== defaultSchemaName && { name }),
    ...(description !== undefined && { description }),
    ...(typeof format.strict === 'boolean' && { strict: format.strict }),
  }
}

const efforts: ReadonlySet<unknown> = new Set(['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'])
const summaries: ReadonlySet<unknown> = new Set(['auto', 'concise', 'detailed'])

function readReasoning(value: Json | undefined): Pick<ChatRequest, 'reasoning'> {
  if (value === undefined || value === null) return {}
  const { effort, ...rest } = requireObject(value, 'reasoning')
  const summary = rest.summary ?? rest.generate_summary ?? undefined
  if (effort !== undefined && effort !== null && !efforts.has(effort))
    throw malformed('reasoning.effort', `one of ${[...efforts].join(', ')}`)
  if (summary !== undefined && !summaries.has(summary))
    throw malformed('reasoning.summary', `one of ${[...summaries].join(', ')}`)
  const reasoning: ReasoningRequest = {
    ...(typeof effort === 'string' && { effort: effort as Effort }),
    ...(summary !== undefined && { summary: summary as 'auto' | 'concise' | 'detailed' }),
  }
  return Object.keys(reasoning).length > 0 ? { reasoning } : {}
}

function readLimits(body: JsonObject): Pick<ChatRequest, 'maxOutputTokens' | 'temperature' | 'topP' | 'logprobs'> {
  const maxOutputTokens = optional(body, 'max_output_tokens', 'number')
  const temperature = optional(body, 'temperature', 'number')
  const topP = optional(body, 'top_p', 'number')
  const logprobs =
    optional(body, 'top_logprobs', 'number') ?? (wishes(body.include).includes(logprobsWish) ? 0 : undefined)
  return {
    ...(maxOutputTokens !== undefined && { maxOutputTokens }),
    ...(temperature !== undefined && { temperature }),
    ...(topP !== undefined && { topP }),
    ...(logprobs !== undefined && { logprobs }),
  }
}

type Identity = Pick<ChatRequest, 'user' | 'metadata' | 'serviceTier' | 'store' | 'safetyId' | 'promptCache'>

function readIdentity(body: JsonObject): Identity {
  const user = optional(body, 'user', 'string')
  const serviceTier = optional(body, 'service_tier', 'string')
  const store = optional(body, 'store', 'boolean')
  const safetyId = optional(body, 'safety_identifier', 'string')
  const key = optional(body, 'prompt_cache_key', 'string')
  const retention = optional(body, 'prompt_cache_retention', 'string')
  const promptCache = { ...(key !== undefined && { key }), ...(retention !== undefined && { retention }) }
  return {
    ...(user !== undefined && { user }),
    ...readMetadata(body.metadata),
    ...(serviceTier !== undefined && { serviceTier }),
    ...(store !== undefined && { store }),
    ...(safetyId !== undefined && { safetyId }),
    ...(Object.keys(promptCache).length > 0 && { promptCache }),
  }
}

function readMetadata(value: Json | undefined): Pick<ChatRequest, 'metadata'> {
  if (value === undefined || value === null) return {}
  const entries = Object.entries(requireObject(value, 'metadata')).map(
    ([key, member]) => [key, requireText(member, `metadata.${key}`)] as const,
  )
  return { metadata: Object.fromEntries(entries) }
}

function wishes(value: Json | undefined): readonly Json[] {
  if (value !== undefined && value !== null && !Array.isArray(value)) throw malformed('include', 'an array')
  return asArray(value)
}

const textFields: ReadonlySet<string> = new Set(['format', 'verbosity'])
const reasoningFields: ReadonlySet<string> = new Set(['effort', 'summary', 'generate_summary'])

/** What the vocabulary has no words for, kept as it stood: whole fields, and what is left of those that it knows in part. */
function readNative(body: JsonObject): Pick<ChatRequest, 'native'> {
  const include = wishes(body.include).filter((wish) => wish !== logprobsWish)
  const hosted = isObject(body.tool_choice) && readToolChoice(body.tool_choice) === undefined
  const text = extras(asObject(body.text) ?? {}, textFields)
  const reasoning = extras(asObject(body.reasoning) ?? {}, reasoningFields)
  const fields: JsonObject = {
    ...leftovers(body, known),
    ...((include.length > 0 || asArray(body.include).length === 0) && Array.isArray(body.include) && { include }),
    ...(hosted && { tool_choice: body.tool_choice }),
    ...(text && { text }),
    ...(reasoning && { reasoning }),
  }
  return Object.keys(fields).length > 0 ? { native: { format: own, fields } } : {}
}
