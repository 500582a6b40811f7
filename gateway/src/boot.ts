import type { Fetch } from 'turnpike-core/internal/client/send'
import { sleep } from 'turnpike-core/internal/router/create'
import { openAdmission } from './boot/admission.ts'
import { stayAlone } from './boot/alone.ts'
import { openHealth } from './boot/health.ts'
import { openIdentity } from './boot/identity.ts'
import { openLedger } from './boot/ledger.ts'
import { openLive } from './boot/live.ts'
import { openNews } from './boot/news.ts'
import { openRequestLogs } from './boot/request-logs.ts'
import { openRouter } from './boot/router.ts'
import { openShared } from './boot/shared.ts'
import { openSealing, openStore } from './boot/store.ts'
import type { Config } from './config/config.ts'
import type { House } from './house.ts'
import type { Reloaded } from './live.ts'
import { createHandler, type Handler } from './pipeline/handle.ts'
import { createModels, type Declared } from './registry/create-models.ts'
import { endpoints } from './table.ts'

/** What may be given instead of the real thing: a clock and a network for tests. */
export interface Outside {
  readonly fetch?: Fetch
  readonly now?: () => number
  readonly dice?: () => number
  readonly log?: (line: string) => void
  /** reads the configuration again, for changes while it acts */
  readonly reread?: () => Config
  /** a look at the house beside a gateway that may be serving: nothing is locked, agreed on or kept on disk */
  readonly visiting?: boolean
}

/** A gateway that is ready to be asked. */
export interface Gateway {
  readonly house: House
  readonly handle: Handler
  /** reads the configuration again and goes on with it, or with the old one where it cannot be served */
  reload(): Promise<Reloaded>
  /** says on its readiness path that it is leaving */
  drain(): void
  /** settles everything and closes the store */
  close(): Promise<void>
}

/** Configuration → house → handler. Everything is built here, once, by hand. */
export async function boot(first: Config, masterKeys: readonly string[], outside: Outside = {}): Promise<Gateway> {
  const { visiting, reread } = outside
  const now = outside.now ?? Date.now
  const log = outside.log ?? ((line: string) => console.error(line))
  const fetch: Fetch = outside.fetch ?? ((url, init) => globalThis.fetch(url, init))
  const live = openLive({ config: first, reread, now, log })
  const alone = visiting ? undefined : await stayAlone({ config: first, log })
  const store = await openStore(first)
  const shared = await openShared({ config: first, visiting, store, now, log })
  const tick = () => performance.now()
  const router = openRouter(live, { shared, fetch, now, tick, dice: outside.dice ?? Math.random, sleep })
  // what may change while it acts is read through this, where it is needed
  const config = {
    general: first.general,
    get governance() {
      return live.config.governance
    },
  }
  const { dispatcher } = router
  const { ledger, close: closeLedger } = await openLedger({
    config,
    visiting,
    store,
    shared,
    router: dispatcher,
    now,
    log,
  })
  const identity = openIdentity({ config, store, masterKeys, fetch, now })
  const admission = openAdmission({ config: first, shared, now, log })
  const sealing = openSealing(first, masterKeys)
  const models = createModels({ store, sealing, log, ...declaredIn(first), apply: router.replace })
  await models.reload()
  models.start()
  const news = openNews({ shared, access: identity.access, models, live, log })
  const requestLogs = openRequestLogs({ config: first, store, now, log })
  const health = openHealth({ live, router, models, store, shared, ledger, fetch, now, visiting })
  live.inherit((next) => {
    models.redeclare(declaredIn(next))
    admission.replace(next)
    identity.access.forgetTenants()
  })
  let leaving = false
  const house: House = {
    get config() {
      return live.config
    },
    get router() {
      return router.dispatcher
    },
    live,
    store,
    shared,
    ledger,
    access: identity.access,
    signOn: identity.signOn,
    admission: admission.admission,
    models,
    ...health.parts,
    news,
    sealing,
    fetch,
    now,
    log,
    told(exchange) {
      health.parts.vitals.hear(exchange)
      requestLogs.tell(exchange)
    },
    draining: () => leaving,
  }
  return {
    house,
    handle: createHandler(endpoints, house),
    reload: live.reload,
    drain: () => void (leaving = true),
    async close() {
      health.close()
      news.close()
      models.stop()
      await requestLogs.close()
      await closeLedger()
      await shared.close()
      await store.close()
      await alone?.release()
    },
  }
}

function declaredIn({ models, credentials, environment, entryDefaults }: Config): Declared {
  return { declared: models, credentials, environment, defaults: entryDefaults }
}
