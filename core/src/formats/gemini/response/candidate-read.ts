import { asArray, isObject, type JsonObject } from '../../../kernel/json.ts'
import type { ChatEvent } from '../../../vocabulary/chat-event.ts'
import type { AssistantPart, Opaque, ToolCallPart } from '../../../vocabulary/parts.ts'
import { readModelPart } from '../request/parts.ts'
import { camel, orAbsent, signatureOf } from '../wire.ts'
import { candidateRest, readLogprobs } from './candidate.ts'
import { finishWord, readFinish } from './finish.ts'
import { citationsIn, groundingRest, readGrounding } from './grounding.ts'
import { type PartialArgs, partialArgs } from './partial-args.ts'

type Open =
  | { readonly type: 'text'; readonly part: number; text: string; readonly groundings: JsonObject[] }
  | { readonly type: 'reasoning'; readonly part: number }
  | { readonly type: 'call'; readonly part: number; readonly args: PartialArgs }

/**
 * One candidate of a stream, chunk by chunk. Texts that follow each other are one part, thoughts likewise; a part stays open until
 * another kind begins or the answer ends.
 */
export class CandidateReader {
  readonly index: number
  readonly #newId: () => string
  #open: Open | undefined
  #parts = 0
  #hasCalls = false
  #finish: string | undefined
  #rest: JsonObject | undefined

  constructor(index: number, newId: () => string) {
    this.index = index
    this.#newId = newId
  }

  *push(candidate: JsonObject): Iterable<ChatEvent> {
    const given = isObject(candidate.content) ? asArray(camel(candidate.content).parts) : []
    for (const value of given) if (isObject(value)) yield* this.#part(value)
    this.#keep(candidate)
    const logprobs = readLogprobs(candidate.logprobsResult)
    if (logprobs.length > 0) yield { type: 'logprobs', choice: this.index, logprobs }
    this.#finish = finishWord(candidate.finishReason) ?? this.#finish
  }

  *end(): Iterable<ChatEvent> {
    yield* this.#close()
    const finish = readFinish(this.#finish ?? 'FINISH_REASON_UNSPECIFIED', this.#hasCalls)
    yield { type: 'choice-end', choice: this.index, finish }
  }

  finished(): boolean {
    return this.#finish !== undefined
  }

  /** What of it only Google knows. */
  rest(): JsonObject | undefined {
    return this.#rest
  }

  #next(): { readonly choice: number; readonly part: number } {
    return { choice: this.index, part: this.#parts++ }
  }

  *#close(opaque?: Opaque): Iterable<ChatEvent> {
    const was = this.#open
    this.#open = undefined
    if (!was) return
    const place = { choice: this.index, part: was.part }
    if (was.type === 'reasoning') yield { type: 'reasoning-end', ...place, ...(opaque && { opaque }) }
    else if (was.type === 'call') {
      yield { type: 'tool-delta', ...place, input: JSON.stringify(was.args.value()) }
      yield { type: 'tool-end', ...place }
    } else {
      for (const citation of citationsIn(was.text, was.groundings.flatMap(readGrounding)))
        yield { type: 'text-citation', ...place, citation }
      yield { type: 'text-end', ...place }
    }
  }

  *#part(given: JsonObject): Iterable<ChatEvent> {
    const { functionCall, ...others } = camel(given)
    const call = isObject(functionCall) ? camel(functionCall) : undefined
    const inPieces = call && (call.willContinue === true || call.partialArgs !== undefined || call.name === undefined)
    if (inPieces) return yield* this.#callPiece(others, call)
    for (const read of readModelPart(given, this.#newId))
      yield* (this.#on[read.type] as (part: AssistantPart) => Iterable<ChatEvent>)(read)
  }

  *#text(text: string): Iterable<ChatEvent> {
    if (text === '') return
    if (this.#open?.type !== 'text') {
      yield* this.#close()
      const place = this.#next()
      this.#open = { type: 'text', part: place.part, text: '', groundings: [] }
      yield { type: 'text-start', ...place }
    }
    this.#open.text += text
    yield { type: 'text-delta', choice: this.index, part: this.#open.part, text }
  }

  *#reasoning(text: string, opaque: Opaque | undefined): Iterable<ChatEvent> {
    if (this.#open?.type !== 'reasoning') {
      if (text === '' && !opaque) return
      yield* this.#close()
      const place = this.#next()
      this.#open = { type: 'reasoning', part: place.part }
      yield { type: 'reasoning-start', ...place }
    }
    if (text !== '') yield { type: 'reasoning-delta', choice: this.index, part: this.#open.part, text }
    if (opaque) yield* this.#close(opaque)
  }

  *#whole(event: ChatEvent): Iterable<ChatEvent> {
    yield* this.#close()
    yield event
  }

  *#call({ type: _type, input, cache: _cache, ...call }: ToolCallPart): Iterable<ChatEvent> {
    yield* this.#close()
    this.#hasCalls = true
    const place = this.#next()
    yield { type: 'tool-start', ...place, ...call }
    yield { type: 'tool-delta', ...place, input }
    yield { type: 'tool-end', ...place }
  }

  /** A call whose arguments come in pieces: named first, then fed, then ended by a piece that does not go on. */
  *#callPiece(part: JsonObject, call: JsonObject): Iterable<ChatEvent> {
    const { name, id, args } = call
    if (typeof name === 'string' && name !== '') {
      yield* this.#close()
      this.#hasCalls = true
      const opaque = signatureOf(part)
      const place = this.#next()
      this.#open = { type: 'call', part: place.part, args: partialArgs(isObject(args) ? args : {}) }
      const known = typeof id === 'string' && id !== '' ? id : this.#newId()
      yield { type: 'tool-start', ...place, id: known, name, kind: 'function', ...(opaque && { opaque }) }
    }
    if (this.#open?.type !== 'call') return
    this.#open.args.add(call.partialArgs)
    if (call.willContinue !== true) yield* this.#close()
  }

  /** Sources of a text that is open are cited at its end; what cannot be cited is kept as it stood. */
  #keep({ groundingMetadata, ...candidate }: JsonObject): void {
    const grounding = isObject(groundingMetadata) ? groundingMetadata : undefined
    const text = this.#open?.type === 'text' ? this.#open : undefined
    if (grounding) text?.groundings.push(grounding)
    const known = this.#rest?.groundingMetadata
    const joined = orAbsent({
      ...(isObject(known) && known),
      ...(grounding && text ? groundingRest(grounding) : grounding),
    })
    this.#rest = orAbsent({ ...this.#rest, ...candidateRest(candidate), ...(joined && { groundingMetadata: joined }) })
  }

  readonly #on: { [T in AssistantPart['type']]: (part: Extract<AssistantPart, { type: T }>) => Iterable<ChatEvent> } = {
    text: ({ text }) => this.#text(text),
    reasoning: ({ text, opaque }) => this.#reasoning(text, opaque),
    'tool-call': (part) => this.#call(part),
    media: (media) => this.#whole({ type: 'media', ...this.#next(), media }),
    native: ({ format, value }) => this.#whole({ type: 'native', ...this.#next(), format, value }),
    refusal: () => [],
  }
}
