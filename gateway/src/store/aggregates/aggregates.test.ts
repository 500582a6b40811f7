import { describe } from 'bun:test'
import { connectPostgres } from '../connections/postgres.ts'
import { connectSqlite } from '../connections/sqlite.ts'
import { newDatabase, newFile, onPostgres, postgres } from '../testing/databases.ts'
import { aggregateSuite } from './aggregates.suite.ts'

aggregateSuite('Documents in SQLite in memory', async () => connectSqlite(':memory:'))
aggregateSuite('Documents in a SQLite file', async () => connectSqlite(newFile()))
describe.skipIf(!postgres)(onPostgres, () => {
  aggregateSuite('Documents', async () => connectPostgres(await newDatabase()))
})
