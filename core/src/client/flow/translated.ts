import { formatOf } from '../../formats/index.ts'
import type { GatewayError } from '../../kernel/faults.ts'
import type { Frame, Framing } from '../../kernel/framing.ts'
import { sse, sseText } from '../../kernel/sse.ts'
import type { Transducer } from '../../kernel/transducer.ts'
import type { ChatEvent } from '../../vocabulary/chat-event.ts'
import type { ChatRequest } from '../../vocabulary/chat-request.ts'
import type { FormatId } from '../../vocabulary/format-id.ts'
import { type Flow, nothing } from './flow.ts'
import { dated, restoringEvents } from './restore.ts'
import { tally } from './tally.ts'

export interface Translation {
  /** the provider's format and the caller's */
  readonly from: FormatId
  readonly to: FormatId
  readonly request: ChatRequest
  /** how the caller wants frames to lie in bytes; its format's own unless said otherwise */
  readonly framing?: Framing
  readonly inputEstimate: number
}

const encoder = new TextEncoder()

/** A stream between two formats: frames to events, events to the caller's frames, block by block. */
export function translatedFlow({
  from,
  to,
  request,
  framing = formatOf(to).framing,
  inputEstimate,
}: Translation): Flow {
  const frames = formatOf(from).framing.read()
  const events = formatOf(from).client.readStream()
  const restore = restoringEvents(request, from)
  const writer = formatOf(to).server.writeStream(request)
  const write = textWriter(framing)
  const sum = tally()
  let over = false

  function take(event: ChatEvent): string {
    sum.add(event)
    let out = ''
    const told = event.type === 'response-start' ? dated(event) : event
    for (const named of restore.push(told)) for (const frame of writer.push(named)) out += write.push(frame)
    return out
  }

  function takeAll(read: Iterable<Frame>): string {
    let out = ''
    for (const frame of read) for (const event of events.push(frame)) out += take(event)
    return out
  }

  function close(): string {
    over = true
    let out = ''
    for (const frame of writer.end()) out += write.push(frame)
    return out + write.end()
  }

  return {
    contentType: framing.contentType,
    push: (block) => (over ? nothing : encoder.encode(takeAll(frames.push(block)))),
    end() {
      if (over) return nothing
      let out = takeAll(frames.end())
      for (const event of events.end()) out += take(event)
      return encoder.encode(out + close())
    },
    fail: (error: GatewayError) => (over ? nothing : encoder.encode(take({ type: 'error', error }) + close())),
    between: () => true,
    usage: () => sum.usage(inputEstimate),
    failure: () => sum.failure(),
    serviceTier: () => sum.serviceTier(),
  }
}

/** Frames as text; one encoding per block instead of one per frame. */
function textWriter(framing: Framing): { push(frame: Frame): string; end(): string } {
  if (framing === sse) return { push: sseText, end: () => '' }
  const writer = framing.write()
  const decoder = new TextDecoder()
  const text = (blocks: Iterable<Uint8Array>) => [...blocks].map((block) => decoder.decode(block)).join('')
  return { push: (frame) => text(writer.push(frame)), end: () => text(writer.end()) }
}

/** The same format under another framing: each frame's text goes over as it is. */
export function reframed(flow: Flow, from: Framing, to: Framing): Flow {
  const read: Transducer<Uint8Array, Frame> = from.read()
  const write = textWriter(to)
  const pass = (frames: Iterable<Frame>): string => [...frames].map((frame) => write.push(frame)).join('')
  return {
    ...flow,
    contentType: to.contentType,
    push: (block) => encoder.encode(pass(read.push(flow.push(block)))),
    end: () => encoder.encode(pass(read.push(flow.end())) + pass(read.end()) + write.end()),
    // a frame that the line cut in two is let go: read on from it, the error would be part of it
    between: () => true,
    fail: (error) => encoder.encode(pass(from.read().push(flow.fail(error))) + write.end()),
  }
}
