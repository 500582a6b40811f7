import type { RouterSettings } from '../deployment.ts'
import type { Health } from '../health/health.ts'
import type { Claim } from '../health/life.ts'
import type { Kept } from '../placing/affinity.ts'
import type { Member, Roster } from '../placing/candidates/roster.ts'
import { type Held, holdOne, type Passed } from '../placing/held.ts'
import type { Seats } from '../placing/seats.ts'
import type { Asking, Ports } from '../trial.ts'

/** Whom a try is meant for. */
export interface Aim {
  readonly roster: Roster
  /** those of it that may take the call at all */
  readonly members: readonly Member[]
  /** best first */
  readonly wanted: readonly Member[]
  readonly tokens: number
  readonly kept: Kept | undefined
}

/** A deployment that is ready and counted. */
export interface Ready extends Held {
  readonly claim: Claim
}

interface Readying {
  readonly settings: RouterSettings
  readonly health: Health
  readonly ports: Pick<Ports, 'now'>
  readonly seats: Seats
}

/**
 * Makes one of those who are wanted ready. It is counted before anything is waited for, so that its limits hold for those who come at the
 * same time; where a place has to be waited for it is counted, and its limits are looked at again, when there is one.
 */
export function readying({
  settings,
  health,
  ports,
  seats,
}: Readying): (asking: Asking, aim: Aim) => Promise<Ready | Passed> {
  return async (asking, { roster, wanted, tokens }) => {
    const best = wanted[0]
    const early = best && !roster.seated ? health.begin(best.deployment.id, tokens) : undefined
    try {
      const deployments = (early ? wanted.slice(0, 1) : wanted).map(({ deployment }) => deployment)
      const held = await holdOne(deployments, asking, { seats, settings })
      if (held.full !== undefined) {
        early?.undo(ports.now())
        return held
      }
      if (early) return { ...held, claim: early }
      const member = wanted.find(({ deployment }) => deployment === held.deployment)
      if (!member?.isFull(tokens)) return { ...held, claim: health.begin(held.deployment.id, tokens) }
      held.leave()
      return { full: 'its rpm or tpm is reached', kind: 'limit', deployments: [held.deployment] }
    } catch (thrown) {
      early?.undo(ports.now())
      throw thrown
    }
  }
}
