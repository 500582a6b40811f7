import {
  asArray,
  asObject,
  asString,
  isObject,
  type JsonObject,
  type MutableJsonObject,
  parseObject,
} from '../../../kernel/json.ts'
import type { ChatEvent } from '../../../vocabulary/chat-event.ts'
import { toolUseRest } from './assistant.ts'
import { format, own } from './fields.ts'
import { readCitation } from './text.ts'

/** A content block while its deltas are still coming, as events of one part. */
export interface OpenBlock {
  readonly start: readonly ChatEvent[]
  push(delta: JsonObject): ChatEvent[]
  stop(): ChatEvent[]
}

type Place = { readonly choice: number; readonly part: number }
type Opener = (block: JsonObject, place: Place) => OpenBlock

/** What an opened block says, by its type; kinds that only this format knows are gathered whole. */
export function openBlock(block: JsonObject, place: Place): OpenBlock {
  return (openers[asString(block.type) ?? ''] ?? openNative)(block, place)
}

const openers: Readonly<Record<string, Opener>> = {
  text: openText,
  thinking: openThinking,
  redacted_thinking: (block, place) => ({
    start: [{ type: 'reasoning-start', ...place }],
    push: () => [],
    stop: () => [
      {
        type: 'reasoning-end',
        ...place,
        opaque: { format, kind: 'redacted', value: asString(block.data) ?? '' },
      },
    ],
  }),
  tool_use: openToolUse,
}

function openText(block: JsonObject, place: Place): OpenBlock {
  const say = (text: string | undefined): ChatEvent[] => (text ? [{ type: 'text-delta', ...place, text }] : [])
  const cite = (value: unknown): ChatEvent[] =>
    isObject(value) ? [{ type: 'text-citation', ...place, citation: readCitation(value) }] : []
  return {
    start: [{ type: 'text-start', ...place }, ...say(asString(block.text)), ...asArray(block.citations).flatMap(cite)],
    push: (delta) => [...say(asString(delta.text)), ...cite(delta.citation)],
    stop: () => [{ type: 'text-end', ...place }],
  }
}

function openThinking(block: JsonObject, place: Place): OpenBlock {
  let signature = asString(block.signature) ?? ''
  const think = (text: string | undefined): ChatEvent[] => (text ? [{ type: 'reasoning-delta', ...place, text }] : [])
  return {
    start: [{ type: 'reasoning-start', ...place }, ...think(asString(block.thinking))],
    push(delta) {
      signature += asString(delta.signature) ?? ''
      return think(asString(delta.thinking))
    },
    stop: () => [
      {
        type: 'reasoning-end',
        ...place,
        ...(signature !== '' && { opaque: { format, kind: 'signature' as const, value: signature } }),
      },
    ],
  }
}

/** The input comes in fragments, or whole with the start, or not at all when the tool takes nothing. */
function openToolUse(block: JsonObject, place: Place): OpenBlock {
  let told = false
  const give = (input: string): ChatEvent[] => {
    if (input === '') return []
    told = true
    return [{ type: 'tool-delta', ...place, input }]
  }
  const start: ChatEvent = {
    type: 'tool-start',
    ...place,
    id: asString(block.id) ?? '',
    name: asString(block.name) ?? '',
    kind: 'function',
    ...toolUseRest(block),
  }
  return {
    start: [start],
    push: (delta) => give(asString(delta.partial_json) ?? ''),
    stop: () => [...(told ? [] : give(JSON.stringify(block.input ?? {}))), { type: 'tool-end', ...place }],
  }
}

/** A block that stays as it is: fragments of its input are parsed at the end, other text is joined, other values replace. */
function openNative(block: JsonObject, place: Place): OpenBlock {
  const value: MutableJsonObject = { ...block }
  let json = ''
  return {
    start: [],
    push(delta) {
      for (const [key, member] of Object.entries(delta)) {
        if (key === 'type') continue
        if (key === 'partial_json') json += asString(member) ?? ''
        else value[key] = typeof member === 'string' ? (asString(value[key]) ?? '') + member : member
      }
      return []
    },
    stop() {
      if (json !== '') value.input = parseObject(json) ?? asObject(value.input) ?? {}
      return [{ type: 'native', ...place, ...own(value) }]
    },
  }
}
