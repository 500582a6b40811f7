import { answerWhole, flowFor, unfoldAnswer } from 'turnpike-core/internal/client/answer'
import type { Call } from 'turnpike-core/internal/client/call'
import { pingFor } from 'turnpike-core/internal/client/flow/ping'
import type { Answer } from 'turnpike-core/internal/router/dispatch'
import { abortRule } from 'turnpike-core/internal/router/trial'
import type { House } from '../../house.ts'
import type { Grant } from '../admit.ts'
import { inputEstimate } from '../price.ts'
import type { Knock, Surface } from '../route.ts'
import type { Story } from '../story.ts'
import { answerHeaders } from './headers.ts'
import { keepAliveMs } from './keep-alive.ts'
import { streamBody } from './streaming.ts'

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
  const { knock, call, answer, grant, story } = responding
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
  const quietMs = keepAliveMs({ deployments: [answer.deployment, ...grant.route.group.deployments] })
  return new Response(
    streamBody({
      reply,
      flow,
      story,
      drains: abortRule(answer.deployment) === 'drain',
      alive: { quietMs, ping: pingFor(call.format, framing, true) },
    }),
    { headers },
  )
}
