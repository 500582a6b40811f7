import { asObject, compact, type Json, type JsonObject, type MutableJsonObject } from '../../../kernel/json.ts'
import type { ModelProfile } from '../../../models/profile.ts'
import type { ChatRequest, OutputShape } from '../../../vocabulary/chat-request.ts'
import type { Read, Warning } from '../../../vocabulary/warnings.ts'
import { toolNames } from '../../tool-names.ts'
import { writeReasoningWish } from './effort.ts'
import { unnamedSchema } from './fields.ts'
import { writeToolChoice, writeTools } from './tools.ts'
import { type MessageWriting, writeMessages } from './write-messages.ts'

/** Writes a Chat Completions request. Names of tools that the wire does not take are mapped as `toolNames` does. */
export function writeRequest(request: ChatRequest, profile: ModelProfile): Read<JsonObject> {
  const warnings: Warning[] = []
  const writing: MessageWriting = {
    profile,
    names: toolNames(request.tools),
    // Claude behind a compatible endpoint (OpenRouter, LiteLLM) takes the marks, OpenAI and most others refuse them
    caches: profile.thinking === 'adaptive' || (profile.formats?.includes('anthropic-messages') ?? false),
    pending: [],
    warn: (kind, path, why) => void warnings.push({ kind, path, why }),
  }
  const native = nativeFields(request, writing)
  const { tools, toolChoice } = request
  const body = compact({
    ...native,
    model: profile.model,
    messages: writeMessages(request.messages, writing),
    ...(request.stream === false && { stream: false }),
    ...(request.stream && {
      stream: true,
      stream_options: { ...asObject(native.stream_options), include_usage: true },
    }),
    tools: tools && writeTools(tools, writing),
    tool_choice: toolChoice ? writeToolChoice(toolChoice, request, writing) : native.tool_choice,
    parallel_tool_calls: request.parallelTools,
    response_format: request.output ? writeOutput(request.output) : native.response_format,
    ...writeReasoningWish(request, writing, asObject(native.thinking)),
    ...writeLimits(request, writing),
    ...writeSampling(request, writing),
    ...writeAudience(request, native),
  })
  return { value: body, warnings }
}

/** Fields that only their own format knows go back to it whole. */
function nativeFields({ native, stream }: ChatRequest, writing: MessageWriting): JsonObject {
  if (!native) return {}
  if (native.format === 'openai-chat') {
    const { stream_options: options, ...rest } = native.fields
    return stream && options !== undefined ? native.fields : rest
  }
  for (const key of Object.keys(native.fields))
    writing.warn('dropped', `native.${key}`, `only the format ${native.format} knows this field`)
  return {}
}

function writeOutput(output: OutputShape): JsonObject {
  if (output.type === 'text') return { type: 'text' }
  if (output.type === 'json') return { type: 'json_object' }
  const { type: _type, name = unnamedSchema, ...declared } = output
  return { type: 'json_schema', json_schema: { name, ...declared } }
}

function writeLimits(request: ChatRequest, { profile, warn }: MessageWriting): JsonObject {
  const field = profile.outputLimitField ?? (profile.thinking === 'effort' ? 'max_completion_tokens' : 'max_tokens')
  if (request.topK !== undefined && request.native?.fields.top_k === undefined)
    warn('dropped', 'topK', 'the format has no field for it')
  return { [field]: request.maxOutputTokens, stop: request.stop && [...request.stop] }
}

const samplers = {
  temperature: 'temperature',
  topP: 'top_p',
  frequencyPenalty: 'frequency_penalty',
  presencePenalty: 'presence_penalty',
  logitBias: 'logit_bias',
} as const satisfies Partial<Record<keyof ChatRequest, string>>

function writeSampling(request: ChatRequest, { profile, warn }: MessageWriting): JsonObject {
  const out: MutableJsonObject = { seed: request.seed, n: request.choices }
  const refused = (key: string): boolean => {
    if (profile.sampling !== false) return false
    warn('dropped', key, 'the model refuses sampling parameters')
    return true
  }
  for (const [key, field] of Object.entries(samplers) as [keyof typeof samplers, string][]) {
    const value: Json | undefined = request[key]
    if (value !== undefined && !refused(key)) out[field] = value
  }
  if (request.logprobs !== undefined && !refused('logprobs')) {
    out.logprobs = true
    if (request.logprobs > 0) out.top_logprobs = request.logprobs
  }
  return out
}

function writeAudience(request: ChatRequest, native: JsonObject): JsonObject {
  const { audio, modalities, metadata, promptCache } = request
  return {
    modalities: modalities ? [...modalities] : native.modalities,
    audio: audio ? { ...audio } : native.audio,
    verbosity: request.verbosity ?? native.verbosity,
    user: request.user,
    metadata: metadata ? { ...metadata, ...asObject(native.metadata) } : native.metadata,
    service_tier: request.serviceTier,
    store: request.store,
    safety_identifier: request.safetyId,
    prompt_cache_key: promptCache?.key,
    prompt_cache_retention: promptCache?.retention,
  }
}
