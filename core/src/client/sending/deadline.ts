import { GatewayError } from '../../kernel/faults.ts'

/**
 * The one abort signal of an attempt: it fires when the caller leaves and when a deadline passes, and remembers which.
 * Every timer is cleared by `done`.
 */
export interface Lifeline {
  readonly signal: AbortSignal
  /** starts a deadline; the function returned stops it */
  arm(ms: number | undefined, what: string): () => void
  /** the error to report for a failure of the transport: whichever cut the line, else what the transport says */
  reason(thrown: unknown): GatewayError
  /** closes the upstream socket, for no one's fault */
  cancel(): void
  done(): void
}

export function lifeline(caller: AbortSignal | undefined): Lifeline {
  const controller = new AbortController()
  const timers = new Set<ReturnType<typeof setTimeout>>()
  let cut: GatewayError | undefined

  const leave = (): void => {
    cut ??= new GatewayError('client-gone', 'The caller closed the connection before the answer was complete.')
    controller.abort()
  }
  if (caller?.aborted) leave()
  else caller?.addEventListener('abort', leave, { once: true })

  return {
    signal: controller.signal,
    arm(ms, what) {
      if (ms === undefined || !(ms > 0) || ms > 2 ** 31 - 1) return () => {}
      const timer = setTimeout(() => {
        cut ??= new GatewayError(
          'provider-timeout',
          `Request timed out: the provider sent no ${what} within ${ms / 1000} s.`,
        )
        controller.abort()
      }, ms)
      timers.add(timer)
      return () => {
        clearTimeout(timer)
        timers.delete(timer)
      }
    },
    reason: (thrown) => cut ?? transportFailure(thrown),
    cancel: () => controller.abort(),
    done() {
      for (const timer of timers) clearTimeout(timer)
      timers.clear()
      caller?.removeEventListener('abort', leave)
    },
  }
}

/** What went wrong on the wire, without the URL or header that the runtime's message may quote. */
function transportFailure(thrown: unknown): GatewayError {
  if (thrown instanceof GatewayError) return thrown
  const code =
    (thrown as { code?: unknown } | null)?.code ?? (thrown as { cause?: { code?: unknown } } | null)?.cause?.code
  const word = typeof code === 'string' && /^[A-Z][A-Za-z_0-9]{2,60}$/.test(code) ? ` (${code})` : ''
  return new GatewayError('provider-unreachable', `The connection to the provider failed${word}.`, { cause: thrown })
}
