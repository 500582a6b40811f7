import { sql } from 'kysely'
import { GatewayError } from 'turnpike-core/internal/kernel/faults'
import type { Connection, Sql } from '../tables.ts'
import { migrations } from './index.ts'
import type { Migration, Step } from './migration.ts'

/** Names the lock that one migrating process holds on Postgres; any number, but for ever the same. */
const migrationLock = 7_401_846_212

/** The migrations that this database has not seen, in their order; throws when it has seen one that this version does not know. */
export async function pendingMigrations(
  connection: Connection,
  known: readonly Migration[] = migrations,
): Promise<readonly string[]> {
  const done = await recorded(connection.db, connection)
  const unknown = [...done].find((name) => !known.some((migration) => migration.name === name))
  if (unknown !== undefined)
    throw new GatewayError(
      'misconfigured',
      `The database has the migration ${unknown}, which this version does not know: a newer version made it. Start that version, or name another database.`,
    )
  return known.map(({ name }) => name).filter((name) => !done.has(name))
}

/**
 * Runs what is pending and returns the names of what this process ran. Each migration is one transaction together with its record, so
 * a process that dies leaves whole ones; of several processes one runs each and the others wait for it.
 */
export async function applyMigrations(
  connection: Connection,
  known: readonly Migration[] = migrations,
): Promise<readonly string[]> {
  const pending = new Set(await pendingMigrations(connection, known))
  const ran: string[] = []
  for (const migration of known)
    if (pending.has(migration.name) && (await applied(connection, migration))) ran.push(migration.name)
  return ran
}

/** Throws when something is pending. */
export async function requireMigrations(connection: Connection, known?: readonly Migration[]): Promise<void> {
  const pending = await pendingMigrations(connection, known)
  if (pending.length === 0) return
  throw new GatewayError(
    'misconfigured',
    `The database lacks ${pending.length} of this version's migrations, from ${pending[0]} on. Run turnpike migrate --apply first.`,
  )
}

/** Whether this process ran it: another one may have, while we waited for the lock. */
function applied(connection: Connection, migration: Migration): Promise<boolean> {
  // on SQLite every transaction that writes excludes all others from its beginning
  return connection.db.transaction().execute(async (trx) => {
    if (connection.dialect === 'postgres') await sql`select pg_advisory_xact_lock(${migrationLock})`.execute(trx)
    await sql`create table if not exists migrations (name text primary key, applied_at text not null)`.execute(trx)
    if ((await recorded(trx, connection)).has(migration.name)) return false
    for (const step of migration.up(trx.schema, connection.dialect)) await take(step, trx)
    await sql`insert into migrations values (${migration.name}, cast(current_timestamp as text))`.execute(trx)
    return true
  })
}

async function take(step: Step, trx: Sql): Promise<void> {
  if (typeof step === 'function') await step(trx)
  else await trx.executeQuery(step.compile())
}

async function recorded(db: Sql, { dialect }: Connection): Promise<ReadonlySet<string>> {
  const exists =
    dialect === 'postgres'
      ? sql`select 1 where to_regclass('migrations') is not null`
      : sql`select 1 from sqlite_master where type = 'table' and name = 'migrations'`
  if ((await exists.execute(db)).rows.length === 0) return new Set()
  const { rows } = await sql<{ readonly name: string }>`select name from migrations`.execute(db)
  return new Set(rows.map(({ name }) => name))
}
