import type { FaultCode, GatewayError } from '../../kernel/faults.ts'
import type { Deployment, RouterSettings } from '../deployment.ts'
import { type Kinship, kinshipOf } from './kinship.ts'
import { type Claim, Life } from './life.ts'
import { limitsTold } from './limits-told.ts'
import { mustCool, pauseFor } from './verdict.ts'

/** That a deployment is out of rotation, for other replicas and for whoever watches. */
export interface Cooled {
  readonly id: string
  /** milliseconds since 1970 */
  readonly until: number
  readonly cause: FaultCode
}

/** Health per deployment, told per attempt. */
export interface Health {
  /** the deployments that there are now; what is known of those that stay is kept */
  know(deployments: readonly Deployment[]): void
  of(id: string): Life
  /** an attempt goes upstream, and may take so many tokens */
  begin(id: string, tokens: number): Claim
  /** it has begun to answer: whatever it was out for is over */
  bore(id: string, headers?: Headers): void
  /** an attempt's answer is complete */
  answered(id: string, timing: { msPerToken?: number; firstByteMs?: number | undefined }): void
  /** an attempt failed; `others` is how many more deployments its group has */
  failed(deployment: Deployment, error: GatewayError, others: number): void
  /** takes a deployment out of rotation, as another replica has */
  cool(cooled: Cooled): void
  /** milliseconds until it is back in rotation; 0 when it is in */
  cooling(id: string): number
  inFlight(id: string): number
  /** milliseconds per output token within the window, newest last */
  latencies(id: string): readonly number[]
  /** all that are out of rotation */
  snapshot(): readonly Cooled[]
}

export interface HealthPorts {
  readonly now: () => number
  /** hears of each deployment that this process takes out of rotation */
  readonly onCooled?: ((cooled: Cooled) => void) | undefined
}

/** What a timeout counts for among milliseconds per token. */
const timeoutPenalty = 1_000_000

export function createHealth(settings: RouterSettings, { now, onCooled }: HealthPorts): Health {
  const lives = new Map<string, Life>()
  const windowMs = settings.strategyArgs?.windowMs ?? 3_600_000
  const windowSize = settings.strategyArgs?.windowSize ?? 10
  const watchesLimits = settings.strategy === 'rate-limit-aware'
  let kinship: Kinship = kinshipOf([], of)

  function of(id: string): Life {
    let life = lives.get(id)
    if (!life) lives.set(id, (life = new Life(id, windowSize, windowMs)))
    return life
  }

  function coolDown({ id, until, cause }: Cooled): void {
    of(id).cool(until, cause)
    onCooled?.({ id, until, cause })
  }

  function failed(deployment: Deployment, error: GatewayError, others: number): void {
    const life = of(deployment.id)
    const at = now()
    life.turn(at)
    if (!error.fault.cools) {
      life.unprobed(error.fault.blame === 'caller' && error.code !== 'client-gone')
      return
    }
    if (error.code === 'provider-timeout') life.timedOut(timeoutPenalty, at)
    if (watchesLimits && error.retryAfterMs !== undefined) life.told(0, at + error.retryAfterMs)
    life.failures++
    if (settings.disableCooldowns) return
    life.recent = [...life.recent.filter((time) => at - time < settings.cooldownMs), at]
    const pause = pauseFor(deployment, error, settings, at)
    // a wildcard stands for many models: one that fails says nothing of the others
    if (pause <= 0 || deployment.group.includes('*')) return
    if (mustCool(life, error, others, settings)) coolDown({ id: deployment.id, until: at + pause, cause: error.code })
    else life.unprobed(false)
    for (const kin of kinship.stricken(deployment, error.code, at)) {
      const until = at + pauseFor(kin, error, settings, at)
      if (until > Math.max(at, of(kin.id).coolingUntil)) coolDown({ id: kin.id, until, cause: error.code })
    }
  }

  return {
    know(deployments) {
      kinship = kinshipOf(deployments, of)
      const known = new Set(deployments.map(({ id }) => id))
      for (const [id, life] of lives) if (!known.has(id) && life.inFlight === 0) lives.delete(id)
    },
    of,
    begin: (id, tokens) => of(id).begin(tokens, now()),
    bore(id, headers) {
      const at = now()
      const life = of(id)
      life.recovered(at)
      const told = watchesLimits && headers ? limitsTold(headers, at) : undefined
      if (told) life.told(told.headroom, at + told.resetMs)
    },
    answered(id, { msPerToken, firstByteMs }) {
      const at = now()
      const life = of(id)
      life.turn(at)
      life.successes++
      if (msPerToken !== undefined) life.timed(msPerToken, at)
      if (firstByteMs !== undefined) life.firstBytes.add(firstByteMs, at)
    },
    failed,
    cool: ({ id, until, cause }) => of(id).cool(until, cause),
    cooling: (id) => Math.max(0, (lives.get(id)?.coolingUntil ?? 0) - now()),
    inFlight: (id) => lives.get(id)?.inFlight ?? 0,
    latencies: (id) => lives.get(id)?.latencies.values(now()) ?? [],
    snapshot() {
      const at = now()
      return [...lives.values()].flatMap(({ id, coolingUntil: until, cause }) =>
        cause !== undefined && until > at ? [{ id, until, cause }] : [],
      )
    },
  }
}
