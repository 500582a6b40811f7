import { GatewayError } from '../../kernel/faults.ts'
import type { Frame } from '../../kernel/framing.ts'
import { asArray, asNumber, asString, isArray, isObject, type Json, type JsonObject } from '../../kernel/json.ts'
import type { Transducer } from '../../kernel/transducer.ts'
import type { ChatEvent, ChatEventOf } from '../../vocabulary/chat-event.ts'
import { usageOf } from '../../vocabulary/usage.ts'
import { bodyError, errorFrame } from './error.ts'
import { callIds, joinGrounding, nativeFields, ownNative, secondsOf, timeOf } from './response/candidate.ts'
import { type CandidateReader, readCandidate } from './response/candidate-read.ts'
import { type CandidateWriter, writeCandidate } from './response/candidate-write.ts'
import { meterUsage, tierOf, writeUsage } from './response/usage.ts'
import { camel } from './wire.ts'

/** Reads a stream of GenerateContentResponses, each with what is new; Google ends it by ending it. */
export function readStream(): Transducer<Frame, ChatEvent> {
  const meter = meterUsage()
  const candidates = new Map<number, CandidateReader>()
  let newId: (() => string) | undefined
  let fields: JsonObject = {}
  let started = false
  let failed = false
  let blocked: string | undefined

  function* body(given: JsonObject): Iterable<ChatEvent> {
    const error = bodyError(given)
    if (error) return yield* fail(error)
    const response = camel(given)
    if (!started) yield* start(response)
    fields = { ...fields, ...response }
    meter.read(given)
    const usage =
      isObject(response.usageMetadata) && response.usageMetadata.promptTokenCount !== undefined && meter.usage()
    if (usage) yield { type: 'usage', usage }
    if (isObject(response.promptFeedback)) blocked ??= asString(camel(response.promptFeedback).blockReason)
    for (const [at, entry] of asArray(response.candidates).entries())
      if (isObject(entry)) yield* candidate(camel(entry), at)
  }

  function* start(response: JsonObject): Iterable<ChatEvent> {
    started = true
    const id = asString(response.responseId) ?? ''
    newId = callIds(id)
    const serviceTier = isObject(response.usageMetadata) ? tierOf(response.usageMetadata) : undefined
    yield {
      type: 'response-start',
      id,
      model: asString(response.modelVersion) ?? '',
      createdAt: secondsOf(response.createTime),
      ...(serviceTier !== undefined && { serviceTier }),
    }
  }

  function candidate(given: JsonObject, at: number): Iterable<ChatEvent> {
    const index = asNumber(given.index) ?? at
    const reader = candidates.get(index) ?? readCandidate(index, () => newId?.() ?? '')
    candidates.set(index, reader)
    return reader.push(given)
  }

  function* fail(error: GatewayError): Iterable<ChatEvent> {
    failed = true
    yield { type: 'error', error }
  }

  function* read(data: string): Iterable<ChatEvent> {
    const value = parse(data)
    if (value === undefined)
      return yield* fail(
        new GatewayError('provider-garbled', 'The provider sent something in its stream that is not JSON.'),
      )
    for (const member of isArray(value) ? value : [value]) if (!failed && isObject(member)) yield* body(member)
  }

  function* finish(): Iterable<ChatEvent> {
    const list = [...candidates.values()]
    if (!list.some((reader) => reader.finished()) && (blocked === undefined || list.length > 0))
      return yield* fail(brokenOff())
    for (const reader of list) yield* reader.end()
    if (list.length === 0)
      yield {
        type: 'choice-end',
        choice: 0,
        finish: { reason: 'content-filter', ...(blocked !== undefined && { raw: blocked }) },
      }
    const rests = new Map(list.flatMap((reader) => (reader.rest() ? [[reader.index, reader.rest()!] as const] : [])))
    yield { type: 'response-end', usage: meter.usage() ?? usageOf({}), ...nativeFields(fields, rests) }
  }

  return {
    // the proxies of some vendors end the stream as OpenAI does
    push: ({ data }) => (failed || data === '' || data === '[DONE]' ? [] : [...read(data)]),
    end: () => (failed ? [] : [...finish()]),
  }
}

function parse(data: string): Json | undefined {
  try {
    return JSON.parse(data) as Json
  } catch {
    return undefined
  }
}

type Start = ChatEventOf<'response-start'>
type End = ChatEventOf<'response-end'>

/**
 * Writes a stream as Google does: every frame a GenerateContentResponse with what is new, the last one with the finish reasons and
 * the usage, nothing behind it. An error, also an answer that breaks off, is one last frame.
 */
export function writeStream(): Transducer<ChatEvent, Frame> {
  const candidates = new Map<number, CandidateWriter>()
  let start: Start | undefined
  let told = false
  let closed = false

  function frame(body: JsonObject): Frame {
    const { model = '', createdAt = 0, id = '', serviceTier } = start ?? {}
    // Google names the tier from the first frame on
    const tier = !told && serviceTier !== undefined && { usageMetadata: { serviceTier } }
    told = true
    const meta = {
      ...(model !== '' && { modelVersion: model }),
      ...timeOf(createdAt),
      ...(id !== '' && { responseId: id }),
    }
    return { data: JSON.stringify({ ...tier, ...body, ...meta }) }
  }

  function candidateOf(index: number): CandidateWriter {
    const known = candidates.get(index)
    if (known) return known
    const made = writeCandidate(index)
    candidates.set(index, made)
    return made
  }

  function last(end: End): Frame {
    const { fields, rests } = ownNative(end.native ?? start?.native)
    const list = [...candidates.values()].sort((a, b) => a.index - b.index)
    const refused = typeof fields.promptFeedback === 'object'
    const shown = list.filter((candidate) => !refused || !candidate.empty())
    const written = shown.map((candidate) => ({
      ...candidate.finish(),
      ...joinGrounding(undefined, rests.get(candidate.index)),
    }))
    const serviceTier = start?.serviceTier
    return frame({
      ...(written.length > 0 && { candidates: written }),
      ...fields,
      usageMetadata: { ...writeUsage(end.usage), ...(serviceTier !== undefined && { serviceTier }) },
    })
  }

  function push(event: ChatEvent): Frame[] {
    if (closed) return []
    if (event.type === 'response-start') start ??= event
    if (event.type === 'error' || event.type === 'response-end') {
      closed = true
      if (event.type === 'error') return [errorFrame(event.error)]
      const left = [...candidates.values()].flatMap((candidate) => candidate.close())
      return [...left.map((candidate) => frame({ candidates: [candidate] })), last(event)]
    }
    if (!('choice' in event)) return []
    return candidateOf(event.choice)
      .push(event)
      .map((candidate) => frame({ candidates: [candidate] }))
  }

  return {
    push,
    end: () => (closed ? [] : push({ type: 'error', error: brokenOff() })),
  }
}

function brokenOff(): GatewayError {
  return new GatewayError('provider-garbled', 'the stream ended before the answer was complete')
}
