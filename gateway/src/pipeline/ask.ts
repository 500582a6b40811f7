import type { Call } from 'turnpike-core/internal/client/call'
import type { Answer, Asking } from 'turnpike-core/internal/router/dispatch'
import { mayCall } from '../access/grants.ts'
import type { House } from '../house.ts'
import type { Grant } from './admit.ts'
import { worstCase } from './price.ts'
import { targetOf } from './resolve.ts'
import type { Knock } from './route.ts'
import type { Story } from './story.ts'

export interface Question {
  readonly knock: Knock
  readonly call: Call
  readonly grant: Grant
  readonly story: Story
  readonly house: House
}

/** Tries the deployments in order; each attempt goes into the journal as it ends. */
export function ask(question: Question): Promise<Answer> {
  const { call, grant, story, house } = question
  const asking = askingOf(question)
  story.sent()
  return house.router.ask(call, grant.route.group, asking)
}

/** What the call asks of the router beyond itself. */
export function askingOf({ knock, call, grant, story, house }: Question): Asking {
  const { headers } = knock.request
  const fallbacks = askedFallbacks(call)
  return {
    signal: knock.request.signal,
    enter: enteringOf({ call, story, house }),
    mock: text(call.field('mock_response')),
    note: story.attempt,
    // a fallback that the operator configured is the operator's grant; one that the caller names is checked like any request
    permits: (group) => grant.covers(group) && (!fallbacks || mayCall(story.principal(), targetOf(group.name, group))),
    fallbacks,
    disableFallbacks: call.field('disable_fallbacks') === true,
    retries: count(call.field('num_retries')) ?? count(headers.get('x-litellm-num-retries')),
    ...deadlinesAsked(call, headers),
  }
}

/** The deadlines that the caller sets, in the body or by header. */
function deadlinesAsked(call: Call, headers: Headers): Asking {
  const asked = (field: string, header: string) => seconds(call.field(field)) ?? seconds(headers.get(header))
  return {
    timeoutMs: asked('timeout', 'x-litellm-timeout') ?? seconds(call.field('request_timeout')),
    streamTimeoutMs: asked('stream_timeout', 'x-litellm-stream-timeout'),
    streamIdleTimeoutMs: asked('stream_idle_timeout', 'x-litellm-stream-idle-timeout'),
    connectTimeoutMs: asked('connect_timeout', 'x-litellm-connect-timeout'),
  }
}

/** Budgets of providers, where there are any: what an attempt may cost is set aside in them before it is made. */
function enteringOf({ call, story, house }: Pick<Question, 'call' | 'story' | 'house'>): Asking['enter'] {
  if (Object.keys(house.config.governance.budgets.providers).length === 0) return undefined
  return async (deployment) => {
    const entered = await house.admission.enter(deployment.provider.name, worstCase(call, [deployment], house.now()))
    if (!entered) return { leave: () => {} }
    if (entered.full !== undefined) return entered
    story.entered(entered)
    return { leave: () => entered.settle({ shares: [] }) }
  }
}

function askedFallbacks(call: Call): readonly string[] | undefined {
  if (!call.envelope.members.has('fallbacks')) return undefined
  const list = call.field('fallbacks')
  return Array.isArray(list) ? list.filter((name): name is string => typeof name === 'string') : undefined
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function count(value: unknown): number | undefined {
  const number = typeof value === 'string' ? Number(value) : value
  return typeof number === 'number' && Number.isInteger(number) && number >= 0 ? Math.min(number, 10) : undefined
}

function seconds(value: unknown): number | undefined {
  const number = typeof value === 'string' || typeof value === 'number' ? Number(value) : Number.NaN
  return number > 0 ? number * 1000 : undefined
}
