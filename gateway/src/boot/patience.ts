import { GatewayError } from 'turnpike-core/internal/kernel/faults'

/** A read of the store by id. */
type Read<T> = (id: string) => Promise<T>

/**
 * Makes reads of the store fail in time: one that takes too long is refused, and as long as it has not ended others are refused at
 * once. So a store that is frozen holds up one request, and what is known already is used by all others.
 */
export function createPatience(mostMs = 500): <T>(read: Read<T>) => Read<T> {
  let overdue = 0

  return (read) => (id) => {
    if (overdue > 0) return Promise.reject(tooSlow())
    return new Promise((resolve, reject) => {
      let late = false
      const timer = setTimeout(() => {
        late = true
        overdue++
        reject(tooSlow())
      }, mostMs)
      const end = () => {
        clearTimeout(timer)
        if (late) overdue--
      }
      read(id).finally(end).then(resolve, reject)
    })
  }
}

function tooSlow(): GatewayError {
  return new GatewayError('store-down', 'The store does not answer in time. Try again in a moment.', {
    kind: 'no_db_connection',
    retryAfterMs: 1000,
  })
}
