import { afterAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { migrations } from './migrations/index.ts'
import { openSqlite } from './sqlite.ts'
import { nano, sampleKey, sampleRow, storeSuite } from './store.suite.ts'

const folder = mkdtempSync(join(tmpdir(), 'turnpike-store-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let files = 0
const newFile = () => join(folder, `deep/er/${files++}.db`)

storeSuite('SQLite in memory', () => openSqlite(':memory:'))
storeSuite('SQLite in a file', () => openSqlite(newFile()))

describe('a SQLite file', () => {
  test('keeps everything over a restart, and runs no migration twice', async () => {
    const path = newFile()
    const first = openSqlite(path)
    await first.keys.insert(sampleKey('h1'))
    await first.ledger.append([sampleRow('one')])
    await first.close()
    const second = openSqlite(path)
    expect(await second.keys.find('h1')).toEqual(sampleKey('h1'))
    expect(second.balanceOf('all')).toBe(nano(1234))
    await second.close()
    const raw = new DatabaseSync(path)
    expect(
      raw
        .prepare('select name from migrations')
        .all()
        .map(({ name }) => String(name)),
    ).toEqual(migrations.map(({ name }) => name))
    expect(raw.prepare('pragma journal_mode').get()?.journal_mode).toBe('wal')
    raw.close()
  })

  test('a batch that fails half way leaves nothing behind', async () => {
    const path = newFile()
    const store = openSqlite(path)
    const raw = new DatabaseSync(path)
    raw.exec('drop table rollups')
    await expect(store.ledger.append([sampleRow('one')])).rejects.toThrow('rollups')
    expect(store.balanceOf('all')).toBe(nano(0))
    expect(await store.ledger.find({}, 1)).toEqual([])
    raw.close()
    await store.close()
  })

  test('a file that is no database is refused by its name', () => {
    const path = join(folder, 'not-a-database')
    writeFileSync(path, 'x'.repeat(4096))
    expect(() => openSqlite(path)).toThrow(`The database file ${path} cannot be opened`)
  })
})
