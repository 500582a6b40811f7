import { DatabaseError } from 'pg'
import { GatewayError, isGatewayError } from 'turnpike-core/internal/kernel/faults'

const retryAfterMs = 5000

/**
 * States in which the server does not serve, whatever is asked: connections, resources, shutdown, timeouts, read-only, identity.
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const unserving = /^(?:08|53|57|58|28|3D)|^25006$/

/** What a failure of a statement is to the gateway: `store-down` where the server does not serve, else as it is. */
export function storeFault(thrown: unknown): unknown {
  if (isGatewayError(thrown) || isOurs(thrown)) return thrown
  if (thrown instanceof DatabaseError && !unserving.test(thrown.code ?? '')) return thrown
  return new GatewayError('store-down', `The database cannot be asked: ${reason(thrown)}`, {
    cause: thrown,
    retryAfterMs,
  })
}

/** Whether the connection that it happened on is of no use any more. */
export function isLost(thrown: unknown): boolean {
  if (isGatewayError(thrown) || isOurs(thrown)) return false
  return !(thrown instanceof DatabaseError) || /^(?:08|57P)/.test(thrown.code ?? '')
}

/** A mistake of this program, which no retry heals. */
function isOurs(thrown: unknown): boolean {
  return thrown instanceof TypeError || thrown instanceof RangeError
}

function reason(thrown: unknown): string {
  // Node gathers the tries on several addresses of one name in an error without words
  if (thrown instanceof AggregateError && thrown.errors.length > 0) return reason(thrown.errors[0])
  return thrown instanceof Error && thrown.message !== '' ? thrown.message : 'no reason given'
}
