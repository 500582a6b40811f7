import { describe, expect, test } from 'bun:test'
import { verify } from '../../ledger/verify.ts'
import type { OpenConnection } from '../connections/connection.ts'
import { connectPostgres } from '../connections/postgres.ts'
import { connectSqlite } from '../connections/sqlite.ts'
import { readBalances } from '../ledger/balances.ts'
import { agrees, sampleRow } from '../ledger/ledger.suite.ts'
import { ledgerRowsOf } from '../ledger/rows.ts'
import { newDatabase, onPostgres, postgres } from '../testing/databases.ts'
import { nano } from '../testing/samples.ts'
import { applyMigrations } from './apply.ts'
import { migrations } from './index.ts'

/** A ledger of before, whose rows name deployments that have no balance. */
async function movesOn(connection: OpenConnection): Promise<void> {
  const before = migrations.slice(
    0,
    migrations.findIndex(({ name }) => name === '006-deployment-balances'),
  )
  await applyMigrations(connection, before)
  const ledger = ledgerRowsOf(connection)
  await ledger.append(['a', 'b', 'c'].map((id) => sampleRow(id, { deploymentId: 'd-1' })))
  await connection.db.deleteFrom('balances').where('bucket', '=', 'deployment:d-1').execute()
  expect((await verify({ ledger })).difference).toBeGreaterThan(0)

  await applyMigrations(connection)
  expect(await verify({ ledger })).toEqual(agrees)
  const balances = await readBalances(connection, ['deployment:d-1'])
  expect(balances.get('deployment:d-1')).toBe(nano(3 * sampleRow('a').spend))
  await connection.close()
}

test('what deployments have spent is made from the ledger in a SQLite file', () => movesOn(connectSqlite(':memory:')))

describe.skipIf(!postgres)(onPostgres, () => {
  test('what deployments have spent is made from the ledger', async () => movesOn(connectPostgres(await newDatabase())))
})
