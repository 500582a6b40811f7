import { isDeepStrictEqual } from 'node:util'
import { faults } from 'turnpike-core/internal/kernel/faults'
import { createRouter } from 'turnpike-core/internal/router/create'
import type { RouterSettings } from 'turnpike-core/internal/router/deployment'
import type { Dispatcher, Ports } from 'turnpike-core/internal/router/dispatch'
import type { Cooled } from 'turnpike-core/internal/router/health/health'
import type { ModelEntry } from 'turnpike-core/internal/router/model-list/entry'
import type { Config } from '../config/config.ts'
import { cooledTopic } from '../news.ts'
import type { Shared } from '../shared/shared.ts'

/** The router of the moment, and how it is followed by another. */
export interface LiveRouter {
  readonly dispatcher: Dispatcher
  /** goes on with other models; what is known of the health of those that stay is kept */
  replace(entries: readonly ModelEntry[]): void
}

interface CoolingPorts {
  /** where replicas tell each other which deployments they took out of rotation */
  readonly shared: Pick<Shared, 'publish' | 'subscribe'>
}

/** A router over the configuration of the moment. Requests that are under way keep the one that they began with. */
export function openRouter(live: { readonly config: Config }, given: Ports & CoolingPorts): LiveRouter {
  const { shared, ...outside } = given
  const ports = { ...outside, onCooled: (cooled: Cooled) => shared.publish(cooledTopic, JSON.stringify(cooled)) }
  shared.subscribe(cooledTopic, (message) => {
    const cooled = cooledOf(message)
    if (cooled) current.health.cool(cooled)
  })
  let settings: Partial<RouterSettings> = live.config.router
  let current = createRouter(live.config.models, settings, { ...ports, environment: live.config.environment })

  return {
    get dispatcher() {
      return current
    },
    replace(entries) {
      const { router, environment } = live.config
      // both follow their settings: others begin with a clean sheet
      const health = isDeepStrictEqual(router, settings) && { health: current.health }
      const placing = isDeepStrictEqual(router.affinity, settings.affinity) && { placing: current.placing }
      current = createRouter(entries, router, { ...ports, environment, ...health, ...placing })
      settings = router
    },
  }
}

function cooledOf(message: string): Cooled | undefined {
  try {
    const { id, until, cause } = JSON.parse(message) as Partial<Cooled>
    return typeof id === 'string' && typeof until === 'number' && cause !== undefined && cause in faults
      ? { id, until, cause }
      : undefined
  } catch {
    return undefined
  }
}
