import type { Environment } from '../client/build-target.ts'
import { type Deployment, defaultSettings, type RouterSettings } from './deployment.ts'
import { createDispatcher, type Dispatcher, type Ports } from './dispatch.ts'
import { type Cooled, createHealth, type Health } from './health/health.ts'
import { expander, type ModelEntry, readEntry } from './model-list/entry.ts'
import { createPlacing, type Placing } from './placing/placing.ts'
import { createPool } from './pool.ts'
import { strategyFor } from './strategies/index.ts'

/** A router over LiteLLM's `model_list`. Throws `misconfigured` for an entry that cannot work. */
export function createRouter(
  entries: readonly ModelEntry[],
  given: Partial<RouterSettings>,
  ports: Ports & {
    environment: Environment
    /** what another router over some of the same deployments knows of them, to go on with */
    health?: Health
    /** and what it remembers of where calls went */
    placing?: Placing
    /** hears of each deployment that is taken out of rotation here, to tell other replicas; they give it to `health.cool` */
    onCooled?: (cooled: Cooled) => void
  },
): Dispatcher {
  const settings = { ...defaultSettings, ...given }
  const byId = new Map<string, ModelEntry>()
  const deployments = entries.map((entry) => {
    const { deployment } = readEntry(entry, ports.environment)
    byId.set(deployment.id, entry)
    return limited(deployment, settings)
  })
  const expand = expander(byId, ports.environment)
  const health = ports.health ?? createHealth(settings, { now: ports.now, onCooled: ports.onCooled })
  health.know(deployments)
  return createDispatcher(
    {
      pool: createPool(deployments, settings, (deployment, model) => {
        const made = expand(deployment, model)
        return made && limited(made, settings)
      }),
      settings,
      strategy: strategyFor(settings),
      health,
      placing: ports.placing ?? createPlacing(settings.affinity, ports),
    },
    ports,
  )
}

/** A deployment with the router's own limit of calls at once where it has none. */
function limited(deployment: Deployment, { maxParallel }: RouterSettings): Deployment {
  return deployment.maxParallel === undefined && maxParallel !== undefined ? { ...deployment, maxParallel } : deployment
}

/** A wait that the signal ends early. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  if (ms <= 0 || signal?.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const timer = setTimeout(finish, ms)
    function finish(): void {
      clearTimeout(timer)
      signal?.removeEventListener('abort', finish)
      resolve()
    }
    signal?.addEventListener('abort', finish, { once: true })
  })
}
