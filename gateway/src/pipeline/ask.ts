import type { Call } from 'turnpike-core/internal/client/call'
import type { Answer, Asking } from 'turnpike-core/internal/router/dispatch'
import type { Entry } from 'turnpike-core/internal/router/trial'
import { mayCall } from '../access/grants.ts'
import { isAdmin } from '../access/rights.ts'
import type { Entered } from '../admission/admission.ts'
import type { House } from '../house.ts'
import { ownersOf } from '../ledger/row.ts'
import type { Principal } from '../vocabulary/principal.ts'
import type { Grant } from './admit.ts'
import { inputEstimate, outputEstimate, worstCase } from './price.ts'
import { placeAsked } from './request/place-asked.ts'
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
    ...placeAsked(call, headers, story.principal()),
    teamId: ownersOf(story.principal()).teamId,
    tags: story.tags(),
    region: story.region(),
    test: mockFailureAsked(call, story.principal()),
    mock: text(call.field('mock_response')),
    note: story.attempt,
    // a fallback that the operator configured is the operator's grant; one that the caller names is checked like any request
    permits: (group) => grant.covers(group) && (!fallbacks || mayCall(story.principal(), targetOf(group.name, group))),
    fallbacks,
    sharer: { tenant: tenantOf(story.principal()), id: knock.callId },
    disableFallbacks: call.field('disable_fallbacks') === true,
    retries: count(call.field('num_retries')) ?? count(headers.get('x-litellm-num-retries')),
    ...deadlinesAsked(call, headers),
  }
}

/** LiteLLM's switches for trying fallbacks out; administrators only, for whom a failure on purpose harms nobody else. */
function mockFailureAsked(call: Call, caller: Principal): Asking['test'] {
  const asked = mockFailures.find((kind) => call.envelope.members.has(`mock_testing_${kind}`))
  if (asked === undefined || !isAdmin(caller)) return undefined
  return call.field(`mock_testing_${asked}`) === true ? asked : undefined
}

const mockFailures = ['fallbacks', 'context_fallbacks', 'content_policy_fallbacks', 'rate_limit_error'] as const

/** Callers of one tenant may share an answer: those of a team, else those of a key. */
function tenantOf(principal: Principal): string {
  const { teamId, userId, keyHash } = ownersOf(principal)
  if (teamId !== undefined) return `team:${teamId}`
  return principal.kind === 'token' ? `user:${userId}` : `key:${keyHash}`
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

/** Budgets and limits of providers and deployments, where there are any: what an attempt may come to is set aside before it is made. */
function enteringOf({ call, story, house }: Pick<Question, 'call' | 'story' | 'house'>): Asking['enter'] {
  return (deployment) => {
    const entered = house.admission.enter({
      provider: deployment.provider.name,
      deployment,
      worstCase: () => worstCase(call, [deployment], house.now()),
      tokens: () => {
        const input = inputEstimate(call)
        return { input, total: input + outputEstimate(call) }
      },
    })
    if (!entered) return free
    return entered instanceof Promise ? entered.then(noted) : noted(entered)

    function noted(given: Entered): Entry {
      if (given.full !== undefined) return given
      story.entered(deployment.id, given)
      return {
        leave() {
          story.entered(deployment.id, undefined)
          given.settle({ shares: [], tokens: 0 })
        },
      }
    }
  }
}

const free: Entry = { leave: () => {} }

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
