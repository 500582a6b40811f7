import { asNumber, asObject, asString, isArray, type JsonObject } from '../../kernel/json.ts'
import { type Usage, usageOf } from '../../vocabulary/usage.ts'
import type { UsageMeter } from '../format.ts'

/** The usage object of a whole answer or of a chunk, wherever the provider put it. */
export function findUsage(value: JsonObject): JsonObject | undefined {
  const places = [value.usage, asObject(value.x_groq)?.usage]
  if (isArray(value.choices)) places.push(...value.choices.map((choice) => asObject(choice)?.usage))
  return places.map(asObject).find((usage) => usage !== undefined && tells(usage))
}

function tells(usage: JsonObject): boolean {
  return ['prompt_tokens', 'completion_tokens', 'total_tokens', 'input_tokens', 'output_tokens'].some(
    (key) => asNumber(usage[key]) !== undefined,
  )
}

/** The first of these members that is a number, else 0. */
function count(...values: readonly unknown[]): number {
  for (const value of values) {
    const number = asNumber(value)
    if (number !== undefined) return Math.max(0, number)
  }
  return 0
}

/** Reads a usage object of OpenAI or of one of its look-alikes, which each put cached tokens somewhere else. */
export function readUsage(raw: JsonObject): Usage {
  const into = asObject(raw.prompt_tokens_details) ?? asObject(raw.input_tokens_details) ?? {}
  const out = asObject(raw.completion_tokens_details) ?? asObject(raw.output_tokens_details) ?? {}
  const prompt = count(raw.prompt_tokens, raw.input_tokens)
  const written = readCacheWrites(raw, into)
  // https://api-docs.deepseek.com/guides/kv_cache · https://platform.moonshot.ai/docs/api/chat · https://docs.mistral.ai/api
  const cacheRead = count(
    into.cached_tokens,
    raw.cache_read_input_tokens,
    raw.prompt_cache_hit_tokens,
    raw.cached_tokens,
    raw.num_cached_tokens,
  )
  const audio = count(into.audio_tokens, raw.audio_prompt_tokens)
  const room = Math.max(0, prompt - cacheRead - written.cacheWrite5m - written.cacheWrite1h)
  const told = {
    prompt,
    completion: count(raw.completion_tokens, raw.output_tokens),
    total: asNumber(raw.total_tokens),
  }
  // beside the prompt, and billed at a rate of its own: https://docs.perplexity.ai/getting-started/pricing
  const citationTokens = count(raw.citation_tokens)
  const sum = reconcile(told, { audio, reasoning: asNumber(out.reasoning_tokens) ?? asNumber(raw.reasoning_tokens) })
  // audio and image counts take in their cached share, which must not be counted twice
  const audioIn = sum.audioOutside ? audio : Math.min(audio, room)
  return usageOf({
    input: sum.input,
    cacheRead,
    ...written,
    audioIn,
    imageIn: Math.min(count(into.image_tokens), Math.max(0, room - audioIn)),
    output: sum.output,
    reasoning: sum.reasoning,
    audioOut: count(out.audio_tokens),
    ...(citationTokens > 0 && { measures: { citationTokens } }),
    calls: readCalls(raw, into),
    raw,
  })
}

function readCacheWrites(raw: JsonObject, into: JsonObject): { cacheWrite5m: number; cacheWrite1h: number } {
  const split = asObject(into.cache_creation_token_details) ?? asObject(raw.cache_creation) ?? {}
  const total = count(into.cache_creation_tokens, into.cache_write_tokens, raw.cache_creation_input_tokens)
  const cacheWrite1h = count(split.ephemeral_1h_input_tokens)
  return { cacheWrite1h, cacheWrite5m: Math.max(count(split.ephemeral_5m_input_tokens), total - cacheWrite1h) }
}

/**
 * The total tells what a provider left out of its parts: xAI the reasoning, Gemini's endpoint the reasoning without naming it,
 * Mistral the audio (https://docs.x.ai/docs/guides/reasoning, https://ai.google.dev/gemini-api/docs/openai).
 */
function reconcile(
  told: { prompt: number; completion: number; total: number | undefined },
  parts: { audio: number; reasoning: number | undefined },
): { input: number; output: number; reasoning: number; audioOutside: boolean } {
  const { prompt, completion, total } = told
  const reasoning = parts.reasoning ?? 0
  const gap = (total ?? 0) - prompt - completion
  const plain = { input: prompt, output: completion, reasoning, audioOutside: false }
  if (gap <= 0) return plain
  if (gap === parts.audio) return { ...plain, input: prompt + gap, audioOutside: true }
  if (gap === reasoning) return { ...plain, output: completion + gap }
  if (parts.reasoning === undefined && parts.audio === 0) return { ...plain, output: completion + gap, reasoning: gap }
  return plain
}

function readCalls(raw: JsonObject, into: JsonObject): Record<string, number> {
  const calls: Record<string, number> = {}
  const used = { ...asObject(raw.server_tool_use_details), ...asObject(raw.server_tool_use) }
  for (const [key, value] of Object.entries(used)) {
    const name = /^(.+)_requests$/.exec(key)?.[1]
    const number = count(value)
    if (name !== undefined && number > 0) calls[name] = number
  }
  const searches = count(raw.num_search_queries, into.web_search_requests, raw.num_sources_used)
  if (searches > 0 && calls.web_search === undefined) calls.web_search = searches
  return calls
}

/** The usage object in OpenAI's shape, with LiteLLM's cache members where there is something to say. */
export function writeUsage(usage: Usage): JsonObject {
  const written = usage.cacheWrite5m + usage.cacheWrite1h
  const calls = Object.entries(usage.calls).filter(([, number]) => number > 0)
  return {
    prompt_tokens: usage.input,
    completion_tokens: usage.output,
    total_tokens: usage.input + usage.output,
    prompt_tokens_details: {
      cached_tokens: usage.cacheRead,
      audio_tokens: usage.audioIn,
      ...(usage.imageIn > 0 && { image_tokens: usage.imageIn }),
      ...(written > 0 && { cache_creation_tokens: written }),
      ...(usage.cacheWrite1h > 0 && {
        cache_creation_token_details: {
          ephemeral_5m_input_tokens: usage.cacheWrite5m,
          ephemeral_1h_input_tokens: usage.cacheWrite1h,
        },
      }),
    },
    completion_tokens_details: { reasoning_tokens: usage.reasoning, audio_tokens: usage.audioOut },
    ...(written > 0 && { cache_creation_input_tokens: written }),
    ...(usage.cacheRead > 0 && { cache_read_input_tokens: usage.cacheRead }),
    ...(calls.length > 0 && {
      server_tool_use: Object.fromEntries(calls.map(([name, number]) => [`${name}_requests`, number])),
    }),
  }
}

/** Gathers usage from bodies or chunks; each usage object tells all there is so far, so the last one counts. */
export function usageMeter(): UsageMeter {
  let raw: JsonObject | undefined
  let tier: string | undefined
  return {
    read(value) {
      raw = findUsage(value) ?? raw
      tier = asString(value.service_tier) ?? tier
    },
    usage: () => raw && readUsage(raw),
    final: () => raw !== undefined,
    serviceTier: () => tier,
  }
}
