import { createHash } from 'node:crypto'
import { type ModelEntry, readEntry } from 'turnpike-core/internal/router/model-list/entry'
import { coalesced } from './coalesce.ts'
import { blocked, type Loaded, type LoadPorts, loadModels } from './load.ts'
import type { Models } from './models.ts'

/** What the configuration says of models. */
export interface Declared extends Pick<LoadPorts, 'credentials' | 'environment' | 'defaults'> {
  /** models of the configuration */
  readonly declared: readonly ModelEntry[]
}

export interface ModelsPorts extends LoadPorts, Declared {
  readonly log: (line: string) => void
  /** hears all entries that are to be served, when they are others than before */
  readonly apply: (entries: readonly ModelEntry[]) => void
  /** milliseconds between looks at what other replicas may have changed */
  readonly pollMs?: number
}

/** The models of the gateway with a life: `start` begins to look for changes that no news told of. */
export interface LiveModels extends Models {
  /** goes on with another configuration at once; what was added over the API stays, and is read anew beside */
  redeclare(declared: Declared): void
  start(): void
  stop(): void
}

const pollMs = 30_000

/** So many looks in a row may trust the cheap check: a replica whose clock is behind could hide its change from it. */
const cheapLooks = 10

/** The models of the configuration and those that were added over the API, which is what the store has of them at the last `reload`. */
export function createModels(ports: ModelsPorts): LiveModels {
  let given: Declared = ports
  let taken = idsOf(given)
  let loaded: Loaded = { added: [], broken: [] }
  let applied = fingerprintOf(loaded)
  let mark: string | undefined
  let timer: ReturnType<typeof setInterval> | undefined
  let looks = 0

  const reload = coalesced(async () => {
    // before the rows are read: what changes while they are is looked at again
    const seen = await markOf(ports.store)
    const found = await loadModels({ ...ports, ...given }, taken)
    for (const { id, name, why } of found.broken)
      if (why !== blocked && !loaded.broken.some((one) => one.id === id && one.why === why))
        ports.log(`error: the model ${name} (${id}), which was added over the API, cannot be served: ${why}`)
    loaded = found
    mark = seen
    const print = fingerprintOf(found)
    if (print === applied) return
    serve(found.added)
    applied = print
  })

  function serve(added: readonly ModelEntry[]): void {
    ports.apply([...given.declared, ...added.filter(({ model_info }) => !taken.has(String(model_info?.id)))])
  }

  async function look(anyway = false): Promise<void> {
    try {
      if (!anyway && looks++ % cheapLooks !== 0 && (await markOf(ports.store)) === mark) return
      await reload()
    } catch (thrown) {
      ports.log(`error: models could not be read: ${thrown instanceof Error ? thrown.message : String(thrown)}`)
    }
  }

  return {
    get declared() {
      return given.declared
    },
    added: () => loaded.added,
    broken: () => loaded.broken,
    reload,
    redeclare({ declared, credentials, environment, defaults }) {
      given = { declared, credentials, environment, defaults }
      taken = idsOf(given)
      serve(loaded.added)
      applied = ''
      void look(true)
    },
    start() {
      timer ??= setInterval(() => void look(), ports.pollMs ?? pollMs)
      timer.unref?.()
    },
    stop() {
      clearInterval(timer)
      timer = undefined
    },
  }
}

function idsOf({ declared, environment }: Declared): ReadonlySet<string> {
  return new Set(declared.map((entry) => readEntry(entry, environment).deployment.id))
}

/** What tells cheaply whether rows came, changed or went. */
async function markOf({ models, credentials }: ModelsPorts['store']): Promise<string> {
  const marks = [models, credentials].map(async (rows) => {
    const [latest] = await rows.list({ limit: 1, orderBy: 'updatedAt', descending: true })
    return `${await rows.count({})}/${latest?.updatedAt ?? 0}/${latest?.value.id ?? ''}`
  })
  return (await Promise.all(marks)).join(' ')
}

function fingerprintOf({ added }: Loaded): string {
  return createHash('sha256').update(JSON.stringify(added)).digest('hex')
}
