import { randomUUID } from 'node:crypto'
import { Redis, type RedisOptions } from 'ioredis'
import type { NanoUsd } from 'turnpike-core/internal/kernel/money'
import { createBalances } from './balances.ts'
import { createNews } from './news.ts'
import type { Missed } from './redis/catch-up.ts'
import { createNewsLine } from './redis/news-line.ts'
import { createSession, type Session } from './redis/session.ts'
import { takeAlone, takeShared } from './redis/take.ts'
import { type Keys, keysUnder } from './redis/wire.ts'
import type { BalanceOf, Shared, Written } from './shared.ts'

export interface RedisPorts {
  /** `redis://` or `rediss://` */
  readonly url: string
  /** what the URL cannot say, such as certificates */
  readonly options?: RedisOptions
  /** keeps several installations apart in one Redis */
  readonly namespace?: string
  readonly replicaId?: string
  readonly balanceOf: BalanceOf
  readonly now: () => number
  readonly log: (line: string) => void
  /** how long a request waits for Redis, and for the store */
  readonly waitMs?: number
  readonly connectMs?: number
  readonly probeEveryMs?: number
  readonly heartbeatMs?: number
  /** without a heartbeat for so long a process counts as dead, and what it held is free */
  readonly deadAfterMs?: number
  /** buckets of each kind that are remembered though nobody uses them */
  readonly most?: number
}

type ClientOptions = RedisOptions & { replyMapping: 'legacy' }

/** `ready` resolves when Redis was reached, or was tried once and could not be. */
export type RedisShared = Shared & { readonly ready: Promise<void> }

/** What processes agree on through Redis. Without it each keeps to its own share, and catches up when it is back. */
export function createRedisShared(ports: RedisPorts): RedisShared {
  const { url, options = {}, now, log, waitMs = 100, connectMs = 1000, balanceOf } = ports
  const { probeEveryMs = 500, heartbeatMs = 3000, deadAfterMs = 15_000, most = 200_000 } = ports
  const keys = keysUnder(ports.namespace ?? '')
  const news = createNews((error) => log(`A listener failed: ${error instanceof Error ? error.message : 'unknown'}`))
  const replicaId = ports.replicaId ?? randomUUID()
  // `session` decides about deadlines and connecting again: the client must do neither
  const quiet: ClientOptions = {
    ...options,
    replyMapping: 'legacy',
    protocol: 2,
    connectTimeout: connectMs,
    disableClientInfo: true,
  }
  const alone: ClientOptions = {
    ...quiet,
    ...{ lazyConnect: true, retryStrategy: null, enableOfflineQueue: false, autoResendUnfulfilledCommands: false },
    ...{ maxRetriesPerRequest: 0, enableAutoPipelining: true },
  }
  const listening: ClientOptions = {
    ...quiet,
    maxRetriesPerRequest: null,
    retryStrategy: (tries) => Math.min(tries * 100, 1000),
  }
  const line = createNewsLine({
    listener: new Redis(url, listening),
    channel: keys.news,
    news,
  })
  const session = createSession({
    open: () => new Redis(url, alone),
    back: () => line.flush(session.link),
    ...{ replicaId, keys, now, log, heartbeatMs, deadAfterMs, waitMs, connectMs, probeEveryMs, most },
  })
  const { standing, known, link } = session
  const balances = createBalances({
    balanceOf,
    waitMs,
    arrived: (bucket, balance) => known.account(bucket).seed(balance),
  })
  const taking = { session, keys, balances }

  return {
    ready: link.tried,
    take: (claims) => (standing.joined ? takeShared(claims, taking) : takeAlone(claims, taking)),
    spentIn: (bucket) => known.accounts.get(bucket)?.spent as NanoUsd | undefined,
    written: (entries) => written(entries, session, keys),
    correct: (bucket, spent) => correct({ bucket, spent, session, keys }),
    publish: (topic, message) => line.publish(topic, message, session),
    subscribe: news.hear,
    agreement: () => (standing.joined ? 'agreed' : 'cut-off'),
    replicas: () => standing.replicas,
    async close() {
      line.close()
      await session.close()
    },
  }
}

/** Where the store has more than this process and Redis know of, somebody's news were lost; where this process knows nothing, Redis may. */
function written(entries: readonly Written[], { standing, known, tell }: Session, keys: Keys): void {
  const raised: Missed[] = []
  for (const { bucket, amount, balance } of entries) {
    const account = known.accounts.get(bucket)
    if (account) {
      account.pending -= amount
      account.stored = balance
    }
    const least = balance + (account?.pending ?? 0)
    if (account?.spent !== undefined) {
      if (account.spent >= least) continue
      account.spent = least
    }
    raised.push({ change: { what: 'raise', key: keys.money(bucket), first: least } })
  }
  if (standing.joined && raised.length > 0) tell(raised)
}

interface Correction {
  readonly bucket: string
  readonly spent: NanoUsd
  readonly session: Session
  readonly keys: Keys
}

function correct({ bucket, spent, session, keys }: Correction): void {
  const account = session.known.accounts.get(bucket)
  const first = spent + (account?.pending ?? 0)
  if (account) {
    account.stored = spent
    account.spent = first
  }
  const lost = () => session.outbox.fix(bucket, first)
  if (session.standing.joined) session.tell([{ change: { what: 'correct', key: keys.money(bucket), first }, lost }])
  else lost()
}
