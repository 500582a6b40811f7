import { GatewayError } from 'turnpike-core/internal/kernel/faults'

/** What the store said of things by id, kept for a while, so that no request waits on SQL once its caller is known. */
export interface Lookup<T> {
  /** At once where it was asked lately. Rejects with `store-down` when the store cannot be asked and the thing was not seen within the hour. */
  get(id: string): T | undefined | Promise<T | undefined>
  /** the next `get` asks the store; what is being loaded is not kept */
  forget(id: string): void
  forgetAll(): void
}

export interface LookupPorts<T> {
  readonly load: (id: string) => Promise<T | undefined>
  readonly now: () => number
  /** whether that there is nothing is remembered like anything else; else for a short while */
  readonly keepAbsent?: boolean
  /** entries kept at most */
  readonly most?: number
  /** milliseconds after which an entry in use is asked for anew beside the request, and after which the request waits for it */
  readonly refreshMs?: number
  readonly freshMs?: number
}

interface Entry<T> {
  readonly value: T | undefined
  readonly at: number
}

const staleMs = 3_600_000
const unknownMs = 10_000

export function createLookup<T>(ports: LookupPorts<T>): Lookup<T> {
  const { load, now, most = 100_000, refreshMs = 15_000, freshMs = 30_000 } = ports
  const known = new Map<string, Entry<T>>()
  // a map of their own, so that a flood of guessed ids cannot push real ones out
  const unknown = new Map<string, number>()
  const loading = new Map<string, Promise<T | undefined>>()

  /** Asks once for all who wait for the same. What was asked before a `forget` is not kept. */
  async function ask(id: string): Promise<T | undefined> {
    const running = loading.get(id)
    const asked = running ?? load(id)
    if (!running) loading.set(id, asked)
    try {
      const value = await asked
      if (loading.get(id) === asked) keep(id, value)
      return value
    } finally {
      if (loading.get(id) === asked) loading.delete(id)
    }
  }

  function keep(id: string, value: T | undefined): void {
    drop(id)
    if (value === undefined && !ports.keepAbsent) put(unknown, id, now() + unknownMs)
    else put(known, id, { value, at: now() })
  }

  // a map yields its oldest entry first, and putting an entry anew moves it to the end
  function put<V>(map: Map<string, V>, id: string, value: V): void {
    map.set(id, value)
    if (map.size <= most) return
    for (const oldest of map.keys()) {
      map.delete(oldest)
      break
    }
  }

  function drop(id: string): void {
    known.delete(id)
    unknown.delete(id)
  }

  async function askOrStale(id: string, entry: Entry<T> | undefined): Promise<T | undefined> {
    try {
      return await ask(id)
    } catch (cause) {
      // a store that is down takes nobody's access away who had it; what was forgotten meanwhile stays forgotten
      if (entry && known.get(id) === entry && now() - entry.at < staleMs) return entry.value
      throw storeDown(cause)
    }
  }

  return {
    get(id) {
      const entry = known.get(id)
      if (!entry) return (unknown.get(id) ?? 0) > now() ? undefined : askOrStale(id, undefined)
      const age = now() - entry.at
      if (age < refreshMs) return entry.value
      if (age >= freshMs) return askOrStale(id, entry)
      if (!loading.has(id)) void ask(id).catch(() => {})
      return entry.value
    },
    forget(id) {
      drop(id)
      loading.delete(id)
    },
    forgetAll() {
      known.clear()
      unknown.clear()
      loading.clear()
    },
  }
}

function storeDown(cause: unknown): GatewayError {
  return new GatewayError(
    'store-down',
    'The store cannot be asked right now, and this caller was not seen lately. Try again in a moment.',
    { kind: 'no_db_connection', retryAfterMs: 1000, cause },
  )
}
