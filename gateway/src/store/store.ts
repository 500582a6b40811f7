import type { NanoUsd } from 'turnpike-core/internal/kernel/money'
import type { Keys } from './keys.ts'
import type { LedgerRows } from './ledger-rows.ts'
import type { Rollups } from './rollups.ts'

/** What the gateway remembers over a restart. Every change is one transaction; no request waits on it. */
export interface Store {
  readonly keys: Keys
  readonly ledger: LedgerRows
  readonly rollups: Rollups
  /** What is spent in a bucket, 0 when nothing is. The one read that may stand on a request's way: microseconds, no waiting. */
  balanceOf(bucket: string): NanoUsd
  close(): Promise<void>
}
