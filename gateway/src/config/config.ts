import type { Json, JsonObject } from 'turnpike-core/internal/kernel/json'
import type { RouterSettings } from 'turnpike-core/internal/router/deployment'
import type { ModelEntry } from 'turnpike-core/internal/router/model-list/entry'
import type { Governance } from './governance.ts'
import type { Credential } from './models/credentials.ts'

/** Everything the gateway was told, read and checked. */
export interface Config {
  readonly models: readonly ModelEntry[]
  /** parameters of every model that does not say them itself, also of those that are added over the API */
  readonly entryDefaults: JsonObject
  /** `credential_list` */
  readonly credentials: readonly Credential[]
  readonly router: Partial<RouterSettings>
  readonly general: General
  readonly governance: Governance
  /** variables of the process with those of the file on top */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** what was said and has no effect, or deserves a second look */
  readonly warnings: readonly string[]
  /** the files that it was read from, by their full paths */
  readonly files: readonly string[]
  /** where each value comes from, and what it shadows */
  readonly origins: readonly Origin[]
}

/** Where a value comes from. */
export type Source =
  /** `config.yaml:12:3` */
  | { readonly kind: 'file'; readonly at: string }
  /** the variable, and where the file refers to it, if it does */
  | { readonly kind: 'environment'; readonly name: string; readonly at?: string }
  | { readonly kind: 'default' }

/** A value with its source. Secrets stand in it as they are: mask it before it is shown. */
export interface Sourced {
  readonly value: Json
  readonly source: Source
}

/** One setting: what holds, where it is from, and what else was said of it and does not hold. */
export interface Origin extends Sourced {
  /** `router_settings.num_retries`, `model_list.0` */
  readonly path: string
  readonly shadows: readonly Sourced[]
}

export interface General {
  /** the master key as configured; undefined: one is made and kept beside the database */
  readonly masterKey?: string
  /** header that replaces all others as the key's place */
  readonly keyHeader?: string
  readonly body: { readonly maxBytes: number; readonly timeoutMs: number }
  /** whether a key with a budget may call a model whose price is unknown */
  readonly allowUnpriced: boolean
  readonly database: Database
  /** SQLite file of the store, whether or not the store is kept in it */
  readonly databasePath: string
  /** folder for what this process keeps on its own disk */
  readonly home: string
  /** milliseconds that running requests get to finish after SIGTERM */
  readonly drainMs: number
}

/** Where the store is. */
export type Database =
  | { readonly kind: 'sqlite'; readonly path: string }
  | {
      readonly kind: 'postgres'
      readonly url: string
      /** undefined: the one that the connection comes with */
      readonly schema?: string | undefined
      readonly poolSize: number
      /** how long to wait for a connection */
      readonly connectMs: number
    }

export const defaultGeneral: General = {
  body: { maxBytes: 64 << 20, timeoutMs: 60_000 },
  allowUnpriced: false,
  database: { kind: 'sqlite', path: '.turnpike/turnpike.db' },
  databasePath: '.turnpike/turnpike.db',
  home: '.turnpike',
  drainMs: 30_000,
}
