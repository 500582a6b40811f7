import type { JsonObject } from '../../kernel/json.ts'
import type { ChatEvent, ChatEventOf } from '../../vocabulary/chat-event.ts'
import type { Citation, Opaque } from '../../vocabulary/parts.ts'
import { mediaNote, newId, toolInput, writeThinking } from './wire/assistant.ts'
import { ownValue } from './wire/fields.ts'
import { writeCitation } from './wire/text.ts'

/** An event of one part of a choice. */
export type PartEvent = Extract<ChatEvent, { readonly part: number }>

/** Says one part, event by event; `cut` ends a part whose own end never came. */
export type PartWriter = (
  event: PartEvent | { readonly type: 'cut'; readonly choice: number; readonly part: number },
) => void

/** The frames of blocks, one block at a time, numbered from 0. */
export interface BlockFrames {
  open(block: JsonObject): void
  delta(delta: JsonObject): void
  close(): void
  /** a block that is whole from its start */
  whole(block: JsonObject): void
}

export function blockFrames(send: (value: JsonObject & { readonly type: string }) => void): BlockFrames {
  let index = -1
  const frames: BlockFrames = {
    open(content_block) {
      index++
      send({ type: 'content_block_start', index, content_block })
    },
    delta: (delta) => send({ type: 'content_block_delta', index, delta }),
    close: () => send({ type: 'content_block_stop', index }),
    whole(block) {
      frames.open(block)
      frames.close()
    },
  }
  return frames
}

export function isAtomic(event: PartEvent): boolean {
  return event.type === 'media' || event.type === 'native'
}

export function startsPart(event: PartEvent): boolean {
  return isAtomic(event) || event.type.endsWith('-start')
}

/** The writer for the part that this event starts; undefined for an event that starts none. */
export function partWriter(event: PartEvent, frames: BlockFrames): PartWriter | undefined {
  switch (event.type) {
    case 'text-start':
    case 'refusal-start':
      return writeTextPart(frames)
    case 'reasoning-start':
      return writeReasoningPart(frames)
    case 'tool-start':
      return event.kind === 'custom' ? writeCustomCall(event, frames) : writeToolCall(event, frames)
    case 'media':
      return () => writeNote(mediaNote(event.media), frames)
    case 'native':
      return () => writeNative(ownValue(event), frames)
    default:
      return undefined
  }
}

function writeNote(text: string, frames: BlockFrames): void {
  frames.open({ type: 'text', text: '' })
  frames.delta({ type: 'text_delta', text })
  frames.close()
}

/** Opens with the first word, so that an empty part leaves no empty block behind. */
function writeTextPart(frames: BlockFrames): PartWriter {
  let open = false
  const say = (delta: JsonObject): void => {
    if (!open) frames.open({ type: 'text', text: '' })
    open = true
    frames.delta(delta)
  }
  const cite = (citation: Citation): void => {
    const value = writeCitation(citation)
    if (value) say({ type: 'citations_delta', citation: value })
  }
  return (event) => {
    if (event.type === 'text-delta' || event.type === 'refusal-delta') {
      if (event.text !== '') say({ type: 'text_delta', text: event.text })
    } else if (event.type === 'text-citation') cite(event.citation)
    else if (ends(event) && open) frames.close()
  }
}

const ends = (event: { readonly type: string }): boolean => event.type.endsWith('-end') || event.type === 'cut'

/** Paragraphs of a summary are told apart by a blank line; the seal comes last. */
function writeReasoningPart(frames: BlockFrames): PartWriter {
  let open = false
  let paragraph: number | undefined
  const think = (thinking: string): void => {
    if (!open) frames.open({ type: 'thinking', thinking: '', signature: '' })
    open = true
    if (thinking !== '') frames.delta({ type: 'thinking_delta', thinking })
  }
  const seal = (opaque: Opaque | undefined): void => {
    const block = writeThinking({ type: 'reasoning', text: '', ...(opaque && { opaque }) })
    if (block.type === 'redacted_thinking') {
      if (!open) frames.whole(block)
    } else if (block.signature !== '') {
      think('')
      frames.delta({ type: 'signature_delta', signature: block.signature })
    }
    if (open) frames.close()
  }
  return (event) => {
    if (event.type === 'reasoning-delta') {
      const next = paragraph !== undefined && event.paragraph !== undefined && event.paragraph !== paragraph
      paragraph = event.paragraph ?? paragraph
      if (event.text !== '') think(next && open ? `\n\n${event.text}` : event.text)
    } else if (event.type === 'reasoning-end') seal(event.opaque)
    else if (ends(event)) seal(undefined)
  }
}

/** Stands in for the name that a provider never told: a tool_use block without one is not legal. */
const nameless = 'unnamed'

function startToolUse(event: ChatEventOf<'tool-start'>, frames: BlockFrames): void {
  frames.open({
    type: 'tool_use',
    id: event.id || newId('toolu'),
    name: event.name || nameless,
    input: {},
    ...ownValue(event.native),
  })
}

function writeToolCall(start: ChatEventOf<'tool-start'>, frames: BlockFrames): PartWriter {
  return (event) => {
    if (event.type === 'tool-start') startToolUse(start, frames)
    else if (event.type === 'tool-delta') {
      if (event.input !== '') frames.delta({ type: 'input_json_delta', partial_json: event.input })
    } else if (ends(event)) frames.close()
  }
}

/** Free text becomes JSON only when all of it is there. */
function writeCustomCall(start: ChatEventOf<'tool-start'>, frames: BlockFrames): PartWriter {
  let input = ''
  return (event) => {
    if (event.type === 'tool-start') startToolUse(start, frames)
    else if (event.type === 'tool-delta') input += event.input
    else if (ends(event)) {
      const json = JSON.stringify(toolInput({ kind: 'custom', input }).input)
      frames.delta({ type: 'input_json_delta', partial_json: json })
      frames.close()
    }
  }
}

/** Calls of server tools bring their input as Anthropic streams it: in a fragment behind an empty start. */
function writeNative(block: JsonObject | undefined, frames: BlockFrames): void {
  if (!block) return
  const input = String(block.type).endsWith('tool_use') ? block.input : undefined
  frames.open(input === undefined ? block : { ...block, input: {} })
  if (input !== undefined) frames.delta({ type: 'input_json_delta', partial_json: JSON.stringify(input) })
  frames.close()
}
