import type { ModelEntry } from 'turnpike-core/internal/router/model-list/entry'
import type { Config } from '../config/config.ts'
import { createModels, type LiveModels } from '../registry/create-models.ts'
import { createSealing } from '../sealing/create-sealing.ts'
import type { Sealing } from '../sealing/sealing.ts'
import type { Store } from '../store/store.ts'

interface ModelsPorts {
  readonly config: Config
  readonly store: Store
  /** the salt of the configuration wins; without one the first of these seals */
  readonly masterKeys: readonly string[]
  readonly log: (line: string) => void
  /** goes on with these models */
  readonly replace: (entries: readonly ModelEntry[]) => void
}

/** The models of the configuration with those of the store, which are read once before this resolves. */
export async function openModels(ports: ModelsPorts): Promise<{ readonly models: LiveModels; readonly sealing: Sealing }> {
  const { config, store, masterKeys, log, replace } = ports
  const secrets = config.governance.saltKey === undefined ? masterKeys : [config.governance.saltKey, ...masterKeys]
  const sealing = createSealing({ keys: [...new Set(secrets)].map((secret) => ({ secret })) })
  const models = createModels({
    store,
    sealing,
    declared: config.models,
    credentials: config.credentials,
    environment: config.environment,
    defaults: config.entryDefaults,
    log,
    apply: replace,
  })
  await models.reload()
  models.start()
  return { models, sealing }
}
