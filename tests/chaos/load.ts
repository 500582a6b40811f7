import { expect } from 'bun:test'
import { verify } from '../../gateway/src/ledger/verify.ts'
import type { LedgerRow } from '../../gateway/src/store/ledger/row.ts'
import type { Store } from '../../gateway/src/store/store.ts'
import type { Cluster, Group, Replica } from './cluster.ts'

/** How one call went. */
export interface Told {
  readonly replica: Replica
  /** milliseconds since 1970 */
  readonly begunAt: number
  readonly endedAt: number
  /** 0: the connection broke, before or within the answer */
  readonly status: number
  readonly headers: Headers
  readonly body: string
  /** the ledger's name of it, where the answer began */
  readonly id: string | undefined
}

export interface Asking {
  readonly key: string
  readonly group: Group
  readonly stream?: boolean
  /** hears of the first bytes of the answer */
  readonly begun?: (id: string) => void
}

const patienceMs = 30_000

/** One call, read to its end. */
export async function ask(replica: Replica, { key, group, stream = false, begun }: Asking): Promise<Told> {
  const begunAt = Date.now()
  let answer: Response | undefined
  let body = ''
  let broken = false
  try {
    answer = await fetch(`${replica.url()}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: group, stream, max_tokens: 50, messages: [{ role: 'user', content: 'Hello' }] }),
      signal: AbortSignal.timeout(patienceMs),
    })
    begun?.(answer.headers.get('x-litellm-call-id') ?? '')
    body = await answer.text()
  } catch {
    broken = true
  }
  const headers = answer?.headers ?? new Headers()
  const status = broken ? 0 : (answer?.status ?? 0)
  return {
    replica,
    begunAt,
    endedAt: Date.now(),
    status,
    headers,
    body,
    id: headers.get('x-litellm-call-id') ?? undefined,
  }
}

export interface LoadOptions extends Asking {
  readonly replicas: readonly Replica[]
  /** callers per replica, each with one call at a time */
  readonly callers: number
  /** what a caller waits between two calls */
  readonly everyMs: number
}

export interface Load {
  /** calls that ended so far, in the order of their ends */
  readonly told: readonly Told[]
  stop(): Promise<readonly Told[]>
}

const loads = new Set<Load>()

/** Ends what a test that failed left running. */
export async function stopLoads(): Promise<void> {
  await Promise.all([...loads].map((one) => one.stop()))
}

const mostCalls = 20_000
const mostMs = 60_000

/** Calls all replicas again and again until it is stopped; it also stops by itself. */
export function load({ replicas, callers, everyMs, ...asking }: LoadOptions): Load {
  const told: Told[] = []
  const end = Date.now() + mostMs
  let begun = 0
  let stopped = false
  const caller = async (replica: Replica): Promise<void> => {
    while (!stopped && begun++ < mostCalls && Date.now() < end) {
      told.push(await ask(replica, asking))
      await Bun.sleep(everyMs)
    }
  }
  const running = replicas.flatMap((replica) => Array.from({ length: callers }, () => caller(replica)))
  const started: Load = {
    told,
    async stop() {
      stopped = true
      await Promise.all(running)
      loads.delete(started)
      return told
    },
  }
  loads.add(started)
  return started
}

/** How many of each status. */
export function tally(told: readonly Told[]): Record<number, number> {
  const counts: Record<number, number> = {}
  for (const { status } of told) counts[status] = (counts[status] ?? 0) + 1
  return counts
}

/** Milliseconds that the slowest call took. */
export function slowest(told: readonly Told[]): number {
  return Math.max(0, ...told.map(({ begunAt, endedAt }) => endedAt - begunAt))
}

/** The books when nothing runs any more. */
export interface Books {
  readonly rows: readonly LedgerRow[]
  /** rows of calls that went to the provider */
  readonly sent: readonly LedgerRow[]
  /** of the ledger to balances and rollups */
  readonly difference: number
  /** calls that the provider counted */
  readonly called: number
}

/** Waits until the ledger has a row for every call that the provider counted, and reads all. */
export async function books(cluster: Cluster, waitMs = 10_000): Promise<Books> {
  const store = await cluster.store()
  for (const end = Date.now() + waitMs; ; await Bun.sleep(100)) {
    const read = await readBooks(cluster, store).catch(() => undefined)
    if (read && (read.sent.length >= read.called || Date.now() > end)) return read
    if (Date.now() > end + waitMs) throw new Error('the store cannot be read')
  }
}

async function readBooks({ provider }: Cluster, store: Store): Promise<Books> {
  const rows = await store.ledger.find({}, 100_000)
  const sent = rows.filter(({ outcome, attempts }) => outcome === 'lost' || attempts.length > 0)
  return { rows, sent, difference: (await verify(store)).difference, called: provider.requests.length }
}

/** Waits until something holds; what never came to pass is the failure's message. */
export async function until(holds: () => boolean | Promise<boolean>, what: string, ms = 10_000): Promise<void> {
  for (const end = Date.now() + ms; !(await holds()); await Bun.sleep(20))
    if (Date.now() > end) throw new Error(`it never came to pass: ${what}`)
}

/** The books, which must agree: with themselves to the last nano-dollar, and with what the provider counted. */
export async function balanced(cluster: Cluster, waitMs?: number): Promise<Books> {
  const read = await books(cluster, waitMs)
  expect({ difference: read.difference, sent: read.sent.length }).toEqual({ difference: 0, sent: read.called })
  return read
}
