import type { Principal } from '../vocabulary/principal.ts'

const positiveMs = 60_000
const negativeMs = 10_000

/** A key as it was when the store was last asked. */
export interface Snapshot {
  readonly principal: Principal & { readonly kind: 'key' }
  readonly until: number
}

/** What the store said of keys, for a while. Entries are replaced, never edited; the least recently asked for are dropped. */
export interface Snapshots {
  /** the snapshot, fresh or stale */
  get(hash: string): Snapshot | undefined
  /** whether the store said a moment ago that there is no such key */
  unknown(hash: string): boolean
  put(hash: string, principal: Snapshot['principal'] | undefined): void
  drop(hash: string): void
}

/** The unknown have a map of their own, so that a flood of guessed keys cannot push real ones out. */
export function createSnapshots(now: () => number, most = 100_000): Snapshots {
  const known = new Map<string, Snapshot>()
  const unknown = new Map<string, number>()

  // a map yields its oldest entry first, and putting an entry anew moves it to the end
  function put<V>(map: Map<string, V>, hash: string, value: V): void {
    map.delete(hash)
    map.set(hash, value)
    if (map.size <= most) return
    for (const oldest of map.keys()) {
      map.delete(oldest)
      break
    }
  }

  function drop(hash: string): void {
    known.delete(hash)
    unknown.delete(hash)
  }

  return {
    get: (hash) => known.get(hash),
    unknown: (hash) => (unknown.get(hash) ?? 0) > now(),
    put(hash, principal) {
      drop(hash)
      if (principal) put(known, hash, { principal, until: now() + positiveMs })
      else put(unknown, hash, now() + negativeMs)
    },
    drop,
  }
}
