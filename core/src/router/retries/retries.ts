import type { Fault, GatewayError } from '../../kernel/faults.ts'
import type { RouterSettings } from '../deployment.ts'
import type { Group } from '../pool.ts'
import { failureKind } from './failure-kind.ts'

/** Whether and where a call is tried again after a failure. */
export interface Retrying {
  /** tries that the group has after its first */
  readonly allowed: number
  readonly where: Fault['retry']
}

/** The policy for this kind of failure, of the group or of all, else the number that the caller, the deployment or the house names. */
export function retriesFor(
  error: GatewayError,
  group: Group,
  { asked, settings }: { readonly asked: number | undefined; readonly settings: RouterSettings },
): Retrying {
  const kind = failureKind(error.code)
  const ofGroup = Object.hasOwn(settings.groupRetryPolicy ?? {}, group.name)
    ? settings.groupRetryPolicy?.[group.name]
    : undefined
  const named = kind && (ofGroup?.[kind] ?? settings.retryPolicy?.[kind])
  const { retry } = error.fault
  if (named !== undefined)
    return {
      allowed: named,
      // what a provider refused it refuses again; a limit is over when its time is
      where: kind === 'rateLimit' ? 'same' : retry === 'never' ? 'elsewhere' : retry,
    }
  return { allowed: asked ?? group.deployments[0]?.retries ?? settings.retries, where: retry }
}
