import {
  asObject,
  asString,
  compact,
  isArray,
  isObject,
  type Json,
  type JsonObject,
  type MutableJsonObject,
} from '../../../kernel/json.ts'
import type { ChatRequest, Effort, OutputShape, ReasoningRequest } from '../../../vocabulary/chat-request.ts'
import type { Read } from '../../../vocabulary/warnings.ts'
import type { RequestPath } from '../../format.ts'
import { optionalBoolean, optionalNumber, optionalObject, optionalString, refuse, unnamedSchema } from './fields.ts'
import { readMessages } from './read-messages.ts'
import { readToolChoice, readTools } from './tools.ts'

/** Reads a Chat Completions request (https://platform.openai.com/docs/api-reference/chat/create). */
export function readRequest(body: JsonObject, path: RequestPath): Read<ChatRequest> {
  const { messages, warnings } = readMessages(body.messages)
  const native: MutableJsonObject = {}
  for (const [key, value] of Object.entries(body)) if (!known.has(key)) native[key] = value
  const value = compact({
    model: path.model ?? optionalString(body.model, 'model') ?? refuse('model', 'the name of a model'),
    messages,
    stream: path.stream ?? optionalBoolean(body.stream, 'stream'),
    includeUsage: readStreamOptions(body, native),
    tools: readTools(body),
    toolChoice: keep(readToolChoice(body), 'tool_choice', body, native),
    parallelTools: optionalBoolean(body.parallel_tool_calls, 'parallel_tool_calls'),
    output: keep(readOutput(body), 'response_format', body, native),
    reasoning: readReasoningRequest(body, native),
    ...readSampling(body, native),
    ...readAudience(body, native),
  })
  const fields = Object.keys(native).length > 0 ? { native: { format: 'openai-chat' as const, fields: native } } : {}
  return { value: { ...value, ...fields }, warnings }
}

const known: ReadonlySet<string> = new Set(
  `model messages stream stream_options tools functions tool_choice function_call parallel_tool_calls response_format
  reasoning_effort thinking max_tokens max_completion_tokens stop temperature top_p frequency_penalty presence_penalty seed
  logit_bias logprobs top_logprobs n modalities audio verbosity user metadata service_tier store safety_identifier
  prompt_cache_key prompt_cache_retention`.split(/\s+/),
)

/** A value that the vocabulary has no word for stays with the native fields as it came. */
function keep<T>(read: T | undefined, key: string, body: JsonObject, native: MutableJsonObject): T | undefined {
  const value = body[key]
  if (read === undefined && value !== undefined && value !== null) native[key] = value
  return read
}

function readStreamOptions(body: JsonObject, native: MutableJsonObject): boolean | undefined {
  const options = optionalObject(body.stream_options, 'stream_options')
  if (!options) return undefined
  const { include_usage: include, ...rest } = options
  if (Object.keys(rest).length > 0) native.stream_options = rest
  return optionalBoolean(include, 'stream_options.include_usage')
}

function readSampling(body: JsonObject, native: MutableJsonObject) {
  const number = (key: string) => optionalNumber(body[key], key)
  // the field is not OpenAI's, so whoever sent it here meant an endpoint that takes it
  const topK = typeof body.top_k === 'number' ? body.top_k : undefined
  return {
    maxOutputTokens: number('max_completion_tokens') ?? number('max_tokens'),
    stop: readStop(body),
    temperature: number('temperature'),
    topP: number('top_p'),
    topK,
    frequencyPenalty: number('frequency_penalty'),
    presencePenalty: number('presence_penalty'),
    seed: number('seed'),
    logitBias: readBias(body),
    logprobs: readLogprobsWish(body, native),
    choices: number('n'),
  }
}

function readStop({ stop }: JsonObject): readonly string[] | undefined {
  if (stop === undefined || stop === null) return undefined
  if (typeof stop === 'string') return [stop]
  if (!isArray(stop)) return refuse('stop', 'a string or an array of strings')
  return stop.map((each, at) => (typeof each === 'string' ? each : refuse(`stop[${at}]`, 'a string')))
}

function readBias(body: JsonObject): Record<string, number> | undefined {
  const bias = optionalObject(body.logit_bias, 'logit_bias')
  return (
    bias &&
    Object.fromEntries(
      Object.entries(bias).map(([token, value]) => [
        token,
        typeof value === 'number' ? value : refuse(`logit_bias.${token}`, 'a number'),
      ]),
    )
  )
}

function readLogprobsWish(body: JsonObject, native: MutableJsonObject): number | undefined {
  const top = optionalNumber(body.top_logprobs, 'top_logprobs')
  if (optionalBoolean(body.logprobs, 'logprobs')) return top ?? 0
  if (top !== undefined) native.top_logprobs = top
  return undefined
}

function readOutput(body: JsonObject): OutputShape | undefined {
  const format = optionalObject(body.response_format, 'response_format')
  if (format?.type === 'text') return { type: 'text' }
  const wrapped = asObject(format?.json_schema) ?? asObject(format?.schema) ?? asObject(format?.response_schema)
  if (!format || !wrapped) return format?.type === 'json_object' ? { type: 'json' } : undefined
  // Together, Fireworks and LiteLLM take the schema beside `type: json_object`
  const declared: JsonObject = format.json_schema === undefined ? { schema: wrapped } : wrapped
  return compact({
    type: 'json-schema' as const,
    schema: optionalObject(declared.schema, 'response_format.json_schema.schema') ?? {},
    name: nameOf(declared),
    description: optionalString(declared.description, 'response_format.json_schema.description'),
    strict: optionalBoolean(declared.strict, 'response_format.json_schema.strict'),
  })
}

/** The name that the writer gives a nameless schema is none. */
function nameOf(declared: JsonObject): string | undefined {
  const name = optionalString(declared.name, 'response_format.json_schema.name')
  return name === unnamedSchema ? undefined : name
}

const efforts: ReadonlySet<unknown> = new Set<Effort>(['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'])
const isEffort = (value: unknown): value is Effort => efforts.has(value)
const summaries: ReadonlySet<unknown> = new Set(['auto', 'concise', 'detailed', 'omitted'])

/** `reasoning_effort` (a word, or LiteLLM's `{effort, summary}`) and LiteLLM's `thinking`. */
function readReasoningRequest(body: JsonObject, native: MutableJsonObject): ReasoningRequest | undefined {
  const wish = compact({ ...readEffort(body, native), ...readThinking(body, native) })
  return Object.keys(wish).length > 0 ? wish : undefined
}

function readEffort(body: JsonObject, native: MutableJsonObject): ReasoningRequest {
  const value = body.reasoning_effort
  if (value === undefined || value === null) return {}
  if (isEffort(value)) return { effort: value }
  if (isObject(value)) {
    const { effort, summary } = value
    const wish = {
      ...(isEffort(effort) && { effort }),
      ...(summaries.has(summary) && { summary: summary as NonNullable<ReasoningRequest['summary']> }),
    }
    if (Object.keys(wish).length > 0) return wish
  } else if (typeof value !== 'string') return refuse('reasoning_effort', 'none, minimal, low, medium, high or xhigh')
  native.reasoning_effort = value
  return {}
}

const displays: Readonly<Record<string, ReasoningRequest['summary']>> = { omitted: 'omitted', summarized: 'auto' }

function readThinking(body: JsonObject, native: MutableJsonObject): ReasoningRequest {
  const thinking = optionalObject(body.thinking, 'thinking')
  if (!thinking) return {}
  const { type, budget_tokens: budget, display, ...rest } = thinking
  if (type !== 'enabled' && type !== 'adaptive' && type !== 'disabled') {
    native.thinking = thinking
    return {}
  }
  if (Object.keys(rest).length > 0) native.thinking = rest
  const budgetTokens = optionalNumber(budget, 'thinking.budget_tokens')
  const summary = displays[asString(display) ?? '']
  return { mode: type, ...(budgetTokens !== undefined && { budgetTokens }), ...(summary && { summary }) }
}

const kinds: ReadonlySet<unknown> = new Set(['text', 'audio', 'image'])

function readAudience(body: JsonObject, native: MutableJsonObject) {
  const string = (key: string) => optionalString(body[key], key)
  const key = string('prompt_cache_key')
  const retention = string('prompt_cache_retention')
  const audio = asObject(body.audio)
  const modalities = isArray(body.modalities) && body.modalities.every((kind) => kinds.has(kind))
  return {
    modalities: keep(
      modalities ? (body.modalities as NonNullable<ChatRequest['modalities']>) : undefined,
      'modalities',
      body,
      native,
    ),
    // a voice of one's own is an object, which only OpenAI knows
    audio: keep(audio && !isObject(audio.voice) ? readVoice(audio) : undefined, 'audio', body, native),
    verbosity: keep(readVerbosity(body.verbosity), 'verbosity', body, native),
    user: string('user'),
    metadata: readMetadata(body, native),
    serviceTier: string('service_tier'),
    store: optionalBoolean(body.store, 'store'),
    safetyId: string('safety_identifier'),
    promptCache: key === undefined && retention === undefined ? undefined : compact({ key, retention }),
  }
}

function readVerbosity(value: Json | undefined): ChatRequest['verbosity'] {
  return value === 'low' || value === 'medium' || value === 'high' ? value : undefined
}

function readVoice(audio: JsonObject): NonNullable<ChatRequest['audio']> {
  return compact({
    voice: optionalString(audio.voice, 'audio.voice'),
    format: optionalString(audio.format, 'audio.format'),
  })
}

/** Clients of LiteLLM put more than strings here; what is no string stays native. */
function readMetadata(body: JsonObject, native: MutableJsonObject): Record<string, string> | undefined {
  const metadata = optionalObject(body.metadata, 'metadata')
  if (!metadata) return undefined
  const strings: Record<string, string> = {}
  const rest: MutableJsonObject = {}
  for (const [key, value] of Object.entries(metadata)) {
    if (typeof value === 'string') strings[key] = value
    else rest[key] = value
  }
  if (Object.keys(rest).length > 0) native.metadata = rest
  return Object.keys(strings).length > 0 || Object.keys(rest).length === 0 ? strings : undefined
}
