import { asNumber, asObject, asString, type Json, type JsonObject } from '../../../kernel/json.ts'
import type { ChatEvent } from '../../../vocabulary/chat-event.ts'
import type { AssistantPart, NativePart } from '../../../vocabulary/parts.ts'
import { readAnnotation, readLogprobs } from '../content.ts'
import { itemReader, messageExtras, readCall, readReasoning, typeOf } from '../items.ts'
import { isPlainThought, keepNative } from '../own.ts'
import { type PartEvents, partEvents, type Said, type Thought, type ToolInput } from './read-parts.ts'

/** Turns the events of items into events of parts, whatever providers leave out of them. */
export interface ItemEvents {
  /** whether this event belongs to an item of which parts are made */
  knows(type: string): boolean
  take(type: string, event: JsonObject): void
  /** an item that comes all at once */
  whole(item: JsonObject): void
  /** ends what is still open */
  close(): void
  any(): boolean
  /** whether a tool of the caller's was called */
  called(): boolean
  /** the items of hosted tools so far */
  natives(): readonly JsonObject[]
}

/** An item while it is being read. */
interface Item {
  readonly id: string | undefined
  readonly type: string
  readonly value: JsonObject
  /** parts of a message by content index */
  readonly said: Map<number, Said>
  thought?: Thought
  tool?: ToolInput
  done: boolean
}

export function readItemEvents(emit: (event: ChatEvent) => void): ItemEvents {
  const state: State = {
    parts: partEvents(emit),
    reader: itemReader(),
    byId: new Map(),
    byIndex: new Map(),
    all: [],
    natives: [],
  }
  return {
    knows: (type) => Object.hasOwn(takers, type),
    take(type, event) {
      if (Object.hasOwn(takers, type)) takers[type]?.(state, event)
    },
    whole: (item) => complete(state, open(state, item, undefined), item),
    close() {
      for (const item of state.all) if (!item.done) finishItem(item)
    },
    any: () => state.all.length > 0,
    called: () => state.all.some(({ tool }) => tool !== undefined),
    natives: () => state.natives,
  }
}

interface State {
  readonly parts: PartEvents
  readonly reader: ReturnType<typeof itemReader>
  readonly byId: Map<string, Item>
  readonly byIndex: Map<number, Item>
  readonly all: Item[]
  readonly natives: JsonObject[]
}

/** Ids are believed where they are known; some providers change them on the way, so the place in the output counts next. */
function find(state: State, event: JsonObject, type?: string): Item | undefined {
  const known = state.byId.get(asString(event.item_id) ?? asString(asObject(event.item)?.id) ?? '')
  if (known) return known
  const index = asNumber(event.output_index)
  const there = index === undefined ? state.all.findLast((item) => !item.done) : state.byIndex.get(index)
  return there && (type === undefined || there.type === type) ? there : undefined
}

function open(state: State, value: JsonObject, index: number | undefined): Item {
  const item: Item = { id: asString(value.id), type: typeOf(value), value, said: new Map(), done: false }
  state.all.push(item)
  if (item.id !== undefined) state.byId.set(item.id, item)
  if (index !== undefined) state.byIndex.set(index, item)
  return item
}

/** The item that an event is about; made up when a provider never said that it began. */
function itemFor(state: State, event: JsonObject, type: string): Item {
  const found = find(state, event, type)
  if (found) return found
  const made = open(state, { type, id: event.item_id }, asNumber(event.output_index))
  if (type === 'reasoning') made.thought = state.parts.think(undefined)
  return made
}

function added(state: State, event: JsonObject): void {
  const value = asObject(event.item)
  if (!value) return
  // xAI gives several items of one answer the same id, so a known one is a repetition only at the same place
  const known = state.byId.get(asString(value.id) ?? '')
  if (known && (!known.done || state.byIndex.get(asNumber(event.output_index) ?? -1) === known)) return
  const item = open(state, value, asNumber(event.output_index))
  if (item.type === 'reasoning') {
    // a seal that belongs to the call behind it is no thought
    const [part] = state.reader.read(value)
    if (part) item.thought = state.parts.think(readReasoning(value).id)
  } else if (item.type === 'function_call' || item.type === 'custom_tool_call') startCall(state, item, value)
}

function startCall(state: State, item: Item, value: JsonObject): ToolInput {
  const [part] = state.reader.read(value)
  item.tool ??= state.parts.call(part?.type === 'tool-call' ? part : readCall(value))
  return item.tool
}

function saidAt(state: State, item: Item, index: number, kind: 'text' | 'refusal'): Said {
  const known = item.said.get(index)
  if (known) return known
  const first = item.said.size === 0 && kind === 'text' ? keepNative(messageExtras(item.value)) : {}
  const made = state.parts.say(kind, first)
  item.said.set(index, made)
  return made
}

const place = (event: JsonObject): number => asNumber(event.content_index) ?? 0
const text = (value: Json | undefined): string => asString(value) ?? ''

/** A piece of a message: the part it belongs to. */
function said(state: State, event: JsonObject, kind: 'text' | 'refusal'): Said {
  return saidAt(state, itemFor(state, event, 'message'), place(event), kind)
}

function thought(state: State, event: JsonObject): Thought | undefined {
  return itemFor(state, event, 'reasoning').thought
}

/** The paragraph that a piece of a summary belongs to; none where the summary is the thought itself. */
function paragraph(state: State, event: JsonObject): number | undefined {
  return isPlainThought(find(state, event)?.id) ? undefined : (asNumber(event.summary_index) ?? 0)
}

function tool(state: State, event: JsonObject): ToolInput | undefined {
  return find(state, event)?.tool ?? state.all.findLast((item) => item.tool && !item.done)?.tool
}

type Take = (state: State, event: JsonObject) => void

function contentAdded(state: State, event: JsonObject): void {
  const { type } = asObject(event.part) ?? {}
  if (type === 'output_text') said(state, event, 'text')
  else if (type === 'refusal') said(state, event, 'refusal')
}

function contentDone(state: State, event: JsonObject): void {
  const part = asObject(event.part) ?? {}
  if (part.type === 'output_text') completeText(said(state, event, 'text'), part)
  else if (part.type === 'refusal') {
    const refusal = said(state, event, 'refusal')
    refusal.rest(text(part.refusal))
    refusal.end()
  }
}

function completeText(said: Said, part: JsonObject): void {
  said.rest(text(part.text))
  said.logprobs(readLogprobs(part.logprobs))
  if (Array.isArray(part.annotations))
    said.citations(
      part.annotations
        .map(asObject)
        .filter((value) => value !== undefined)
        .map(readAnnotation),
    )
  said.end()
}

const takers: Readonly<Record<string, Take>> = {
  'response.output_item.added': added,
  'response.output_item.done'(state, event) {
    const value = asObject(event.item)
    if (!value) return
    const item = find(state, event, typeOf(value)) ?? open(state, value, asNumber(event.output_index))
    if (!item.done) complete(state, item, value)
  },
  'response.content_part.added': contentAdded,
  'response.content_part.done': contentDone,
  'response.output_text.delta'(state, event) {
    const part = said(state, event, 'text')
    part.delta(text(event.delta))
    part.moreLogprobs(readLogprobs(event.logprobs))
  },
  'response.output_text.annotation.added'(state, event) {
    const annotation = asObject(event.annotation)
    if (annotation) said(state, event, 'text').cite(readAnnotation(annotation))
  },
  'response.output_text.done'(state, event) {
    const part = said(state, event, 'text')
    part.rest(text(event.text))
    part.logprobs(readLogprobs(event.logprobs))
  },
  'response.refusal.delta': (state, event) => said(state, event, 'refusal').delta(text(event.delta)),
  'response.refusal.done': (state, event) => said(state, event, 'refusal').rest(text(event.refusal)),
  'response.reasoning_summary_text.delta': (state, event) =>
    thought(state, event)?.delta(text(event.delta), paragraph(state, event)),
  'response.reasoning_summary_text.done': (state, event) =>
    thought(state, event)?.rest(text(event.text), paragraph(state, event)),
  'response.reasoning_text.delta': (state, event) => thought(state, event)?.delta(text(event.delta), undefined),
  'response.reasoning_text.done': (state, event) => thought(state, event)?.rest(text(event.text), undefined),
  'response.function_call_arguments.delta': (state, event) => tool(state, event)?.delta(text(event.delta)),
  'response.function_call_arguments.done': (state, event) => tool(state, event)?.rest(text(event.arguments)),
  'response.custom_tool_call_input.delta': (state, event) => tool(state, event)?.delta(text(event.delta)),
  'response.custom_tool_call_input.done': (state, event) => tool(state, event)?.rest(text(event.input)),
}

/** What the finished item says beyond what its events have said. */
function complete(state: State, item: Item, value: JsonObject): void {
  if (item.type === 'message') completeMessage(state, item, value)
  else if (item.type === 'reasoning') completeThought(state, item, value)
  else if (item.type === 'function_call' || item.type === 'custom_tool_call')
    (item.tool ?? startCall(state, item, value)).rest(readCall(value).input)
  else for (const part of state.reader.read(value)) show(state, part)
  finishItem(item)
}

function completeMessage(state: State, item: Item, value: JsonObject): void {
  const content = typeof value.content === 'string' ? [{ type: 'output_text', text: value.content }] : value.content
  for (const [index, part] of (Array.isArray(content) ? content : []).map(asObject).entries()) {
    if (!part) continue
    // a provider may tell a message's extras only now
    const target = item.said.size === 0 ? { ...item, value } : item
    if (part.type === 'refusal') saidAt(state, target, index, 'refusal').rest(text(part.refusal))
    else completeText(saidAt(state, target, index, 'text'), part)
  }
}

function completeThought(state: State, item: Item, value: JsonObject): void {
  if (!item.thought) {
    const [part] = state.reader.read(value)
    if (!part) return
    item.thought = state.parts.think(readReasoning(value).id)
  }
  item.thought.complete(readReasoning(value))
}

function show(state: State, part: AssistantPart): void {
  if (part.type === 'native') state.natives.push((part satisfies NativePart).value)
  if (part.type === 'native' || part.type === 'media') state.parts.show(part)
}

function finishItem(item: Item): void {
  item.done = true
  for (const part of item.said.values()) part.end()
  item.thought?.complete(undefined)
  item.tool?.end()
}
