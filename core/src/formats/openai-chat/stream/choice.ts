import { asArray, asObject, asString, isArray, isObject, type Json, type JsonObject } from '../../../kernel/json.ts'
import type { ChatEvent } from '../../../vocabulary/chat-event.ts'
import type { Citation, Opaque } from '../../../vocabulary/parts.ts'
import { type AudioPieces, closeAudio, gatherAudio, readImage } from '../parts/media.ts'
import { detailText, mergeDetails, readThinkingBlock, reasoningText, sealDetails } from '../parts/reasoning.ts'
import { markedCitations, readFragment } from '../response.ts'
import { readAnnotation, readFinish, readLogprobs } from '../wire.ts'
import { CallReader } from './calls.ts'

type Kind = 'text' | 'reasoning' | 'refusal'

interface OpenPart {
  readonly kind: Kind
  readonly part: number
  text: string
  cited: boolean
  opaque?: Opaque
}

/** Reads the chunks of one choice. A part ends when one of another kind starts; what comes later of its kind is a new part. */
export class ChoiceReader {
  readonly #choice: number
  readonly #emit: (event: ChatEvent) => void
  readonly #calls: CallReader
  readonly #audio: AudioPieces = { data: [] }
  #parts = 0
  #open: OpenPart | undefined
  #word: string | undefined
  /** the member of `choices` that told the end */
  #last: JsonObject | undefined
  /** whether plain reasoning text came, so that details only repeat it */
  #thought = false
  #details: JsonObject[] = []

  constructor(choice: number, emit: (event: ChatEvent) => void) {
    this.#choice = choice
    this.#emit = emit
    this.#calls = new CallReader({
      choice,
      emit,
      nextPart: () => this.#parts++,
      beforeCall: () => this.#close(),
    })
  }

  /** Whether the provider said why the choice ended. */
  get finished(): boolean {
    return this.#word !== undefined
  }

  read(chunk: JsonObject): void {
    const delta = asObject(chunk.delta) ?? asObject(chunk.message)
    if (delta) this.#readDelta(delta)
    const logprobs = readLogprobs(chunk.logprobs)
    if (logprobs.length > 0) this.#emit({ type: 'logprobs', choice: this.#choice, logprobs })
    const reason = asString(chunk.finish_reason)
    if (reason === undefined) return
    this.#word = reason || this.#word
    this.#last = chunk
  }

  /** Ends what is open, and the choice too when the stream is known to be whole. */
  end(whole: boolean, sources: readonly Citation[]): void {
    if (this.#open?.kind === 'text' && !this.#open.cited)
      for (const citation of markedCitations(this.#open.text, sources)) this.#cite(citation)
    this.#close()
    this.#calls.end()
    for (const media of closeAudio(this.#audio))
      this.#emit({ type: 'media', choice: this.#choice, part: this.#parts++, media })
    if (!whole) return
    const last = this.#last
    const ended = {
      word: this.#word ?? last?.finish_reason,
      hasTools: this.#calls.any(),
      ...(last && { choice: last }),
    }
    this.#emit({ type: 'choice-end', choice: this.#choice, finish: readFinish(ended) })
  }

  #readDelta(delta: JsonObject): void {
    this.#think(delta)
    this.#speak(delta.content)
    this.#say('refusal', asString(delta.refusal) ?? '')
    for (const annotation of asArray(delta.annotations)) {
      const citation = readAnnotation(annotation)
      if (citation) this.#cite(citation)
    }
    for (const image of asArray(delta.images)) this.#show(image)
    for (const call of asArray(delta.tool_calls)) if (isObject(call)) this.#calls.read(call)
    const legacy = asObject(delta.function_call)
    if (legacy?.name || legacy?.arguments) this.#calls.read({ index: -1, function: legacy })
    gatherAudio(delta.audio, this.#audio)
  }

  #close(): void {
    if (!this.#open) return
    const { kind, part, opaque } = this.#open
    const place = { choice: this.#choice, part }
    this.#open = undefined
    const sealed = kind === 'reasoning' ? (opaque ?? sealDetails(mergeDetails(this.#details))) : undefined
    if (kind === 'reasoning') this.#details = []
    this.#emit({ type: `${kind}-end`, ...place, ...(sealed && { opaque: sealed }) })
  }

  #ensure(kind: Kind): OpenPart {
    if (this.#open?.kind === kind) return this.#open
    this.#close()
    this.#calls.settle()
    const open: OpenPart = { kind, part: this.#parts++, text: '', cited: false }
    this.#open = open
    this.#emit({ type: `${kind}-start`, choice: this.#choice, part: open.part })
    return open
  }

  #say(kind: Kind, text: string): void {
    if (text === '') return
    const open = this.#ensure(kind)
    open.text += text
    this.#emit({ type: `${kind}-delta`, choice: this.#choice, part: open.part, text })
  }

  #think(delta: JsonObject): void {
    const text = reasoningText(delta)
    this.#thought ||= text !== ''
    this.#say('reasoning', text)
    for (const block of asArray(delta.thinking_blocks)) this.#thinkBlock(block, text !== '')
    const details = asArray(delta.reasoning_details).filter(isObject)
    if (!this.#thought) this.#say('reasoning', details.map(detailText).join(''))
    if (sealDetails(details)) this.#ensure('reasoning')
    if (this.#open?.kind === 'reasoning') this.#details.push(...details)
  }

  /** A block is a fragment beside the plain text (then `told`), or comes whole with its seal after it. */
  #thinkBlock(value: Json, told: boolean): void {
    for (const { text, opaque } of readThinkingBlock(value)) {
      const repeats = told || (opaque !== undefined && this.#open?.kind === 'reasoning' && this.#open.text === text)
      if (opaque?.kind === 'redacted') this.#close()
      if (!repeats) this.#say('reasoning', text)
      if (!opaque) continue
      this.#ensure('reasoning').opaque = opaque
      this.#close()
    }
  }

  #speak(content: Json | undefined): void {
    if (typeof content === 'string') this.#say('text', content)
    else if (isObject(content)) this.#say('text', JSON.stringify(content))
    else if (isArray(content)) for (const value of content) this.#speakPart(value)
  }

  #speakPart(value: Json): void {
    const said = readFragment(value)
    if (said) this.#say(said.kind, said.text)
    else this.#show(value)
  }

  #show(image: Json): void {
    for (const media of readImage(image)) {
      this.#close()
      this.#emit({ type: 'media', choice: this.#choice, part: this.#parts++, media })
    }
  }

  #cite(citation: Citation): void {
    const open = this.#ensure('text')
    open.cited = true
    this.#emit({ type: 'text-citation', choice: this.#choice, part: open.part, citation })
  }
}
