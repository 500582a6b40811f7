import type { Fetch } from 'turnpike-core/internal/client/send'
import { createRouter, sleep } from 'turnpike-core/internal/router/create'
import type { Dispatcher } from 'turnpike-core/internal/router/dispatch'
import type { ModelEntry } from 'turnpike-core/internal/router/model-list/entry'
import { createAdmission } from './admission/create-admission.ts'
import { periodAt } from './admission/periods.ts'
import { stayAlone } from './boot/alone.ts'
import { openIdentity } from './boot/identity.ts'
import { openLedger } from './boot/ledger.ts'
import { openNews } from './boot/news.ts'
import { openRequestLogs } from './boot/request-logs.ts'
import { openShared } from './boot/shared.ts'
import { openSealing, openStore } from './boot/store.ts'
import type { Config } from './config/config.ts'
import type { House } from './house.ts'
import { createHandler, type Handler } from './pipeline/handle.ts'
import { createModels } from './registry/create-models.ts'
import { endpoints } from './table.ts'

/** What may be given instead of the real thing: a clock and a network for tests. */
export interface Outside {
  readonly fetch?: Fetch
  readonly now?: () => number
  readonly dice?: () => number
  readonly log?: (line: string) => void
}

/** A gateway that is ready to be asked. */
export interface Gateway {
  readonly house: House
  readonly handle: Handler
  /** says on its readiness path that it is leaving */
  drain(): void
  /** settles everything and closes the store */
  close(): Promise<void>
}

/** Configuration → house → handler. Everything is built here, once, by hand. */
export async function boot(config: Config, masterKeys: readonly string[], outside: Outside = {}): Promise<Gateway> {
  const now = outside.now ?? Date.now
  const log = outside.log ?? ((line: string) => console.error(line))
  const fetch: Fetch = outside.fetch ?? ((url, init) => globalThis.fetch(url, init))
  const alone = await stayAlone({ config, log })
  const store = await openStore(config)
  const shared = await openShared({ config, store, now, log })
  const router = openRouter(config, { ...outside, fetch, now })
  const { ledger, close: closeLedger } = await openLedger({
    config,
    store,
    shared,
    router: router.dispatcher,
    now,
    log,
  })
  const identity = openIdentity({ config, store, masterKeys, fetch, now })
  const { budgets, limits } = config.governance
  const sealing = openSealing(config, masterKeys)
  const models = createModels({
    store,
    sealing,
    log,
    declared: config.models,
    credentials: config.credentials,
    environment: config.environment,
    defaults: config.entryDefaults,
    apply: router.replace,
  })
  await models.reload()
  models.start()
  const news = openNews({ shared, access: identity.access, models, log })
  const requestLogs = openRequestLogs({ config, store, now, log })
  let leaving = false
  const house: House = {
    config,
    store,
    shared,
    ledger,
    access: identity.access,
    signOn: identity.signOn,
    admission: createAdmission({
      shared,
      now,
      alert: (words) => log(`alert: ${words}`),
      periodAt: periodAt(budgets.clock),
      settings: {
        allowUnpriced: config.general.allowUnpriced,
        providers: budgets.providers,
        userBudgetOnTeamKeys: budgets.userBudgetOnTeamKeys,
        maxParallelRequests: limits.keyParallelRequests,
        proxy: {
          ...(budgets.gateway && { maxBudget: budgets.gateway.maxBudget }),
          ...(budgets.gateway?.duration !== undefined && { budgetDuration: budgets.gateway.duration }),
          ...(limits.parallelRequests !== undefined && { maxParallelRequests: limits.parallelRequests }),
        },
      },
    }),
    router: router.dispatcher,
    models,
    news,
    sealing,
    fetch,
    now,
    log,
    told: requestLogs.tell,
    draining: () => leaving,
  }
  return {
    house,
    handle: createHandler(endpoints, house),
    drain: () => void (leaving = true),
    async close() {
      news.close()
      models.stop()
      await requestLogs.close()
      await closeLedger()
      await shared.close()
      await store.close()
      await alone.release()
    },
  }
}

interface Router {
  /** the router of the moment, under one name */
  readonly dispatcher: Dispatcher
  /** goes on with other models; what is known of the health of those that stay is kept */
  replace(entries: readonly ModelEntry[]): void
}

function openRouter(
  config: Config,
  { fetch, now, dice }: Required<Pick<Outside, 'fetch' | 'now'>> & Pick<Outside, 'dice'>,
): Router {
  const ports = {
    fetch,
    now,
    tick: () => performance.now(),
    dice: dice ?? Math.random,
    sleep,
    environment: config.environment,
  }
  let current = createRouter(config.models, config.router, ports)
  return {
    dispatcher: {
      get pool() {
        return current.pool
      },
      get settings() {
        return current.settings
      },
      get health() {
        return current.health
      },
      group: (model) => current.group(model),
      reach: (group) => current.reach(group),
      ask: (call, group, asking) => current.ask(call, group, asking),
    },
    replace(entries) {
      current = createRouter(entries, config.router, { ...ports, health: current.health })
    },
  }
}
