import type { Deployment } from '../deployment.ts'
import { createQueue } from './queue.ts'

/** One of a deployment's places, held until the last byte of the answer. */
export interface Seat {
  readonly deployment: Deployment
  /** frees it; harmless when called again */
  leave(): void
}

/** A call that wants a place. */
export interface Seating {
  /** lower ones are let in first */
  readonly priority: number
  /** milliseconds that it may wait */
  readonly waitMs: number
  readonly signal?: AbortSignal | undefined
}

/**
 * Places of deployments that take only so many calls at once. Nobody waits longer than the time that it brought: a call of low priority
 * may be overtaken for that long, and is refused then.
 */
export interface Seats {
  /** those that have a free place; all of them where none has */
  open(deployments: readonly Deployment[]): readonly Deployment[]
  /** a place at the first of these that has one, at once or as soon as one is free; undefined when the wait is over */
  take(deployments: readonly Deployment[], seating: Seating): Seat | undefined | Promise<Seat | undefined>
}

export interface SeatLimits {
  /** calls that may wait at once, over all deployments */
  readonly most: number
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>
}

interface Waiter {
  readonly deployments: readonly Deployment[]
  readonly seated: (seat: Seat) => void
}

export function createSeats({ most, sleep }: SeatLimits): Seats {
  const taken = new Map<string, number>()
  const queue = createQueue<Waiter>()

  function isFree({ id, maxParallel }: Deployment): boolean {
    return maxParallel === undefined || (taken.get(id) ?? 0) < maxParallel
  }

  function sit(deployment: Deployment): Seat {
    // a deployment without a limit is not counted: most have none
    if (deployment.maxParallel === undefined) return { deployment, leave: nothing }
    const { id } = deployment
    taken.set(id, (taken.get(id) ?? 0) + 1)
    let left = false
    return {
      deployment,
      leave() {
        if (left) return
        left = true
        const others = (taken.get(id) ?? 1) - 1
        if (others > 0) taken.set(id, others)
        else taken.delete(id)
        letIn(id)
      },
    }
  }

  /** The first in the queue who wants the place that has become free. */
  function letIn(id: string): void {
    const wanted = ({ deployments }: Waiter) => deployments.find((one) => one.id === id && isFree(one))
    const next = queue.shift((waiter) => wanted(waiter) !== undefined)
    const deployment = next && wanted(next)
    if (deployment) next.seated(sit(deployment))
  }

  function wait(deployments: readonly Deployment[], { priority, waitMs, signal }: Seating): Promise<Seat | undefined> {
    const clock = new AbortController()
    return new Promise((resolve) => {
      let over = false
      const end = (): void => finish(undefined)
      const leave = queue.push(priority, { deployments, seated: finish })
      signal?.addEventListener('abort', end, { once: true })
      void sleep(waitMs, clock.signal).then(end)

      function finish(seat: Seat | undefined): void {
        if (over) {
          seat?.leave()
          return
        }
        over = true
        leave()
        clock.abort()
        signal?.removeEventListener('abort', end)
        resolve(seat)
      }
    })
  }

  return {
    open(deployments) {
      if (deployments.every(isFree)) return deployments
      const free = deployments.filter(isFree)
      return free.length > 0 ? free : deployments
    },
    take(deployments, seating) {
      const free = deployments.find(isFree)
      if (free) return sit(free)
      if (queue.size >= most || seating.waitMs <= 0 || seating.signal?.aborted) return undefined
      return wait(deployments, seating)
    },
  }
}

const nothing = (): void => {}
