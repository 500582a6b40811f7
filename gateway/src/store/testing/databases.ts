import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { postgresForTests } from '../../../../tests/services.ts'

const folder = mkdtempSync(join(tmpdir(), 'turnpike-store-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

let files = 0

/** Path of a SQLite file that is not there yet. */
export function newFile(): string {
  return join(folder, `deep/er/${files++}.db`)
}

/** A real Postgres; undefined where none is installed. */
export const postgres = await postgresForTests()

/** What a skipped suite says of itself. */
export const onPostgres = postgres ? 'Postgres' : 'Postgres (skipped: no initdb and postgres on this machine)'

/** URL of a Postgres database that nobody else has. */
export async function newDatabase(): Promise<string> {
  if (!postgres) throw new Error('There is no Postgres on this machine.')
  return postgres.database()
}
