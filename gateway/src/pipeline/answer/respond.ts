import { answerWhole, flowFor, unfoldAnswer } from 'turnpike-core/internal/client/answer'
import type { Call } from 'turnpike-core/internal/client/call'
import type { Flow } from 'turnpike-core/internal/client/flow/flow'
import type { StreamReply } from 'turnpike-core/internal/client/send'
import { GatewayError, isGatewayError } from 'turnpike-core/internal/kernel/faults'
import type { Answer } from 'turnpike-core/internal/router/dispatch'
import { abortRule } from 'turnpike-core/internal/router/trial'
import type { House } from '../../house.ts'
import type { Grant } from '../admit.ts'
import { inputEstimate } from '../price.ts'
import type { Knock, Surface } from '../route.ts'
import type { Story } from '../story.ts'
import { answerHeaders } from './headers.ts'

export interface Responding {
  readonly knock: Knock & { readonly endpoint: Surface }
  readonly call: Call
  readonly answer: Answer
  readonly grant: Grant
  readonly story: Story
  readonly house: House
}

/** The answer on its way out. The exchange is settled when the last byte has left, whichever way it leaves. */
export function respond(responding: Responding): Response {
  const { knock, call, answer, story } = responding
  story.answered(answer)
  const framing = knock.endpoint.framing?.(knock.query)
  const { reply } = answer
  if (reply.kind === 'whole') {
    const whole = call.stream ? unfoldAnswer(call, reply, framing) : answerWhole(call, reply)
    story.said(whole.bytes)
    const cost = story.settle({
      outcome: 'answered',
      status: 200,
      usage: whole.usage,
      serviceTier: whole.serviceTier,
    })
    const contentType = call.stream ? (framing?.contentType ?? 'text/event-stream') : 'application/json'
    return new Response(whole.bytes as Uint8Array<ArrayBuffer>, {
      headers: answerHeaders(responding, contentType, cost),
    })
  }
  const flow = flowFor(call, answer.compiled, { inputEstimate: inputEstimate(call), ...(framing && { framing }) })
  const headers = answerHeaders(responding, flow.contentType)
  headers['cache-control'] = 'no-cache'
  headers['x-accel-buffering'] = 'no'
  const drains = abortRule(answer.deployment) === 'drain'
  return new Response(streamBody({ reply, flow, story, drains }), { headers })
}

/** How long an answer is read on after its caller has left. */
const drainMs = 60_000

interface Streaming {
  readonly reply: StreamReply
  readonly flow: Flow
  readonly story: Story
  /** whether the answer is read to its end though nobody takes it, because the provider bills it anyway */
  readonly drains: boolean
}

/** Pulls blocks from the provider as the caller takes them; what is not taken any more is drained or cut. */
function streamBody({ reply, flow, story, drains }: Streaming): ReadableStream<Uint8Array> {
  let at = 0
  let over = false
  let running = false
  let left: GatewayError | undefined

  function settle(error?: GatewayError): void {
    if (over) return
    over = true
    reply.close()
    const told = error ?? flow.failure() ?? left
    const outcome = told === undefined ? 'answered' : told.code === 'client-gone' ? 'abandoned' : 'failed'
    story.settle({
      outcome,
      status: told === undefined ? 200 : told.status,
      usage: flow.usage(),
      serviceTier: flow.serviceTier(),
      error: told,
    })
  }

  /** Up to the next bytes for the caller, or, when it has left, to the end. */
  async function run(controller?: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    running = true
    try {
      for (;;) {
        const next = reply.head[at++] ?? (await reply.next())
        if (over) return
        const out = next ? flow.push(next) : flow.end()
        story.said(out)
        if (out.length > 0 && !left) controller?.enqueue(out)
        if (!next) {
          if (!left) controller?.close()
          return settle()
        }
        if (out.length > 0 && !left) return
      }
    } catch (thrown) {
      if (over) return
      const error = isGatewayError(thrown)
        ? thrown
        : new GatewayError('internal', 'Internal server error', { cause: thrown })
      if (!left && error.code !== 'client-gone') controller?.enqueue(flow.fail(error))
      if (!left) controller?.close()
      settle(left ?? error)
    } finally {
      running = false
    }
  }

  return new ReadableStream<Uint8Array>(
    {
      pull: run,
      cancel() {
        if (over) return
        left = new GatewayError('client-gone', 'The caller closed the connection before the answer was complete.')
        if (!drains) return settle(left)
        const timer = setTimeout(() => settle(left), drainMs)
        timer.unref?.()
        if (!running) void run().finally(() => clearTimeout(timer))
      },
    },
    { highWaterMark: 0 },
  )
}
