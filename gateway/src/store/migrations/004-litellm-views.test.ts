import { afterEach, describe, expect, spyOn, test } from 'bun:test'
import { CompiledQuery, sql } from 'kysely'
import { aggregatesOf } from '../aggregates/index.ts'
import type { OpenConnection } from '../connections/connection.ts'
import { connectPostgres } from '../connections/postgres.ts'
import { connectSqlite } from '../connections/sqlite.ts'
import { bareRow, sampleRow } from '../ledger/ledger.suite.ts'
import type { LedgerRow } from '../ledger/row.ts'
import { ledgerRowsOf } from '../ledger/rows.ts'
import { newDatabase, onPostgres, postgres } from '../testing/databases.ts'
import { nano, noon, sampleKey, sampleTeam, sampleUser, stored } from '../testing/samples.ts'
import { auditTrailOf } from '../trails/audit-trail.ts'
import { applyMigrations } from './apply.ts'
import { migrations } from './index.ts'

const names = [
  ...['SpendLogs', 'VerificationToken', 'TeamTable', 'UserTable', 'OrganizationTable', 'EndUserTable', 'BudgetTable'],
  ...['TagTable', 'DailyUserSpend', 'DailyTeamSpend', 'DailyTagSpend', 'DailyOrganizationSpend', 'DailyEndUserSpend'],
  ...['AuditLog', 'VerificationTokenView'],
].map((name) => `LiteLLM_${name}`)
const reports = ['MonthlyGlobalSpend', 'MonthlyGlobalSpendPerKey', 'Last30dKeysBySpend', 'Last30dModelsBySpend']
const allNames = [...names, ...reports, 'Last30dTopEndUsersSpend', 'DailyTagSpend']

type Row = Readonly<Record<string, unknown>>

function viewSuite(name: string, open: () => Promise<OpenConnection>): void {
  describe(name, () => {
    const opened: OpenConnection[] = []
    afterEach(async () => {
      for (const connection of opened.splice(0)) await connection.close()
    })
    async function connect(): Promise<OpenConnection> {
      const connection = await open()
      opened.push(connection)
      return connection
    }
    const ask = async (connection: OpenConnection, text: string) =>
      (await connection.db.executeQuery<Row>(CompiledQuery.raw(text))).rows

    async function filled(rows: readonly LedgerRow[]): Promise<OpenConnection> {
      const connection = await connect()
      await applyMigrations(connection)
      await ledgerRowsOf(connection).append(rows)
      return connection
    }

    test('every view can be read, on an empty store too', async () => {
      const connection = await filled([])
      for (const view of allNames) expect(await ask(connection, `select * from "${view}"`)).toEqual([])
    })

    test('a request is a row of the spend logs with its figures, dollars and times', async () => {
      const connection = await filled([
        sampleRow('r1'),
        bareRow('r2', { keyHash: 'anonymous', outcome: 'failed', startedAt: noon + 1 }),
        bareRow('reset', { keyHash: '', outcome: 'corrected', spend: nano(9), periods: ['key:hash-1'] }),
      ])
      const logs = await ask(connection, 'select * from "LiteLLM_SpendLogs" order by "startTime"')
      const time = (value: number) =>
        connection.dialect === 'postgres' ? new Date(value) : new Date(value).toISOString()
      expect(logs).toHaveLength(2)
      expect(logs[0]).toMatchObject({
        requestId: 'r1',
        callType: 'acompletion',
        apiKey: 'hash-1',
        spend: 0.000001234,
        startTime: time(noon),
        endTime: time(noon + 900),
        completionStartTime: time(noon + 250),
        model: 'gpt-x-2026',
        modelGroup: 'gpt-x',
        user: 'ann',
        teamId: 'blue',
        endUser: 'customer-1',
        status: 'success',
        requestTags: connection.dialect === 'postgres' ? ['a', 'b'] : '["a","b"]',
      })
      expect(Number(logs[0]?.totalTokens)).toBe(Number(logs[0]?.promptTokens) + Number(logs[0]?.completionTokens))
      expect(logs[1]).toMatchObject({
        apiKey: '',
        callType: 'anthropic_messages',
        status: 'failure',
        user: '',
        completionStartTime: null,
      })
    })

    test('sums by team and day, by model and by tag are what the ledger has', async () => {
      const day = 86_400_000
      const connection = await filled([
        sampleRow('r1', { spend: nano(1_500_000_000) }),
        sampleRow('r2', { spend: nano(250_000_000), startedAt: noon + 3_600_000 }),
        sampleRow('r3', { spend: nano(1), startedAt: noon + day, teamId: 'red', tags: ['b'] }),
        bareRow('r4', { spend: nano(4_000_000_000), teamId: 'blue' }),
      ])
      const teams = await ask(
        connection,
        'select team_id, date, sum(spend) as spent, sum(api_requests) as many from "LiteLLM_DailyTeamSpend" group by team_id, date order by date, team_id',
      )
      expect(teams).toEqual([
        { teamId: 'blue', date: '2026-11-22', spent: 5.75, many: 3 },
        { teamId: 'red', date: '2026-11-23', spent: 1e-9, many: 1 },
      ])
      const byLogs = `select team_id, ${connection.dialect === 'postgres' ? `to_char("startTime" at time zone 'UTC', 'YYYY-MM-DD')` : 'date("startTime")'} as date, sum(spend) as spent, count(*) as many from "LiteLLM_SpendLogs" group by 1, 2 order by 2, 1`
      expect(await ask(connection, byLogs)).toEqual(teams)
      const users = await ask(
        connection,
        'select user_id, sum(spend) as spent, sum(api_requests) as many from "LiteLLM_DailyUserSpend" group by user_id order by user_id',
      )
      // whoever is no user is there too, so that the whole table sums up to everything
      expect(users.toSorted((a, b) => Number(a.many) - Number(b.many))).toEqual([
        { userId: null, spent: 4, many: 1 },
        { userId: 'ann', spent: 1.750000001, many: 3 },
      ])
      expect(
        await ask(
          connection,
          `select tag, sum(spend) as spent from "LiteLLM_DailyTagSpend" where tag = 'a' group by tag`,
        ),
      ).toEqual([{ tag: 'a', spent: 1.75 }])
      const tags = await ask(
        connection,
        `select individual_request_tag as tag, sum(log_count) as many, sum(total_spend) as spent from "DailyTagSpend" group by 1 order by 1`,
      )
      expect(tags).toEqual([
        { tag: 'a', many: 2, spent: 1.75 },
        { tag: 'b', many: 3, spent: 1.750000001 },
      ])
      const ids = await ask(
        connection,
        'select count(*) as many, count(distinct id) as ids from "LiteLLM_DailyTeamSpend"',
      )
      expect(ids[0]?.many).toBe(ids[0]?.ids as number)
    })

    test('the last thirty days are told by key, model and end user, and nothing older', async () => {
      const now = Date.now()
      const connection = await filled([
        sampleRow('r1', { startedAt: now, spend: nano(2_000_000_000) }),
        sampleRow('r2', { startedAt: now - 40 * 86_400_000, spend: nano(7_000_000_000) }),
      ])
      await aggregatesOf(connection).keys.insert(sampleKey('hash-1', { alias: 'first' }))
      expect(await ask(connection, 'select * from "Last30dKeysBySpend"')).toEqual([
        { apiKey: 'hash-1', keyAlias: 'first', keyName: 'sk-...abcd', totalSpend: 2 },
      ])
      expect(await ask(connection, 'select * from "Last30dModelsBySpend"')).toEqual([
        { model: 'gpt-x-2026', totalSpend: 2 },
      ])
      expect(await ask(connection, 'select * from "Last30dTopEndUsersSpend"')).toEqual([
        { endUser: 'customer-1', totalEvents: 1, totalSpend: 2 },
      ])
      expect(await ask(connection, 'select spend from "MonthlyGlobalSpend"')).toEqual([{ spend: 2 }])
      expect(await ask(connection, 'select api_key, spend from "MonthlyGlobalSpendPerKey"')).toEqual([
        { apiKey: 'hash-1', spend: 2 },
      ])
    })

    test('keys, teams, people and the rest stand in the columns that they have there', async () => {
      const connection = await filled([sampleRow('r1', { spend: nano(2_500_000_000) })])
      const rows = aggregatesOf(connection)
      await rows.keys.insert(
        sampleKey('hash-1', {
          alias: 'first',
          teamId: 'blue',
          models: ['gpt', 'claude'],
          maxBudget: nano(10_500_000_000),
          budgetDuration: '30d',
          rpmLimit: 5,
          metadata: { a: 1 },
          modelMaxBudget: { gpt: { maxBudget: nano(2_500_000_000), duration: '1d' } },
          expiresAt: noon,
          blocked: true,
        }),
      )
      await rows.teams.insert(
        sampleTeam('blue', {
          alias: 'Blue',
          models: ['all-proxy-models'],
          maxBudget: nano(50_000_000_000),
          tpmLimit: 7,
        }),
      )
      await rows.users.insert(sampleUser('ann', { email: 'Ann@Example.com' }))
      await rows.organizations.insert(stored({ id: 'acme', alias: 'Acme', models: [], metadata: {}, budgetId: 'b' }))
      await rows.customers.insert(stored({ id: 'customer-1', blocked: false, region: 'eu' as const }))
      await rows.budgets.insert(stored({ id: 'b', maxBudget: nano(1_000_000_000), softBudget: nano(500_000_000) }))
      await rows.tags.insert(stored({ id: 'a', models: ['gpt'], description: 'A' }))
      await auditTrailOf(connection).append({
        id: 'n1',
        at: noon,
        changedBy: 'ann',
        action: 'created',
        table: 'LiteLLM_TeamTable',
        objectId: 'blue',
        after: { x: 1 },
      })
      const list = (...texts: string[]) => (connection.dialect === 'postgres' ? texts : JSON.stringify(texts))
      const [key] = await ask(connection, 'select * from "LiteLLM_VerificationToken"')
      expect(key).toMatchObject({
        token: 'hash-1',
        keyAlias: 'first',
        keyName: 'sk-...abcd',
        spend: 2.5,
        maxBudget: 10.5,
        budgetDuration: '30d',
        rpmLimit: 5,
        models: list('gpt', 'claude'),
        teamId: 'blue',
        createdBy: 'default_user_id',
      })
      expect(Boolean(key?.blocked)).toBe(true)
      const budgets = `select ${connection.dialect === 'postgres' ? 'model_max_budget::text' : 'model_max_budget'} as text from "LiteLLM_VerificationToken"`
      expect(JSON.parse(String((await ask(connection, budgets))[0]?.text))).toEqual({
        gpt: { budget_limit: 2.5, time_period: '1d' },
      })
      const [joined] = await ask(connection, 'select * from "LiteLLM_VerificationTokenView"')
      expect(joined).toMatchObject({
        token: 'hash-1',
        teamAlias: 'Blue',
        teamMaxBudget: 50,
        teamTpmLimit: 7,
        teamSpend: 2.5,
      })
      expect((await ask(connection, 'select * from "LiteLLM_TeamTable"'))[0]).toMatchObject({
        teamId: 'blue',
        models: list(),
        spend: 2.5,
      })
      expect((await ask(connection, 'select * from "LiteLLM_UserTable"'))[0]).toMatchObject({
        userEmail: 'Ann@Example.com',
        models: list('no-default-models'),
        spend: 2.5,
        password: null,
      })
      expect((await ask(connection, 'select * from "LiteLLM_OrganizationTable"'))[0]).toMatchObject({
        organizationAlias: 'Acme',
        budgetId: 'b',
        spend: 2.5,
      })
      expect((await ask(connection, 'select * from "LiteLLM_EndUserTable"'))[0]).toMatchObject({
        userId: 'customer-1',
        allowedModelRegion: 'eu',
        spend: 2.5,
      })
      expect((await ask(connection, 'select * from "LiteLLM_BudgetTable"'))[0]).toMatchObject({
        budgetId: 'b',
        maxBudget: 1,
        softBudget: 0.5,
      })
      expect((await ask(connection, 'select * from "LiteLLM_TagTable"'))[0]).toMatchObject({
        tagName: 'a',
        models: list('gpt'),
        description: 'A',
        spend: 2.5,
      })
      expect((await ask(connection, 'select * from "LiteLLM_AuditLog"'))[0]).toMatchObject({
        id: 'n1',
        tableName: 'LiteLLM_TeamTable',
        changedByApiKey: '',
      })
    })

    test('nobody can write through them', async () => {
      const connection = await filled([sampleRow('r1')])
      for (const view of allNames) await expect(ask(connection, `delete from "${view}"`)).rejects.toThrow()
      await expect(ask(connection, `update "LiteLLM_BudgetTable" set budget_duration = '1d'`)).rejects.toThrow()
    })

    test("where LiteLLM's own tables are, they stay, and a notice says that there are no views", async () => {
      const connection = await connect()
      await sql`create table "LiteLLM_TeamTable" (team_id text)`.execute(connection.db)
      const warn = spyOn(console, 'warn').mockImplementation(() => {})
      expect(await applyMigrations(connection)).toEqual(migrations.map(({ name }) => name))
      expect(warn.mock.calls.flat().join()).toContain('LiteLLM_TeamTable')
      warn.mockRestore()
      await expect(ask(connection, 'select * from "LiteLLM_SpendLogs"')).rejects.toThrow()
      expect(await ask(connection, 'select * from "LiteLLM_TeamTable"')).toEqual([])
    })
  })
}

viewSuite("LiteLLM's tables as views, on SQLite", async () => connectSqlite(':memory:'))

describe.skipIf(!postgres)(onPostgres, () => {
  viewSuite("LiteLLM's tables as views", async () => connectPostgres(await newDatabase()))
})
