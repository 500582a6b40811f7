import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Config } from '../config/config.ts'
import { createSealing } from '../sealing/create-sealing.ts'
import type { Sealing } from '../sealing/sealing.ts'
import { openPostgres } from '../store/postgres.ts'
import { openSqlite } from '../store/sqlite.ts'
import type { Store } from '../store/store.ts'

/** The store that is configured, its schema brought up to date. */
export async function openStore({ general }: Config): Promise<Store> {
  const { database } = general
  if (database.kind === 'postgres')
    return openPostgres(database.url, { max: database.poolSize, connectTimeoutMs: database.connectMs })
  if (database.path !== ':memory:') mkdirSync(dirname(database.path), { recursive: true, mode: 0o700 })
  return openSqlite(database.path)
}

/** What stored secrets are sealed with: the salt key, else the master key; what either of them sealed can be read. */
export function openSealing({ governance }: Config, masterKeys: readonly string[]): Sealing {
  const secrets = [...new Set([governance.saltKey, ...masterKeys])].filter(
    (secret) => secret !== undefined && secret !== '',
  )
  return createSealing({ keys: secrets.map((secret) => ({ secret: secret as string })) })
}
