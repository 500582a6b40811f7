import type { OpenConnection } from './connection.ts'
import { connectPostgres } from './postgres.ts'
import { connectSqlite } from './sqlite.ts'

/** A step of the schema's history may take long on a large database, and waits for another process that is at it. */
const migrationMs = 3_600_000

/** What to do with a schema that is older than this version: bring it up to date, or stop. */
export interface OpenOptions {
  readonly migrate?: 'apply' | 'require' | undefined
}

/** Connects to change the schema, by a URL of Postgres or a path of SQLite. */
export function connectToMigrate(database: string): OpenConnection {
  if (/^postgres(?:ql)?:/.test(database)) return connectPostgres(database, { max: 1, statementTimeoutMs: migrationMs })
  return connectSqlite(database.replace(/^(?:sqlite|file):(?:\/\/(?=\/|\.))?/, ''))
}
