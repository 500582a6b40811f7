import { asArray, isObject, type JsonObject } from '../../../kernel/json.ts'
import type { ChatEvent } from '../../../vocabulary/chat-event.ts'
import type { AssistantPart, Opaque } from '../../../vocabulary/parts.ts'
import { readModelPart } from '../request/parts.ts'
import { camel, orAbsent, signatureOf } from '../wire.ts'
import { candidateRest, readLogprobs } from './candidate.ts'
import { finishWord, readFinish } from './finish.ts'
import { citationsIn, groundingRest, readGrounding } from './grounding.ts'
import { type PartialArgs, partialArgs } from './partial-args.ts'

/** One candidate of a stream, chunk by chunk. */
export interface CandidateReader {
  readonly index: number
  push(candidate: JsonObject): Iterable<ChatEvent>
  end(): Iterable<ChatEvent>
  finished(): boolean
  /** what of it only Google knows */
  rest(): JsonObject | undefined
}

type Open =
  | { readonly type: 'text'; readonly part: number; text: string; readonly groundings: JsonObject[] }
  | { readonly type: 'reasoning'; readonly part: number }
  | { readonly type: 'call'; readonly part: number; readonly args: PartialArgs }

/** Texts that follow each other are one part, thoughts likewise; a part stays open until another kind begins or the answer ends. */
export function readCandidate(index: number, newId: () => string): CandidateReader {
  let open: Open | undefined
  let parts = 0
  let hasCalls = false
  let finish: string | undefined
  let rest: JsonObject | undefined

  function* close(opaque?: Opaque): Iterable<ChatEvent> {
    const was = open
    open = undefined
    if (!was) return
    const place = { choice: index, part: was.part }
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

  const on: { [T in AssistantPart['type']]: (part: Extract<AssistantPart, { type: T }>) => Iterable<ChatEvent> } = {
    *text({ text }) {
      if (text === '') return
      if (open?.type !== 'text') {
        yield* close()
        open = { type: 'text', part: parts++, text: '', groundings: [] }
        yield { type: 'text-start', choice: index, part: open.part }
      }
      open.text += text
      yield { type: 'text-delta', choice: index, part: open.part, text }
    },
    *reasoning({ text, opaque }) {
      if (open?.type !== 'reasoning') {
        if (text === '' && !opaque) return
        yield* close()
        open = { type: 'reasoning', part: parts++ }
        yield { type: 'reasoning-start', choice: index, part: open.part }
      }
      if (text !== '') yield { type: 'reasoning-delta', choice: index, part: open.part, text }
      if (opaque) yield* close(opaque)
    },
    *'tool-call'({ type: _type, input, ...call }) {
      yield* close()
      hasCalls = true
      const place = { choice: index, part: parts++ }
      yield { type: 'tool-start', ...place, ...call }
      yield { type: 'tool-delta', ...place, input }
      yield { type: 'tool-end', ...place }
    },
    *media(media) {
      yield* close()
      yield { type: 'media', choice: index, part: parts++, media }
    },
    *refusal() {},
    *native({ format, value }) {
      yield* close()
      yield { type: 'native', choice: index, part: parts++, format, value }
    },
  }

  /** A call whose arguments come in pieces: named first, then fed, then ended by a piece that does not go on. */
  function* callPiece(part: JsonObject, call: JsonObject): Iterable<ChatEvent> {
    if (typeof call.name === 'string' && call.name !== '') {
      yield* close()
      hasCalls = true
      const opaque = signatureOf(part)
      open = { type: 'call', part: parts++, args: partialArgs(isObject(call.args) ? call.args : {}) }
      const id = typeof call.id === 'string' && call.id !== '' ? call.id : newId()
      yield {
        type: 'tool-start',
        choice: index,
        part: open.part,
        id,
        name: call.name,
        kind: 'function',
        ...(opaque && { opaque }),
      }
    }
    if (open?.type !== 'call') return
    open.args.add(call.partialArgs)
    if (call.willContinue !== true) yield* close()
  }

  function* part(given: JsonObject): Iterable<ChatEvent> {
    const { functionCall, ...others } = camel(given)
    const call = isObject(functionCall) ? camel(functionCall) : undefined
    const inPieces = call && (call.willContinue === true || call.partialArgs !== undefined || call.name === undefined)
    if (inPieces) return yield* callPiece(others, call)
    for (const read of readModelPart(given, newId))
      yield* (on[read.type] as (part: AssistantPart) => Iterable<ChatEvent>)(read)
  }

  function* push(candidate: JsonObject): Iterable<ChatEvent> {
    const given = isObject(candidate.content) ? asArray(camel(candidate.content).parts) : []
    for (const value of given) if (isObject(value)) yield* part(value)
    const grounding = isObject(candidate.groundingMetadata) ? candidate.groundingMetadata : undefined
    const cited = grounding && open?.type === 'text'
    if (cited) open && open.type === 'text' && open.groundings.push(grounding)
    keep(candidate, cited ? groundingRest(grounding) : grounding)
    const logprobs = readLogprobs(candidate.logprobsResult)
    if (logprobs.length > 0) yield { type: 'logprobs', choice: index, logprobs }
    finish = finishWord(candidate.finishReason) ?? finish
  }

  function keep({ groundingMetadata: _, ...candidate }: JsonObject, grounding: JsonObject | undefined): void {
    const known = rest?.groundingMetadata
    const joined = orAbsent({ ...(isObject(known) && known), ...grounding })
    rest = orAbsent({ ...rest, ...candidateRest(candidate), ...(joined && { groundingMetadata: joined }) })
  }

  return {
    index,
    push,
    *end() {
      yield* close()
      yield { type: 'choice-end', choice: index, finish: readFinish(finish ?? 'FINISH_REASON_UNSPECIFIED', hasCalls) }
    },
    finished: () => finish !== undefined,
    rest: () => rest,
  }
}
