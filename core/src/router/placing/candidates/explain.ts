import type { Call } from '../../../client/call.ts'
import type { Attempt } from '../../attempt.ts'
import type { RouterSettings } from '../../deployment.ts'
import type { Group, Pool } from '../../pool.ts'
import { fallbacksFor } from '../../retries/fallbacks.ts'
import type { Strategy } from '../../strategies/strategy.ts'
import type { Asking } from '../../trial.ts'
import { openNow } from './choice.ts'
import { eligible } from './eligible.ts'
import { inputTokens } from './needs.ts'
import type { Member, Roster } from './roster.ts'

type Why = Extract<Attempt, { kind: 'skipped' }>['why']

/** What a call would meet now. */
export interface Explanation {
  readonly group: string
  readonly strategy: string
  /** ids of deployments in the order in which they would be tried; where lots are drawn, one of the orders */
  readonly order: readonly string[]
  readonly skipped: readonly Skipped[]
  /** groups that would follow a failure which is not of a special kind, in order */
  readonly fallbacks: readonly string[]
}

export interface Skipped {
  readonly deployment: string
  readonly why: Why
  /** what took it out of rotation, and for how many more milliseconds */
  readonly cause?: string | undefined
  readonly waitMs?: number | undefined
}

export interface Explaining {
  readonly settings: RouterSettings
  readonly strategy: Strategy
  readonly rosterOf: (group: Group) => Roster
  readonly now: () => number
  readonly find: Pool['find']
}

/** Tells what a call would meet, and changes nothing. */
export function explaining(given: Explaining): (call: Call, group: Group, asking?: Asking) => Explanation {
  const { settings, strategy, rosterOf, now, find } = given
  return (call, group, asking = {}) => {
    const at = now()
    const roster = rosterOf(group)
    const { members, passedOver } = eligible(roster, call, asking, settings)
    const skipped: Skipped[] = passedOver.map(({ member, why }) => ({ deployment: member.deployment.id, why }))
    const tried = new Set<string>()
    const order: string[] = []
    const skip = ({ deployment, life }: Member, why: Why) => {
      const { cause } = life
      const waitMs = Math.max(0, life.coolingUntil - at)
      skipped.push({ deployment: deployment.id, why, ...(why === 'cooling' && { cause, waitMs }) })
    }
    // level by level, as if each that is tried fails
    for (;;) {
      const open = openNow({
        roster,
        members,
        tokens: inputTokens(call),
        spent: tried,
        tried,
        at,
        skipped: tried.size === 0 ? skip : undefined,
      })
      if (open.length === 0) break
      for (const { deployment } of strategy.rank(open, { stream: call.stream, dice: () => 0 })) {
        order.push(deployment.id)
        tried.add(deployment.id)
      }
    }
    const code = 'provider-failed'
    const names = asking.disableFallbacks
      ? []
      : fallbacksFor({ model: call.model, group: group.name, code, settings, asked: asking.fallbacks })
    const fallbacks = names.filter((name) => {
      const found = find(name)
      return found !== undefined && found !== group && (asking.permits?.(found) ?? true)
    })
    return {
      group: group.name,
      strategy: strategy.name,
      order,
      skipped,
      fallbacks: fallbacks.slice(0, settings.maxFallbacks),
    }
  }
}
