import type { Fetch } from 'turnpike-core/internal/client/send'
import type { Dispatcher } from 'turnpike-core/internal/router/dispatch'
import type { ModelEntry } from 'turnpike-core/internal/router/model-list/entry'
import type { Access } from './access/access.ts'
import type { Admission } from './admission/admission.ts'
import type { Config } from './config/config.ts'
import type { Ledger } from './ledger/ledger.ts'
import type { News } from './news.ts'
import type { Sealing } from './sealing/sealing.ts'
import type { Shared } from './shared/shared.ts'
import type { Store } from './store/store.ts'
import type { Exchange } from './vocabulary/exchange.ts'

/** A model that was added over the API and cannot be served, with why. */
export interface BrokenModel {
  readonly id: string
  readonly name: string
  readonly why: string
}

/** The models that are served: those of the configuration, and those that were added over the API. They never overwrite each other. */
export interface Models {
  readonly declared: readonly ModelEntry[]
  added(): readonly ModelEntry[]
  broken(): readonly BrokenModel[]
  /** reads anew what was added over the API */
  reload(): Promise<void>
}

/** Every port the gateway needs from outside, as one value: built once at boot, by hand in a test. */
export interface House {
  readonly config: Config
  readonly store: Store
  readonly shared: Shared
  readonly access: Access
  readonly admission: Admission
  readonly ledger: Ledger
  readonly router: Dispatcher
  readonly models: Models
  readonly news: News
  readonly sealing: Sealing
  readonly fetch: Fetch
  /** milliseconds since 1970 */
  readonly now: () => number
  /** hears of every exchange after the ledger has it */
  readonly told: (exchange: Exchange) => void
  /** one line for the operator */
  readonly log: (line: string) => void
  /** whether the gateway is on its way out: it finishes what it has and takes nothing new */
  readonly draining: () => boolean
}
