import type { Call } from '../client/call.ts'
import { GatewayError } from '../kernel/faults.ts'
import type { Deployment, RouterSettings } from './deployment.ts'
import type { Health } from './health.ts'
import { createAffinity, defaultAffinity, type Kept } from './placing/affinity.ts'
import { askWithin, createContinuations } from './placing/continuation.ts'
import { allFull, holdOne } from './placing/held.ts'
import type { Placing } from './placing/placing.ts'
import { type Group, type Pool, unknownModel } from './pool.ts'
import { backOff } from './retries/back-off.ts'
import { fallbacksFor, reachableFrom } from './retries/fallbacks.ts'
import type { Strategy } from './strategies/strategy.ts'
import { type Answer, type Asking, asGatewayError, type Full, type Ports, trialsWith } from './trial.ts'

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
}

export interface Routing {
  readonly pool: Pool
  readonly settings: RouterSettings
  readonly strategy: Strategy
  readonly health: Health
  readonly placing: Placing
}

/** The deployments that a request has tried, and those of them that it must not try again. */
interface Used {
  readonly spent: ReadonlySet<string>
  readonly tried: ReadonlySet<string>
  /** where the conversation is kept */
  readonly kept: Kept | undefined
}

export function createDispatcher({ pool, settings, strategy, health, placing }: Routing, ports: Ports): Dispatcher {
  const attempt = trialsWith({ settings, health, ports })
  const affinity = createAffinity(settings.affinity ?? defaultAffinity, placing.conversations)
  const continuations = createContinuations(pool, placing.responses)

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
  }

  async function askGroups(call: Call, group: Group, asking: Asking): Promise<Answer> {
    const failed: GatewayError[] = []
    const queue: Group[] = [group]
    const seen = new Set<string>()
    for (let depth = 0; queue.length > 0 && depth <= settings.maxFallbacks; depth++) {
      const next = queue.shift() as Group
      seen.add(next.name)
      try {
        return await askGroup(call, next, asking, depth)
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
    return fallbacksFor({
      model,
      group: group.name,
      code: error.code,
      settings,
      ...(asking.fallbacks && { asked: asking.fallbacks }),
    })
      .map((name) => pool.find(name))
      .filter(
        (found): found is Group => found !== undefined && !seen.has(found.name) && (asking.permits?.(found) ?? true),
      )
  }

  /** One group: at most `retries + 1` attempts, each on the best deployment that is left. */
  async function askGroup(call: Call, group: Group, asking: Asking, depth: number): Promise<Answer> {
    const kept = affinity.keep(call, group, asking)
    const spent = new Set<string>()
    const tried = new Set<string>()
    let first: GatewayError | undefined
    let full: Full | undefined
    const allowed = asking.retries ?? group.deployments[0]?.retries ?? settings.retries
    for (let tries = 0; tries <= allowed; tries++) {
      const ranked = rank(group, call.stream, { spent, tried, kept }, tries === 0 ? asking.note : undefined)
      const best = ranked[0]?.deployment
      if (!best) break
      const others = ranked.length > 1 || !tried.has(best.id)
      if (first) await ports.sleep(backOff({ tries, error: first, others, settings, dice: ports.dice }), asking.signal)
      if (asking.signal?.aborted) throw callerLeft()
      const wanted = ranked.map(({ deployment }) => deployment)
      const held = await holdOne(wanted, asking, { seats: placing.seats, settings })
      if (held.full !== undefined) {
        for (const { id } of held.deployments) {
          asking.note?.({ kind: 'skipped', deployment: id, group: group.name, why: 'over-limit' })
          spent.add(id)
        }
        full ??= held
        tries--
        continue
      }
      const { deployment } = held
      tried.add(deployment.id)
      try {
        const answer = await attempt({ call, group, deployment, asking, retries: tries, fallbacks: depth })
        kept?.on(deployment)
        return held.seated(answer)
      } catch (thrown) {
        held.leave()
        const error = asGatewayError(thrown)
        if (error.code === 'client-gone') throw error
        first ??= error
        if (error.fault.retry === 'never') break
        if (error.fault.retry === 'elsewhere') spent.add(deployment.id)
      }
    }
    throw first ?? (full === undefined ? allCooling(group) : allFull(group, full))
  }

  /** What is in rotation and not spent: those that this request has not tried come first, of these the lowest order. */
  function rank(group: Group, stream: boolean, { spent, tried, kept }: Used, note: Asking['note']) {
    const rotation: Deployment[] = []
    for (const deployment of group.deployments) {
      if (spent.has(deployment.id)) continue
      if (health.cooling(deployment.id) > 0)
        note?.({ kind: 'skipped', deployment: deployment.id, group: group.name, why: 'cooling' })
      else rotation.push(deployment)
    }
    const fresh = rotation.filter(({ id }) => !tried.has(id))
    const open = fresh.length > 0 ? fresh : rotation
    if (open.length < 2) return open.map((deployment) => ({ deployment }))
    const order = Math.min(...open.map((deployment) => deployment.order ?? 0))
    const level = placing.seats.open(open.filter((deployment) => (deployment.order ?? 0) === order))
    if (level.length < 2) return level.map((deployment) => ({ deployment }))
    const home = kept?.among(level)
    if (home) return [home, ...level.filter((one) => one !== home)].map((deployment) => ({ deployment }))
    const candidates = level.map((deployment) => ({
      deployment,
      inFlight: health.inFlight(deployment.id),
      latencies: health.latencies(deployment.id),
      firstByteLatencies: health.firstByteLatencies(deployment.id),
    }))
    return strategy.rank(candidates, { stream, dice: ports.dice })
  }

  /** The group has deployments, and all of them are out of rotation. */
  function allCooling(group: Group): GatewayError {
    const waits = group.deployments.map((deployment) => health.cooling(deployment.id)).filter((ms) => ms > 0)
    const retryAfterMs = waits.length > 0 ? Math.min(...waits) : settings.cooldownMs
    const seconds = Math.max(1, Math.ceil(retryAfterMs / 1000))
    return new GatewayError(
      'no-deployment',
      `No deployments available for selected model, Try again in ${seconds} seconds. Passed model=${group.name}.`,
      {
        retryAfterMs,
        model: group.name,
      },
    )
  }
}

function callerLeft(): GatewayError {
  return new GatewayError('client-gone', 'The caller closed the connection before the answer was complete.')
}
