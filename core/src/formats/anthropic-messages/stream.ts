import { GatewayError } from '../../kernel/faults.ts'
import type { Frame } from '../../kernel/framing.ts'
import { asNumber, asObject, asString, type JsonObject, parseObject } from '../../kernel/json.ts'
import type { Transducer } from '../../kernel/transducer.ts'
import type { ChatEvent } from '../../vocabulary/chat-event.ts'
import { readErrorEvent } from './error.ts'
import { readFinish, readNative } from './response.ts'
import { format } from './wire/fields.ts'
import { type OpenBlock, openBlock } from './wire/stream-blocks.ts'
import { mergeUsage, readUsage } from './wire/usage.ts'

const messageKnown = new Set(['id', 'type', 'role', 'model', 'content', 'stop_reason', 'stop_sequence', 'usage'])
const deltaKnown = new Set(['stop_reason', 'stop_sequence'])
const eventKnown = new Set(['type', 'delta', 'usage'])

/**
 * Reads a stream of messages (https://platform.claude.com/docs/en/build-with-claude/streaming). Blocks may overlap, events may
 * be new to us, usage may come early or late; a stream that ends before `message_stop` ends in an error.
 */
export function readStream(): Transducer<Frame, ChatEvent> {
  const reader = new MessageReader()
  return {
    push: (frame) => reader.read(frame),
    end: () => reader.end(),
  }
}

class MessageReader {
  private readonly blocks = new Map<number, OpenBlock>()
  private parts = 0
  private started = false
  private over = false
  private usage: JsonObject | undefined
  private finish: JsonObject = {}
  private native: JsonObject | undefined

  private readonly on: Readonly<Record<string, (value: JsonObject) => ChatEvent[]>> = {
    message_start: (value) => this.start(value),
    content_block_start: (value) => this.startBlock(asNumber(value.index) ?? 0, asObject(value.content_block) ?? {}),
    content_block_delta: (value) => this.delta(asNumber(value.index) ?? 0, asObject(value.delta) ?? {}),
    content_block_stop: (value) => this.stopBlock(asNumber(value.index) ?? 0),
    message_delta: (value) => this.tell(value),
    message_stop: () => this.stop(),
    ping: () => [{ type: 'ping' }],
    error: (value) => this.fail(readErrorEvent(value)),
  }

  read(frame: Frame): ChatEvent[] {
    if (this.over || frame.data === '' || frame.data === '[DONE]') return []
    const value = parseObject(frame.data)
    if (!value) return this.fail(garbled('a piece of the stream is not JSON'))
    const type = asString(value.type) ?? (value.error ? 'error' : (frame.event ?? ''))
    return this.on[type]?.(value) ?? []
  }

  end(): ChatEvent[] {
    return this.over ? [] : this.fail(garbled('the stream ended before the answer was complete'))
  }

  private fail(error: GatewayError): ChatEvent[] {
    this.over = true
    return [{ type: 'error', error }]
  }

  private start(value: JsonObject): ChatEvent[] {
    if (this.started) return []
    this.started = true
    const message = asObject(value.message) ?? {}
    this.usage = asObject(message.usage)
    this.native = readNative(message, messageKnown)
    const serviceTier = asString(this.usage?.service_tier)
    const start: ChatEvent = {
      type: 'response-start',
      id: asString(message.id) ?? '',
      model: asString(message.model) ?? '',
      createdAt: 0,
      ...(serviceTier !== undefined && { serviceTier }),
      ...(this.native && { native: { format, fields: this.native } }),
    }
    return [start, ...this.tellUsage()]
  }

  private tellUsage(): ChatEvent[] {
    return this.usage ? [{ type: 'usage', usage: readUsage(this.usage) }] : []
  }

  private startBlock(index: number, block: JsonObject): ChatEvent[] {
    const before = this.stopBlock(index)
    const opened = openBlock(block, { choice: 0, part: this.parts++ })
    this.blocks.set(index, opened)
    return [...before, ...opened.start]
  }

  /** A delta whose block was never opened opens it: some look-alikes leave the start out. */
  private delta(index: number, delta: JsonObject): ChatEvent[] {
    const block = this.blocks.get(index)
    if (block) return block.push(delta)
    const implied = impliedBlocks[asString(delta.type) ?? '']
    return implied ? [...this.startBlock(index, implied), ...this.delta(index, delta)] : []
  }

  private stopBlock(index: number): ChatEvent[] {
    const block = this.blocks.get(index)
    this.blocks.delete(index)
    return block ? block.stop() : []
  }

  private tell(value: JsonObject): ChatEvent[] {
    const delta = asObject(value.delta)
    this.finish = { ...this.finish, ...delta }
    const native = { ...this.native, ...readNative(delta, deltaKnown), ...readNative(value, eventKnown) }
    if (Object.keys(native).length > 0) this.native = native
    this.usage = mergeUsage(this.usage, asObject(value.usage))
    return this.tellUsage()
  }

  private stop(): ChatEvent[] {
    this.over = true
    const open = [...this.blocks.keys()].flatMap((index) => this.stopBlock(index))
    return [
      ...open,
      { type: 'choice-end', choice: 0, finish: readFinish(this.finish) },
      {
        type: 'response-end',
        usage: readUsage(this.usage ?? {}),
        ...(this.native && { native: { format, fields: this.native } }),
      },
    ]
  }
}

const impliedBlocks: Readonly<Record<string, JsonObject>> = {
  text_delta: { type: 'text', text: '' },
  thinking_delta: { type: 'thinking', thinking: '' },
}

function garbled(why: string): GatewayError {
  return new GatewayError('provider-garbled', `The provider broke off: ${why}.`)
}
