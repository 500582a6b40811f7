import type { Fetch } from 'turnpike-core/internal/client/send'
import type { Dispatcher } from 'turnpike-core/internal/router/dispatch'
import type { Access } from './access/access.ts'
import type { SignOn } from './access/sign-on/create-sign-on.ts'
import type { Admission } from './admission/admission.ts'
import type { Config } from './config/config.ts'
import type { Prober } from './health/create-prober.ts'
import type { StoreWatch } from './health/store-watch.ts'
import type { Vitals } from './health/vitals.ts'
import type { Ledger } from './ledger/ledger.ts'
import type { Live } from './live.ts'
import type { News } from './news.ts'
import type { Models } from './registry/models.ts'
import type { Sealing } from './sealing/sealing.ts'
import type { Shared } from './shared/shared.ts'
import type { Store } from './store/store.ts'
import type { Exchange } from './vocabulary/exchange.ts'

/** Every port the gateway needs from outside, as one value: built once at boot, by hand in a test. */
export interface House {
  /** of the moment: read it where it is needed, and keep nothing of it */
  readonly config: Config
  /** how the configuration changes while it acts */
  readonly live: Live
  readonly store: Store
  readonly shared: Shared
  readonly access: Access
  readonly signOn: SignOn
  readonly admission: Admission
  readonly ledger: Ledger
  readonly router: Dispatcher
  readonly models: Models
  /** what is known of the health of deployments */
  readonly vitals: Vitals
  readonly prober: Pick<Prober, 'ask'>
  readonly storeWatch: StoreWatch
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
