import { GatewayError } from '../../kernel/faults.ts'
import type { Deployment, RouterSettings } from '../deployment.ts'
import type { Group } from '../pool.ts'
import type { Answer, Asking, Full } from '../trial.ts'
import type { Seat, Seats } from './seats.ts'

/** A deployment that is ready for an attempt: its place is taken, and what its owner wants is set aside. */
export interface Held {
  readonly full?: undefined
  readonly deployment: Deployment
  /** gives all of it back, after an attempt that failed */
  leave(): void
  /** the answer with its place, which is free when its last byte has left */
  seated(answer: Answer): Answer
}

/** Deployments that may not take the call now. */
export interface Passed extends Full {
  readonly deployments: readonly Deployment[]
}

/** Calls that can wait are refused after this, unless the settings or the call say otherwise. */
const usualWaitMs = 1000

/** Makes one of these deployments ready, the first that has a place. Throws `client-gone`. */
export async function holdOne(
  deployments: readonly Deployment[],
  asking: Asking,
  { seats, settings }: { readonly seats: Seats; readonly settings: RouterSettings },
): Promise<Held | Passed> {
  const waitMs = asking.queueMs ?? settings.queueMs ?? usualWaitMs
  const taken = seats.take(deployments, {
    priority: asking.priority ?? settings.priority ?? 0,
    waitMs,
    signal: asking.signal,
  })
  const seat = taken instanceof Promise ? await taken : taken
  if (asking.signal?.aborted) {
    seat?.leave()
    throw new GatewayError('client-gone', 'The caller closed the connection before the answer was complete.')
  }
  if (!seat)
    return { deployments, full: 'every place of max_parallel_requests is taken', kind: 'limit', retryAfterMs: waitMs }
  return enter(seat, asking)
}

async function enter(seat: Seat, asking: Asking): Promise<Held | Passed> {
  const { deployment } = seat
  try {
    const entry = await asking.enter?.(deployment)
    if (entry?.full === undefined) return heldOf(seat, () => entry?.leave())
    seat.leave()
    return { ...entry, deployments: [deployment] }
  } catch (thrown) {
    seat.leave()
    throw thrown
  }
}

function heldOf(seat: Seat, giveBack: () => void): Held {
  return {
    deployment: seat.deployment,
    leave() {
      seat.leave()
      giveBack()
    },
    seated: (answer) => ({
      ...answer,
      done(end) {
        seat.leave()
        answer.done(end)
      },
    }),
  }
}

/** Every deployment that is in rotation has spent what its owner allows, or is as busy as it may be. */
export function allFull(group: Group, { full, kind = 'budget', retryAfterMs }: Full): GatewayError {
  const model = group.name
  if (kind === 'budget')
    return new GatewayError(
      'no-deployment',
      `No deployments available - crossed budget: ${full}. Passed model=${model}.`,
      { model, kind: 'budget_exceeded', ...(retryAfterMs !== undefined && { retryAfterMs }) },
    )
  const ms = Math.max(1000, retryAfterMs ?? 0)
  return new GatewayError(
    'no-deployment',
    `No deployments available for selected model, Try again in ${Math.ceil(ms / 1000)} seconds. Passed model=${model}: ${full}.`,
    { model, retryAfterMs: ms },
  )
}
