import type { Frame } from '../../../kernel/framing.ts'
import { compact, type JsonObject } from '../../../kernel/json.ts'
import type { Transducer } from '../../../kernel/transducer.ts'
import type { ChatEvent, ChatEventOf } from '../../../vocabulary/chat-event.ts'
import type { ChatRequest } from '../../../vocabulary/chat-request.ts'
import type { Finish } from '../../../vocabulary/chat-response.ts'
import { errorFrame, garbled } from '../error.ts'
import { writeAnswerMedia } from '../parts/media.ts'
import { openDetails, writeCallSeal, writeThinkingBlock } from '../parts/reasoning.ts'
import { writeUsage } from '../usage.ts'
import { freshId, writeAnnotation, writeFinish, writeLogprobs } from '../wire.ts'

interface OpenChoice {
  /** tool calls in the order of their start */
  readonly calls: { readonly part: number; readonly kind: 'function' | 'custom' }[]
  /** reasoning by part, to be sealed at its end */
  readonly thoughts: Map<number, { text: string; paragraph: number | undefined }>
  refused: boolean
  finish?: Finish
}

type Handlers = { readonly [T in ChatEvent['type']]: (event: ChatEventOf<T>) => void }

/**
 * Writes a stream of chunks. Each choice opens with its role and closes with one finish chunk, which is held until the end; the usage
 * follows when it was asked for; `[DONE]` ends it. A failure ends it with an error frame and nothing behind.
 */
export function writeStream(request: ChatRequest): Transducer<ChatEvent, Frame> {
  return new StreamWriter(request)
}

/** Stands for a name that the provider never told: clients take no call without one. */
const nameless = 'unnamed'

const nothing = (): void => {}

class StreamWriter implements Transducer<ChatEvent, Frame> {
  readonly #choices = new Map<number, OpenChoice>()
  readonly #counts: boolean
  #out: Frame[] = []
  #started = false
  #over = false
  #createdAt = 0
  #native: JsonObject = {}
  #head: JsonObject

  constructor(request: ChatRequest) {
    this.#counts = request.includeUsage ?? false
    this.#head = { id: freshId('chatcmpl-'), object: 'chat.completion.chunk', created: 0, model: request.model }
  }

  push(event: ChatEvent): Frame[] {
    if (!this.#over) (this.#on[event.type] as (event: ChatEvent) => void)(event)
    return this.#flush()
  }

  end(): Frame[] {
    if (!this.#over) this.#out.push(errorFrame(garbled('The stream ended before the answer was complete.')))
    this.#over = true
    return this.#flush()
  }

  readonly #on: Handlers = {
    'response-start': (event) => this.#start(event),
    'text-start': ({ choice }) => void this.#at(choice, ''),
    'text-delta': ({ choice, text }) => this.#delta(choice, text === '' ? {} : { content: text }, ''),
    'text-citation': ({ choice, citation }) => {
      const annotation = writeAnnotation(citation)
      if (annotation) this.#delta(choice, { annotations: [annotation] }, '')
    },
    'text-end': nothing,
    'reasoning-start': ({ choice, part }) =>
      void this.#at(choice)?.thoughts.set(part, { text: '', paragraph: undefined }),
    'reasoning-delta': (event) => this.#think(event),
    'reasoning-end': (event) => this.#seal(event),
    'tool-start': (event) => this.#call(event),
    'tool-delta': (event) => this.#callMore(event),
    'tool-end': nothing,
    'refusal-start': ({ choice }) => {
      const open = this.#at(choice)
      if (open) open.refused = true
    },
    'refusal-delta': ({ choice, text }) => this.#delta(choice, text === '' ? {} : { refusal: text }),
    'refusal-end': nothing,
    media: ({ choice, media }) => this.#delta(choice, writeAnswerMedia(media, this.#createdAt)),
    native: ({ choice, format, value }) => this.#delta(choice, format === 'openai-chat' ? value : {}),
    logprobs: ({ choice, logprobs }) => {
      if (this.#at(choice)) this.#send(choice, {}, { logprobs: writeLogprobs(logprobs), finish_reason: null })
    },
    'choice-end': ({ choice, finish }) => {
      const open = this.#at(choice, '')
      if (open) open.finish = finish
    },
    usage: nothing,
    ping: nothing,
    error: ({ error }) => {
      this.#out.push(errorFrame(error))
      this.#over = true
    },
    'response-end': (event) => this.#finish(event),
  }

  #flush(): Frame[] {
    const frames = this.#out
    this.#out = []
    return frames
  }

  #chunk(members: JsonObject): void {
    this.#out.push({ data: JSON.stringify({ ...this.#head, ...members }) })
  }

  /** With usage asked for, OpenAI sends a null in every chunk but the last. */
  #send(index: number, delta: JsonObject, more: JsonObject, fields: JsonObject = {}): void {
    this.#chunk({ ...fields, choices: [{ index, delta, ...more }], ...(this.#counts && { usage: null }) })
  }

  /** Sends a delta of a choice that has not ended; an empty one is not sent. */
  #delta(index: number, delta: JsonObject, content: string | null = null): void {
    if (Object.keys(delta).length > 0 && this.#at(index, content))
      this.#send(index, delta, { logprobs: null, finish_reason: null })
  }

  /** The choice, opened by its role when it is new; undefined when it has ended. */
  #at(index: number, content: string | null = null): OpenChoice | undefined {
    const known = this.#choices.get(index)
    if (known) return known.finish ? undefined : known
    const made: OpenChoice = { calls: [], thoughts: new Map(), refused: false }
    this.#choices.set(index, made)
    this.#send(index, { role: 'assistant', content }, { logprobs: null, finish_reason: null })
    return made
  }

  #start(event: ChatEventOf<'response-start'>): void {
    // id and model stay what the first chunk said
    if (this.#started || this.#choices.size > 0) return
    this.#started = true
    this.#createdAt = event.createdAt
    if (event.native?.format === 'openai-chat') this.#native = event.native.fields
    this.#head = compact({
      id: event.id || this.#head.id,
      object: this.#head.object,
      created: event.createdAt,
      model: event.model,
      service_tier: event.serviceTier,
      system_fingerprint: this.#native.system_fingerprint,
    })
  }

  #think({ choice, part, text, paragraph }: ChatEventOf<'reasoning-delta'>): void {
    const thought = this.#at(choice)?.thoughts.get(part)
    if (!thought) return
    const gap = thought.paragraph !== undefined && paragraph !== thought.paragraph ? '\n\n' : ''
    thought.paragraph = paragraph
    thought.text += gap + text
    this.#delta(choice, gap + text === '' ? {} : { reasoning_content: gap + text })
  }

  #seal({ choice, part, opaque }: ChatEventOf<'reasoning-end'>): void {
    const text = this.#at(choice)?.thoughts.get(part)?.text ?? ''
    const details = openDetails(opaque)
    if (details.length > 0) this.#delta(choice, { reasoning_details: details })
    if (opaque?.format === 'anthropic-messages')
      this.#delta(choice, { thinking_blocks: writeThinkingBlock({ type: 'reasoning', text, opaque }) })
  }

  #call({ choice, part, id, kind, name, opaque }: ChatEventOf<'tool-start'>): void {
    const open = this.#at(choice)
    if (!open) return
    const index = open.calls.push({ part, kind }) - 1
    const made =
      kind === 'custom' ? { custom: { name, input: '' } } : { function: { name: name || nameless, arguments: '' } }
    this.#delta(choice, {
      tool_calls: [{ index, id: id || freshId('call_'), type: kind, ...made, ...writeCallSeal(opaque) }],
    })
  }

  #callMore({ choice, part, input }: ChatEventOf<'tool-delta'>): void {
    const calls = this.#at(choice)?.calls ?? []
    const index = calls.findIndex((call) => call.part === part)
    const call = calls[index]
    if (!call || input === '') return
    const more = call.kind === 'custom' ? { custom: { input } } : { function: { arguments: input } }
    this.#delta(choice, { tool_calls: [{ index, ...more }] })
  }

  #finish({ usage, native }: ChatEventOf<'response-end'>): void {
    if (this.#choices.size === 0) this.#at(0, '')
    const fields = native?.format === 'openai-chat' ? native.fields : this.#native
    const last = [...this.#choices.keys()].at(-1)
    for (const [index, { finish, calls, refused }] of this.#choices) {
      const members = writeFinish(finish ?? { reason: 'stop' }, { tools: calls.length > 0, refusal: refused })
      this.#send(index, {}, { logprobs: null, ...members }, index === last ? fields : {})
    }
    if (this.#counts) this.#chunk({ choices: [], usage: writeUsage(usage) })
    this.#out.push({ data: '[DONE]' })
    this.#over = true
  }
}
