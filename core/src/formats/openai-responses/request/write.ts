import { asArray, asObject, type Json, type JsonObject } from '../../../kernel/json.ts'
import type { ModelProfile } from '../../../models/profile.ts'
import type { ChatRequest, OutputShape } from '../../../vocabulary/chat-request.ts'
import type { Message } from '../../../vocabulary/messages.ts'
import type { Read } from '../../../vocabulary/warnings.ts'
import { toolNames } from '../../tool-names.ts'
import { type Notes, own, takeNotes, unsupported } from '../own.ts'
import { writeReasoning } from './effort.ts'
import { defaultSchemaName, logprobsWish, sealWish } from './fields.ts'
import { writeToolChoice, writeTools } from './tools.ts'
import { writeInput } from './write-input.ts'

/** Writes a request: https://platform.openai.com/docs/api-reference/responses/create */
export function writeRequest(request: ChatRequest, profile: ModelProfile): Read<JsonObject> {
  refuse(request, profile)
  const notes = takeNotes()
  const names = toolNames(request.tools)
  const foreign = !isOwn(request)
  const native = request.native?.format === own ? request.native.fields : {}
  const { tools, toolChoice, parallelTools, stream } = request
  const reasoning = writeReasoning(request.reasoning, profile, notes)
  const stateless = foreign && thinks(profile)
  const value: JsonObject = {
    model: profile.model,
    ...writeInput(request.messages, { notes, profile, names }),
    ...(stream !== undefined && { stream }),
    ...(tools && { tools: writeTools(tools, { notes, names }) }),
    ...(toolChoice && { tool_choice: writeToolChoice(toolChoice, tools, names) }),
    ...(parallelTools !== undefined && { parallel_tool_calls: parallelTools }),
    ...writeText(request, native),
    ...(reasoning && { reasoning }),
    ...writeLimits(request, profile, { notes, foreign }),
    ...writeIdentity(request, { notes, foreign }),
    ...writeStore(request, stateless, notes),
    ...native,
    ...mergeInto('reasoning', reasoning, native),
    ...mergeInto('text', writeText(request, native).text, native),
    ...writeInclude(request, native, stateless),
  }
  noteLosses(request, notes)
  return { value, warnings: notes.warnings }
}

/** A field that is known in part: what the vocabulary says of it and what it kept. */
function mergeInto(name: string, written: Json | undefined, native: JsonObject): JsonObject {
  return asObject(written) && asObject(native[name])
    ? { [name]: { ...asObject(native[name]), ...asObject(written) } }
    : {}
}

/** What must not be left out and cannot be said: https://platform.openai.com/docs/guides/migrate-to-responses */
function refuse({ choices, modalities, tools, output }: ChatRequest, profile: ModelProfile): void {
  if (choices !== undefined && choices > 1)
    throw unsupported('choices', 'The Responses format makes one answer per request.')
  const beyond = modalities?.find((modality) => modality !== 'text')
  if (beyond) throw unsupported('modalities', `The Responses format does not answer in ${beyond}.`)
  if (profile.tools === false && tools && tools.length > 0)
    throw unsupported('tools', `The model \`${profile.model}\` takes no tools.`)
  if (profile.structuredOutput === false && output?.type === 'json-schema')
    throw unsupported('output', `The model \`${profile.model}\` takes no schema for its answer.`)
}

const thinks = ({ thinking }: ModelProfile): boolean => thinking !== undefined && thinking !== 'none'

/** Whether the request bears the marks of this format; one that bears none is taken for another's. */
function isOwn({ native, messages, tools }: ChatRequest): boolean {
  const kept = (value: object) => 'native' in value && (value.native as { format?: string } | undefined)?.format === own
  return (
    native?.format === own ||
    (tools ?? []).some((tool) => kept(tool) || (tool.type === 'native' && tool.format === own)) ||
    messages.some((message) => kept(message) || message.content.some(kept) || hasOwnIds(message))
  )
}

function hasOwnIds(message: Message): boolean {
  if (message.role !== 'assistant') return false
  if (message.id !== undefined) return true
  return message.content.some(
    (part) =>
      (part.type === 'reasoning' && part.id !== undefined) ||
      (part.type === 'tool-call' && part.itemId !== undefined) ||
      (part.type === 'native' && part.format === own),
  )
}

function writeText({ output, verbosity }: ChatRequest, native: JsonObject): { text?: JsonObject } {
  if (!output && verbosity === undefined) return {}
  return {
    text: {
      ...asObject(native.text),
      ...(output && { format: writeShape(output) }),
      ...(verbosity !== undefined && { verbosity }),
    },
  }
}

function writeShape(output: OutputShape): JsonObject {
  if (output.type === 'text') return { type: 'text' }
  if (output.type === 'json') return { type: 'json_object' }
  const { name, schema, description, strict } = output
  return {
    type: 'json_schema',
    name: name ?? defaultSchemaName,
    schema,
    ...(description !== undefined && { description }),
    ...(strict !== undefined && { strict }),
  }
}

interface Circumstance {
  readonly notes: Notes
  /** the request came in another format */
  readonly foreign: boolean
}

/** OpenAI refuses fewer: https://platform.openai.com/docs/api-reference/responses/create#responses-create-max_output_tokens */
const fewestTokens = 16

function writeLimits(request: ChatRequest, profile: ModelProfile, { notes, foreign }: Circumstance): JsonObject {
  const { temperature, topP, logprobs } = request
  const most = profile.maxOutputTokens ?? Number.POSITIVE_INFINITY
  const asked = request.maxOutputTokens
  const limit = asked === undefined ? undefined : Math.min(foreign ? Math.max(asked, fewestTokens) : asked, most)
  if (limit !== asked)
    notes.note(
      'adjusted',
      'maxOutputTokens',
      limit === most ? `the model gives ${most} at most` : `OpenAI takes ${fewestTokens} or more`,
    )
  const samples = profile.sampling !== false
  if (!samples)
    for (const name of ['temperature', 'topP'] as const)
      if (request[name] !== undefined) notes.note('dropped', name, `the model \`${profile.model}\` refuses it`)
  return {
    ...(limit !== undefined && { max_output_tokens: limit }),
    ...(samples && temperature !== undefined && { temperature }),
    ...(samples && topP !== undefined && { top_p: topP }),
    ...(logprobs !== undefined && logprobs > 0 && { top_logprobs: logprobs }),
  }
}

/** https://platform.openai.com/docs/api-reference/responses/create#responses-create-user */
const longestUser = 64

function writeIdentity(request: ChatRequest, { notes, foreign }: Circumstance): JsonObject {
  const { user, metadata, serviceTier, safetyId, promptCache } = request
  const cut = foreign && user !== undefined && user.length > longestUser
  if (cut) notes.note('adjusted', 'user', `OpenAI takes ${longestUser} characters at most`)
  return {
    ...(user !== undefined && { user: cut ? user.slice(0, longestUser) : user }),
    ...(metadata && { metadata }),
    ...(serviceTier !== undefined && { service_tier: serviceTier }),
    ...(safetyId !== undefined && { safety_identifier: safetyId }),
    ...(promptCache?.key !== undefined && { prompt_cache_key: promptCache.key }),
    ...(promptCache?.retention !== undefined && { prompt_cache_retention: promptCache.retention }),
  }
}

function writeStore({ store }: ChatRequest, stateless: boolean, notes: Notes): JsonObject {
  if (store !== undefined) return { store }
  if (!stateless) return {}
  notes.note('adjusted', 'store', 'the answer is not stored there: its reasoning comes sealed instead, to be sent back')
  return { store: false }
}

function writeInclude({ logprobs }: ChatRequest, native: JsonObject, stateless: boolean): JsonObject {
  const include = [
    ...asArray(native.include),
    ...(logprobs !== undefined ? [logprobsWish] : []),
    ...(stateless ? [sealWish] : []),
  ]
  return include.length > 0 || native.include !== undefined ? { include } : {}
}

const hints = ['topK', 'seed', 'stop', 'frequencyPenalty', 'presencePenalty', 'logitBias'] as const

/** Wishes that this format has no field for. */
function noteLosses(request: ChatRequest, notes: Notes): void {
  for (const name of hints)
    if (request[name] !== undefined) notes.note('dropped', name, 'the Responses format has no field for it')
  if (request.audio) notes.note('dropped', 'audio', 'the Responses format does not answer in audio')
  if (request.native && request.native.format !== own)
    for (const field of Object.keys(request.native.fields))
      notes.note('dropped', `native.${field}`, `only ${request.native.format} knows this field`)
  const marked = (request.tools ?? []).some((tool) => tool.type !== 'native' && tool.cache)
  if (marked || request.messages.some(hasCacheMark))
    notes.note('dropped', 'cache', 'OpenAI caches prompts by itself and takes no breakpoints')
}

function hasCacheMark(message: Message): boolean {
  return ('cache' in message && !!message.cache) || message.content.some((part) => 'cache' in part && !!part.cache)
}
