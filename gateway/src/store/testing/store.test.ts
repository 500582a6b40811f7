import { describe, expect, test } from 'bun:test'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { openPostgres } from '../postgres.ts'
import { openSqlite } from '../sqlite.ts'
import { newDatabase, newFile, onPostgres, postgres } from './databases.ts'
import { nano } from './samples.ts'
import { storeSuite } from './store.suite.ts'

storeSuite('A store in a SQLite file', async () => {
  const path = newFile()
  return (options) => openSqlite(path, options)
})

describe.skipIf(!postgres)(onPostgres, () => {
  storeSuite('A store', async () => {
    const url = await newDatabase()
    return (options) => openPostgres(url, options)
  })

  test('a server that is away is told when the store is opened', async () => {
    await expect(openPostgres('postgresql://u:hunter2@127.0.0.1:1/db')).rejects.toMatchObject({ code: 'store-down' })
  })
})

describe('a SQLite file', () => {
  test('is written ahead, and tells at once what is spent', async () => {
    const path = newFile()
    const store = await openSqlite(path)
    const raw = new DatabaseSync(path)
    expect(raw.prepare('pragma journal_mode').get()?.journal_mode).toBe('wal')
    raw.exec(`insert into balances values ('all', 7)`)
    expect(store.balanceOf('all')).toBe(nano(7))
    raw.close()
    await store.close()
  })

  test('that is no database is refused by its name', async () => {
    const path = newFile()
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, 'x'.repeat(4096))
    await expect(openSqlite(path)).rejects.toThrow(`The database file ${path} cannot be opened`)
  })

  test('in memory is gone when it is closed', async () => {
    const first = await openSqlite(':memory:')
    await first.settings.insert({
      value: { id: 's', value: {} },
      extra: {},
      createdAt: 1,
      createdBy: '',
      updatedAt: 1,
      updatedBy: '',
    })
    await first.close()
    const second = await openSqlite(':memory:')
    expect(await second.settings.count({})).toBe(0)
    await second.close()
  })
})
