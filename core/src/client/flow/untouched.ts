import type { UsageMeter } from '../../formats/format.ts'
import { formatOf } from '../../formats/index.ts'
import type { GatewayError } from '../../kernel/faults.ts'
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
  const { framing, client } = formatOf(format)
  let kept: Uint8Array[] = []
  let size = 0
  let reader: { tally: Tally; push(block: Uint8Array): void; end(): void } | undefined
  let result: Conclusion | undefined

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
    const told = reader ? undefined : usageInTail(format, joinBytes(kept))
    if (told) result = { usage: told.usage(), serviceTier: told.serviceTier?.(), failure: undefined }
    else {
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
      if (size > keepBytes) readThrough(false)
      return block
    },
    end: () => nothing,
    fail: (error) => encodeAll(framing.write(), [formatOf(format).server.errorFrame(error)]),
    usage: () => conclude().usage,
    // a stream that told its final usage was complete; anything else is read through and says so itself
    failure: () => conclude().failure,
    serviceTier: () => conclude().serviceTier,
  }

  function eventReader(id: FormatId) {
    const sum = tally()
    const frames = formatOf(id).framing.read()
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
}

/** The final usage, read from the first and the last frames that mention any; undefined when the tail holds no final one. */
function usageInTail(format: FormatId, bytes: Uint8Array): UsageMeter | undefined {
  const text = new TextDecoder().decode(bytes)
  const mark = formatOf(format).wire.usageMark
  const last = text.lastIndexOf(mark)
  if (last < 0) return undefined
  const meter = formatOf(format).client.meter()
  const first = text.indexOf(mark)
  const from = text.lastIndexOf('\n\n', last)
  if (first < from) for (const frame of framesOf(text.slice(0, text.indexOf('\n\n', first) + 2))) read(frame)
  for (const frame of framesOf(text.slice(Math.max(0, from)))) read(frame)
  return meter.final() ? meter : undefined

  function read(frame: string): void {
    const value = parseObject(frame)
    if (value) meter.read(value)
  }
}

function framesOf(text: string): string[] {
  const reader = readSse()
  return [...reader.push(new TextEncoder().encode(text)), ...reader.end()].map((frame) => frame.data)
}

/** Frames as the bytes of their framing. */
export function encodeAll<T>(writer: { push(frame: T): Iterable<Uint8Array> }, frames: Iterable<T>): Uint8Array {
  const blocks: Uint8Array[] = []
  for (const frame of frames) blocks.push(...writer.push(frame))
  return joinBytes(blocks)
}
