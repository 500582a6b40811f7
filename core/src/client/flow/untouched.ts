import { formatOf } from '../../formats/index.ts'
import type { GatewayError } from '../../kernel/faults.ts'
import type { Frame } from '../../kernel/framing.ts'
import { parseObject } from '../../kernel/json.ts'
import { readSse } from '../../kernel/sse.ts'
import type { FormatId } from '../../vocabulary/format-id.ts'
import type { Usage } from '../../vocabulary/usage.ts'
import { joinBytes } from '../send.ts'
import { type Flow, nothing } from './flow.ts'
import { type Tally, tally } from './tally.ts'

/** What a stream came to. */
interface Conclusion {
  readonly usage: Usage | undefined
  readonly serviceTier: string | undefined
  readonly failure: GatewayError | undefined
}

/** Blocks kept for metering before the oldest are read and let go. */
const keepBytes = 256 * 1024

/**
 * A stream between two ends of one format: the provider's bytes go through as they are. Nothing is parsed on the way. When the
 * stream is over, the final usage is looked for in its tail; only a stream without one (cut short, or a provider that tells
 * none) is read through to count what was delivered.
 */
export function untouchedFlow(format: FormatId, inputEstimate: number): Flow {
  const { framing } = formatOf(format)
  let kept: Uint8Array[] = []
  let size = 0
  let reader: { tally: Tally; push(block: Uint8Array): void; end(): void } | undefined
  let result: Conclusion | undefined
  /** the last of the bytes that went out */
  let sent: Uint8Array = nothing

  function readThrough(last: boolean): Tally {
    reader ??= eventReader(format)
    for (const block of kept) reader.push(block)
    kept = []
    size = 0
    if (last) reader.end()
    return reader.tally
  }

  function conclude(): Conclusion {
    if (result) return result
    result = reader ? undefined : concludeFromTail(format, joinBytes(kept))
    if (!result) {
      const all = readThrough(true)
      result = { usage: all.usage(inputEstimate), serviceTier: all.serviceTier(), failure: all.failure() }
    }
    return result
  }

  return {
    contentType: framing.contentType,
    push(block) {
      kept.push(block)
      size += block.length
      if (block.length > 0) sent = block.length > 2 ? block : joinBytes([sent.subarray(-3), block])
      if (size > keepBytes) readThrough(false)
      return block
    },
    end: () => nothing,
    fail: (error) => {
      const frame = encodeAll(framing.write(), [formatOf(format).server.errorFrame(error)])
      return endsFrame(sent) ? frame : joinBytes([blankLine, frame])
    },
    between: () => endsFrame(sent),
    usage: () => conclude().usage,
    failure: () => conclude().failure,
    serviceTier: () => conclude().serviceTier,
  }
}

/** Reads a stream through, event by event. */
function eventReader(format: FormatId) {
  const { framing, client } = formatOf(format)
  const sum = tally()
  const frames = framing.read()
  const events = client.readStream()
  return {
    tally: sum,
    push(block: Uint8Array) {
      for (const frame of frames.push(block)) for (const event of events.push(frame)) sum.add(event)
    },
    end() {
      for (const frame of frames.end()) for (const event of events.push(frame)) sum.add(event)
      for (const event of events.end()) sum.add(event)
    },
  }
}

const blankLine = new Uint8Array([0x0a, 0x0a])

/** Whether a frame is complete with these bytes, so that another may follow at once. */
function endsFrame(bytes: Uint8Array): boolean {
  const [first, second, third] = [bytes.at(-1), bytes.at(-2), bytes.at(-3)]
  return bytes.length === 0 || (first === 0x0a && (second === 0x0a || (second === 0x0d && third === 0x0a)))
}

/**
 * What a stream came to, read from the first and the last frames that mention usage and from what follows them; undefined when
 * the tail holds no final one.
 */
function concludeFromTail(format: FormatId, bytes: Uint8Array): Conclusion | undefined {
  const text = new TextDecoder().decode(bytes)
  const { wire, client } = formatOf(format)
  const last = text.lastIndexOf(wire.usageMark)
  if (last < 0) return undefined
  const gap = text.includes('\r\n\r\n') ? '\r\n\r\n' : '\n\n'
  const meter = client.meter()
  const first = text.indexOf(wire.usageMark)
  const from = text.lastIndexOf(gap, last)
  if (first < from) for (const { data } of framesOf(text.slice(0, text.indexOf(gap, first) + gap.length))) read(data)
  const tail = framesOf(text.slice(Math.max(0, from)))
  for (const { data } of tail) read(data)
  if (!meter.final()) return undefined
  // the usage may be told by the frame that tells of a failure, or before it: then the whole stream is read to know
  const events = client.readStream()
  const ends = tail.filter(({ data }) => data !== '[DONE]').flatMap((frame) => [...events.push(frame)])
  if (ends.some(({ type }) => type === 'error')) return undefined
  return { usage: meter.usage(), serviceTier: meter.serviceTier?.(), failure: undefined }

  function read(data: string): void {
    const value = parseObject(data)
    if (value) meter.read(value)
  }
}

function framesOf(text: string): Frame[] {
  const reader = readSse()
  return [...reader.push(new TextEncoder().encode(text)), ...reader.end()]
}

/** Frames as the bytes of their framing. */
export function encodeAll<T>(writer: { push(frame: T): Iterable<Uint8Array> }, frames: Iterable<T>): Uint8Array {
  const blocks: Uint8Array[] = []
  for (const frame of frames) blocks.push(...writer.push(frame))
  return joinBytes(blocks)
}
