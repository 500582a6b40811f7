import {
  asArray,
  asNumber,
  asObject,
  asString,
  compact,
  isArray,
  isObject,
  type Json,
  type JsonObject,
  leftovers,
} from '../../kernel/json.ts'
import type { ChatResponse, Choice } from '../../vocabulary/chat-response.ts'
import type { AssistantPart, Citation, ToolCallPart } from '../../vocabulary/parts.ts'
import { noUsage } from '../../vocabulary/usage.ts'
import { failureIn, garbled } from './error.ts'
import { closeAudio, gatherAudio, readImage, writeAnswerMedia } from './parts/media.ts'
import { readCallSeal, readReasoning, thinkingText, writeCallSeal, writeReasoning } from './parts/reasoning.ts'
import { findUsage, readUsage, writeUsage } from './usage.ts'
import {
  freshId,
  readAnnotation,
  readFinish,
  readLogprobs,
  writeAnnotation,
  writeFinish,
  writeLogprobs,
} from './wire.ts'

/** Top-level fields of answers and chunks that the vocabulary takes in; the others stay native. */
export const answerKeys: ReadonlySet<string> = new Set(
  'id object created model choices usage service_tier obfuscation'.split(' '),
)

/** Reads a whole answer (https://platform.openai.com/docs/api-reference/chat/object). */
export function readResponse(body: JsonObject): ChatResponse {
  const failure = isObject(body) ? failureIn(body) : undefined
  if (failure) throw failure
  const choices = isObject(body) ? asArray(body.choices).filter(isObject) : []
  if (choices.length === 0) throw garbled('The provider answered without a choice.')
  const usage = findUsage(body)
  const tier = asString(body.service_tier) || undefined
  const native = leftovers(body, answerKeys)
  const sources = readSources(body)
  return {
    id: asString(body.id) || freshId('chatcmpl-'),
    model: asString(body.model) ?? '',
    createdAt: asNumber(body.created) ?? 0,
    choices: choices.map((choice, at) => readChoice(choice, at, sources)),
    usage: usage ? readUsage(usage) : noUsage,
    ...(tier !== undefined && { serviceTier: tier }),
    ...(native && { native: { format: 'openai-chat', fields: native } }),
  }
}

function readChoice(choice: JsonObject, at: number, sources: readonly Citation[]): Choice {
  const message = asObject(choice.message) ?? asObject(choice.delta)
  if (!message) throw garbled(`The provider's choice ${at} has no message.`)
  const content = readAnswer(message, sources)
  const logprobs = readLogprobs(choice.logprobs)
  const hasTools = content.some((part) => part.type === 'tool-call')
  return {
    index: asNumber(choice.index) ?? at,
    content,
    finish: readFinish({ word: choice.finish_reason, hasTools, choice }),
    ...(logprobs.length > 0 && { logprobs }),
  }
}

/** The parts of a message, in the order in which a stream would bring them. */
function readAnswer(message: JsonObject, sources: readonly Citation[]): AssistantPart[] {
  const audio = { data: [] }
  gatherAudio(message.audio, audio)
  const refusal = asString(message.refusal)
  return [
    ...readReasoning(message),
    ...cite(readSaid(message.content), message, sources),
    ...(refusal ? [{ type: 'refusal', text: refusal } as const] : []),
    ...asArray(message.images).flatMap(readImage),
    ...readCalls(message),
    ...closeAudio(audio),
  ]
}

/** What was said: text, Mistral's list of thinking and text, or an object where a server parsed the JSON it was asked for. */
function readSaid(content: Json | undefined): AssistantPart[] {
  if (typeof content === 'string') return content === '' ? [] : [{ type: 'text', text: content }]
  if (isObject(content)) return [{ type: 'text', text: JSON.stringify(content) }]
  return asArray(content).flatMap(readSaidPart).reduce<AssistantPart[]>(appendPart, [])
}

function readSaidPart(value: Json): AssistantPart[] {
  const said = readFragment(value)
  if (said) return [{ type: said.kind, text: said.text }]
  return asObject(value)?.type === 'image_url' ? readImage(value) : []
}

/** A member of a content list as text or reasoning; undefined for anything else. */
export function readFragment(value: Json): { kind: 'text' | 'reasoning'; text: string } | undefined {
  const part = asObject(value)
  if (part?.type === 'thinking') return { kind: 'reasoning', text: thinkingText(part.thinking) }
  const text = typeof value === 'string' ? value : asString(part?.text)
  return text === undefined ? undefined : { kind: 'text', text }
}

function appendPart(parts: AssistantPart[], part: AssistantPart): AssistantPart[] {
  const last = parts.at(-1)
  if (part.type === 'text' && last?.type === 'text') parts.splice(-1, 1, { ...last, text: last.text + part.text })
  else if (part.type === 'reasoning' && last?.type === 'reasoning')
    parts.splice(-1, 1, { ...last, text: last.text + part.text })
  else parts.push(part)
  return parts
}

function cite(parts: AssistantPart[], message: JsonObject, sources: readonly Citation[]): AssistantPart[] {
  const annotations = asArray(message.annotations).flatMap((annotation) => readAnnotation(annotation) ?? [])
  const first = parts.find((part) => part.type === 'text')
  if (!first) return parts
  const citations = annotations.length > 0 ? annotations : markedCitations(first.text, sources)
  return citations.length === 0 ? parts : parts.map((part) => (part === first ? { ...first, citations } : part))
}

/** Perplexity's sources, which its text marks with `[1]`, `[2]`, … (https://docs.perplexity.ai/api-reference/chat-completions-post). */
export function readSources(body: JsonObject): Citation[] {
  const results = asArray(body.search_results).map(asObject)
  const titles = new Map(results.map((result) => [asString(result?.url), asString(result?.title)]))
  return asArray(body.citations).map((source) => {
    const url = asString(source) ?? asString(asObject(source)?.url) ?? ''
    const title = titles.get(url)
    return { kind: 'url', url, ...(title !== undefined && { title }) }
  })
}

/** The sources at the places where the text marks them. */
export function markedCitations(text: string, sources: readonly Citation[]): Citation[] {
  if (sources.length === 0) return []
  return [...text.matchAll(/\[(\d{1,3})\]/g)].flatMap((mark) => {
    const source = sources[Number(mark[1]) - 1]
    return source?.url ? [{ ...source, start: mark.index, end: mark.index + mark[0].length }] : []
  })
}

function readCalls(message: JsonObject): ToolCallPart[] {
  const legacy = asObject(message.function_call)
  const calls = asArray(message.tool_calls).filter(isObject)
  // some servers fill the deprecated field with empty strings
  return [...calls, ...(legacy?.name ? [{ function: legacy }] : [])].map(readCall)
}

function readCall(call: JsonObject): ToolCallPart {
  const custom = asObject(call.custom)
  const made = custom ?? asObject(call.function) ?? call
  return {
    type: 'tool-call',
    id: asString(call.id) || freshId('call_'),
    name: asString(made.name) ?? '',
    kind: custom ? 'custom' : 'function',
    input: custom ? (asString(custom.input) ?? '') : readInput(made.arguments),
    ...readCallSeal(call),
  }
}

/** Arguments as JSON text, whatever a server sends in their place. */
export function readInput(value: Json | undefined): string {
  if (typeof value === 'string') return value
  return isArray(value) || isObject(value) ? JSON.stringify(value) : ''
}

/** Writes a whole answer. */
export function writeResponse(response: ChatResponse): JsonObject {
  const { native, serviceTier } = response
  return {
    id: response.id || freshId('chatcmpl-'),
    object: 'chat.completion',
    created: response.createdAt,
    model: response.model,
    choices: response.choices.map((choice) => writeChoice(choice, response.createdAt)),
    usage: writeUsage(response.usage),
    ...(serviceTier !== undefined && { service_tier: serviceTier }),
    ...(native?.format === 'openai-chat' && native.fields),
  }
}

function writeChoice({ index, content, finish, logprobs }: Choice, createdAt: number): JsonObject {
  const has = {
    tools: content.some((part) => part.type === 'tool-call'),
    refusal: content.some((part) => part.type === 'refusal'),
  }
  return {
    index,
    message: writeAnswer(content, createdAt),
    logprobs: logprobs ? writeLogprobs(logprobs) : null,
    ...writeFinish(finish, has),
  }
}

/** The message of an answer: what is not there is absent, but `content` and `refusal`, which OpenAI always sends. */
function writeAnswer(content: readonly AssistantPart[], createdAt: number): JsonObject {
  const of = <T extends AssistantPart['type']>(type: T) =>
    content.filter((part): part is Extract<AssistantPart, { type: T }> => part.type === type)
  const texts = of('text')
  const refusal = of('refusal').map((part) => part.text)
  const calls = of('tool-call').map(writeAnswerCall)
  const annotations = texts.flatMap((part) => (part.citations ?? []).flatMap((cited) => writeAnnotation(cited) ?? []))
  const media = of('media').map((part) => writeAnswerMedia(part, createdAt))
  const images = media.flatMap((member) => asArray(member.images))
  const audio = media.find((member) => member.audio !== undefined)?.audio
  const natives = of('native').filter((part) => part.format === 'openai-chat')
  const silent = calls.length > 0 || refusal.length > 0 || audio !== undefined
  return compact({
    role: 'assistant',
    content: texts.length === 0 && silent ? null : texts.map((part) => part.text).join(''),
    refusal: refusal.length > 0 ? refusal.join('') : null,
    ...writeReasoning(of('reasoning')),
    tool_calls: calls.length > 0 ? calls : undefined,
    annotations: annotations.length > 0 ? annotations : undefined,
    images: images.length > 0 ? images : undefined,
    audio,
    ...Object.assign({}, ...natives.map((part) => part.value)),
  })
}

function writeAnswerCall({ id, kind, name, input, opaque }: ToolCallPart): JsonObject {
  const made = kind === 'custom' ? { custom: { name, input } } : { function: { name, arguments: input } }
  return { id, type: kind, ...made, ...writeCallSeal(opaque) }
}
