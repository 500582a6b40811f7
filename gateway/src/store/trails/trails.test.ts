import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import type { OpenConnection } from '../connections/connection.ts'
import { connectPostgres } from '../connections/postgres.ts'
import { connectSqlite } from '../connections/sqlite.ts'
import { applyMigrations } from '../migrations/apply.ts'
import { newDatabase, newFile, onPostgres, postgres } from '../testing/databases.ts'
import { noon } from '../testing/samples.ts'
import { type AuditNote, auditTrailOf } from './audit-trail.ts'
import { dayMs } from './partitions.ts'
import { type RequestLog, type RequestLogQuery, requestLogsOf } from './request-logs.ts'

function note(changes: Partial<AuditNote> = {}): AuditNote {
  return {
    id: randomUUID(),
    at: noon,
    changedBy: 'ann',
    action: 'updated',
    table: 'LiteLLM_TeamTable',
    objectId: 'blue',
    before: { b: 1, a: [1.5, null, { z: 'x', y: true }] },
    after: { a: 'é "\\' },
    ...changes,
  }
}

function log(id: string, changes: Partial<RequestLog> = {}): RequestLog {
  return { id, startedAt: noon, keyHash: 'h1', model: 'gpt-x', status: 200, metadata: {}, ...changes }
}

describe('SQLite in memory', () => trailTests(() => connectSqlite(':memory:')))
describe('SQLite in a file', () => trailTests(() => connectSqlite(newFile())))
describe.skipIf(!postgres)(onPostgres, () => trailTests(async () => connectPostgres(await newDatabase())))

function trailTests(open: () => OpenConnection | Promise<OpenConnection>): void {
  let connection: OpenConnection
  beforeEach(async () => {
    connection = await open()
    await applyMigrations(connection)
  })
  afterEach(() => connection.close())

  describe('the audit trail', () => {
    const trail = () => auditTrailOf(connection)

    test('chains its entries and reads them back as they were put in', async () => {
      const first = await trail().append(note({ changedByKey: 'h1' }))
      const second = await trail().append(note({ before: undefined, after: undefined, action: 'deleted' }))
      expect([first.seq, first.previous, second.seq, second.previous]).toEqual([1, '', 2, first.hash])
      expect(await trail().list({ limit: 10 })).toEqual({ rows: [first, second], total: 2 })
      expect((await trail().list({ limit: 1, descending: true })).rows).toEqual([second])
      expect(await trail().verify()).toEqual({ rows: 2 })
    })

    test('is found by who, what, where and when, in pages', async () => {
      for (const at of [1, 2, 3, 4])
        await trail().append(note({ at, changedBy: at < 3 ? 'ann' : 'bob', objectId: `o${at}` }))
      await trail().append(note({ at: 5, table: 'LiteLLM_UserTable', action: 'created', changedByKey: 'h1' }))
      const found = async (query: object) => {
        const { rows, total } = await trail().list({ limit: 10, ...query })
        return [rows.map(({ at }) => at).join(''), total]
      }
      expect(await found({ changedBy: 'bob' })).toEqual(['34', 2])
      expect(await found({ from: 2, to: 4, descending: true })).toEqual(['32', 2])
      expect(await found({ table: 'LiteLLM_UserTable', action: 'created', changedByKey: 'h1' })).toEqual(['5', 1])
      expect(await found({ objectId: 'o2' })).toEqual(['2', 1])
      expect(await found({ limit: 2, offset: 3 })).toEqual(['45', 5])
    })

    test('never forks, however many append at once', async () => {
      const others = auditTrailOf(connection)
      await Promise.all(Array.from({ length: 60 }, (_, at) => (at % 2 ? trail() : others).append(note({ at }))))
      expect(await trail().verify()).toEqual({ rows: 60 })
    })

    test.each([
      ['changed', "update audit_trail set changed_by = 'eve' where seq = 1500", 1499, 1500],
      ['changed within', 'update audit_trail set before_value = \'{"b":2}\' where seq = 3', 2, 3],
      ['no JSON any more', "update audit_trail set after_value = '{' where seq = 3", 2, 3],
      ['taken out', 'delete from audit_trail where seq = 700', 699, 701],
    ])('finds an entry that was %s', async (_, tamper, rows, seq) => {
      for (let at = 1; at <= (rows > 100 ? 1600 : 5); at++) await trail().append(note({ id: `id-${at}`, at }))
      await sql.raw(tamper).execute(connection.db)
      expect(await trail().verify()).toEqual({ rows, brokenAt: `id-${seq}` })
    })
  })

  describe('request logs', () => {
    const logs = () => requestLogsOf(connection)
    const ids = async (query: Partial<RequestLogQuery>) =>
      (await logs().list({ limit: 10, ...query })).rows.map(({ id }) => id).join('')

    test('come back as they were put in, each once, bodies only when asked for', async () => {
      const full = log('a', {
        userId: 'ann',
        teamId: 'blue',
        endUser: 'zed',
        metadata: { tool: 'x' },
        request: 'a'.repeat(100_000),
        response: 'b',
      })
      await logs().append([full, full, log('b', { startedAt: noon - dayMs })])
      await logs().append([{ ...full, status: 500 }])
      expect(await logs().find('a')).toEqual(full)
      expect(await logs().find('b', noon + dayMs)).toEqual(log('b', { startedAt: noon - dayMs }))
      expect(await logs().find('c')).toBeUndefined()
      const { request, response, ...short } = full
      expect((await logs().list({ limit: 1 })).rows).toEqual([short])
      expect((await logs().list({ limit: 1, bodies: true })).rows).toEqual([full])
    })

    test('are listed over the days, newest first, in pages', async () => {
      await logs().append(
        [...'abcdefgh'].map((id, index) =>
          log(id, {
            startedAt: noon - Math.floor(index / 3) * dayMs - index,
            keyHash: index % 2 ? 'h2' : 'h1',
            userId: `u${index % 2}`,
            model: index < 4 ? 'gpt-x' : 'gpt-y',
            status: index === 5 ? 500 : 200,
          }),
        ),
      )
      expect(await ids({})).toBe('abcdefgh')
      expect(await ids({ limit: 3, offset: 2 })).toBe('cde')
      expect(await ids({ limit: 3, offset: 6 })).toBe('gh')
      expect(await ids({ offset: 8 })).toBe('')
      expect((await logs().list({ limit: 8 })).more).toBe(false)
      expect((await logs().list({ limit: 7 })).more).toBe(true)
      expect(await ids({ keyHash: 'h2', offset: 1 })).toBe('dfh')
      expect(await ids({ userId: 'u1', model: 'gpt-y', status: 500 })).toBe('f')
      expect(await ids({ from: noon - dayMs - 4, to: noon - 1 })).toBe('cde')
    })

    test('are dropped by the day, and written again after that', async () => {
      await logs().append([0, 1, 2, 3].map((days) => log(`d${days}`, { startedAt: noon - days * dayMs })))
      const other = requestLogsOf(connection)
      await other.append([log('x', { startedAt: noon - 3 * dayMs })])
      expect(await logs().dropBefore(noon - 2 * dayMs)).toBe(1)
      expect(await ids({})).toBe('d0d1d2')
      await other.append([log('y', { startedAt: noon - 3 * dayMs })])
      expect(await ids({})).toBe('d0d1d2y')
      expect(await logs().dropBefore(noon + dayMs)).toBe(4)
      expect(await ids({})).toBe('')
      expect(await logs().dropBefore(noon + dayMs)).toBe(0)
    })

    test('two that make the table of a new day at once both write', async () => {
      const writers = Array.from({ length: 6 }, () => requestLogsOf(connection))
      await Promise.all(writers.map((writer, index) => writer.append([log(`${index}`)])))
      expect((await logs().list({ limit: 10 })).rows.length).toBe(6)
    })
  })
}
