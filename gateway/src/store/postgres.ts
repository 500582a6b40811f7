import { assembled } from './connections/assemble.ts'
import { connectToMigrate, type OpenOptions } from './connections/connect.ts'
import { connectPostgres, type PostgresOptions } from './connections/postgres.ts'
import { applyMigrations, requireMigrations } from './migrations/apply.ts'
import type { Store } from './store.ts'

/** Opens a store in a Postgres database and brings its schema up to date; of several processes that start at once one does. */
export async function openPostgres(url: string, options: OpenOptions & PostgresOptions = {}): Promise<Store> {
  if (options.migrate !== 'require') await bringUpToDate(url)
  const connection = connectPostgres(url, options)
  if (options.migrate === 'require') await requireMigrations(connection).catch(closing(connection))
  return assembled(connection)
}

/** Over a connection of its own: a step of the schema's history may take longer than any other statement. */
async function bringUpToDate(url: string): Promise<void> {
  const connection = connectToMigrate(url)
  try {
    await applyMigrations(connection)
  } finally {
    await connection.close()
  }
}

function closing(connection: { close(): Promise<void> }): (thrown: unknown) => Promise<never> {
  return async (thrown) => {
    await connection.close()
    throw thrown
  }
}
