import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { picoUsd } from 'turnpike-core/internal/kernel/money'
import { type Cost, cost } from 'turnpike-core/internal/models/cost'
import type { Price } from 'turnpike-core/internal/models/price'
import { usageOf } from 'turnpike-core/internal/vocabulary/usage'
import { ledgerRebuild, ledgerReprice, ledgerVerify } from '../cli/ledger.ts'
import { assembled } from '../store/connections/assemble.ts'
import type { OpenConnection } from '../store/connections/connection.ts'
import { connectPostgres } from '../store/connections/postgres.ts'
import { connectSqlite } from '../store/connections/sqlite.ts'
import { agrees, bareRow, sampleRow } from '../store/ledger/ledger.suite.ts'
import type { LedgerRow } from '../store/ledger/row.ts'
import { applyMigrations } from '../store/migrations/apply.ts'
import type { Store } from '../store/store.ts'
import { newDatabase, onPostgres, postgres } from '../store/testing/databases.ts'
import { nano, noon } from '../store/testing/samples.ts'
import { reprice } from './reprice.ts'
import { rebuild, verify } from './verify.ts'

const hour = 3_600_000

function proofs(open: () => OpenConnection | Promise<OpenConnection>): void {
  let connection: OpenConnection
  let store: Store
  beforeEach(async () => {
    connection = await open()
    await applyMigrations(connection)
    store = assembled(connection)
  })
  afterEach(() => store.close())

  const many = (count: number) =>
    Array.from({ length: count }, (_, index) =>
      sampleRow(`row-${index}`, {
        startedAt: noon + index * 97_000,
        userId: `u${index % 3}`,
        spend: nano((index * 7919) % 100_003),
        ...(index % 5 === 0 && { payers: { 'user:x': nano((index * 7919) % 100_003) } }),
      }),
    )

  test('what was booked in several pages agrees, and so does an empty ledger', async () => {
    expect(await verify(store)).toEqual(agrees)
    await store.ledger.append(many(4500))
    expect(await verify(store)).toEqual(agrees)
  })

  test('a balance that was tampered with, one that is too many and one that is missing are found', async () => {
    await store.ledger.append([sampleRow('one')])
    const { db } = connection
    await db.updateTable('balances').set({ spent: 1235 }).where('bucket', '=', 'user:ann').execute()
    await db.deleteFrom('balances').where('bucket', '=', 'all').execute()
    await db.insertInto('balances').values({ bucket: 'user:ghost', spent: 7 }).execute()
    const { difference, mismatches } = await verify(store)
    expect(difference).toBe(1 + 1234 + 7)
    expect(mismatches.toSorted((a, b) => (a.what < b.what ? -1 : 1))).toEqual([
      { what: 'balance all', ledger: 1234, derived: 0 },
      { what: 'balance user:ann', ledger: 1234, derived: 1235 },
      { what: 'balance user:ghost', ledger: 0, derived: 7 },
    ])
  })

  test('rollups that were tampered with are found by their hour, and a row that was changed by all that follows from it', async () => {
    await store.ledger.append([sampleRow('one'), sampleRow('two', { startedAt: noon + 5 * hour })])
    const { db } = connection
    await db
      .updateTable('rollups')
      .set({ requests: 9 })
      .where('entityKind', '=', 'team')
      .where('hour', '=', noon)
      .execute()
    expect((await verify(store)).mismatches).toEqual([
      {
        what: 'rollup 2026-11-22T12:00:00.000Z [team:blue, hash-1, gpt-x-2026, gpt-x, openai, chat.completions] requests',
        ledger: 1,
        derived: 9,
      },
    ])
    await rebuild(store)
    await db
      .updateTable('rollups')
      .set({ hour: noon + 3 * hour })
      .where('entityId', '=', 'b')
      .where('hour', '=', noon)
      .execute()
    expect((await verify(store)).mismatches.filter(({ what }) => what.endsWith(' spend'))).toMatchObject([
      { ledger: 1234, derived: 0 },
      { ledger: 0, derived: 1234 },
    ])
    await rebuild(store)
    await db.updateTable('ledger').set({ spend: 1 }).where('id', '=', 'two').execute()
    expect((await verify(store)).difference).toBe(1233 * (12 + 7))
  })

  test('a rebuild computes from the ledger what the bookings had added up', async () => {
    await store.ledger.append(many(2100))
    const before = await everythingIn(connection)
    await connection.db.deleteFrom('balances').execute()
    await connection.db.updateTable('rollups').set({ spend: 5 }).execute()
    expect(await rebuild(store)).toBe(2100)
    expect(await everythingIn(connection)).toEqual(before)
    expect(await verify(store)).toEqual(agrees)
  })

  test('a rebuild among appends loses none of them', async () => {
    await store.ledger.append(many(300))
    await Promise.all([
      ...Array.from({ length: 20 }, (_, index) => store.ledger.append([sampleRow(`late-${index}`)])),
      rebuild(store),
      ...Array.from({ length: 20 }, (_, index) => store.ledger.append([sampleRow(`later-${index}`)])),
    ])
    expect(await store.ledger.count({})).toBe(340)
    expect(await verify(store)).toEqual(agrees)
  })

  test('repricing books what is missing, once, and leaves the row as it was', async () => {
    const unpriced = { cost: undefined, spend: nano(0), priceVersion: undefined, rates: undefined } as const
    const split = {
      payers: { 'user:x': nano(0), 'user:y': nano(0) },
      metadata: { cost_split: { 'user:x': 0.25, 'user:y': 0.75 } },
    }
    const usage = usageOf({ fresh: 100, output: 10 })
    const rows = [
      sampleRow('a', { ...unpriced, usage }),
      sampleRow('b', { ...unpriced, ...split, usage, startedAt: noon - 90 * hour }),
      sampleRow('c', { ...unpriced, provider: 'nobody' }),
      sampleRow('d'),
      bareRow('e'),
    ]
    await store.ledger.append(rows)
    expect(await reprice(store.ledger, priced('v1', 3e-9))).toEqual({ unpriced: 3, corrected: 2, added: nano(660) })
    expect(await reprice(store.ledger, priced('v1', 3e-9))).toEqual({ unpriced: 3, corrected: 0, added: nano(0) })
    for (const row of rows) expect(await store.ledger.find({ id: row.id }, 1)).toEqual([row])
    expect(await store.ledger.find({ id: 'b:reprice:v1' }, 1)).toMatchObject([
      { outcome: 'corrected', spend: 330, cost: 330, priceVersion: 'v1', startedAt: noon - 90 * hour, userId: 'ann' },
    ])
    const told = await store.balancesOf(['all', 'user:ann', 'user:x', 'user:y', 'key:hash-1:30d:2026-11-01'])
    expect([...told.values()].sort((a, b) => a - b)).toEqual([83, 247, 1234 + 330, 1234 + 660, 1234 + 660].map(nano))
    expect(await reprice(store.ledger, priced('v2', 2e-9))).toEqual({ unpriced: 3, corrected: 2, added: nano(-220) })
    expect(await store.ledger.find({ id: 'a:reprice:v2' }, 1)).toMatchObject([{ spend: -110, cost: 220 }])
    expect(await verify(store)).toEqual(agrees)
  })

  test('the command line tells what it found, and with its exit code whether all is well', async () => {
    await store.ledger.append([sampleRow('one'), bareRow('two')])
    const opened = async () => ({ ...store, close: async () => {} })
    const lines: string[] = []
    const print = (line: string) => void lines.push(line)
    expect(await ledgerVerify(opened, print)).toBe(0)
    await connection.db.updateTable('balances').set({ spent: 5 }).where('bucket', '=', 'all').execute()
    expect(await ledgerVerify(opened, print)).toBe(1)
    expect(await ledgerRebuild(opened, print)).toBe(0)
    expect(await ledgerVerify(opened, print)).toBe(0)
    expect(await ledgerReprice(opened, () => undefined, print)).toBe(0)
    expect(lines).toEqual([
      '2 rows: balances and rollups agree with the ledger, difference 0',
      'balance all: the ledger has 1234, the store says 5',
      '2 rows: 1 figures differ; turnpike ledger rebuild computes them anew',
      'balances and rollups are computed anew from 2 rows',
      '2 rows: balances and rollups agree with the ledger, difference 0',
      '0 rows without a price; 0 corrected now, $0.000000000 added',
    ])
  })
}

/** Prices what OpenAI served, at so many dollars per token. */
function priced(version: string, usdPerToken: number): (row: LedgerRow) => Cost | undefined {
  const rate = picoUsd(usdPerToken)
  const price = { rates: { input: rate, output: rate }, version } as Price
  return ({ provider, usage }) => (provider === 'openai' && usage ? cost(usage, price) : undefined)
}

async function everythingIn({ db }: OpenConnection) {
  const rollups = await db.selectFrom('rollups').selectAll().execute()
  return {
    balances: await db.selectFrom('balances').selectAll().orderBy('bucket').execute(),
    rollups: rollups.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
  }
}

describe('SQLite', () => proofs(() => connectSqlite(':memory:')))
describe.skipIf(!postgres)(onPostgres, () => proofs(async () => connectPostgres(await newDatabase())))
