import type { Frame } from '../../kernel/framing.ts'
import { isObject, type JsonObject } from '../../kernel/json.ts'
import { type Findings, findings, objectOf } from './findings.ts'

interface State {
  phase: 'before' | 'open' | 'delta' | 'stopped' | 'failed'
  /** type of the block that is open */
  block?: string | undefined
  blocks: number
}

type Check = (event: JsonObject, at: number, context: { found: Findings; state: State }) => void

const deltaFits: Readonly<Record<string, (block: string) => boolean>> = {
  text_delta: (block) => block === 'text',
  citations_delta: (block) => block === 'text',
  thinking_delta: (block) => block === 'thinking',
  signature_delta: (block) => block === 'thinking',
  input_json_delta: (block) => block.endsWith('tool_use'),
  compaction_delta: (block) => block === 'compaction',
}

const checks: Readonly<Record<string, Check>> = {
  message_start: (event, at, { found, state }) => {
    found.expect(state.phase === 'before', at, 'message_start is not first or comes twice')
    state.phase = 'open'
    const message = isObject(event.message) ? event.message : {}
    found.expect(typeof message.id === 'string' && message.id !== '', at, 'the message has no id')
    found.expect(message.type === 'message' && message.role === 'assistant', at, 'type or role of the message is wrong')
    found.expect(Array.isArray(message.content) && message.content.length === 0, at, 'the message is not empty')
    found.expect(typeof message.model === 'string', at, 'the message has no model')
    found.expect(message.stop_reason === null, at, 'stop_reason is not null at the start')
    found.expect(isObject(message.usage), at, 'the message has no usage')
  },
  content_block_start: (event, at, { found, state }) => {
    found.expect(state.phase === 'open', at, 'a block starts outside of the message')
    found.expect(state.block === undefined, at, 'a block starts while another is open')
    found.expect(event.index === state.blocks, at, `block index ${event.index} is not ${state.blocks}`)
    const block = isObject(event.content_block) ? event.content_block : {}
    found.expect(typeof block.type === 'string', at, 'the block has no type')
    if (block.type === 'text') found.expect(block.text === '', at, 'a text block does not start empty')
    if (block.type === 'thinking') found.expect(block.thinking === '', at, 'a thinking block does not start empty')
    if (block.type === 'redacted_thinking')
      found.expect(typeof block.data === 'string', at, 'redacted_thinking has no data')
    if (block.type === 'tool_use') checkToolStart(block, at, found)
    state.block = typeof block.type === 'string' ? block.type : '?'
  },
  content_block_delta: (event, at, { found, state }) => {
    if (!found.expect(state.block !== undefined, at, 'a delta without an open block')) return
    found.expect(event.index === state.blocks, at, 'a delta of another block')
    const delta = isObject(event.delta) ? event.delta : {}
    const fits = typeof delta.type === 'string' ? deltaFits[delta.type] : undefined
    found.expect(fits?.(state.block ?? '') === true, at, `${String(delta.type)} does not fit a ${state.block} block`)
  },
  content_block_stop: (event, at, { found, state }) => {
    found.expect(state.block !== undefined, at, 'a stop without an open block')
    found.expect(event.index === state.blocks, at, 'a stop of another block')
    state.block = undefined
    state.blocks++
  },
  message_delta: (event, at, { found, state }) => {
    found.expect(state.phase === 'open', at, 'message_delta comes twice or out of place')
    found.expect(state.block === undefined, at, 'message_delta while a block is open')
    const delta = isObject(event.delta) ? event.delta : {}
    found.expect(typeof delta.stop_reason === 'string', at, 'message_delta has no stop_reason')
    found.expect(
      isObject(event.usage) && typeof event.usage.output_tokens === 'number',
      at,
      'message_delta has no usage',
    )
    state.phase = 'delta'
  },
  message_stop: (_event, at, { found, state }) => {
    found.expect(state.phase === 'delta', at, 'message_stop without message_delta')
    state.phase = 'stopped'
  },
  ping: (_event, at, { found, state }) => {
    found.expect(state.phase === 'open' || state.phase === 'delta', at, 'a ping outside of the message')
  },
  error: (event, at, { found, state }) => {
    const error = isObject(event.error) ? event.error : {}
    found.expect(
      typeof error.type === 'string' && typeof error.message === 'string',
      at,
      'the error has no type or message',
    )
    state.phase = 'failed'
  },
}

function checkToolStart(block: JsonObject, at: number, found: Findings): void {
  found.expect(typeof block.id === 'string' && block.id !== '', at, 'tool_use has no id')
  found.expect(typeof block.name === 'string' && block.name !== '', at, 'tool_use has no name')
  found.expect(
    isObject(block.input) && Object.keys(block.input).length === 0,
    at,
    'tool_use does not start with empty input',
  )
}

/**
 * What is wrong with a stream of the Messages API; empty when it is legal
 * (https://docs.anthropic.com/en/docs/build-with-claude/streaming).
 */
export function checkAnthropicMessagesStream(frames: readonly Frame[]): string[] {
  const found = findings()
  const state: State = { phase: 'before', blocks: 0 }
  for (const [at, frame] of frames.entries()) {
    const over = state.phase === 'stopped' || state.phase === 'failed'
    if (!found.expect(!over, at, 'something follows the end')) break
    const event = objectOf(frame, at, found)
    if (!event) continue
    found.expect(frame.event === event.type, at, `event name ${frame.event} is not the type ${String(event.type)}`)
    const check = typeof event.type === 'string' ? checks[event.type] : undefined
    if (found.expect(check !== undefined, at, `unknown event ${String(event.type)}`))
      check?.(event, at, { found, state })
  }
  found.expect(state.phase === 'stopped' || state.phase === 'failed', frames.length, 'the stream has no end')
  return found.list
}
