import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Fetch } from 'turnpike-core/internal/client/send'
import { createRouter, sleep } from 'turnpike-core/internal/router/create'
import type { Dispatcher } from 'turnpike-core/internal/router/dispatch'
import type { ModelEntry } from 'turnpike-core/internal/router/model-list/entry'
import { createAdmission } from './admission/create-admission.ts'
import { periodAt } from './admission/periods.ts'
import { openIdentity } from './boot/identity.ts'
import { openLedger } from './boot/ledger.ts'
import { openNews } from './boot/news.ts'
import { openShared } from './boot/shared.ts'
import type { Config } from './config/config.ts'
import type { House } from './house.ts'
import { createHandler, type Handler } from './pipeline/handle.ts'
import { openPostgres } from './store/postgres.ts'
import { openSqlite } from './store/sqlite.ts'
import type { Store } from './store/store.ts'
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
  const store = await openStore(config)
  const shared = openShared({ config, store, now, log })
  const router = openRouter(config, { ...outside, fetch, now })
  const { ledger, close: closeLedger } = await openLedger({ config, store, shared, router: router.dispatcher, now, log })
  const identity = openIdentity({ config, store, masterKeys, fetch, now })
  const { budgets, limits } = config.governance
  const models = {
    declared: config.models,
    added: () => [],
    broken: () => [],
    reload: async () => {},
  }
  const news = openNews({ shared, access: identity.access, models, log })
  let leaving = false
  const house: House = {
    config,
    store,
    shared,
    ledger,
    access: identity.access,
    admission: createAdmission({
      shared,
      now,
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
    sealing: { seal: (secret) => secret, open: (sealed) => sealed, isSealed: () => false },
    fetch,
    now,
    log,
    told: () => {},
    draining: () => leaving,
  }
  return {
    house,
    handle: createHandler(endpoints, house),
    drain: () => void (leaving = true),
    async close() {
      news.close()
      await closeLedger()
      await shared.close()
      await store.close()
    },
  }
}

async function openStore({ general }: Config): Promise<Store> {
  const { database } = general
  if (database.kind === 'postgres')
    return openPostgres(database.url, { max: database.poolSize, connectTimeoutMs: database.connectMs })
  if (database.path !== ':memory:') mkdirSync(dirname(database.path), { recursive: true, mode: 0o700 })
  return openSqlite(database.path)
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
