import { describe, expect, test } from 'bun:test'
import { Redis } from 'ioredis'
import { Client } from 'pg'
import { postgresForTests, redisForTests } from './services.ts'

const redis = await redisForTests()
const postgres = await postgresForTests()

describe.skipIf(!redis)('a Redis for tests (skipped where no redis-server is installed)', () => {
  test('answers, hangs while it is paused, and comes back after a crash', async () => {
    if (!redis) return
    const client = new Redis(redis.url, { commandTimeout: 200 })
    client.on('error', () => {})
    expect(await client.ping()).toBe('PONG')
    redis.pause()
    expect(client.ping()).rejects.toThrow()
    await new Promise((resolve) => setTimeout(resolve, 300))
    redis.resume()
    expect(await client.ping()).toBe('PONG')
    await redis.kill()
    await redis.restart()
    client.disconnect()
    const next = new Redis(redis.url)
    expect(await next.ping()).toBe('PONG')
    next.disconnect()
    await redis.stop()
  })
})

describe.skipIf(!postgres)('a Postgres for tests (skipped where no postgres is installed)', () => {
  test('gives every test a database of its own, and survives a restart', async () => {
    if (!postgres) return
    const [one, two] = [await postgres.database(), await postgres.database()]
    expect(one).not.toBe(two)
    await query(one, 'create table t (n int)')
    await expect(query(two, 'select * from t')).rejects.toThrow('does not exist')
    await postgres.kill()
    await postgres.restart()
    expect(await query(one, 'select count(*)::int as n from t')).toEqual([{ n: 0 }])
  })

  test('hangs while it is paused', async () => {
    if (!postgres) return
    const client = new Client({ connectionString: postgres.url, query_timeout: 200 })
    client.on('error', () => {})
    await client.connect()
    postgres.pause()
    await expect(client.query('select 1')).rejects.toThrow('timeout')
    postgres.resume()
    await client.end()
    expect(await query(postgres.url, 'select 1 as n')).toEqual([{ n: 1 }])
    await postgres.stop()
  })
})

async function query(url: string, sql: string): Promise<readonly unknown[]> {
  const client = new Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}
