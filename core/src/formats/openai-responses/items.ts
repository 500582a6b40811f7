import { asArray, asString, isArray, isObject, type Json, type JsonObject } from '../../kernel/json.ts'
import type { AssistantPart, Opaque, ReasoningPart, ToolCallPart } from '../../vocabulary/parts.ts'
import { readAnnotation } from './content.ts'
import { extras, foreignId, isPlainThought, keepNative, own, readSeal } from './own.ts'

/** Reads items that the model's turn consists of, in order; tolerant, for providers leave out what they like. */
export interface ItemReader {
  read(item: JsonObject): AssistantPart[]
}

/** One reader per turn: a seal that stands before a call belongs to that call. */
export function itemReader(): ItemReader {
  let seal: Opaque | undefined

  const call: Reader = (item) => {
    const part = { ...readCall(item), ...(seal && { opaque: seal }) }
    seal = undefined
    return [part]
  }
  const readers: Readonly<Record<string, Reader>> = {
    message: readMessage,
    function_call: call,
    custom_tool_call: call,
    reasoning(item) {
      const found = readSeal(item.encrypted_content)
      if (found?.of !== 'call') return [readReasoning(item)]
      seal = found.opaque
      return []
    },
    image_generation_call: (item) => [readImage(item)],
  }
  return {
    read(item) {
      const type = typeOf(item)
      const reader = Object.hasOwn(readers, type) ? readers[type] : undefined
      return reader ? reader(item) : [{ type: 'native', format: own, value: item }]
    },
  }
}

type Reader = (item: JsonObject) => AssistantPart[]

/** An item's type; a message may leave it out. */
export function typeOf(item: JsonObject): string {
  return asString(item.type) ?? (item.role === undefined ? 'item_reference' : 'message')
}

const messageFields: ReadonlySet<string> = new Set(['type', 'id', 'role', 'status', 'content'])

/** Fields of a message that its text cannot say, such as `phase`, with the id of the message that has them. */
export function messageExtras(item: JsonObject): JsonObject | undefined {
  const more = extras(item, messageFields)
  const id = foreignId(item.id)
  return more && { ...(id !== undefined && { id }), ...more }
}

function readMessage(item: JsonObject): AssistantPart[] {
  const content: readonly Json[] =
    typeof item.content === 'string' ? [{ type: 'text', text: item.content }] : asArray(item.content)
  const parts = content.filter(isObject).map(readSaid)
  const [first, ...others] = parts
  const native = keepNative(messageExtras(item))
  return first?.type === 'text' ? [{ ...first, ...native }, ...others] : parts
}

function readSaid(part: JsonObject): AssistantPart {
  if (part.type === 'refusal') return { type: 'refusal', text: asString(part.refusal) ?? '' }
  const citations = asArray(part.annotations).filter(isObject).map(readAnnotation)
  return { type: 'text', text: asString(part.text) ?? '', ...(citations.length > 0 && { citations }) }
}

/** What an item of reasoning shows and hides. */
export function readReasoning(item: JsonObject): ReasoningPart {
  const paragraphs = texts(item.summary)
  const plain = isPlainThought(item.id) || paragraphs.length === 0
  const id = foreignId(item.id)
  const opaque = readSeal(item.encrypted_content)?.opaque
  return {
    type: 'reasoning',
    text: (paragraphs.length > 0 ? paragraphs : texts(item.content)).join('\n\n'),
    ...(!plain && { summary: paragraphs }),
    ...(id !== undefined && { id }),
    ...(opaque && { opaque }),
  }
}

function texts(value: Json | undefined): string[] {
  if (!isArray(value)) return typeof value === 'string' && value !== '' ? [value] : []
  return value.map((part) => (isObject(part) ? asString(part.text) : asString(part)) ?? '')
}

// `item_id` and `output_index` are of the stream, but some providers leave them in the item
const callFields: ReadonlySet<string> = new Set(
  'type id call_id name arguments input status namespace item_id output_index'.split(' '),
)

/** A call of a function or a custom tool. */
export function readCall(item: JsonObject): ToolCallPart {
  const custom = item.type === 'custom_tool_call'
  const itemId = foreignId(item.id)
  const namespace = asString(item.namespace)
  return {
    type: 'tool-call',
    id: asString(item.call_id) || asString(item.id) || '',
    name: asString(item.name) ?? '',
    kind: custom ? 'custom' : 'function',
    input: custom ? (asString(item.input) ?? '') : readArguments(item.arguments),
    ...(itemId !== undefined && { itemId }),
    ...(namespace && { namespace }),
    ...keepNative(extras(item, callFields)),
  }
}

/** Arguments are JSON as text; a few providers send the JSON itself. */
function readArguments(value: Json | undefined): string {
  return isObject(value) ? JSON.stringify(value) : (asString(value) ?? '')
}

/** An image that we wrote ourselves is a medium; one of a hosted tool stays the item that it is, for its id is looked up again. */
function readImage(item: JsonObject): AssistantPart {
  const data = asString(item.result)
  if (data === undefined || foreignId(item.id) !== undefined) return { type: 'native', format: own, value: item }
  const mediaType = `image/${asString(item.output_format) ?? 'png'}`
  return { type: 'media', kind: 'image', source: { type: 'base64', mediaType, data } }
}
