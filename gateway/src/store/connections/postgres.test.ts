import { describe, expect, test } from 'bun:test'
import { sql } from 'kysely'
import { isGatewayError } from 'turnpike-core/internal/kernel/faults'
import { newDatabase, onPostgres, postgres } from '../testing/databases.ts'
import type { OpenConnection } from './connection.ts'
import { connectPostgres } from './postgres.ts'
import { postgresUrl } from './postgres-url.ts'

/** What a promise is refused with, undefined when it is not. */
async function refusal(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
    return undefined
  } catch (thrown) {
    return thrown
  }
}

const isDown = (thrown: unknown) => isGatewayError(thrown) && thrown.code === 'store-down'
const one = (connection: OpenConnection) => sql<{ one: number }>`select 1 as one`.execute(connection.db)

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 8000; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 20)))
    if (await holds()) return
  throw new Error('It did not come to hold.')
}

describe('the URL of a database', () => {
  test('must be one of Postgres, and is never repeated when it is not', () => {
    for (const url of ['mysql://u:hunter2@h/db', 'postgres:/hunter2@h', 'hunter2'])
      expect(() => postgresUrl(url)).toThrow(/^(?!.*hunter2).*postgresql:\/\/user/)
  })

  test('says of encryption what it says to other programs', () => {
    expect(postgresUrl('postgres://u:p%40@h:1/db')).toBe('postgres://u:p%40@h:1/db')
    expect(postgresUrl('postgresql://u:p%40@h:1/db?sslmode=require')).toBe(
      'postgresql://u:p%40@h:1/db?sslmode=require&uselibpqcompat=true',
    )
  })
})

test('a server that is not there is told within the deadline', async () => {
  const connection = connectPostgres('postgresql://u:hunter2@127.0.0.1:1/db')
  const thrown = await refusal(connection.ping())
  expect(isDown(thrown)).toBe(true)
  expect(String(thrown)).not.toContain('hunter2')
  await connection.close()
})

describe.skipIf(!postgres)(onPostgres, () => {
  test('whole numbers are exact or refused, sums of them too', async () => {
    const connection = connectPostgres(await newDatabase())
    const { rows } = await sql`select 9007199254740991::int8 as most, sum(v) as total, count(*) as many
      from (values (4::int8), (5)) as t(v)`.execute(connection.db)
    expect(rows).toEqual([{ most: Number.MAX_SAFE_INTEGER, total: 9, many: 2 }])
    await expect(sql`select 9007199254740993::int8`.execute(connection.db)).rejects.toThrow('too large')
    await one(connection)
    await connection.close()
  })

  test('a statement that takes too long is ended by the server, and the connection goes on', async () => {
    const connection = connectPostgres(await newDatabase(), { statementTimeoutMs: 100, max: 1 })
    expect(isDown(await refusal(sql`select pg_sleep(5)`.execute(connection.db)))).toBe(true)
    expect((await one(connection)).rows).toEqual([{ one: 1 }])
    await connection.close()
  })

  test('when all connections are taken the next one waits no longer than it may', async () => {
    const connection = connectPostgres(await newDatabase(), { max: 1, connectTimeoutMs: 150 })
    const busy = sql`select pg_sleep(0.6)`.execute(connection.db)
    expect(isDown(await refusal(one(connection)))).toBe(true)
    await busy
    await one(connection)
    await connection.close()
  })

  test('a mistake in a statement is told as it is', async () => {
    const connection = connectPostgres(await newDatabase())
    const thrown = await refusal(sql`select nothing`.execute(connection.db))
    expect(isGatewayError(thrown)).toBe(false)
    expect(thrown).toMatchObject({ code: '42703' })
    await connection.close()
  })

  test('a transaction whose connection is killed is refused and leaves nothing, and others go on', async () => {
    const connection = connectPostgres(await newDatabase())
    await sql`create table t (v int8)`.execute(connection.db)
    const thrown = await refusal(
      connection.db.transaction().execute(async (trx) => {
        await sql`insert into t values (1)`.execute(trx)
        const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(trx)
        await sql`select pg_terminate_backend(${rows[0]?.pid}::int)`.execute(connection.db)
        await sql`insert into t values (2)`.execute(trx)
      }),
    )
    expect(isDown(thrown)).toBe(true)
    expect((await sql`select * from t`.execute(connection.db)).rows).toEqual([])
    await connection.close()
  })

  test('a restart of the server costs rejections at most, and the pool comes back by itself', async () => {
    const connection = connectPostgres(await newDatabase())
    const uncaught: unknown[] = []
    const note = (thrown: unknown) => void uncaught.push(thrown)
    process.on('uncaughtException', note)
    process.on('unhandledRejection', note)
    let stop = false
    const failures: unknown[] = []
    const load = Array.from({ length: 6 }, async () => {
      while (!stop) {
        const thrown = await refusal(sql`select pg_sleep(0.005)`.execute(connection.db))
        if (thrown !== undefined) failures.push(thrown)
      }
    })
    await postgres?.restart()
    await postgres?.kill()
    expect(isDown(await refusal(one(connection)))).toBe(true)
    await postgres?.restart()
    await until(async () => (await refusal(one(connection))) === undefined)
    stop = true
    await Promise.all(load)
    process.off('uncaughtException', note)
    process.off('unhandledRejection', note)
    expect(failures).not.toEqual([])
    expect(failures.filter((thrown) => !isDown(thrown))).toEqual([])
    expect(uncaught).toEqual([])
    await connection.close()
  }, 30_000)

  test('a frozen server is told after the deadline, and its connections are not used again', async () => {
    const connection = connectPostgres(await newDatabase(), { statementTimeoutMs: 200, connectTimeoutMs: 300 })
    await one(connection)
    postgres?.pause()
    try {
      const begun = performance.now()
      expect(isDown(await refusal(connection.db.transaction().execute((trx) => sql`select 1`.execute(trx))))).toBe(true)
      expect(isDown(await refusal(one(connection)))).toBe(true)
      expect(performance.now() - begun).toBeLessThan(4000)
    } finally {
      postgres?.resume()
    }
    await until(async () => (await refusal(one(connection))) === undefined)
    await connection.close()
  }, 20_000)
})
