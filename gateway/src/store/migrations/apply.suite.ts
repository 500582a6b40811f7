import { describe, expect, test } from 'bun:test'
import { sql } from 'kysely'
import type { OpenConnection } from '../connections/connection.ts'
import { applyMigrations, pendingMigrations, requireMigrations } from './apply.ts'
import { migrations } from './index.ts'
import type { Migration } from './migration.ts'

const names = migrations.map(({ name }) => name)

/** What the runner must do on every database. `open` gives a connection to one place, which is new with each call of `place`. */
export function migrationSuite(name: string, place: () => Promise<() => OpenConnection>): void {
  describe(name, () => {
    runnerSuite(place)
    failureSuite(place)
  })
}

function runnerSuite(place: () => Promise<() => OpenConnection>): void {
  test('what is pending is named, required, run once, and recorded with its time', async () => {
    const connection = (await place())()
    expect(await pendingMigrations(connection)).toEqual(names)
    await expect(requireMigrations(connection)).rejects.toThrow(`${names.length} of this version's migrations`)
    expect(await applyMigrations(connection)).toEqual(names)
    expect(await pendingMigrations(connection)).toEqual([])
    expect(await applyMigrations(connection)).toEqual([])
    await requireMigrations(connection)
    const { rows } = await sql<{ name: string; appliedAt: string }>`select * from migrations order by name`.execute(
      connection.db,
    )
    expect(rows.map((row) => row.name)).toEqual(names)
    for (const { appliedAt } of rows) expect(Math.abs(Date.parse(appliedAt) - Date.now())).toBeLessThan(86_400_000)
    await connection.close()
  })

  test('a database of a newer version is left alone, in one line that says so', async () => {
    const connection = (await place())()
    await applyMigrations(connection)
    await sql`insert into migrations values ('999-the-future', 'x')`.execute(connection.db)
    for (const ask of [pendingMigrations, applyMigrations, requireMigrations])
      await expect(ask(connection)).rejects.toThrow(/^[^\n]*999-the-future[^\n]*newer version[^\n]*$/)
    await connection.close()
  })
}

function failureSuite(place: () => Promise<() => OpenConnection>): void {
  const table = (name: string): Migration => ({
    name,
    up: (schema) => [schema.createTable(`t${name}`).addColumn('v', 'bigint')],
  })

  test('a migration that fails half way leaves what was before it, and goes on from there', async () => {
    const connection = (await place())()
    let broken = true
    const half: Migration = {
      name: '2',
      up: (schema) => [
        schema.createTable('t2').addColumn('v', 'bigint'),
        async (db) => {
          await sql`insert into t2 values (1)`.execute(db)
          if (broken) throw new Error('the lights went out')
        },
      ],
    }
    const history = [table('1'), half, table('3')]
    await expect(applyMigrations(connection, history)).rejects.toThrow('the lights went out')
    expect(await pendingMigrations(connection, history)).toEqual(['2', '3'])
    broken = false
    expect(await applyMigrations(connection, history)).toEqual(['2', '3'])
    expect((await sql`select v from t2`.execute(connection.db)).rows).toEqual([{ v: 1 }])
    await connection.close()
  })
}
