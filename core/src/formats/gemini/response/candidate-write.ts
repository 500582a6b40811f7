import type { JsonObject } from '../../../kernel/json.ts'
import type { ChatEvent, ChatEventOf } from '../../../vocabulary/chat-event.ts'
import type { Finish, TokenLogprob } from '../../../vocabulary/chat-response.ts'
import type { AssistantPart, Citation, Opaque, ToolCallPart } from '../../../vocabulary/parts.ts'
import { isWhole, writeModelParts } from '../request/parts.ts'
import { formatId, ownSignature } from '../wire.ts'
import { writeLogprobs } from './candidate.ts'
import { writeFinish } from './finish.ts'
import { writeGrounding } from './grounding.ts'

/** The events that belong to one choice. */
export type ChoiceEvent = Extract<ChatEvent, { readonly choice: number }>

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

/** One candidate of a stream on its way out: texts and thoughts as they come, a call when it is whole. */
export class CandidateWriter {
  readonly index: number
  readonly #parts = new Map<number, OpenPart>()
  readonly #order: OpenPart[] = []
  readonly #logprobs: TokenLogprob[] = []
  #front = 0
  #finish: Finish | undefined
  #broken = false
  #out: JsonObject[] = []

  constructor(index: number) {
    this.index = index
  }

  /** Candidates with what is new since the last event. */
  push(event: ChoiceEvent): JsonObject[] {
    if (!this.#finish) (this.#on[event.type] as (event: ChoiceEvent) => void)(event)
    return this.#taken()
  }

  /** Ends what is still open. */
  close(): JsonObject[] {
    for (const part of this.#order) {
      if (part.ended) continue
      if (part.start.type === 'tool-start') this.#endCall(part)
      else if (part.start.type === 'text-start') this.#endText(part)
      else this.#end(part)
    }
    return this.#taken()
  }

  /** The candidate that ends the stream. */
  finish(): JsonObject {
    const broken = this.#broken && this.#finish?.reason !== 'length'
    return {
      content: { role: 'model', parts: [{ text: '' }] },
      finishReason: broken ? 'MALFORMED_FUNCTION_CALL' : writeFinish(this.#finish ?? { reason: 'other' }),
      index: this.index,
      ...(this.#logprobs.length > 0 && { logprobsResult: writeLogprobs(this.#logprobs) }),
    }
  }

  /** Whether it never had any content. */
  empty(): boolean {
    return this.#order.length === 0
  }

  #taken(): JsonObject[] {
    const pieces = this.#out
    this.#out = []
    return pieces
  }

  #tell(part: OpenPart, piece: JsonObject): void {
    if (this.#order[this.#front] === part) this.#out.push({ ...piece, index: this.index })
    else part.waiting.push(piece)
  }

  #say(part: OpenPart, wire: JsonObject): void {
    this.#tell(part, { content: { role: 'model', parts: [wire] } })
  }

  #start(event: ChoiceEvent & Placed): OpenPart | undefined {
    if (this.#parts.has(event.part)) return undefined
    const part: OpenPart = { start: event, waiting: [], citations: [], text: '', ended: false }
    this.#parts.set(event.part, part)
    this.#order.push(part)
    return part
  }

  #opened({ part }: Placed, type: ChoiceEvent['type']): OpenPart | undefined {
    const found = this.#parts.get(part)
    return found && !found.ended && found.start.type === type ? found : undefined
  }

  #end(part: OpenPart | undefined): void {
    if (!part) return
    part.ended = true
    while (this.#order[this.#front]?.ended) {
      this.#front++
      for (const piece of this.#order[this.#front]?.waiting.splice(0) ?? [])
        this.#out.push({ ...piece, index: this.index })
    }
  }

  #delta(part: OpenPart | undefined, text: string, thought = false): void {
    if (!part || text === '') return
    part.text += text
    this.#say(part, thought ? { text, thought: true } : { text })
  }

  #thought(event: ChatEventOf<'reasoning-delta'>): void {
    const part = this.#opened(event, 'reasoning-start')
    if (!part) return
    const next = part.text !== '' && part.paragraph !== event.paragraph
    this.#delta(part, next ? `\n\n${event.text}` : event.text, true)
    part.paragraph = event.paragraph
  }

  #endText(part: OpenPart | undefined): void {
    const { text = '', citations = [] } = part ?? {}
    const cited = { part: undefined, text: { type: 'text', text, citations } } as const
    const groundingMetadata = writeGrounding([cited])
    if (part && groundingMetadata) this.#tell(part, { groundingMetadata })
    this.#end(part)
  }

  #endReasoning(part: OpenPart | undefined, opaque: Opaque | undefined): void {
    const signature = ownSignature(opaque)
    if (part && signature !== undefined)
      this.#say(part, { text: '', ...(part.text !== '' && { thought: true }), thoughtSignature: signature })
    this.#end(part)
  }

  #endCall(part: OpenPart | undefined): void {
    if (part?.start.type === 'tool-start') {
      const { choice: _choice, part: _part, ...event } = part.start
      const call: ToolCallPart = { ...event, type: 'tool-call', input: part.text }
      // a call that broke off must not be run
      if (isWhole(call)) for (const wire of written(call)) this.#say(part, wire)
      else this.#broken = true
    }
    this.#end(part)
  }

  #whole(event: ChoiceEvent & Placed, content: AssistantPart): void {
    const part = this.#start(event)
    if (part) for (const wire of written(content)) this.#say(part, wire)
    this.#end(part)
  }

  readonly #on: { [T in ChoiceEvent['type']]: (event: ChatEventOf<T>) => void } = {
    'text-start': (event) => void this.#start(event),
    'text-delta': (event) => this.#delta(this.#opened(event, 'text-start'), event.text),
    'text-citation': (event) => void this.#opened(event, 'text-start')?.citations.push(event.citation),
    'text-end': (event) => this.#endText(this.#opened(event, 'text-start')),
    'reasoning-start': (event) => void this.#start(event),
    'reasoning-delta': (event) => this.#thought(event),
    'reasoning-end': (event) => this.#endReasoning(this.#opened(event, 'reasoning-start'), event.opaque),
    'tool-start': (event) => void this.#start(event),
    'tool-delta': (event) => {
      const part = this.#opened(event, 'tool-start')
      if (part) part.text += event.input
    },
    'tool-end': (event) => this.#endCall(this.#opened(event, 'tool-start')),
    'refusal-start': (event) => void this.#start(event),
    'refusal-delta': (event) => this.#delta(this.#opened(event, 'refusal-start'), event.text),
    'refusal-end': (event) => this.#end(this.#opened(event, 'refusal-start')),
    media: (event) => this.#whole(event, event.media),
    native: (event) => {
      if (event.format === formatId) this.#whole(event, { type: 'native', format: event.format, value: event.value })
    },
    logprobs: (event) => void this.#logprobs.push(...event.logprobs),
    'choice-end': (event) => {
      this.#out = this.close()
      this.#finish = event.finish
    },
  }
}

const asNamed = { wire: (name: string): string => name }

function written(part: AssistantPart): JsonObject[] {
  return writeModelParts([part], { names: asNamed, warnings: [], path: '' })
}
