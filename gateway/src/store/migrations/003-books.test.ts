import { describe, expect, test } from 'bun:test'
import { sql } from 'kysely'
import { verify } from '../../ledger/verify.ts'
import type { OpenConnection } from '../connections/connection.ts'
import { connectPostgres } from '../connections/postgres.ts'
import { connectSqlite } from '../connections/sqlite.ts'
import { readBalances } from '../ledger/balances.ts'
import { agrees, sampleRow } from '../ledger/ledger.suite.ts'
import { encode } from '../ledger/row.ts'
import { ledgerRowsOf } from '../ledger/rows.ts'
import { rollupsOf } from '../ledger/sums.ts'
import { newDatabase, onPostgres, postgres } from '../testing/databases.ts'
import { nano, noon } from '../testing/samples.ts'
import { keysAndLedger } from './001-keys-and-ledger.ts'
import { tenants } from './002-tenants.ts'
import { applyMigrations } from './apply.ts'

/** Fills a ledger of the first version, moves on, and looks. */
async function movesOn(connection: OpenConnection): Promise<void> {
  const { db } = connection
  await applyMigrations(connection, [keysAndLedger, tenants])
  for (let index = 0; index < 30; index++) {
    const { payers, requestedTier, measures, ...old } = encode(
      sampleRow(`r${index}`, { startedAt: noon + index * 1_000_000 }),
    )
    await db
      .insertInto('ledger')
      .values(old as ReturnType<typeof encode>)
      .execute()
  }
  await sql`insert into balances values ('all', 37020), ('user:ghost', 5)`.execute(db)
  await sql`insert into rollups values (${noon}, 'hash-1', 'gpt-x', 'openai', 1, 0, 1, 1, 1, 1, 1)`.execute(db)
  expect(await applyMigrations(connection)).toContain('003-books')

  const ledger = ledgerRowsOf(connection)
  expect(await ledger.find({ id: 'r7' }, 1)).toEqual([
    { ...sampleRow('r7', { startedAt: noon + 7_000_000 }), requestedTier: undefined },
  ])
  expect(await verify({ ledger })).toEqual(agrees)
  expect(await readBalances(connection, ['all', 'team-member:blue:ann', 'user:ghost'])).toEqual(
    new Map([
      ['all', nano(37_020)],
      ['team-member:blue:ann', nano(37_020)],
    ]),
  )
  const { rows } = await rollupsOf(connection).sums({
    from: 0,
    to: noon * 2,
    entityKind: 'team',
    groupBy: ['entityId'],
    limit: 9,
  })
  expect(rows).toMatchObject([{ entityId: 'blue', requests: 30, spend: 37_020 }])
  await connection.close()
}

test('balances and rollups of a SQLite file are made anew from its ledger', () => movesOn(connectSqlite(':memory:')))

describe.skipIf(!postgres)(onPostgres, () => {
  test('balances and rollups are made anew from the ledger', async () => movesOn(connectPostgres(await newDatabase())))
})
