import { asString, isObject, type JsonObject, parseObject } from '../../../kernel/json.ts'
import type { AssistantPart, ReasoningPart, ToolCallPart } from '../../../vocabulary/parts.ts'
import { format, own, readCache, rest } from './fields.ts'
import { readText } from './text.ts'

const readers: Readonly<Record<string, (block: JsonObject) => AssistantPart>> = {
  text: readText,
  thinking: readThinking,
  redacted_thinking: (block) => ({
    type: 'reasoning',
    text: '',
    opaque: { format, kind: 'redacted', value: asString(block.data) ?? '' },
  }),
  tool_use: readToolUse,
}

/** A block of an assistant's turn: said before, or answered now. Blocks of server tools and new kinds stay as they are. */
export function readAssistantBlock(block: JsonObject): AssistantPart {
  const reader = readers[asString(block.type) ?? '']
  return reader ? reader(block) : { type: 'native', ...own(block) }
}

function readThinking(block: JsonObject): ReasoningPart {
  const signature = asString(block.signature)
  return {
    type: 'reasoning',
    text: asString(block.thinking) ?? '',
    ...(signature && { opaque: { format, kind: 'signature', value: signature } }),
  }
}

const toolUseKnown = new Set(['type', 'id', 'name', 'input', 'cache_control'])
const toolUseDirect = new Set([...toolUseKnown, 'caller'])

function readToolUse(block: JsonObject): ToolCallPart {
  return {
    type: 'tool-call',
    kind: 'function',
    id: asString(block.id) ?? '',
    name: asString(block.name) ?? '',
    input: JSON.stringify(block.input ?? {}),
    ...readCache(block),
    ...toolUseRest(block),
  }
}

/** `caller: direct` is the default, and older servers refuse to have it said. */
export function toolUseRest(block: JsonObject) {
  const direct = isObject(block.caller) && block.caller.type === 'direct'
  return rest(block, direct ? toolUseDirect : toolUseKnown)
}

/** A call's input as the object that Anthropic wants. What is no JSON object is kept whole under `_raw`. */
export function toolInput(call: Pick<ToolCallPart, 'kind' | 'input'>): {
  readonly input: JsonObject
  readonly wrapped: boolean
} {
  if (call.kind === 'custom') return { input: { input: call.input }, wrapped: true }
  if (call.input.trim() === '') return { input: {}, wrapped: false }
  const input = parseObject(call.input)
  return input ? { input, wrapped: false } : { input: { _raw: call.input }, wrapped: true }
}

/** Thinking of our own goes back as it was sealed; other thinking has no seal. */
export function writeThinking(part: ReasoningPart): JsonObject {
  const seal = part.opaque?.format === format ? part.opaque : undefined
  if (seal?.kind === 'redacted') return { type: 'redacted_thinking', data: seal.value }
  return { type: 'thinking', thinking: part.text, signature: seal?.kind === 'signature' ? seal.value : '' }
}

/** Words in place of a medium that a Claude answer cannot hold. */
export function mediaNote(media: Extract<AssistantPart, { type: 'media' }>): string {
  if (media.transcript !== undefined) return media.transcript
  const place = media.source.type === 'url' && !media.source.url.startsWith('data:') ? `: ${media.source.url}` : ''
  return `[${media.kind} that this API cannot carry in an answer${place}]`
}

/** An id for what its provider gave none: clients join calls and results by it. */
export function newId(prefix: 'msg' | 'toolu'): string {
  return `${prefix}_${crypto.randomUUID().replaceAll('-', '')}`
}
