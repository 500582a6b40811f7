import { GatewayError } from '../../kernel/faults.ts'
import type { Deployment, RouterSettings } from '../deployment.ts'
import type { Group } from '../pool.ts'
import type { Answer, Asking, Full } from '../trial.ts'
import type { Seat, Seats } from './seats.ts'

/** A deployment that is ready for an attempt: its place is taken, and what its owner wants is set aside. */
export interface Held {
  readonly full?: undefined
  readonly deployment: Deployment
  /** what the attempt is made with: a second one beside it finds places of its own by it */
  readonly asking: Asking
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
  return enter(seat, asking, seats)
}

async function enter(seat: Seat, asking: Asking, seats: Seats): Promise<Held | Passed> {
  const { deployment } = seat
  try {
    const entry = await asking.enter?.(deployment)
    if (entry?.full === undefined) return heldOf(seat, () => entry?.leave(), { asking, seats })
    seat.leave()
    return { ...entry, deployments: [deployment] }
  } catch (thrown) {
    seat.leave()
    throw thrown
  }
}

function heldOf(seat: Seat, giveBack: () => void, { asking, seats }: { asking: Asking; seats: Seats }): Held {
  const { deployment } = seat
  const rivals = new Map<string, Seat>()
  const leave = (): void => {
    seat.leave()
    giveBack()
  }
  return {
    deployment,
    leave,
    asking: deployment.settings?.hedge ? { ...asking, enter: enterBeside(rivals, asking, seats) } : asking,
    seated(answer) {
      const own = answer.deployment.id === deployment.id
      if (!own) leave()
      const place = own ? seat : rivals.get(answer.deployment.id)
      if (answer.deployment.maxParallel === undefined || !place) return answer
      return {
        ...answer,
        done(end) {
          place.leave()
          answer.done(end)
        },
      }
    },
  }
}

/** A second attempt takes a place only where one is free at once. */
function enterBeside(rivals: Map<string, Seat>, asking: Asking, seats: Seats): NonNullable<Asking['enter']> {
  return async (deployment) => {
    const seat = await seats.take([deployment], { priority: 0, waitMs: 0 })
    if (!seat) return { full: 'every place of max_parallel_requests is taken', kind: 'limit' }
    const held = await enter(seat, asking, seats)
    if (held.full !== undefined) return held
    rivals.set(deployment.id, seat)
    return { leave: held.leave }
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
