import type { JsonObject } from '../../../kernel/json.ts'
import type { ChatEvent, ChatEventOf } from '../../../vocabulary/chat-event.ts'
import type { Finish, TokenLogprob } from '../../../vocabulary/chat-response.ts'
import type { AssistantPart, Citation, Opaque, ToolCallPart } from '../../../vocabulary/parts.ts'
import { argumentsOf, writeModelParts } from '../request/parts.ts'
import { formatId, ownSignature } from '../wire.ts'
import { writeLogprobs } from './candidate.ts'
import { writeFinish } from './finish.ts'
import { writeGrounding } from './grounding.ts'

/** The events that belong to one choice. */
export type ChoiceEvent = Extract<ChatEvent, { readonly choice: number }>

/** One candidate of a stream on its way out. What it gives back are candidates with what is new. */
export interface CandidateWriter {
  readonly index: number
  push(event: ChoiceEvent): JsonObject[]
  /** ends what is still open */
  close(): JsonObject[]
  /** the candidate that ends the stream */
  finish(): JsonObject
  /** whether it never had any content */
  empty(): boolean
}

/** A part while its events come. Google has no numbers for parts: what comes for one that is not in front waits for its turn. */
interface OpenPart {
  readonly start: ChoiceEvent
  readonly waiting: JsonObject[]
  readonly citations: Citation[]
  text: string
  paragraph?: number | undefined
  ended: boolean
}

type Placed = { readonly part: number }

/** Writes one choice: texts and thoughts as they come, a call when it is whole. */
export function writeCandidate(index: number): CandidateWriter {
  const parts = new Map<number, OpenPart>()
  const order: OpenPart[] = []
  const logprobs: TokenLogprob[] = []
  let front = 0
  let finish: Finish | undefined
  let broken = false
  let out: JsonObject[] = []

  function tell(part: OpenPart, piece: JsonObject): void {
    if (order[front] === part) out.push({ ...piece, index })
    else part.waiting.push(piece)
  }

  function say(part: OpenPart, wire: JsonObject): void {
    tell(part, { content: { role: 'model', parts: [wire] } })
  }

  function start(event: ChoiceEvent & Placed): OpenPart | undefined {
    if (parts.has(event.part)) return undefined
    const part: OpenPart = { start: event, waiting: [], citations: [], text: '', ended: false }
    parts.set(event.part, part)
    order.push(part)
    return part
  }

  function opened({ part }: Placed, type: ChoiceEvent['type']): OpenPart | undefined {
    const found = parts.get(part)
    return found && !found.ended && found.start.type === type ? found : undefined
  }

  function end(part: OpenPart | undefined): void {
    if (!part) return
    part.ended = true
    while (order[front]?.ended) {
      front++
      for (const piece of order[front]?.waiting.splice(0) ?? []) out.push({ ...piece, index })
    }
  }

  function delta(part: OpenPart | undefined, text: string, thought: boolean): void {
    if (!part || text === '') return
    part.text += text
    say(part, thought ? { text, thought: true } : { text })
  }

  function endText(part: OpenPart | undefined): void {
    const { text = '', citations = [] } = part ?? {}
    const grounding =
      citations.length > 0 && writeGrounding([{ part: undefined, text: { type: 'text', text, citations } }])
    if (part && grounding) tell(part, { groundingMetadata: grounding })
    end(part)
  }

  function endReasoning(part: OpenPart | undefined, opaque: Opaque | undefined): void {
    const signature = ownSignature(opaque)
    if (part && signature !== undefined)
      say(part, { text: '', ...(part.text !== '' && { thought: true }), thoughtSignature: signature })
    end(part)
  }

  function endCall(part: OpenPart | undefined): void {
    if (part?.start.type === 'tool-start') {
      const { choice: _choice, part: _part, ...event } = part.start
      const call: ToolCallPart = { ...event, type: 'tool-call', input: part.text }
      // a call whose arguments broke off must not be run
      if (argumentsOf(call)) for (const wire of written(call)) say(part, wire)
      else broken = true
    }
    end(part)
  }

  function whole(event: ChoiceEvent & Placed, content: AssistantPart): void {
    const part = start(event)
    if (part) for (const wire of written(content)) say(part, wire)
    end(part)
  }

  const on: { [T in ChoiceEvent['type']]: (event: ChatEventOf<T>) => void } = {
    'text-start': (event) => void start(event),
    'text-delta': (event) => delta(opened(event, 'text-start'), event.text, false),
    'text-citation': (event) => void opened(event, 'text-start')?.citations.push(event.citation),
    'text-end': (event) => endText(opened(event, 'text-start')),
    'reasoning-start': (event) => void start(event),
    'reasoning-delta': (event) => {
      const part = opened(event, 'reasoning-start')
      const next = part && part.text !== '' && part.paragraph !== event.paragraph
      delta(part, next ? `\n\n${event.text}` : event.text, true)
      if (part) part.paragraph = event.paragraph
    },
    'reasoning-end': (event) => endReasoning(opened(event, 'reasoning-start'), event.opaque),
    'tool-start': (event) => void start(event),
    'tool-delta': (event) => {
      const part = opened(event, 'tool-start')
      if (part) part.text += event.input
    },
    'tool-end': (event) => endCall(opened(event, 'tool-start')),
    'refusal-start': (event) => void start(event),
    'refusal-delta': (event) => delta(opened(event, 'refusal-start'), event.text, false),
    'refusal-end': (event) => end(opened(event, 'refusal-start')),
    media: (event) => whole(event, event.media),
    native: (event) => {
      if (event.format === formatId) whole(event, { type: 'native', format: event.format, value: event.value })
    },
    logprobs: (event) => void logprobs.push(...event.logprobs),
    'choice-end': (event) => {
      closeAll()
      finish = event.finish
    },
  }

  function closeAll(): void {
    for (const part of order) {
      if (part.ended) continue
      if (part.start.type === 'tool-start') endCall(part)
      else if (part.start.type === 'text-start') endText(part)
      else end(part)
    }
  }

  function taken(): JsonObject[] {
    const pieces = out
    out = []
    return pieces
  }

  return {
    index,
    push(event) {
      if (!finish) (on[event.type] as (event: ChoiceEvent) => void)(event)
      return taken()
    },
    close() {
      closeAll()
      return taken()
    },
    finish: () => ({
      content: { role: 'model', parts: [{ text: '' }] },
      finishReason:
        broken && finish?.reason !== 'length' ? 'MALFORMED_FUNCTION_CALL' : writeFinish(finish ?? { reason: 'other' }),
      index,
      ...(logprobs.length > 0 && { logprobsResult: writeLogprobs(logprobs) }),
    }),
    empty: () => order.length === 0,
  }
}

const asNamed = { wire: (name: string): string => name }

function written(part: AssistantPart): JsonObject[] {
  return writeModelParts([part], { names: asNamed, warnings: [], path: '' })
}
