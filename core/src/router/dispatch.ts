import type { Call } from '../client/call.ts'
import type { GatewayError } from '../kernel/faults.ts'
import type { RouterSettings } from './deployment.ts'
import type { Health } from './health/health.ts'
import { createAffinity } from './placing/affinity.ts'
import { type Explanation, explaining } from './placing/candidates/explain.ts'
import { rostersOf } from './placing/candidates/roster.ts'
import { askWithin, createContinuations } from './placing/continuation.ts'
import type { Placing } from './placing/placing.ts'
import { defaultAffinity } from './placing/settings.ts'
import { type Group, type Pool, unknownModel } from './pool.ts'
import { fallbacksFor, reachableFrom } from './retries/fallbacks.ts'
import { mockFailure } from './retries/mock-failure.ts'
import { createRetryBudget } from './retries/retry-budget.ts'
import { groupsWith } from './retries/try-group.ts'
import type { Strategy } from './strategies/strategy.ts'
import { type Answer, type Asking, asGatewayError, type Ports, trialsWith } from './trial.ts'

export type { Explanation } from './placing/candidates/explain.ts'
export type { Answer, Asking, Ports } from './trial.ts'

export interface Dispatcher {
  readonly pool: Pool
  readonly settings: RouterSettings
  readonly health: Health
  readonly placing: Placing
  /** the group for a model. Throws `unknown-model`. */
  group(model: string): Group
  /** the groups that a call to this one may end in by the settings, however it fails */
  reach(group: Group): readonly Group[]
  /** tries deployments, retries and fallbacks in order until one bears content. Throws the first group's failure. */
  ask(call: Call, group: Group, asking?: Asking): Promise<Answer>
  /** what `ask` would do now, without doing any of it: whom it would try in which order, whom it would pass over and why */
  explain(call: Call, group: Group, asking?: Asking): Explanation
}

export interface Routing {
  readonly pool: Pool
  readonly settings: RouterSettings
  readonly strategy: Strategy
  readonly health: Health
  readonly placing: Placing
}

export function createDispatcher({ pool, settings, strategy, health, placing }: Routing, ports: Ports): Dispatcher {
  const rosterOf = rostersOf(health)
  const budget = createRetryBudget(settings.retryBudget, ports.now)
  const attempt = trialsWith({ settings, health, ports })
  const affinity = createAffinity(settings.affinity ?? defaultAffinity, placing.conversations)
  const continuations = createContinuations(pool, placing.responses)
  const { seats } = placing
  const askGroup = groupsWith({ settings, strategy, health, ports, budget, rosterOf, attempt, affinity, seats })
  const reached = new WeakMap<Group, readonly Group[]>()

  return {
    pool,
    settings,
    health,
    placing,
    reach(group) {
      let groups = reached.get(group)
      if (!groups) {
        groups = reachableFrom(group.name, settings).flatMap((name) => pool.find(name) ?? [])
        reached.set(group, groups)
      }
      return groups
    },
    group(model) {
      const found = pool.find(model)
      if (!found) throw unknownModel(model)
      return found
    },
    ask: (call, group, asking = {}) => askWithin({ call, group, asking }, continuations, askGroups),
    explain: explaining({ settings, strategy, rosterOf, now: ports.now, find: pool.find }),
  }

  async function askGroups(call: Call, group: Group, asking: Asking): Promise<Answer> {
    const failed: GatewayError[] = []
    const queue: Group[] = [group]
    const seen = new Set<string>()
    for (let depth = 0; queue.length > 0 && depth <= settings.maxFallbacks; depth++) {
      const next = queue.shift() as Group
      seen.add(nameOf(next))
      try {
        if (depth === 0 && asking.test) throw mockFailure(asking.test, group.name)
        return await askGroup({ call, group: next, asking, depth })
      } catch (thrown) {
        const error = asGatewayError(thrown)
        if (error.code === 'client-gone') throw error
        failed.push(error)
        if (error.fault.retry === 'never' && error.code !== 'no-deployment') break
        if (depth === 0 || queue.length === 0) queue.push(...nextGroups(call.model, next, error, asking, seen))
      }
    }
    throw failed[0] ?? unknownModel(call.model)
  }

  function nextGroups(
    model: string,
    group: Group,
    error: GatewayError,
    asking: Asking,
    seen: ReadonlySet<string>,
  ): Group[] {
    if (asking.disableFallbacks) return []
    const names = fallbacksFor({ model, group: group.name, code: error.code, settings, asked: asking.fallbacks })
    return names
      .map((name) => pool.find(name))
      .filter(
        (found): found is Group => found !== undefined && !seen.has(nameOf(found)) && (asking.permits?.(found) ?? true),
      )
  }
}

/** A deployment that is asked for by its id is not its group. */
function nameOf({ name, deployments, pinned }: Group): string {
  return pinned ? `${name}#${deployments[0]?.id}` : name
}
