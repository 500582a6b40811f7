import type { Call } from '../client/call.ts'
import { type Compiled, compile } from '../client/compile.ts'
import { mockReply } from '../client/mock.ts'
import { type Fetch, type Reply, send } from '../client/send.ts'
import type { Deadlines } from '../client/target.ts'
import { GatewayError, isGatewayError, withDetail } from '../kernel/faults.ts'
import type { Attempt } from './attempt.ts'
import { backOff } from './back-off.ts'
import type { Deployment, RouterSettings } from './deployment.ts'
import { fallbacksFor } from './fallbacks.ts'
import type { Health } from './health.ts'
import { type Group, type Pool, unknownModel } from './pool.ts'
import type { Dice, Strategy } from './strategies/strategy.ts'

/** What a call asks of the router beyond itself. */
export interface Asking {
  readonly signal?: AbortSignal
  /** the caller's own, before the settings' */
  readonly retries?: number
  readonly fallbacks?: readonly string[]
  readonly disableFallbacks?: boolean
  readonly timeoutMs?: number
  readonly streamTimeoutMs?: number
  /** whether a fallback group may answer this caller */
  readonly permits?: (group: Group) => boolean
  /** hears of each attempt as it ends */
  readonly note?: (attempt: Attempt) => void
}

/** A deployment's answer, and what the router wants to be told when it is complete. */
export interface Answer {
  readonly group: string
  readonly deployment: Deployment
  readonly compiled: Compiled
  readonly reply: Reply
  readonly retries: number
  readonly fallbacks: number
  /** once, when the last byte has left: what it took, or what cut it short */
  done(end: { readonly outputTokens?: number; readonly error?: GatewayError }): void
}

export interface Dispatcher {
  readonly pool: Pool
  readonly settings: RouterSettings
  readonly health: Health
  /** the group for a model. Throws `unknown-model`. */
  group(model: string): Group
  /** tries deployments, retries and fallbacks in order until one bears content. Throws the first group's failure. */
  ask(call: Call, group: Group, asking?: Asking): Promise<Answer>
}

export interface Ports {
  readonly fetch: Fetch
  readonly now: () => number
  readonly dice: Dice
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>
}

export interface Routing {
  readonly pool: Pool
  readonly settings: RouterSettings
  readonly strategy: Strategy
  readonly health: Health
}

export function createDispatcher({ pool, settings, strategy, health }: Routing, ports: Ports): Dispatcher {
  return {
    pool,
    settings,
    health,
    group(model) {
      const found = pool.find(model)
      if (!found) throw unknownModel(model, pool.names)
      return found
    },
    async ask(call, group, asking = {}) {
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
          failed.push(error)
          if (error.fault.retry === 'never' && error.code !== 'no-deployment') break
          if (depth === 0 || queue.length === 0) queue.push(...nextGroups(call.model, next, error, asking, seen))
        }
      }
      throw failed[0] ?? unknownModel(call.model, pool.names)
    },
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
    const spent = new Set<string>()
    let first: GatewayError | undefined
    const allowed = asking.retries ?? group.deployments[0]?.retries ?? settings.retries
    for (let tries = 0; tries <= allowed; tries++) {
      const ranked = rank(group, call.stream, spent, tries === 0 ? asking.note : undefined)
      const deployment = ranked[0]?.deployment
      if (!deployment) break
      if (first)
        await ports.sleep(
          backOff({ tries, error: first, others: ranked.length > 1, settings, dice: ports.dice }),
          asking.signal,
        )
      try {
        return await attempt(call, group, deployment, asking, { retries: tries, fallbacks: depth })
      } catch (thrown) {
        const error = asGatewayError(thrown)
        first ??= error
        if (error.fault.retry === 'never') break
        if (error.fault.retry === 'elsewhere') spent.add(deployment.id)
      }
    }
    throw first ?? allCooling(group)
  }

  function rank(group: Group, stream: boolean, spent: ReadonlySet<string>, note: Asking['note']) {
    const open: Deployment[] = []
    for (const deployment of group.deployments) {
      if (spent.has(deployment.id)) continue
      if (health.cooling(deployment.id) > 0)
        note?.({ kind: 'skipped', deployment: deployment.id, group: group.name, why: 'cooling' })
      else open.push(deployment)
    }
    const order = Math.min(...open.map((deployment) => deployment.order ?? 0))
    const level = open.filter((deployment) => (deployment.order ?? 0) === order)
    if (level.length < 2) return level.map((deployment) => ({ deployment }))
    const candidates = level.map((deployment) => ({
      deployment,
      inFlight: health.inFlight(deployment.id),
      latencies: health.latencies(deployment.id),
      firstByteLatencies: health.firstByteLatencies(deployment.id),
    }))
    return strategy.rank(candidates, { stream, dice: ports.dice })
  }

  async function attempt(
    call: Call,
    group: Group,
    deployment: Deployment,
    asking: Asking,
    so: { retries: number; fallbacks: number },
  ): Promise<Answer> {
    const startedAt = ports.now()
    health.started(deployment.id)
    try {
      const { compiled, reply } = await sendTo(call, deployment, asking)
      const firstByteMs = ports.now() - startedAt
      asking.note?.({ kind: 'answered', deployment: deployment.id, group: group.name, ms: firstByteMs })
      let over = false
      return {
        group: group.name,
        deployment,
        compiled,
        reply,
        ...so,
        done({ outputTokens = 0, error }) {
          if (over) return
          over = true
          health.finished(deployment.id)
          if (error) health.failed(deployment, error, group.deployments.length - 1)
          else
            health.answered(deployment.id, {
              msPerToken: (ports.now() - startedAt) / Math.max(1, outputTokens),
              ...(call.stream && { firstByteMs }),
            })
        },
      }
    } catch (thrown) {
      health.finished(deployment.id)
      const error = withDetail(asGatewayError(thrown), { provider: deployment.provider.name, model: deployment.model })
      asking.note?.({
        kind: 'failed',
        deployment: deployment.id,
        group: group.name,
        ms: ports.now() - startedAt,
        error,
      })
      health.failed(deployment, error, group.deployments.length - 1)
      throw error
    }
  }

  async function sendTo(
    call: Call,
    deployment: Deployment,
    asking: Asking,
  ): Promise<{ compiled: Compiled; reply: Reply }> {
    if (deployment.mock !== undefined) return mockReply(call, deployment)
    const compiled = compile(call, deployment)
    const reply = await send(compiled, {
      fetch: ports.fetch,
      deadlines: deadlinesFor(deployment, asking),
      ...(asking.signal && { signal: asking.signal }),
    })
    return { compiled, reply }
  }

  /** Request before deployment before router; a stream's timeout bounds the wait for its first content. */
  function deadlinesFor(deployment: Deployment, asking: Asking): Deadlines {
    const own = deployment.deadlines ?? {}
    const totalMs = asking.timeoutMs ?? own.totalMs ?? settings.timeoutMs
    const firstByteMs = asking.streamTimeoutMs ?? own.firstByteMs ?? settings.streamTimeoutMs
    return { ...own, ...(totalMs !== undefined && { totalMs }), ...(firstByteMs !== undefined && { firstByteMs }) }
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

function asGatewayError(thrown: unknown): GatewayError {
  if (isGatewayError(thrown)) return thrown
  return new GatewayError('internal', 'Internal server error', { cause: thrown })
}
