import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import type { Config } from '../config/config.ts'
import { ownersOf } from '../ledger/row.ts'
import type { Store } from '../store/store.ts'
import type { RequestLog } from '../store/trails/request-logs.ts'
import { later } from '../vocabulary/duration.ts'
import type { Exchange } from '../vocabulary/exchange.ts'

interface RequestLogPorts {
  readonly config: Config
  readonly store: Pick<Store, 'requestLogs'>
  readonly now: () => number
  readonly log: (line: string) => void
}

/** What was said, apart from what it cost: kept as configured, dropped by the day. Unlike money it may be lost, and is, before it fills memory. */
export interface RequestLogging {
  tell(exchange: Exchange): void
  close(): Promise<void>
}

const mostWaiting = 5000
const flushMs = 250
const hourMs = 3_600_000

export function openRequestLogs({ config, store, now, log }: RequestLogPorts): RequestLogging {
  const { enabled, storePrompts, keepFor } = config.governance.requestLogs
  // the ledger has every figure already: a log beside it is for what was said
  if (!enabled || !storePrompts) return { tell: () => {}, close: async () => {} }
  let waiting: RequestLog[] = []
  let dropped = 0
  let failing = false
  let running: Promise<void> | undefined
  const timer = setInterval(() => void flush(), flushMs)
  timer.unref?.()
  const sweeper = keepFor && setInterval(() => void sweep(), hourMs)
  sweeper?.unref?.()
  if (keepFor) void sweep()

  async function sweep(): Promise<void> {
    // the same length of time, counted back: a month before the same day of the next one is not always the same day
    const length = keepFor ? later(now(), keepFor) - now() : 0
    await store.requestLogs.dropBefore(now() - length).catch((thrown: unknown) => complain('dropped', thrown))
  }

  function flush(): Promise<void> {
    running ??= write().finally(() => (running = undefined))
    return running
  }

  async function write(): Promise<void> {
    const batch = waiting.slice(0, 500)
    if (batch.length === 0) return
    try {
      await store.requestLogs.append(batch)
      waiting = waiting.slice(batch.length)
      if (dropped > 0) log(`warning: ${dropped} request logs were left out while the store could not be written`)
      dropped = 0
      failing = false
    } catch (thrown) {
      // once per outage: this is tried four times a second
      if (!failing) complain('written', thrown)
      failing = true
    }
  }

  function complain(what: string, thrown: unknown): void {
    log(`error: request logs could not be ${what}: ${thrown instanceof Error ? thrown.message : String(thrown)}`)
  }

  return {
    tell(exchange) {
      if (waiting.length >= mostWaiting) dropped++
      else waiting.push(logOf(exchange))
    },
    async close() {
      clearInterval(timer)
      clearInterval(sweeper)
      for (let before = Number.POSITIVE_INFINITY; waiting.length > 0 && waiting.length < before; ) {
        before = waiting.length
        await flush()
      }
    },
  }
}

function logOf(exchange: Exchange): RequestLog {
  const { keyHash, userId, teamId } = ownersOf(exchange.principal)
  const { transcript } = exchange
  return {
    id: exchange.id,
    startedAt: exchange.startedAt,
    keyHash,
    userId,
    teamId,
    endUser: exchange.endUser,
    model: exchange.modelGroup ?? exchange.model,
    status: exchange.status,
    metadata: {
      endpoint: exchange.endpoint,
      outcome: exchange.outcome,
      attempts: exchange.attempts.length,
      warnings: exchange.warnings.map(({ kind, path }) => `${kind} ${path}`),
      tags: exchange.tags,
      ...(exchange.metadata as JsonObject),
    },
    ...transcript,
  }
}
