import { GatewayError } from '../../kernel/faults.ts'
import type { Frame } from '../../kernel/framing.ts'
import type { JsonObject } from '../../kernel/json.ts'
import type { Transducer } from '../../kernel/transducer.ts'
import type { ChatEvent, ChatEventOf } from '../../vocabulary/chat-event.ts'
import type { ChatRequest } from '../../vocabulary/chat-request.ts'
import type { Finish } from '../../vocabulary/chat-response.ts'
import { noUsage, type Usage } from '../../vocabulary/usage.ts'
import { errorFrame } from './error.ts'
import { writeFinish } from './response.ts'
import {
  type BlockFrames,
  blockFrames,
  isAtomic,
  type PartEvent,
  type PartWriter,
  partWriter,
  startsPart,
} from './stream-parts.ts'
import { newId } from './wire/assistant.ts'
import { format } from './wire/fields.ts'
import { writeUsage } from './wire/usage.ts'

/**
 * Writes a stream of messages (https://platform.claude.com/docs/en/build-with-claude/streaming): `message_start`, blocks strictly
 * one after another, one `message_delta` with the final usage, `message_stop`. Parts that overlap wait for the one before them.
 */
export function writeStream(_request?: ChatRequest): Transducer<ChatEvent, Frame> {
  const writer = new MessageWriter()
  return {
    push: (event) => writer.write(event),
    end: () => writer.end(),
  }
}

/** A part in the order of its start, with what it says until its turn comes. */
interface WaitingPart {
  readonly key: number
  readonly writer: PartWriter
  readonly events: PartEvent[]
  ended: boolean
}

class MessageWriter {
  private readonly out: Frame[] = []
  private readonly blocks: BlockFrames = blockFrames((frame) => this.send(frame))
  /** the first is written, the others wait */
  private readonly queue: WaitingPart[] = []
  private start: ChatEventOf<'response-start'> | undefined
  private opened = false
  private over = false
  private usage: Usage = noUsage
  private finish: Finish = { reason: 'other' }
  private readonly marks = { called: false, refused: false }

  private readonly on: { readonly [T in ChatEvent['type']]?: (event: ChatEventOf<T>) => void } = {
    'response-start': (event) => {
      this.start ??= event
    },
    usage: (event) => {
      this.usage = event.usage
    },
    'choice-end': (event) => {
      if (event.choice === 0) this.finish = event.finish
    },
    ping: () => this.ping(),
    error: (event) => this.fail(event.error),
    'response-end': (event) => this.stop(event),
  }

  write(event: ChatEvent): Frame[] {
    if (this.over) return []
    if ('part' in event) this.part(event)
    else (this.on[event.type] as ((event: ChatEvent) => void) | undefined)?.(event)
    return this.out.splice(0)
  }

  end(): Frame[] {
    if (!this.over) this.fail(new GatewayError('provider-garbled', 'The stream ended before the answer was complete.'))
    return this.out.splice(0)
  }

  private send(value: JsonObject & { readonly type: string }): void {
    this.out.push({ event: value.type, data: JSON.stringify(value) })
  }

  /** Waits for the first real event, so that input tokens told in between still stand in it. */
  private open(): void {
    if (this.opened) return
    this.opened = true
    const { id = '', model = '', serviceTier, native } = this.start ?? {}
    const { stop_details: _later, ...fields } = native?.format === format ? native.fields : {}
    this.send({
      type: 'message_start',
      message: {
        id: id || newId('msg'),
        type: 'message',
        role: 'assistant',
        model,
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: writeUsage(this.usage, serviceTier),
        ...fields,
      },
    })
  }

  private ping(): void {
    if (!this.start) return
    this.open()
    this.send({ type: 'ping' })
  }

  private fail(error: GatewayError): void {
    this.over = true
    this.out.push(errorFrame(error))
  }

  private part(event: PartEvent): void {
    if (event.choice !== 0) return
    this.open()
    const known = this.queue.find(({ key }) => key === event.part)
    if (known && startsPart(event)) return
    const part = known ?? this.enqueue(event)
    if (!part || part.ended) return
    this.mark(event)
    if (part === this.queue[0]) part.writer(event)
    else part.events.push(event)
    part.ended = isAtomic(event) || event.type.endsWith('-end')
    if (part === this.queue[0] && part.ended) this.advance()
  }

  private enqueue(event: PartEvent): WaitingPart | undefined {
    const writer = partWriter(event, this.blocks)
    if (!writer) return undefined
    const part: WaitingPart = { key: event.part, writer, events: [], ended: false }
    this.queue.push(part)
    return part
  }

  private mark(event: PartEvent): void {
    if (event.type === 'tool-start') this.marks.called = true
    if (event.type === 'refusal-start') this.marks.refused = true
  }

  /** The first part is done: those behind it say what they have, up to one that is still open. */
  private advance(): void {
    for (;;) {
      this.queue.shift()
      const next = this.queue[0]
      if (!next) return
      for (const event of next.events.splice(0)) next.writer(event)
      if (!next.ended) return
    }
  }

  private stop(event: ChatEventOf<'response-end'>): void {
    this.over = true
    this.open()
    this.closeParts()
    const { container, stop_details, ...fields } = event.native?.format === format ? event.native.fields : {}
    this.send({
      type: 'message_delta',
      delta: {
        ...writeFinish(this.finish, this.marks),
        ...(container !== undefined && { container }),
        ...(stop_details !== undefined && { stop_details }),
      },
      usage: writeUsage(event.usage),
      ...fields,
    })
    this.send({ type: 'message_stop' })
  }

  private closeParts(): void {
    for (const part of this.queue.splice(0)) {
      for (const event of part.events) part.writer(event)
      if (!part.ended) part.writer({ type: 'cut', choice: 0, part: part.key })
    }
  }
}
