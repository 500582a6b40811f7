import { connectPostgres } from '../connections/postgres.ts'
import { connectSqlite } from '../connections/sqlite.ts'
import { applyMigrations } from '../migrations/apply.ts'
import { migrations } from '../migrations/index.ts'

const [url = '', freeze] = process.argv.slice(2)
const connection = url.startsWith('postgres')
  ? connectPostgres(url, { statementTimeoutMs: 60_000 })
  : connectSqlite(url)
const last = migrations.at(-1)
const stopping = migrations.map((migration) => ({
  ...migration,
  up: (...given: Parameters<typeof migration.up>) => [
    ...migration.up(...given),
    async () => {
      if (freeze !== 'true' || migration.name !== last?.name) return
      console.log('frozen')
      await new Promise((resolve) => setTimeout(resolve, 60_000))
    },
  ],
}))
for (const name of await applyMigrations(connection, stopping)) console.log(name)
await connection.close()
