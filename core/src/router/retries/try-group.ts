import type { Call } from '../../client/call.ts'
import { GatewayError } from '../../kernel/faults.ts'
import type { Attempt } from '../attempt.ts'
import type { Deployment, RouterSettings } from '../deployment.ts'
import type { Health } from '../health/health.ts'
import type { Affinity } from '../placing/affinity.ts'
import { openNow, rivalsOf, wantedOf } from '../placing/candidates/choice.ts'
import { eligible } from '../placing/candidates/eligible.ts'
import { inputTokens } from '../placing/candidates/needs.ts'
import { type Member, orderOf, type Roster } from '../placing/candidates/roster.ts'
import { allFull } from '../placing/held.ts'
import type { Seats } from '../placing/seats.ts'
import type { Group } from '../pool.ts'
import type { Ranking, Strategy } from '../strategies/strategy.ts'
import { type Answer, type Asking, asGatewayError, type Full, type Ports, type Trial } from '../trial.ts'
import { backOff } from './back-off.ts'
import { exhausted } from './exhausted.ts'
import { specialFallbacks } from './fallbacks.ts'
import { type Aim, readying } from './ready.ts'
import { retriesFor } from './retries.ts'
import type { RetryBudget } from './retry-budget.ts'

/** One group's turn in a call. */
export interface Turn {
  readonly call: Call
  readonly group: Group
  readonly asking: Asking
  /** how many groups have failed before */
  readonly depth: number
}

export interface Engine {
  readonly settings: RouterSettings
  readonly strategy: Strategy
  readonly health: Health
  readonly ports: Ports
  readonly budget: RetryBudget
  readonly rosterOf: (group: Group) => Roster
  readonly attempt: (trial: Trial) => Promise<Answer>
  readonly affinity: Affinity
  readonly seats: Seats
}

/** What has happened in a turn so far. */
interface Course {
  readonly spent: Set<string>
  readonly tried: Set<string>
  tries: number
  first?: GatewayError
  last?: GatewayError
  full?: Full
  /** the tries of the group are used up: only levels of `order` above this are left, one try each */
  above?: number
  /** what was to be waited for since the last failure has been */
  rested: boolean
}

/**
 * The one engine of retries: at most `retries + 1` attempts, each on the best deployment that is left, and one on each level of `order`
 * that these did not reach. Throws the first failure.
 */
export function groupsWith(engine: Engine): (turn: Turn) => Promise<Answer> {
  const { settings, strategy, ports, budget, rosterOf, attempt, affinity, seats } = engine
  const ready = readying(engine)

  return async (turn) => {
    const { call, group, asking } = turn
    const roster = rosterOf(group)
    const { members, passedOver, refusal } = eligible(roster, call, asking, settings)
    for (const { member, why } of passedOver) note(turn, member.deployment.id, why)
    if (members.length === 0 && refusal) throw refusal
    const tokens = roster.limited || strategy.name.startsWith('usage') ? inputTokens(call) : 0
    const course: Course = { spent: new Set(), tried: new Set(), tries: 0, rested: false }
    const kept = affinity.keep(call, group, asking)
    const ranking: Ranking = { stream: call.stream, dice: ports.dice }
    budget.asked()
    for (;;) {
      const at = ports.now()
      const skipped = course.tries === 0 && asking.note ? noting(turn) : undefined
      const open = openNow({ roster, members, tokens, at, skipped, ...course })
      const wanted = wantedOf(roster, open, { kept, strategy, seats, ranking })
      const [best] = wanted
      if (!best) break
      if (course.last && !course.rested) {
        const others = open.length > 1 || !course.tried.has(best.deployment.id)
        const wait = backOff({ tries: course.tries, error: course.last, others, settings, dice: ports.dice })
        if (wait === undefined) break
        course.rested = true
        // whoever was best before the wait need not be so afterwards
        if (wait > 0) await ports.sleep(wait, asking.signal)
        if (wait > 0) continue
      }
      if (asking.signal?.aborted) throw callerLeft()
      const answer = await tryOne(turn, course, { roster, members, wanted, tokens, kept })
      if (answer === 'over') break
      if (answer !== 'again') return answer
    }
    if (course.first) throw course.first
    throw course.full === undefined ? exhausted({ group, members }, ports.now()) : allFull(group, course.full)
  }

  /** One try; `again` when there is to be another, `over` when there is not. */
  async function tryOne(turn: Turn, course: Course, aim: Aim): Promise<Answer | 'again' | 'over'> {
    const { call, group, asking, depth } = turn
    const { wanted, kept } = aim
    const held = await ready(asking, aim)
    if (held.full !== undefined) {
      for (const { id } of held.deployments) {
        note(turn, id, 'over-limit')
        course.spent.add(id)
      }
      course.full ??= held
      return 'again'
    }
    const { deployment, claim } = held
    course.tried.add(deployment.id)
    const rivals = aim.roster.raced && {
      rivals: rivalsOf(aim.members, wanted, { tokens: aim.tokens, at: ports.now() }),
    }
    const tries = { retries: course.tries, fallbacks: depth }
    try {
      const answer = held.seated(
        await attempt({ call, group, deployment, asking: held.asking, claim, ...rivals, ...tries }),
      )
      kept?.on(answer.deployment)
      return answer
    } catch (thrown) {
      held.leave()
      const error = asGatewayError(thrown)
      if (error.code === 'client-gone') throw error
      return afterwards(turn, course, { error, deployment })
    }
  }

  /** Whether the group is tried again after a failure. */
  function afterwards(
    { call, group, asking }: Turn,
    course: Course,
    { error, deployment }: { readonly error: GatewayError; readonly deployment: Deployment },
  ): 'again' | 'over' {
    course.first ??= error
    course.last = error
    course.rested = false
    const { id } = deployment
    const { allowed, where } = retriesFor(error, group, { asked: asking.retries, settings })
    if (where === 'never') return 'over'
    if (where === 'elsewhere') course.spent.add(id)
    const { code } = error
    if (!asking.disableFallbacks && specialFallbacks({ model: call.model, group: group.name, code, settings }))
      return 'over'
    course.tries++
    if (course.tries <= allowed && course.above === undefined && budget.take()) return 'again'
    const { levels } = rosterOf(group)
    const reached = Math.max(course.above ?? Number.NEGATIVE_INFINITY, orderOf(deployment))
    course.above = reached
    return levels.some((level) => level > reached) ? 'again' : 'over'
  }
}

type Why = Extract<Attempt, { kind: 'skipped' }>['why']

function noting(turn: Turn): (member: Member, why: Why) => void {
  return ({ deployment }, why) => note(turn, deployment.id, why)
}

function note({ asking, group }: Turn, deployment: string, why: Why): void {
  asking.note?.({ kind: 'skipped', deployment, group: group.name, why })
}

function callerLeft(): GatewayError {
  return new GatewayError('client-gone', 'The caller closed the connection before the answer was complete.')
}
