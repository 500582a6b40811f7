import { afterAll, describe, expect, test } from 'bun:test'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { sql } from 'kysely'
import { connectPostgres } from '../connections/postgres.ts'
import { connectSqlite } from '../connections/sqlite.ts'
import { newDatabase, newFile, onPostgres, postgres } from '../testing/databases.ts'
import { migrationSuite } from './apply.suite.ts'
import { applyMigrations, pendingMigrations } from './apply.ts'
import { migrations } from './index.ts'

const names = migrations.map(({ name }) => name)

migrationSuite('Migrations in a SQLite file', async () => {
  const path = newFile()
  return () => connectSqlite(path)
})

describe.skipIf(!postgres)(onPostgres, () => {
  migrationSuite('Migrations', async () => {
    const url = await newDatabase()
    return () => connectPostgres(url)
  })
})

/** A process of its own that migrates a database, and stands still inside the last migration when it is told to. */
function migrator(url: string, freeze: boolean) {
  const child = spawn(process.execPath, [join(import.meta.dir, '../testing/migrator.ts'), url, String(freeze)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.add(child)
  let said = ''
  const ended = new Promise<string>((resolve) => child.on('close', () => resolve(said)))
  const frozen = new Promise<void>((resolve) =>
    child.stdout.on('data', (text) => {
      said += String(text)
      if (said.includes('frozen')) resolve()
    }),
  )
  return { child, ended, frozen }
}

const children = new Set<ReturnType<typeof spawn>>()
afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
})

/** Kills one process inside a migration while another waits for its turn. */
async function killed(url: string, connect: () => ReturnType<typeof connectPostgres>): Promise<void> {
  const first = migrator(url, true)
  await first.frozen
  const second = migrator(url, false)
  await new Promise((resolve) => setTimeout(resolve, 400))
  first.child.kill('SIGKILL')
  expect(await second.ended).toBe(`${names.at(-1)}\n`)
  const connection = connect()
  expect(await pendingMigrations(connection)).toEqual([])
  await sql`select id from keys`.execute(connection.db)
  await connection.close()
}

const places = [
  ['a SQLite file', async () => newFile()] as const,
  ...(postgres ? [['Postgres', newDatabase] as const] : []),
]

test.each(places)(
  'of two processes that start at once on %s each migration is run by one',
  async (_name, place) => {
    const url = await place()
    const said = await Promise.all([migrator(url, false).ended, migrator(url, false).ended])
    expect(said.join('').trim().split('\n').toSorted()).toEqual([...names])
  },
  20_000,
)

test('a process that is killed inside a migration of a SQLite file leaves it to the next', async () => {
  const path = newFile()
  await killed(path, () => connectSqlite(path))
}, 20_000)

describe.skipIf(!postgres)(onPostgres, () => {
  test('a process that is killed inside a migration leaves it to the one that waits', async () => {
    const url = await newDatabase()
    await killed(url, () => connectPostgres(url))
  }, 20_000)

  test('several connections that migrate one empty database at once run each migration once', async () => {
    const url = await newDatabase()
    const connections = Array.from({ length: 4 }, () => connectPostgres(url))
    const ran = await Promise.all(connections.map((connection) => applyMigrations(connection)))
    expect(ran.flat().toSorted()).toEqual([...names])
    for (const connection of connections) {
      expect(await pendingMigrations(connection)).toEqual([])
      await connection.close()
    }
  })

  test('text is ordered by its bytes, whatever the language of the database', async () => {
    const connection = connectPostgres(await newDatabase())
    await applyMigrations(connection)
    const { rows } = await sql`select collation_name from information_schema.columns
      where table_schema = 'public' and column_name in ('id', 'alias', 'key_hash', 'user_id', 'bucket')
        and table_name in ('keys', 'ledger', 'balances') and collation_name is distinct from 'C'`.execute(connection.db)
    expect(rows).toEqual([])
    await connection.close()
  })
})
