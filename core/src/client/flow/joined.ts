import { formatOf } from '../../formats/index.ts'
import { GatewayError } from '../../kernel/faults.ts'
import type { Frame, Framing } from '../../kernel/framing.ts'
import type { ChatEvent } from '../../vocabulary/chat-event.ts'
import type { ChatRequest } from '../../vocabulary/chat-request.ts'
import type { FormatId } from '../../vocabulary/format-id.ts'
import type { Usage } from '../../vocabulary/usage.ts'
import { joinBytes } from '../send.ts'
import type { Conceal } from '../sending/conceal.ts'
import { type Flow, nothing } from './flow.ts'
import { dated, restoringEvents } from './restore.ts'
import { seam } from './seam.ts'
import { sumUsage } from './sum-usage.ts'
import { tally } from './tally.ts'
import { encodeAll } from './untouched.ts'

/** Where an answer comes from: the format that its provider speaks, and the credentials that are to be kept from it. */
export interface Source {
  readonly format: FormatId
  readonly conceal: Conceal
}

/** A stream to the caller that may be made of several answers: where one breaks off, another goes on. */
export interface JoinedFlow extends Flow {
  /** the text so far, if another model can go on from it: nothing but text has come, and it has not ended */
  soFar(): string | undefined
  /** the blocks that follow are those of another answer, which begins where the text so far ends; usage is from here on its own */
  goOn(source: Source): void
}

export interface Joining {
  readonly to: FormatId
  readonly request: ChatRequest
  readonly framing: Framing
  readonly inputEstimate: number
  readonly source: Source
}

/** Every block is read: this is for those who asked that streams be continued. A failure within a stream is told by `failure`, and written by `fail` only. */
export function joinedFlow({ to, request, framing, inputEstimate, source }: Joining): JoinedFlow {
  const writer = formatOf(to).server.writeStream(request)
  const bytes = framing.write()
  const join = seam()
  const earlier: Usage[] = []
  let part = partOf(source)
  let over = false

  function partOf({ format, conceal }: Source) {
    return {
      conceal,
      frames: formatOf(format).framing.read(),
      events: formatOf(format).client.readStream(),
      restore: restoringEvents(request, format),
      sum: tally(),
      failure: undefined as GatewayError | undefined,
    }
  }

  function take(events: Iterable<ChatEvent>): Frame[] {
    const out: Frame[] = []
    for (const event of events) {
      if (part.failure) break
      if (event.type === 'error') {
        part.failure = new GatewayError(event.error.code, part.conceal.text(event.error.message), event.error.detail)
        break
      }
      part.sum.add(event)
      const told = event.type === 'response-start' ? dated(event) : event
      for (const named of part.restore.push(told))
        for (const joined of join.push(named)) out.push(...writer.push(withEarlier(joined)))
    }
    return out
  }

  function withEarlier(event: ChatEvent): ChatEvent {
    if (earlier.length === 0 || (event.type !== 'usage' && event.type !== 'response-end')) return event
    return { ...event, usage: sumUsage([...earlier, event.usage]) }
  }

  function close(frames: Frame[]): Uint8Array {
    over = true
    return joinBytes([encodeAll(bytes, [...frames, ...writer.end()]), ...bytes.end()])
  }

  const read = (frames: Iterable<Frame>) => [...frames].flatMap((frame) => take(part.events.push(frame)))

  return {
    contentType: framing.contentType,
    push: (block) => (over ? nothing : encodeAll(bytes, read(part.frames.push(block)))),
    end() {
      if (over) return nothing
      const last = [...read(part.frames.end()), ...take(part.events.end())]
      return part.failure ? encodeAll(bytes, last) : close(last)
    },
    fail: (error) => (over ? nothing : close([...writer.push({ type: 'error', error })])),
    between: () => true,
    usage: () => part.sum.usage(inputEstimate),
    serviceTier: () => part.sum.serviceTier(),
    failure: () => part.failure,
    soFar: () => (over ? undefined : join.soFar()),
    goOn(next) {
      const used = part.sum.usage(inputEstimate)
      if (used) earlier.push(used)
      join.next()
      part = partOf(next)
    },
  }
}
