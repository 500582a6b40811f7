import { formatOf } from '../../formats/index.ts'
import type { Framing } from '../../kernel/framing.ts'
import { jsonArray } from '../../kernel/json-array.ts'
import { sseText } from '../../kernel/sse.ts'
import type { FormatId } from '../../vocabulary/format-id.ts'

const encoder = new TextEncoder()

/** A comment: every reader of server-sent events skips it (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
const comment = encoder.encode(': ping\n\n')
/** White space between the members of an array means nothing to a JSON reader. */
const whiteSpace = encoder.encode('\n')
/** Anthropic's own (https://docs.anthropic.com/en/docs/build-with-claude/streaming), legal once the message has started. */
const anthropic = encoder.encode(sseText({ event: 'ping', data: '{"type":"ping"}' }))

/** A sign of life in a stream that is silent: bytes that mean nothing where they stand. */
export function pingFor(format: FormatId, framing: Framing = formatOf(format).framing, started = false): Uint8Array {
  if (framing === jsonArray) return whiteSpace
  return format === 'anthropic-messages' && started ? anthropic : comment
}

/** A remark that clients skip, where the framing has such. */
export function remarkFor(text: string, framing: Framing): Uint8Array {
  return framing === jsonArray ? whiteSpace : encoder.encode(`: ${text.replace(/[\r\n]+/g, ' ')}\n\n`)
}
