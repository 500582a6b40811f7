import type { Call } from '../client/call.ts'
import { type Compiled, compile } from '../client/compile.ts'
import { mockReply } from '../client/mock.ts'
import { type Fetch, type Reply, send } from '../client/send.ts'
import { createFlights, type Flights } from '../client/sending/flights.ts'
import type { Sharer } from '../client/sending/seat.ts'
import type { Deadlines } from '../client/target.ts'
import { GatewayError, isGatewayError, withDetail } from '../kernel/faults.ts'
import type { Usage } from '../vocabulary/usage.ts'
import type { Attempt } from './attempt.ts'
import type { Deployment, RouterSettings } from './deployment.ts'
import type { Health } from './health/health.ts'
import type { Claim } from './health/life.ts'
import { continuationFault } from './placing/gone.ts'
import type { Group } from './pool.ts'
import { specialFallbacks } from './retries/fallbacks.ts'
import { refuseFiltered } from './retries/filtered.ts'
import { hedged, type Spent } from './retries/hedge.ts'
import type { MockFailure } from './retries/mock-failure.ts'
import type { Dice } from './strategies/strategy.ts'

/** What a call asks of the router beyond itself. */
export interface Asking {
  readonly signal?: AbortSignal | undefined
  /** the caller's own, before the settings' */
  readonly retries?: number | undefined
  readonly fallbacks?: readonly string[] | undefined
  readonly disableFallbacks?: boolean | undefined
  readonly timeoutMs?: number | undefined
  readonly streamTimeoutMs?: number | undefined
  readonly streamIdleTimeoutMs?: number | undefined
  readonly connectTimeoutMs?: number | undefined
  /** who the call is shared with, where the entry lets identical ones be shared; undefined: with nobody */
  readonly sharer?: Sharer | undefined
  /** whether a fallback group may answer this caller */
  readonly permits?: (group: Group) => boolean
  /** answer with this text without calling anybody */
  readonly mock?: string | undefined
  /** let the first group fail in this way without asking it; only for administrators */
  readonly test?: MockFailure | undefined
  /** tags of the request, for deployments that are chosen by them */
  readonly tags?: readonly string[] | undefined
  /** the team that the caller acts for */
  readonly teamId?: string | undefined
  /** where the caller may be served, such as `eu` */
  readonly region?: string | undefined
  /** Asked before each attempt: what the deployment's owner sets aside for it, or why it may not take the call now. */
  readonly enter?: ((deployment: Deployment) => Entry | Promise<Entry>) | undefined
  /** whose call it is, and the name of the conversation that it belongs to, where that does not stand in the body */
  readonly tenant?: string | undefined
  readonly session?: string | undefined
  /** lower ones are let in first where calls wait for a place, for so many milliseconds at the most */
  readonly priority?: number | undefined
  readonly queueMs?: number | undefined
  /** hears of each attempt as it ends */
  readonly note?: (attempt: Attempt) => void
}

/** Why a deployment may not take a call now, in words; a budget that is spent unless said otherwise. */
export interface Full {
  readonly full: string
  readonly kind?: 'budget' | 'limit'
  readonly retryAfterMs?: number
}

/** What was set aside for an attempt. */
export type Entry =
  | Full
  /** `leave` is called when the attempt has failed; of the one that answered whoever asked keeps what was set aside */
  | { readonly full?: undefined; leave(): void }

/** A deployment's answer, and what the router wants to be told when it is complete. */
export interface Answer {
  readonly group: string
  readonly deployment: Deployment
  readonly compiled: Compiled
  readonly reply: Reply
  readonly retries: number
  readonly fallbacks: number
  /** what other deployments used for this answer that were called off */
  readonly besides?: () => readonly Spent[]
  /** once, when the last byte has left: what it took, or what cut it short */
  done(end: AnswerEnd): void
}

/** How an answer came to its end. */
export interface AnswerEnd {
  readonly inputTokens?: number | undefined
  readonly outputTokens?: number | undefined
  readonly error?: GatewayError | undefined
}

/** What the router needs from outside. */
export interface Ports {
  readonly fetch: Fetch
  /** milliseconds since 1970, and on a clock that never jumps */
  readonly now: () => number
  readonly tick: () => number
  readonly dice: Dice
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>
}

/** One try of one deployment. */
export interface Trial {
  readonly call: Call
  readonly group: Group
  readonly deployment: Deployment
  readonly asking: Asking
  /** what is on its deployment's counters already */
  readonly claim?: Claim | undefined
  /** which try of the group this is, and how many groups have failed before */
  readonly retries: number
  readonly fallbacks: number
  /** others that may take the call as well, best first; undefined: those of the group that are in rotation */
  readonly rivals?: readonly Deployment[]
  /** hears what the provider says that the call used, up to its first content */
  readonly heard?: (usage: Usage) => void
}

interface Trying {
  readonly settings: RouterSettings
  readonly health: Health
  readonly ports: Ports
}

/** How a deployment is tried; where its entry says so, against a second one that may overtake it. */
export function trialsWith(trying: Trying): (trial: Trial) => Promise<Answer> {
  return hedged(plainTrials(trying), trying)
}

/** What a deployment has begun to answer. */
interface Given {
  readonly begun: number
  readonly claim: Claim
  readonly compiled: Compiled
  readonly reply: Reply
}

/** The call is sent, its deployment's health hears how it went, the attempt is noted. */
function plainTrials({ settings, health, ports }: Trying): (trial: Trial) => Promise<Answer> {
  const flights = createFlights()
  return async (given) => {
    const trial = meeting(given, flights)
    const claim = claimOf(given, trial)
    const { deployment, group, asking } = trial
    const begun = ports.tick()
    try {
      const { compiled, reply } = await sendTo(trial)
      if (reply.kind === 'whole' && hasFilterFallback(trial)) refuseFiltered(trial.call, reply)
      asking.note?.({ kind: 'answered', deployment: deployment.id, group: group.name, ms: ports.tick() - begun })
      health.bore(deployment.id, reply.headers)
      return answerOf(trial, { begun, claim, compiled, reply })
    } catch (thrown) {
      claim.end(0, ports.now())
      const told = withDetail(asGatewayError(thrown), { provider: deployment.provider.name, model: deployment.model })
      const error = continuationFault(trial.call, group, told)
      asking.note?.({ kind: 'failed', deployment: deployment.id, group: group.name, ms: ports.tick() - begun, error })
      if (!isHaste(error, asking)) health.failed(deployment, error, siblingsIn(group))
      throw error
    }
  }

  /** What is on the counters for this try: made where another deployment is tried than was counted. */
  function claimOf({ claim, deployment }: Trial, trial: Trial): Claim {
    const own = claim?.life.id === deployment.id
    if (claim && own && trial.deployment === deployment) return claim
    if (own) claim?.undo(ports.now())
    return health.begin(trial.deployment.id, claim?.tokens ?? 0)
  }

  /** Whether an answer that the provider's filter ended is to be made by another group. */
  function hasFilterFallback({ call, group, asking }: Trial): boolean {
    if (asking.disableFallbacks) return false
    return specialFallbacks({ model: call.model, group: group.name, code: 'content-policy', settings }) !== undefined
  }

  function answerOf(trial: Trial, { begun, claim, compiled, reply }: Given): Answer {
    const { call, group, deployment, retries, fallbacks } = trial
    const firstByteMs = call.stream ? ports.tick() - begun : undefined
    let over = false
    return {
      group: group.name,
      deployment,
      compiled,
      reply,
      retries,
      fallbacks,
      done({ inputTokens = claim.tokens, outputTokens = 0, error }) {
        if (over) return
        over = true
        claim.end(inputTokens + outputTokens, ports.now())
        if (error && isHaste(error, trial.asking)) return
        if (error) health.failed(deployment, error, siblingsIn(group))
        else
          health.answered(deployment.id, {
            msPerToken: (ports.tick() - begun) / Math.max(1, outputTokens),
            firstByteMs,
          })
      },
    }
  }

  async function sendTo({ call, deployment, asking, heard }: Trial): Promise<{ compiled: Compiled; reply: Reply }> {
    const mock = asking.mock ?? deployment.mock
    if (mock !== undefined) return mockReply(call, mock)
    const compiled = compile(call, deployment)
    const start = (signal: AbortSignal | undefined): Promise<Reply> =>
      send(compiled, {
        fetch: ports.fetch,
        deadlines: deadlinesFor(deployment, asking),
        signal,
        outlivesCaller: abortRule(deployment) === 'drain',
        heard,
      })
    const { sharer, signal } = asking
    const shares = sharer && deployment.settings?.singleFlight
    return { compiled, reply: await (shares ? flights.join({ compiled, sharer, signal, start }) : start(signal)) }
  }

  /** Request before deployment before router; a stream's timeout bounds the wait for its first content. */
  function deadlinesFor({ deadlines }: Deployment, asking: Asking): Deadlines {
    return {
      totalMs: asking.timeoutMs ?? deadlines?.totalMs ?? settings.timeoutMs,
      firstByteMs: asking.streamTimeoutMs ?? deadlines?.firstByteMs ?? settings.streamTimeoutMs,
      idleMs: asking.streamIdleTimeoutMs ?? deadlines?.idleMs,
      connectMs: asking.connectTimeoutMs ?? deadlines?.connectMs,
    }
  }
}

/** Whether a deadline passed that the caller set for itself: that says nothing of the deployment, and must not take it from others. */
function isHaste(error: GatewayError, asking: Asking): boolean {
  if (error.code !== 'provider-timeout') return false
  const { timeoutMs, streamTimeoutMs, streamIdleTimeoutMs, connectTimeoutMs } = asking
  return [timeoutMs, streamTimeoutMs, streamIdleTimeoutMs, connectTimeoutMs].some((ms) => ms !== undefined)
}

/** The same try, of the deployment at which an identical call is on its way already, if there is one that may be shared. */
function meeting(trial: Trial, flights: Flights): Trial {
  const { call, group, deployment, asking } = trial
  const { sharer } = asking
  if (!sharer || !deployment.settings?.singleFlight || group.deployments.length < 2) return trial
  const onItsWay = (other: Deployment): boolean => {
    if (!other.settings?.singleFlight) return false
    try {
      return flights.has(compile(call, other), sharer)
    } catch {
      // one that cannot take the call has none of it on its way
      return false
    }
  }
  const met = onItsWay(deployment) ? deployment : (trial.rivals ?? group.deployments).find(onItsWay)
  return met ? { ...trial, deployment: met } : trial
}

/** Deployments that could take over when one of the group is out of rotation. */
function siblingsIn({ size, deployments }: Group): number {
  return (size ?? deployments.length) - 1
}

/** What happens upstream when the caller leaves. */
export function abortRule({ onClientAbort, provider }: Deployment): 'cancel' | 'drain' {
  return onClientAbort ?? provider.onClientAbort ?? 'cancel'
}

/** What was thrown, as an error of ours. */
export function asGatewayError(thrown: unknown): GatewayError {
  if (isGatewayError(thrown)) return thrown
  return new GatewayError('internal', 'Internal server error', { cause: thrown })
}
