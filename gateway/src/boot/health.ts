import type { Fetch } from 'turnpike-core/internal/client/send'
import type { Deployment } from 'turnpike-core/internal/router/deployment'
import { readEntry } from 'turnpike-core/internal/router/model-list/entry'
import type { Config } from '../config/config.ts'
import { createProber, healthTopic } from '../health/create-prober.ts'
import { createVitals } from '../health/create-vitals.ts'
import { createStoreWatch } from '../health/store-watch.ts'
import type { House } from '../house.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Models } from '../registry/models.ts'
import type { Shared } from '../shared/shared.ts'
import type { Store } from '../store/store.ts'
import type { LiveRouter } from './router.ts'

interface HealthPorts {
  readonly live: { readonly config: Config }
  readonly router: LiveRouter
  readonly models: Models
  readonly store: Store
  readonly shared: Shared
  readonly ledger: Ledger
  readonly fetch: Fetch
  readonly now: () => number
  /** whether it is a visit, which asks nobody by itself */
  readonly visiting?: boolean | undefined
}

/** What is known of the health of deployments and of the store, and the questions that find it out. */
export function openHealth(ports: HealthPorts): {
  readonly parts: Pick<House, 'vitals' | 'prober' | 'storeWatch'>
  close(): void
} {
  const { live, router, models, store, shared, ledger, fetch, now } = ports
  const vitals = createVitals((finding) => shared.publish(healthTopic, JSON.stringify(finding)))

  /** Those whose owner does not want them asked are left out (https://docs.litellm.ai/docs/proxy/health). */
  function deployments(): readonly Deployment[] {
    const { environment } = live.config
    const silent = new Set(
      [...models.declared, ...models.added()]
        .filter(({ model_info: info }) => info?.disable_background_health_check === true)
        .map((entry) => readEntry(entry, environment).deployment.id),
    )
    return router.dispatcher.pool.deployments.filter(({ id }) => !silent.has(id))
  }

  const prober = createProber({
    vitals,
    shared,
    fetch,
    now,
    deployments,
    rules: () => live.config.governance.health,
    book: (exchange) => ledger.settle(exchange, undefined),
  })
  if (!ports.visiting) prober.start()
  return {
    parts: { vitals, prober, storeWatch: createStoreWatch({ ping: () => store.ping(), now }) },
    close: prober.stop,
  }
}
