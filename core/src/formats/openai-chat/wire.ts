import { asNumber, asObject, asString, isArray, type Json, type JsonObject } from '../../kernel/json.ts'
import type { Finish, FinishReason, TokenLogprob } from '../../vocabulary/chat-response.ts'
import type { CacheMark, Citation, MediaSource } from '../../vocabulary/parts.ts'

/** The words of `finish_reason` (https://platform.openai.com/docs/api-reference/chat/object). */
const finishWords: Readonly<Record<FinishReason, string>> = {
  stop: 'stop',
  'stop-sequence': 'stop',
  length: 'length',
  'context-length': 'length',
  'tool-calls': 'tool_calls',
  'content-filter': 'content_filter',
  refusal: 'content_filter',
  pause: 'stop',
  error: 'stop',
  other: 'stop',
}

/** Words of providers that speak this format, and of those that others translate into it. */
const finishReasons: Readonly<Record<string, FinishReason>> = {
  stop: 'stop',
  eos: 'stop',
  eos_token: 'stop',
  end_turn: 'stop',
  complete: 'stop',
  stop_sequence: 'stop-sequence',
  length: 'length',
  max_tokens: 'length',
  context_length: 'context-length',
  model_length: 'context-length',
  model_context_window_exceeded: 'context-length',
  tool_calls: 'tool-calls',
  tool_call: 'tool-calls',
  tool_use: 'tool-calls',
  function_call: 'tool-calls',
  content_filter: 'content-filter',
  content_filtered: 'content-filter',
  guardrail_intervened: 'content-filter',
  safety: 'content-filter',
  recitation: 'content-filter',
  prohibited_content: 'content-filter',
  refusal: 'refusal',
  sensitive: 'content-filter',
  pause: 'pause',
  pause_turn: 'pause',
  error: 'error',
  network_error: 'error',
  other: 'other',
}

/** What is known of a choice besides its content when it ends. */
export interface EndedChoice {
  readonly word: Json | undefined
  readonly hasTools: boolean
  /** `choices[]` member as it came */
  readonly choice?: JsonObject
}

/** Reads why a choice ended. A `stop` after tool calls means the calls. */
export function readFinish({ word, hasTools, choice }: EndedChoice): Finish {
  const extra = asObject(choice?.provider_specific_fields)
  const raw = asString(extra?.native_finish_reason) ?? (asString(word) || undefined)
  const sequence = asString(extra?.stop_sequence) ?? asString(choice?.stop_reason)
  const told = readWord(raw) ?? readWord(asString(word)) ?? 'other'
  // some servers send an empty reason, or `stop`, with calls
  const calls = hasTools && (told === 'stop' || (told === 'other' && raw === undefined))
  const reason = calls ? 'tool-calls' : told === 'other' && word === '' ? 'stop' : told
  return { reason, ...(raw !== undefined && { raw }), ...(sequence !== undefined && { sequence }) }
}

function readWord(word: string | undefined): FinishReason | undefined {
  return finishReasons[word?.toLowerCase().replaceAll('-', '_') ?? '']
}

/** The finish fields of a choice: OpenAI's word, and the provider's own beside it where it differs. */
export function writeFinish(finish: Finish, has: { tools: boolean; refusal: boolean }): JsonObject {
  const calls = has.tools && finish.reason === 'stop'
  const word = calls ? 'tool_calls' : finish.reason === 'refusal' && has.refusal ? 'stop' : finishWords[finish.reason]
  const native = finish.raw ?? (readWord(word) === finish.reason ? undefined : finish.reason)
  const extra = {
    ...(native !== undefined && native !== word && { native_finish_reason: native }),
    ...(finish.sequence !== undefined && { stop_sequence: finish.sequence }),
  }
  return { finish_reason: word, ...(Object.keys(extra).length > 0 && { provider_specific_fields: extra }) }
}

/** Reads `cache_control`, LiteLLM's mark on parts, messages and tools (https://docs.litellm.ai/docs/completion/prompt_caching). */
export function readCache(value: JsonObject): { cache?: CacheMark } {
  const control = asObject(value.cache_control)
  if (!control) return {}
  return { cache: control.ttl === '5m' || control.ttl === '1h' ? { ttl: control.ttl } : {} }
}

export function writeCache(cache: CacheMark): JsonObject {
  return { type: 'ephemeral', ...(cache.ttl !== undefined && { ttl: cache.ttl }) }
}

const dataUrl = /^data:([^;,]*)((?:;[^;,]*)*);base64,/i

/** Where a medium is, from a URL: bytes when it is a `data:` URL of base64. */
export function readUrl(url: string, mediaType?: string): MediaSource {
  const found = dataUrl.exec(url.slice(0, 300))
  if (!found) return { type: 'url', url, ...(mediaType !== undefined && { mediaType }) }
  return {
    type: 'base64',
    mediaType: found[1] || mediaType || 'application/octet-stream',
    data: url.slice(found[0].length),
  }
}

export function writeDataUrl(source: { readonly mediaType: string; readonly data: string }): string {
  return `data:${source.mediaType};base64,${source.data}`
}

/** Reads one member of `annotations`. */
export function readAnnotation(value: Json): Citation | undefined {
  const cited = asObject(asObject(value)?.url_citation)
  const url = asString(cited?.url)
  if (cited === undefined || url === undefined) return undefined
  const title = asString(cited.title)
  const start = asNumber(cited.start_index)
  const end = asNumber(cited.end_index)
  const citedText = asString(cited.content)
  return {
    kind: 'url',
    url,
    ...(title !== undefined && { title }),
    ...(start !== undefined && { start }),
    ...(end !== undefined && { end }),
    ...(citedText !== undefined && { citedText }),
  }
}

/** An annotation; undefined for what is cited from no address, which the format cannot say. */
export function writeAnnotation(citation: Citation): JsonObject | undefined {
  if (citation.url === undefined) return undefined
  return {
    type: 'url_citation',
    url_citation: {
      url: citation.url,
      title: citation.title,
      start_index: citation.start,
      end_index: citation.end,
      content: citation.citedText,
    },
  }
}

/** Reads `logprobs`; a refusal's tokens stand beside the content's. */
export function readLogprobs(value: Json | undefined): TokenLogprob[] {
  const logprobs = asObject(value)
  return [logprobs?.content, logprobs?.refusal].flatMap((list) => (isArray(list) ? list.flatMap(readToken) : []))
}

function readToken(value: Json): TokenLogprob[] {
  const entry = readAlternative(value)
  if (!entry) return []
  const top = asObject(value)?.top_logprobs
  const alternatives = isArray(top) ? top.flatMap((each) => readAlternative(each) ?? []) : []
  return [{ ...entry, ...(alternatives.length > 0 && { top: alternatives }) }]
}

function readAlternative(value: Json): Omit<TokenLogprob, 'top'> | undefined {
  const entry = asObject(value)
  const token = asString(entry?.token)
  const logprob = asNumber(entry?.logprob)
  if (entry === undefined || token === undefined || logprob === undefined) return undefined
  return { token, logprob, ...(isArray(entry.bytes) && { bytes: entry.bytes.flatMap((byte) => asNumber(byte) ?? []) }) }
}

export function writeLogprobs(tokens: readonly TokenLogprob[]): JsonObject {
  const entry = (token: Omit<TokenLogprob, 'top'>) => ({
    token: token.token,
    logprob: token.logprob,
    bytes: token.bytes ?? null,
  })
  return {
    content: tokens.map((token) => ({ ...entry(token), top_logprobs: (token.top ?? []).map(entry) })),
    refusal: null,
  }
}

/** A fresh id with the prefix that OpenAI gives its own. */
export function freshId(prefix: 'chatcmpl-' | 'call_'): string {
  return prefix + crypto.randomUUID().replaceAll('-', '').slice(0, 24)
}
