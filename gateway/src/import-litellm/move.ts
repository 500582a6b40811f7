import type { Sealing } from '../sealing/sealing.ts'
import type { Store } from '../store/store.ts'
import type { ResetClock } from '../vocabulary/duration.ts'
import type { OpenText } from './decrypt.ts'
import type { Tally } from './report.ts'
import type { Source } from './source.ts'

/** One run of the import: where from, where to, and whether anything is written. */
export interface Move {
  readonly source: Source
  readonly store: Store
  readonly sealing: Sealing
  readonly open: OpenText
  readonly apply: boolean
  /** milliseconds since 1970, the same for the whole run */
  readonly now: number
  readonly clock: ResetClock
  /** counts for a kind; the same one whenever it is asked for */
  tally(kind: string): Tally
}
