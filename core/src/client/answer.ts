import { formatOf } from '../formats/index.ts'
import type { Framing } from '../kernel/framing.ts'
import { sse } from '../kernel/sse.ts'
import type { ChatResponse } from '../vocabulary/chat-response.ts'
import { unfold } from '../vocabulary/unfold.ts'
import type { Usage } from '../vocabulary/usage.ts'
import type { Call } from './call.ts'
import type { Compiled } from './compile.ts'
import { concealedFlow } from './flow/concealed.ts'
import { type Flow, nothing } from './flow/flow.ts'
import { hideUsage } from './flow/hidden-usage.ts'
import { type JoinedFlow, joinedFlow, type Source } from './flow/joined.ts'
import { restoringResponse } from './flow/restore.ts'
import { reframed, translatedFlow } from './flow/translated.ts'
import { encodeAll, untouchedFlow } from './flow/untouched.ts'
import type { WholeReply } from './send.ts'
import { concealing } from './sending/conceal.ts'

/** A whole answer as the caller's bytes, with what it used. */
export interface WholeAnswer {
  readonly bytes: Uint8Array
  readonly usage: Usage | undefined
  /** the tier that the provider says it served the call at */
  readonly serviceTier: string | undefined
}

export interface FlowOptions {
  /** how the caller wants frames to lie in bytes; its format's own unless said otherwise */
  readonly framing?: Framing
  readonly inputEstimate: number
}

const encoder = new TextEncoder()

/** A whole reply in the caller's format: the provider's own bytes where the formats agree. */
export function answerWhole(call: Call, reply: WholeReply): WholeAnswer {
  if (reply.format === call.format) {
    const meter = formatOf(reply.format).client.meter()
    meter.read(reply.value)
    return { bytes: reply.bytes, usage: meter.usage(), serviceTier: meter.serviceTier?.() }
  }
  const response = responseOf(call, reply)
  const body = formatOf(call.format).server.writeResponse(response, call.request().value)
  return { bytes: encoder.encode(JSON.stringify(body)), usage: response.usage, serviceTier: response.serviceTier }
}

/** A whole reply in the vocabulary, with the tools' own names. */
export function responseOf(call: Call, reply: WholeReply): ChatResponse {
  const response = formatOf(reply.format).client.readResponse(reply.value)
  if (reply.format === call.format) return response
  return restoringResponse(call.request().value, reply.format, response)
}

/** A whole reply to a caller who asked for a stream. */
export function unfoldAnswer(call: Call, reply: WholeReply, framing?: Framing): WholeAnswer {
  const response = responseOf(call, reply)
  const format = formatOf(call.format)
  const writer = format.server.writeStream(call.request().value)
  const frames = [...unfold(response).flatMap((event) => [...writer.push(event)]), ...writer.end()]
  const bytes = (framing ?? format.framing).write()
  const body = encodeAll(bytes, frames)
  const tail = [...bytes.end()][0] ?? nothing
  return {
    bytes: tail.length > 0 ? concat(body, tail) : body,
    usage: response.usage,
    serviceTier: response.serviceTier,
  }
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const out = new Uint8Array(a.length + b.length)
  out.set(a)
  out.set(b, a.length)
  return out
}

/** How the blocks of a streamed reply become the caller's bytes. */
export function flowFor(call: Call, compiled: Compiled, options: FlowOptions): Flow {
  return concealedFlow(bareFlow(call, compiled, options), concealing(compiled))
}

function bareFlow(call: Call, compiled: Compiled, options: FlowOptions): Flow {
  const { framing = formatOf(call.format).framing, inputEstimate } = options
  if (!compiled.untouched)
    return translatedFlow({
      from: compiled.format,
      to: call.format,
      request: call.request().value,
      framing,
      inputEstimate,
    })
  const flow = untouchedFlow(call.format, inputEstimate)
  if (compiled.hidesUsage) return hideUsage(flow)
  return framing === formatOf(call.format).framing || framing === sse
    ? flow
    : reframed(flow, formatOf(call.format).framing, framing)
}

/** The same for a stream that another answer may go on with. */
export function joinedFlowFor(call: Call, compiled: Compiled, options: FlowOptions): JoinedFlow {
  const { framing = formatOf(call.format).framing, inputEstimate } = options
  const request = call.request().value
  return joinedFlow({ to: call.format, request, framing, inputEstimate, source: sourceOf(compiled) })
}

/** What a joined flow must know of the call whose answer it goes on with. */
export function sourceOf(compiled: Compiled): Source {
  return { format: compiled.format, conceal: concealing(compiled) }
}
