import type { GatewayError } from '../../kernel/faults.ts'
import type { Deployment, RouterSettings } from '../deployment.ts'
import { failureKind } from '../retries/failure-kind.ts'
import type { Life } from './life.ts'
import { longestMs, quotaWaitMs } from './stated-date.ts'

/** LiteLLM's default rules: failures in a minute that count as a rate, and the rate that is too high. */
const minimumRequests = 5
const tooManyFailures = 0.5

/** Requests of a minute that must all have failed before the only deployment of a group goes out of rotation for its failures. */
const loneRequests = 1000

/** Whether a deployment goes out of rotation for this failure, which its life has counted already. */
export function mustCool(life: Life, error: GatewayError, others: number, settings: RouterSettings): boolean {
  // the one that tried whether it is back found that it is not
  if (life.halfOpen && others > 0) return true
  const kind = failureKind(error.code)
  const allowed = (kind && settings.allowedFailsPolicy?.[kind]) ?? settings.allowedFails
  if (allowed !== undefined) return life.recent.length > allowed
  if (error.fault.retry === 'elsewhere' && !limits.has(error.code)) return true
  const total = life.successes + life.failures
  if (others === 0) return total >= loneRequests && life.successes === 0
  if (limits.has(error.code)) return true
  return total >= minimumRequests && life.failures / total > tooManyFailures
}

/** For how long: the deployment's own time, else what the provider asks for, else the house's. */
export function pauseFor(
  deployment: Deployment,
  error: GatewayError,
  settings: Pick<RouterSettings, 'cooldownMs'>,
  now: number,
): number {
  if (deployment.cooldownMs !== undefined) return deployment.cooldownMs
  if (error.code === 'provider-quota') return quotaWaitMs(error, now)
  return Math.min(longestMs, error.retryAfterMs ?? settings.cooldownMs)
}

/** Failures that are only a matter of how much was asked. */
export const limits: ReadonlySet<string> = new Set(['provider-limit', 'provider-quota'])
