import { describe, expect, test } from 'bun:test'
import { sql } from 'kysely'
import { aggregatesOf } from '../aggregates/index.ts'
import type { OpenConnection } from '../connections/connection.ts'
import { connectPostgres } from '../connections/postgres.ts'
import { connectSqlite } from '../connections/sqlite.ts'
import { newDatabase, onPostgres, postgres } from '../testing/databases.ts'
import { nano, noon, sampleKey } from '../testing/samples.ts'
import { keysAndLedger } from './001-keys-and-ledger.ts'
import { tenants } from './002-tenants.ts'
import { applyMigrations } from './apply.ts'

async function putOldKey(db: OpenConnection['db'], columns: Readonly<Record<string, string | number>>): Promise<void> {
  const row: Readonly<Record<string, string | number>> = {
    name: 'sk-...abcd',
    models: '["all-proxy-models"]',
    aliases: '{}',
    blocked: 0,
    allowed_routes: '[]',
    metadata: '{}',
    extra: '{}',
    created_at: noon,
    created_by: 'ann',
    updated_at: noon + 1,
    updated_by: 'bob',
    ...columns,
  }
  const names = sql.join(Object.keys(row).map((name) => sql.ref(name)))
  await sql`insert into keys (${names}) values (${sql.join(Object.values(row))})`.execute(db)
}

/** Makes the first version's keys, moves them, and looks. */
async function movesKeys(connection: OpenConnection): Promise<void> {
  await applyMigrations(connection, [keysAndLedger])
  const full = {
    alias: 'first',
    models: '["gpt-x"]',
    aliases: '{"fast":"gpt-x"}',
    user_id: 'ann',
    team_id: 'blue',
    organization_id: 'acme',
    max_budget: 1_500_000_000,
    budget_duration: '30d',
    expires_at: noon + 9,
    blocked: 1,
    allowed_routes: '["/v1/models"]',
    rpm_limit: 0,
    tpm_limit: 10,
    max_parallel_requests: 2,
    metadata: '{"tags":["x",7],"note":{"deep":[1]}}',
    extra: '{"soft_budget":0.1,"agent_id":"a"}',
  }
  await putOldKey(connection.db, { hash: 'full', ...full })
  for (let index = 0; index < 1100; index++)
    await putOldKey(connection.db, { hash: `bare-${index}`, alias: `alias ${index}` })
  expect(await applyMigrations(connection, [keysAndLedger, tenants])).toEqual(['002-tenants'])

  const { keys } = aggregatesOf(connection)
  const stamps = { createdAt: noon, createdBy: 'ann', updatedAt: noon + 1, updatedBy: 'bob' }
  expect(await keys.find('full')).toStrictEqual({
    ...sampleKey('full', {
      alias: 'first',
      models: ['gpt-x'],
      aliases: { fast: 'gpt-x' },
      userId: 'ann',
      teamId: 'blue',
      organizationId: 'acme',
      maxBudget: nano(1_500_000_000),
      softBudget: nano(100_000_000),
      budgetDuration: '30d',
      expiresAt: noon + 9,
      blocked: true,
      allowedRoutes: ['/v1/models'],
      rpmLimit: 0,
      tpmLimit: 10,
      maxParallelRequests: 2,
      metadata: { tags: ['x', 7], note: { deep: [1] } },
      tags: ['x'],
    }),
    extra: { agent_id: 'a' },
    ...stamps,
  })
  expect(await keys.find('bare-7')).toStrictEqual({ ...sampleKey('bare-7', { alias: 'alias 7' }), ...stamps })
  expect(await keys.count({})).toBe(1101)
  expect(await keys.count({ where: { teamId: 'blue', maxBudget: 1_500_000_000, expiresAt: noon + 9 } })).toBe(1)
  expect(await keys.insert(sampleKey('another', { alias: 'alias 8' }))).toEqual({ taken: 'alias' })
  await expect(sql`select * from keys_of001`.execute(connection.db)).rejects.toThrow('keys_of001')
  await connection.close()
}

test('the keys of the first version move in a SQLite file, whole and each one', () =>
  movesKeys(connectSqlite(':memory:')))

describe.skipIf(!postgres)(onPostgres, () => {
  test('the keys of the first version move, whole and each one', async () =>
    movesKeys(connectPostgres(await newDatabase())))
})
