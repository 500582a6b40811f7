import { answerWhole, flowFor, joinedFlowFor, unfoldAnswer } from 'turnpike-core/internal/client/answer'
import type { Call } from 'turnpike-core/internal/client/call'
import type { Flow } from 'turnpike-core/internal/client/flow/flow'
import { pingFor, remarkFor } from 'turnpike-core/internal/client/flow/ping'
import { formatOf } from 'turnpike-core/internal/formats/index'
import type { Framing } from 'turnpike-core/internal/kernel/framing'
import type { Answer } from 'turnpike-core/internal/router/dispatch'
import { abortRule } from 'turnpike-core/internal/router/trial'
import type { House } from '../../house.ts'
import type { Grant } from '../admit.ts'
import { inputEstimate } from '../price.ts'
import type { Knock, Surface } from '../route.ts'
import type { Story } from '../story.ts'
import { type Resume, resuming } from './continue.ts'
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
  const { flow, resume } = streamFlow(responding, framing)
  const headers = answerHeaders(responding, flow.contentType)
  headers['cache-control'] = 'no-cache'
  headers['x-accel-buffering'] = 'no'
  const quietMs = keepAliveMs({ deployments: [answer.deployment, ...grant.route.group.deployments] })
  return new Response(
    streamBody({
      reply,
      flow,
      story,
      resume,
      drains: abortRule(answer.deployment) === 'drain',
      alive: {
        quietMs,
        ping: pingFor(call.format, framing, true),
        remark: (text) => remarkFor(text, framing ?? formatOf(call.format).framing),
      },
    }),
    { headers },
  )
}

/** How the answer's blocks become the caller's; where the entry asks for it, so that another answer can go on with them. */
function streamFlow(responding: Responding, framing: Framing | undefined): { flow: Flow; resume?: Resume } {
  const { call, answer } = responding
  const options = { inputEstimate: inputEstimate(call), ...(framing && { framing }) }
  if (answer.deployment.settings?.continuation !== true) return { flow: flowFor(call, answer.compiled, options) }
  const flow = joinedFlowFor(call, answer.compiled, options)
  return { flow, resume: resuming(responding, flow) }
}
