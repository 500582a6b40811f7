import { connectToMigrate } from '../store/connections/connect.ts'
import { applyMigrations, pendingMigrations } from '../store/migrations/apply.ts'

export interface MigrateOptions {
  /** only say what is pending */
  readonly check?: boolean
  readonly apply?: boolean
  /** URL of a Postgres database, or path of a SQLite file */
  readonly databaseUrl: string
}

/** Says or runs what a database's schema lacks, one line per migration; the exit code is 1 when a check finds something pending. */
export async function migrate(
  { check, apply, databaseUrl }: MigrateOptions,
  print: (line: string) => void = console.log,
): Promise<number> {
  if ((check === true) === (apply === true)) {
    print('turnpike migrate: give one of --check and --apply.')
    return 1
  }
  const connection = connectToMigrate(databaseUrl)
  try {
    const names = apply ? await applyMigrations(connection) : await pendingMigrations(connection)
    for (const name of names) print(`${apply ? 'applied' : 'pending'} ${name}`)
    if (names.length === 0) print('The schema is up to date.')
    return apply || names.length === 0 ? 0 : 1
  } finally {
    await connection.close()
  }
}
