import { isDeepStrictEqual } from 'node:util'
import type { Config } from '../config/config.ts'
import { InvalidConfig } from '../config/read.ts'
import type { Live, Reloaded } from '../live.ts'

interface LivePorts {
  readonly config: Config
  /** reads the configuration again; undefined: it is not in a place that can be read again */
  readonly reread?: (() => Config) | undefined
  readonly now: () => number
  readonly log: (line: string) => void
}

/** Hears of a configuration that was taken over, and of what it was before. */
export type Heir = (config: Config, before: Config) => void

/** What was built once, of the configuration that the process started with. */
const fixed: readonly (readonly [name: string, of: (config: Config) => unknown])[] = [
  ['general_settings.database_url', ({ general }) => general.database],
  ['TURNPIKE_HOME', ({ general }) => general.home],
  ['general_settings.master_key', ({ general }) => general.masterKey],
  ['redis', ({ governance }) => governance.redis],
  ['LITELLM_SALT_KEY', ({ governance }) => governance.saltKey],
  ['single sign-on and JWT settings', ({ governance }) => governance.identity],
  ['general_settings.user_api_key_cache_ttl', ({ governance }) => governance.access.keyCacheMs],
  [
    'request logs (disable_spend_logs, maximum_spend_logs_retention_period)',
    ({ governance: { requestLogs } }) => [requestLogs.enabled, requestLogs.keepFor],
  ],
]

/** The configuration that can be changed while it acts. Read, check, then swap: what cannot be served changes nothing. */
export function openLive({ config: first, reread, now, log }: LivePorts): Live & { inherit(heir: Heir): void } {
  const heirs: Heir[] = []
  let current = first
  /** what was read last, whatever of it acts */
  let read = first
  let since = now()
  let refused: readonly string[] | undefined
  let needsRestart: readonly string[] = []

  function take(next: Config): void {
    const before = current
    current = withFixed(next, first)
    try {
      for (const heir of heirs) heir(current, before)
    } catch (thrown) {
      const failed = current
      current = before
      for (const heir of heirs) heir(before, failed)
      throw thrown
    }
  }

  function reload(): Reloaded {
    if (!reread) return refuse(['The configuration was not read from a place that can be read again.'])
    try {
      const next = reread()
      if (isDeepStrictEqual(next, read)) {
        refused = undefined
        log('the configuration was read again and is as before')
        return { taken: true, changed: false, needsRestart, warnings: next.warnings }
      }
      needsRestart = fixed.filter(([, of]) => !isDeepStrictEqual(of(next), of(first))).map(([name]) => name)
      take(next)
      read = next
      since = now()
      refused = undefined
      log(`the configuration was read again and acts${restartWords(needsRestart)}`)
      return { taken: true, changed: true, needsRestart, warnings: next.warnings }
    } catch (thrown) {
      if (thrown instanceof InvalidConfig) return refuse(thrown.complaints)
      return refuse([thrown instanceof Error ? thrown.message : String(thrown)])
    }
  }

  function refuse(complaints: readonly string[]): Reloaded {
    refused = complaints
    log(`error: the configuration cannot be served, the one before goes on: ${complaints.join('; ')}`)
    return { taken: false, complaints }
  }

  return {
    get config() {
      return current
    },
    get since() {
      return since
    },
    get refused() {
      return refused
    },
    get needsRestart() {
      return needsRestart
    },
    reload: async () => reload(),
    inherit: (heir) => void heirs.push(heir),
  }
}

function restartWords(names: readonly string[]): string {
  return names.length === 0 ? '' : `; needs a restart to act: ${names.join(', ')}`
}

/** What cannot change stays as it was, so that the configuration never says what is not so. */
function withFixed(next: Config, first: Config): Config {
  const { governance, general } = first
  const { masterKey: _, ...nextGeneral } = next.general
  return {
    ...next,
    general: {
      ...nextGeneral,
      ...(general.masterKey !== undefined && { masterKey: general.masterKey }),
      database: general.database,
      databasePath: general.databasePath,
      home: general.home,
    },
    governance: {
      ...next.governance,
      redis: governance.redis,
      saltKey: governance.saltKey,
      identity: governance.identity,
      access: { ...next.governance.access, keyCacheMs: governance.access.keyCacheMs },
      requestLogs: {
        ...next.governance.requestLogs,
        enabled: governance.requestLogs.enabled,
        keepFor: governance.requestLogs.keepFor,
      },
    },
  }
}
