import type { JsonObject } from '../../../kernel/json.ts'
import type { ChatEvent, ChatEventOf } from '../../../vocabulary/chat-event.ts'
import type { TokenLogprob } from '../../../vocabulary/chat-response.ts'
import type { AssistantPart, MediaPart } from '../../../vocabulary/parts.ts'
import { writeAnnotation } from '../content.ts'
import { nativeFields, own } from '../own.ts'
import type { Stage } from './stage.ts'
import {
  type CallWriter,
  type ReasoningWriter,
  writeCall,
  writeImage,
  writeNative,
  writeReasoning,
} from './write-items.ts'
import { type ItemStatus, type MessageWriter, type SaidWriter, writeMessage } from './write-message.ts'

/** The events of parts. */
export type PartEvent = Exclude<
  ChatEvent,
  { readonly type: 'response-start' | 'response-end' | 'choice-end' | 'usage' | 'ping' | 'error' }
>

/** The items of an answer. Several may be open at once; a message stays open for the text behind its last one. */
export interface BodyWriter {
  take(event: PartEvent): void
  /** ends what is still open */
  close(status: ItemStatus): void
  /** the kinds of parts there have been */
  kinds(): readonly AssistantPart['type'][]
}

export function writeBody(stage: Stage): BodyWriter {
  const body: Body = { stage, parts: new Map(), kinds: [], homeless: [] }
  return {
    take: (event) => (handlers[event.type] as (body: Body, event: PartEvent) => void)(body, event),
    close(status) {
      for (const part of [...body.parts.keys()]) end(body, part, status, false)
      body.message?.close(status)
      body.message = undefined
      body.latest = undefined
    },
    kinds: () => body.kinds,
  }
}

/** A part that has begun and not ended. */
type Open =
  | { readonly kind: 'said'; readonly message: MessageWriter; readonly writer: SaidWriter }
  | { readonly kind: 'reasoning'; readonly writer: ReasoningWriter }
  | { readonly kind: 'tool'; readonly writer: CallWriter }

interface Body {
  readonly stage: Stage
  readonly parts: Map<number, Open>
  readonly kinds: AssistantPart['type'][]
  /** log probabilities that came before their text */
  readonly homeless: TokenLogprob[]
  /** the message that further text joins */
  message?: MessageWriter | undefined
  /** the text that log probabilities belong to */
  latest?: SaidWriter | undefined
}

/** Something other than the current message begins: it is done, unless a part of it is still open. */
function leave(body: Body): void {
  for (const part of body.parts.values()) if (part.kind === 'reasoning') part.writer.open(false)
  body.message?.settle()
  if (body.message?.idle()) body.message.close('completed')
  body.message = undefined
  body.latest = undefined
}

function say(body: Body, kind: 'text' | 'refusal', native: JsonObject = {}): Open & { kind: 'said' } {
  body.kinds.push(kind)
  if (Object.keys(native).length > 0 || !body.message) leave(body)
  body.message ??= writeMessage(body.stage, native)
  const { message } = body
  message.settle()
  const writer = message.say(kind)
  if (kind === 'text') {
    writer.logprobs(body.homeless.splice(0))
    body.latest = writer
  }
  return { kind: 'said', message, writer }
}

function begin(body: Body, part: number, open: () => Open): void {
  if (body.parts.has(part)) return
  body.parts.set(part, open())
}

function beginItem(body: Body, part: number, kind: AssistantPart['type'], open: () => Open): void {
  begin(body, part, () => {
    body.kinds.push(kind)
    leave(body)
    return open()
  })
}

function end(body: Body, part: number, status: ItemStatus, whole: boolean): void {
  const open = body.parts.get(part)
  if (!open) return
  body.parts.delete(part)
  if (open.kind === 'reasoning') open.writer.close(undefined)
  else if (open.kind === 'tool') open.writer.close(status, whole)
  else {
    open.writer.end()
    if (open.message !== body.message && open.message.idle()) open.message.close(status)
  }
}

interface Writers {
  readonly said: SaidWriter
  readonly reasoning: ReasoningWriter
  readonly tool: CallWriter
}

function openPart<K extends keyof Writers>(body: Body, part: number, kind: K): Writers[K] | undefined {
  const open = body.parts.get(part)
  return open?.kind === kind ? (open.writer as Writers[K]) : undefined
}

type Handlers = { readonly [T in PartEvent['type']]: (body: Body, event: ChatEventOf<T>) => void }

const handlers: Handlers = {
  'text-start': (body, { part, native }) => begin(body, part, () => say(body, 'text', nativeFields(native))),
  'text-delta': (body, { part, text }) => openPart(body, part, 'said')?.delta(text),
  'text-citation': (body, { part, citation }) => {
    const annotation = writeAnnotation(citation)
    if (annotation) openPart(body, part, 'said')?.cite(annotation)
  },
  'text-end': (body, { part }) => end(body, part, 'completed', true),
  'refusal-start': (body, { part }) => begin(body, part, () => say(body, 'refusal')),
  'refusal-delta': (body, { part, text }) => openPart(body, part, 'said')?.delta(text),
  'refusal-end': (body, { part }) => end(body, part, 'completed', true),
  'reasoning-start': (body, { part, id }) =>
    beginItem(body, part, 'reasoning', () => ({ kind: 'reasoning', writer: writeReasoning(body.stage, id) })),
  'reasoning-delta': (body, { part, text, paragraph }) => openPart(body, part, 'reasoning')?.delta(text, paragraph),
  'reasoning-end': (body, { part, opaque }) => {
    openPart(body, part, 'reasoning')?.close(opaque)
    if (body.parts.get(part)?.kind === 'reasoning') body.parts.delete(part)
  },
  'tool-start': (body, event) =>
    beginItem(body, event.part, 'tool-call', () => ({ kind: 'tool', writer: writeCall(body.stage, event) })),
  'tool-delta': (body, { part, input }) => openPart(body, part, 'tool')?.delta(input),
  'tool-end': (body, { part }) => end(body, part, 'completed', true),
  media: (body, { media }) => showMedia(body, media),
  native: (body, { format, value }) => {
    if (format !== own) return
    leave(body)
    writeNative(body.stage, value)
  },
  logprobs: (body, { logprobs }) => {
    if (body.latest) body.latest.logprobs(logprobs)
    else body.homeless.push(...logprobs)
  },
}

/** An image is an item; what this format cannot carry in an answer is told in words where there are any. */
function showMedia(body: Body, media: MediaPart): void {
  const { kind, source, transcript } = media
  if (kind === 'image' && source.type === 'base64') {
    leave(body)
    writeImage(body.stage, source)
    return
  }
  const words = transcript ?? (kind === 'image' && source.type === 'url' ? `![image](${source.url})` : undefined)
  if (words === undefined) return
  const { writer } = say(body, 'text')
  writer.delta(words)
  writer.end()
}
