import { GatewayError } from '../../kernel/faults.ts'
import type { Frame } from '../../kernel/framing.ts'
import { asArray, asNumber, asString, isArray, isObject, type Json, type JsonObject } from '../../kernel/json.ts'
import type { Transducer } from '../../kernel/transducer.ts'
import type { ChatEvent, ChatEventOf } from '../../vocabulary/chat-event.ts'
import { usageOf } from '../../vocabulary/usage.ts'
import { bodyError, errorFrame } from './error.ts'
import { callIds, joinGrounding, nativeFields, ownNative, secondsOf, timeOf } from './response/candidate.ts'
import { CandidateReader } from './response/candidate-read.ts'
import { CandidateWriter } from './response/candidate-write.ts'
import { meterUsage, tierOf, writeUsage } from './response/usage.ts'
import { blockedChoice } from './response.ts'
import { camel } from './wire.ts'

/** Reads a stream of GenerateContentResponses, each with what is new; Google ends it by ending it. */
export function readStream(): Transducer<Frame, ChatEvent> {
  return new StreamReader()
}

/**
 * Writes a stream as Google does: every frame a GenerateContentResponse with what is new, the last one with the finish reasons and
 * the usage, nothing behind it. An error, also an answer that breaks off, is one last frame.
 */
export function writeStream(): Transducer<ChatEvent, Frame> {
  return new StreamWriter()
}

class StreamReader implements Transducer<Frame, ChatEvent> {
  readonly #meter = meterUsage()
  readonly #candidates = new Map<number, CandidateReader>()
  #newId: (() => string) | undefined
  #fields: JsonObject = {}
  #failed = false
  #blocked: string | undefined

  push({ data }: Frame): ChatEvent[] {
    // the proxies of some vendors end the stream as OpenAI does
    return this.#failed || data === '' || data === '[DONE]' ? [] : [...this.#read(data)]
  }

  end(): ChatEvent[] {
    return this.#failed ? [] : [...this.#finish()]
  }

  *#read(data: string): Iterable<ChatEvent> {
    const value = parse(data)
    if (value === undefined) {
      const what = 'The provider sent something in its stream that is not JSON.'
      return yield* this.#fail(new GatewayError('provider-garbled', what))
    }
    for (const member of isArray(value) ? value : [value])
      if (!this.#failed && isObject(member)) yield* this.#body(member)
  }

  *#body(given: JsonObject): Iterable<ChatEvent> {
    const error = bodyError(given)
    if (error) return yield* this.#fail(error)
    const response = camel(given)
    const { usageMetadata, promptFeedback, candidates } = response
    if (!this.#newId) yield this.#start(response)
    this.#fields = { ...this.#fields, ...response }
    this.#meter.read(given)
    const usage = isObject(usageMetadata) && camel(usageMetadata).promptTokenCount !== undefined && this.#meter.usage()
    if (usage) yield { type: 'usage', usage }
    if (isObject(promptFeedback)) this.#blocked ??= asString(camel(promptFeedback).blockReason)
    for (const [at, entry] of asArray(candidates).entries())
      if (isObject(entry)) yield* this.#candidate(camel(entry), at)
  }

  #start(response: JsonObject): ChatEvent {
    const id = asString(response.responseId) ?? ''
    this.#newId = callIds(id)
    const serviceTier = isObject(response.usageMetadata) ? tierOf(response.usageMetadata) : undefined
    return {
      type: 'response-start',
      id,
      model: asString(response.modelVersion) ?? '',
      createdAt: secondsOf(response.createTime),
      ...(serviceTier !== undefined && { serviceTier }),
    }
  }

  #candidate(given: JsonObject, at: number): Iterable<ChatEvent> {
    const index = asNumber(given.index) ?? at
    const reader = this.#candidates.get(index) ?? new CandidateReader(index, () => this.#newId?.() ?? '')
    this.#candidates.set(index, reader)
    return reader.push(given)
  }

  *#fail(error: GatewayError): Iterable<ChatEvent> {
    this.#failed = true
    yield { type: 'error', error }
  }

  *#finish(): Iterable<ChatEvent> {
    const list = [...this.#candidates.values()]
    const refused = list.length === 0 && this.#blocked !== undefined
    if (!refused && !list.some((reader) => reader.finished())) return yield* this.#fail(brokenOff())
    for (const reader of list) yield* reader.end()
    if (refused) {
      const { index, finish } = blockedChoice(this.#blocked ?? '')
      yield { type: 'choice-end', choice: index, finish }
    }
    const rests = new Map<number, JsonObject>()
    for (const reader of list) {
      const rest = reader.rest()
      if (rest) rests.set(reader.index, rest)
    }
    yield { type: 'response-end', usage: this.#meter.usage() ?? usageOf({}), ...nativeFields(this.#fields, rests) }
  }
}

function parse(data: string): Json | undefined {
  try {
    return JSON.parse(data) as Json
  } catch {
    return undefined
  }
}

class StreamWriter implements Transducer<ChatEvent, Frame> {
  readonly #candidates = new Map<number, CandidateWriter>()
  #start: ChatEventOf<'response-start'> | undefined
  #told = false
  #closed = false

  push(event: ChatEvent): Frame[] {
    if (this.#closed) return []
    if (event.type === 'response-start') this.#start ??= event
    if (event.type === 'error') {
      this.#closed = true
      return [errorFrame(event.error)]
    }
    if (event.type === 'response-end') {
      const left = [...this.#candidates.values()].flatMap((candidate) => candidate.close())
      this.#closed = true
      return [...left.map((candidate) => this.#frame({ candidates: [candidate] })), this.#last(event)]
    }
    if (!('choice' in event)) return []
    return this.#candidate(event.choice)
      .push(event)
      .map((candidate) => this.#frame({ candidates: [candidate] }))
  }

  end(): Frame[] {
    return this.push({ type: 'error', error: brokenOff() })
  }

  #candidate(index: number): CandidateWriter {
    const candidate = this.#candidates.get(index) ?? new CandidateWriter(index)
    this.#candidates.set(index, candidate)
    return candidate
  }

  #frame(body: JsonObject): Frame {
    const { model = '', createdAt = 0, id = '', serviceTier } = this.#start ?? {}
    // Google names the tier from the first frame on
    const tier = !this.#told && serviceTier !== undefined && { usageMetadata: { serviceTier } }
    this.#told = true
    const meta = {
      ...(model !== '' && { modelVersion: model }),
      ...timeOf(createdAt),
      ...(id !== '' && { responseId: id }),
    }
    return { data: JSON.stringify({ ...tier, ...body, ...meta }) }
  }

  #last({ native, usage }: ChatEventOf<'response-end'>): Frame {
    const { fields, rests } = ownNative(native ?? this.#start?.native)
    const refused = typeof fields.promptFeedback === 'object'
    const candidates = [...this.#candidates.values()]
      .filter((candidate) => !refused || !candidate.empty())
      .sort((a, b) => a.index - b.index)
      .map((candidate) => ({ ...candidate.finish(), ...joinGrounding(undefined, rests.get(candidate.index)) }))
    const serviceTier = this.#start?.serviceTier
    return this.#frame({
      ...(candidates.length > 0 && { candidates }),
      ...fields,
      usageMetadata: { ...writeUsage(usage), ...(serviceTier !== undefined && { serviceTier }) },
    })
  }
}

function brokenOff(): GatewayError {
  return new GatewayError('provider-garbled', 'the stream ended before the answer was complete')
}
