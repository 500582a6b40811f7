import { answerWhole, flowFor, unfoldAnswer } from 'turnpike-core/internal/client/answer'
import type { Call } from 'turnpike-core/internal/client/call'
import type { Flow } from 'turnpike-core/internal/client/flow/flow'
import type { StreamReply } from 'turnpike-core/internal/client/send'
import { GatewayError, isGatewayError } from 'turnpike-core/internal/kernel/faults'
import type { Answer } from 'turnpike-core/internal/router/dispatch'
import type { House } from '../../house.ts'
import type { Grant } from '../admit.ts'
import type { Story } from '../story.ts'
import { inputEstimate } from '../price.ts'
import type { Knock, Surface } from '../route.ts'
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
  return new Response(streamBody(reply, flow, story), { headers })
}

/** Pulls blocks from the provider as the caller takes them. */
function streamBody(reply: StreamReply, flow: Flow, story: Story): ReadableStream<Uint8Array> {
  let at = 0
  let over = false

  function settle(error?: GatewayError): void {
    over = true
    reply.close()
    const told = error ?? flow.failure()
    const outcome = told === undefined ? 'answered' : told.code === 'client-gone' ? 'abandoned' : 'failed'
    story.settle({
      outcome,
      status: told === undefined ? 200 : told.status,
      usage: flow.usage(),
      serviceTier: flow.serviceTier(),
      error: told,
    })
  }

  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          for (;;) {
            const next = reply.head[at++] ?? (await reply.next())
            if (over) return
            const out = next ? flow.push(next) : flow.end()
            if (out.length > 0) controller.enqueue(out)
            if (!next) {
              controller.close()
              settle()
              return
            }
            if (out.length > 0) return
          }
        } catch (thrown) {
          if (over) return
          const error = isGatewayError(thrown)
            ? thrown
            : new GatewayError('internal', 'Internal server error', { cause: thrown })
          if (error.code !== 'client-gone') controller.enqueue(flow.fail(error))
          controller.close()
          settle(error)
        }
      },
      cancel() {
        if (!over)
          settle(new GatewayError('client-gone', 'The caller closed the connection before the answer was complete.'))
      },
    },
    { highWaterMark: 0 },
  )
}
