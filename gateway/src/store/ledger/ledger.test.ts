import { describe, expect, test } from 'bun:test'
import { connectPostgres } from '../connections/postgres.ts'
import { connectSqlite } from '../connections/sqlite.ts'
import { applyMigrations } from '../migrations/apply.ts'
import { newDatabase, newFile, onPostgres, postgres } from '../testing/databases.ts'
import { nano } from '../testing/samples.ts'
import { sharesOf } from './balances.ts'
import { ledgerSuite, sampleRow } from './ledger.suite.ts'
import { ledgerRowsOf } from './rows.ts'

ledgerSuite('SQLite in memory', () => connectSqlite(':memory:'))
ledgerSuite('SQLite in a file', () => connectSqlite(newFile()))
describe.skipIf(!postgres)(onPostgres, () => {
  ledgerSuite('ledger', async () => connectPostgres(await newDatabase()))
})

test('a batch that fails half way leaves nothing behind', async () => {
  const connection = connectSqlite(newFile())
  await applyMigrations(connection)
  await connection.db.schema.dropTable('rollups').execute()
  const ledger = ledgerRowsOf(connection)
  await expect(ledger.append([sampleRow('one')])).rejects.toThrow('rollups')
  expect(connection.balanceOf('all')).toBe(nano(0))
  expect(await ledger.find({}, 1)).toEqual([])
  await connection.close()
})

test('the buckets of a row follow from the row', () => {
  const names = (changes: Parameters<typeof sampleRow>[1]) => sharesOf(sampleRow('r', changes)).map(([name]) => name)
  expect(names({})).toEqual([
    'all',
    'key:hash-1',
    'user:ann',
    'team:blue',
    'team-member:blue:ann',
    'organization:acme',
    'end-user:customer-1',
    'tag:a',
    'tag:b',
    'provider:openai',
    'deployment:d-1',
    'key:hash-1:30d:2026-11-01',
  ])
  expect(names({ userId: undefined, tags: ['a', 'a'], periods: ['team:blue', 'x', 'x'], endUser: undefined })).toEqual([
    'all',
    'key:hash-1',
    'team:blue',
    'organization:acme',
    'tag:a',
    'provider:openai',
    'deployment:d-1',
    'x',
  ])
})
