import type { NanoUsd } from 'turnpike-core/internal/kernel/money'
import { assembled } from './connections/assemble.ts'
import type { OpenOptions } from './connections/connect.ts'
import { connectSqlite } from './connections/sqlite.ts'
import { applyMigrations, requireMigrations } from './migrations/apply.ts'
import type { Store } from './store.ts'

/** A store that knows at once what is spent. */
export interface SqliteStore extends Store {
  balanceOf(bucket: string): NanoUsd
}

/** Opens (or makes) a store in one SQLite file and brings its schema up to date; `:memory:` lives until it is closed. */
export async function openSqlite(path: string, options: OpenOptions = {}): Promise<SqliteStore> {
  const connection = connectSqlite(path)
  try {
    if (options.migrate === 'require') await requireMigrations(connection)
    else await applyMigrations(connection)
  } catch (thrown) {
    await connection.close()
    throw thrown
  }
  return { ...assembled(connection), balanceOf: connection.balanceOf }
}
