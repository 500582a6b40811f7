import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Fetch } from 'turnpike-core/internal/client/send'
import { createRouter, sleep } from 'turnpike-core/internal/router/create'
import { createAccess } from './access/create-access.ts'
import type { Config } from './config/config.ts'
import type { House } from './house.ts'
import { createLedger } from './ledger/create-ledger.ts'
import { createLimits } from './limits/create-limits.ts'
import { createHandler, type Handler } from './pipeline/handle.ts'
import { openSqlite } from './store/sqlite.ts'
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
export function boot(config: Config, masterKeys: readonly string[], outside: Outside = {}): Gateway {
  const now = outside.now ?? Date.now
  const log = outside.log ?? ((line: string) => console.error(line))
  const fetch: Fetch = outside.fetch ?? ((url, init) => globalThis.fetch(url, init))
  if (config.general.databasePath !== ':memory:')
    mkdirSync(dirname(config.general.databasePath), { recursive: true, mode: 0o700 })
  const store = openSqlite(config.general.databasePath)
  const ledger = createLedger({
    store,
    now,
    onError: (thrown) =>
      log(
        `the ledger could not write to the store and will try again: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
      ),
  })
  let leaving = false
  const house: House = {
    config,
    store,
    ledger,
    access: createAccess({ masterKeys, findKey: async (hash) => (await store.keys.find(hash))?.key, now }),
    limits: createLimits({ now }),
    router: createRouter(config.models, config.router, {
      fetch,
      now,
      tick: () => performance.now(),
      dice: outside.dice ?? Math.random,
      sleep,
      environment: config.environment,
    }),
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
      await ledger.close()
      await store.close()
    },
  }
}
