import type { GatewayError } from '../../kernel/faults.ts'
import type { RouterSettings } from '../deployment.ts'
import type { Dice } from '../strategies/strategy.ts'

const initialMs = 500
const maximumMs = 8000
const jitterMs = 750
const longestHonouredMs = 60_000

export interface BackingOff {
  /** tries made so far, at least 1 */
  readonly tries: number
  readonly error: GatewayError
  /** whether another deployment is free to take the next try */
  readonly others: boolean
  readonly settings: Pick<RouterSettings, 'retryAfterMs'>
  readonly dice: Dice
}

/**
 * Milliseconds before the next try: none when another deployment can take it, else what the provider asks for, else exponential.
 * Undefined when the provider asks for more than anybody waits: then it is not tried again.
 */
export function backOff({ tries, error, others, settings, dice }: BackingOff): number | undefined {
  if (others) return 0
  const asked = error.retryAfterMs
  if (asked !== undefined && asked > longestHonouredMs) return undefined
  if (asked !== undefined && asked > 0) return asked + dice() * jitterMs
  const doubled = Math.min(maximumMs, initialMs * 2 ** (tries - 1))
  return Math.max(settings.retryAfterMs, doubled) + dice() * jitterMs
}
