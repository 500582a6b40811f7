import type { GatewayError } from '../../../kernel/faults.ts'
import type { Frame } from '../../../kernel/framing.ts'
import {
  asArray,
  asNumber,
  asString,
  isObject,
  type JsonObject,
  leftovers,
  type MutableJsonObject,
  parseObject,
} from '../../../kernel/json.ts'
import type { Transducer } from '../../../kernel/transducer.ts'
import type { ChatEvent } from '../../../vocabulary/chat-event.ts'
import type { Citation } from '../../../vocabulary/parts.ts'
import { noUsage, type Usage } from '../../../vocabulary/usage.ts'
import { failureIn, garbled } from '../error.ts'
import { answerKeys, readSources } from '../response.ts'
import { findUsage, readUsage } from '../usage.ts'
import { freshId } from '../wire.ts'
import { ChoiceReader } from './choice.ts'

/** Reads a stream of chunks (https://platform.openai.com/docs/api-reference/chat/streaming), whatever its server leaves out. */
export function readStream(): Transducer<Frame, ChatEvent> {
  return new StreamReader()
}

class StreamReader implements Transducer<Frame, ChatEvent> {
  readonly #choices = new Map<number, ChoiceReader>()
  readonly #emit = (event: ChatEvent): void => void this.#out.push(event)
  #out: ChatEvent[] = []
  #started = false
  #over = false
  #usage: Usage | undefined
  /** whether the last chunk told the usage alone or for the first time: both happen at the end only */
  #usageLast = false
  readonly #fields: MutableJsonObject = {}
  #sources: Citation[] = []

  push(frame: Frame): ChatEvent[] {
    if (!this.#over) this.#readFrame(frame)
    return this.#flush()
  }

  end(): ChatEvent[] {
    if (this.#over) return []
    const told = this.#choices.size > 0 && [...this.#choices.values()].every((choice) => choice.finished)
    if (told || this.#usageLast) this.#finish()
    else this.#fail(garbled('The stream ended before the answer was complete.'))
    return this.#flush()
  }

  #flush(): ChatEvent[] {
    const events = this.#out
    this.#out = []
    return events
  }

  #readFrame({ event, data }: Frame): void {
    if (data.trim() === '[DONE]') {
      this.#finish()
      return
    }
    const chunk = parseObject(data)
    // what is no object says nothing; if it cut the answer, the end will tell
    if (!chunk) return
    const failure = failureIn(chunk) ?? (event === 'error' ? failureIn({ error: chunk }) : undefined)
    if (failure) this.#fail(failure)
    else this.#readChunk(chunk)
  }

  #readChunk(chunk: JsonObject): void {
    const choices = asArray(chunk.choices).filter(isObject)
    this.#start(chunk, choices.length === 0)
    Object.assign(this.#fields, leftovers(chunk, answerKeys))
    const sources = readSources(chunk)
    if (sources.length > 0) this.#sources = sources
    choices.forEach((choice, at) => {
      this.#choiceAt(asNumber(choice.index) ?? at).read(choice)
    })
    this.#readUsage(chunk, choices.length === 0)
  }

  #start(chunk: JsonObject, bare: boolean): void {
    const id = asString(chunk.id)
    // Azure opens with a chunk that only tells of the prompt's filtering, without id and model
    if (this.#started || (!id && bare)) return
    this.#started = true
    const tier = asString(chunk.service_tier) || undefined
    this.#emit({
      type: 'response-start',
      id: id || freshId('chatcmpl-'),
      model: asString(chunk.model) ?? '',
      createdAt: asNumber(chunk.created) ?? 0,
      ...(tier !== undefined && { serviceTier: tier }),
    })
  }

  #choiceAt(index: number): ChoiceReader {
    const known = this.#choices.get(index)
    if (known) return known
    const made = new ChoiceReader(index, this.#emit)
    this.#choices.set(index, made)
    return made
  }

  #readUsage(chunk: JsonObject, bare: boolean): void {
    const raw = findUsage(chunk)
    this.#usageLast = raw !== undefined && (bare || this.#usage === undefined)
    if (!raw) return
    this.#usage = readUsage(raw)
    if (this.#started) this.#emit({ type: 'usage', usage: this.#usage })
  }

  #fail(error: GatewayError): void {
    for (const choice of this.#choices.values()) choice.end(false, this.#sources)
    this.#emit({ type: 'error', error })
    this.#over = true
  }

  #finish(): void {
    if (this.#choices.size === 0) {
      this.#fail(garbled('The stream ended without an answer.'))
      return
    }
    for (const choice of this.#choices.values()) choice.end(true, this.#sources)
    const fields = this.#fields
    const native = Object.keys(fields).length > 0 ? { native: { format: 'openai-chat' as const, fields } } : {}
    this.#emit({ type: 'response-end', usage: this.#usage ?? noUsage, ...native })
    this.#over = true
  }
}
