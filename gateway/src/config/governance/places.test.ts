import { describe, expect, test } from 'bun:test'
import type { Variables } from '../environment.ts'
import { faultsIn, readText } from '../testing/read-text.ts'

const places = (variables: Variables, text = '{}') => readText(text, variables).general
const redis = (variables: Variables, text = '{}') => readText(text, variables).governance.redis

describe('the store', () => {
  test.each(['postgres://u:p%40ss@db:5433/gw', 'postgresql://db/gw?sslmode=require'])(
    'is Postgres by the URL %s, as it is written',
    (url) => {
      const database = { kind: 'postgres', url, poolSize: 10, connectMs: 10_000 } as const
      expect(places({ DATABASE_URL: url }).database).toEqual(database)
      expect(places({ DATABASE_URL: 'sqlite:x' }, `general_settings: {database_url: "${url}"}\n`).database).toEqual(
        database,
      )
    },
  )

  test('has the pool that the file asks for, else the one in a URL that was written for Prisma', () => {
    const url = 'postgresql://u:p@db/gw?schema=llm&connection_limit=3&pool_timeout=7&sslmode=require'
    expect(places({ DATABASE_URL: url }).database).toEqual({
      kind: 'postgres',
      url: 'postgresql://u:p@db/gw?sslmode=require',
      schema: 'llm',
      poolSize: 3,
      connectMs: 7000,
    })
    const file = 'general_settings: {database_connection_pool_limit: 25, database_connection_timeout: 2.5}\n'
    expect(places({ DATABASE_URL: url }, file).database).toMatchObject({ poolSize: 25, connectMs: 2500 })
  })

  test('is Postgres in parts, whose special characters are written so that a URL holds them', () => {
    const parts = { DATABASE_HOST: 'db', DATABASE_USERNAME: 'g@w', DATABASE_PASSWORD: 'a/b:c', DATABASE_NAME: 'gw' }
    expect(places({ ...parts, DATABASE_PORT: '5433', DATABASE_SCHEMA: 'llm' }).database).toMatchObject({
      url: 'postgresql://g%40w:a%2Fb%3Ac@db:5433/gw',
      schema: 'llm',
    })
    // a whole URL counts before parts
    expect(places({ ...parts, DATABASE_URL: 'sqlite:x.db' }).database).toEqual({ kind: 'sqlite', path: 'x.db' })
  })

  test.each([
    [{}, '.turnpike', '.turnpike/turnpike.db'],
    [{ TURNPIKE_HOME: '/srv/t' }, '/srv/t', '/srv/t/turnpike.db'],
    [{ DATABASE_URL: 'sqlite:/var/lib/t.db', TURNPIKE_HOME: '/srv/t' }, '/var/lib', '/var/lib/t.db'],
    [{ DATABASE_URL: 'sqlite::memory:', TURNPIKE_HOME: '/srv/t' }, '/srv/t', ':memory:'],
    [{ DATABASE_URL: 'postgres://db/gw', TURNPIKE_HOME: '/srv/t' }, '/srv/t', '/srv/t/turnpike.db'],
  ])('given by %j leaves %s as the folder of this process', (variables, home, path) => {
    expect(places(variables)).toMatchObject({ home, databasePath: path })
  })

  test.each([
    [{ DATABASE_URL: 'postgres://u:pw @h:x/d' }, /DATABASE_URL.*%40/],
    [{ DATABASE_URL: 'mongodb://u:pw@h/d' }, /DATABASE_URL.*mongodb.*postgresql:/],
    [{ DATABASE_HOST: 'h', DATABASE_PASSWORD: 'pw' }, /DATABASE_HOST.*DATABASE_USERNAME/],
    [{ DATABASE_HOST: 'h', DATABASE_USERNAME: 'u', DATABASE_NAME: 'n', DATABASE_PORT: 'x' }, /DATABASE_PORT.*number/],
  ])('that %j names is a fault of the environment, told without its password', (variables, expected) => {
    const [first = '', ...rest] = faultsIn('{}', variables)
    expect(first).toMatch(expected)
    expect(first).toMatch(/^environment:1:1: /)
    expect(first).not.toContain('pw')
    expect(rest).toEqual([])
  })
})

describe('redis', () => {
  test('is nowhere unless something names it', () => {
    expect(redis({ REDIS_PASSWORD: 'pw', REDIS_PORT: '1' })).toBeUndefined()
    expect(redis({}, 'litellm_settings: {cache: true, cache_params: {type: redis, ttl: 600}}\n')).toBeUndefined()
    expect(redis({}, 'litellm_settings: {cache_params: {type: qdrant, host: h}}\n')).toBeUndefined()
  })

  test.each([
    [{ REDIS_URL: 'rediss://u:p@h:6380/2', REDIS_HOST: 'other' }, 'rediss://u:p@h:6380/2'],
    [{ REDIS_HOST: 'h' }, 'redis://h:6379'],
    [{ REDIS_HOST: 'h', REDIS_PORT: '7000', REDIS_PASSWORD: 'p@/' }, 'redis://:p%40%2F@h:7000'],
    [{ REDIS_HOST: 'h', REDIS_USERNAME: 'u', REDIS_PASSWORD: 'p', REDIS_SSL: 'True' }, 'rediss://u:p@h:6379'],
  ])('is where the environment %j says', (variables, url) => {
    expect(redis(variables)).toEqual({ url, namespace: 'turnpike' })
  })

  test('of the router counts before the environment, which counts before the cache', () => {
    const router = 'router_settings: {redis_host: r, redis_port: 1, redis_password: p, redis_db: 3}\n'
    const cache = 'litellm_settings: {cache_params: {type: redis, host: c, port: 2, namespace: ns}}\n'
    expect(redis({ REDIS_URL: 'redis://e' }, router + cache)).toEqual({ url: 'redis://:p@r:1/3', namespace: 'ns' })
    expect(redis({ REDIS_URL: 'redis://e' }, cache)).toEqual({ url: 'redis://e', namespace: 'ns' })
    expect(redis({ REDIS_PASSWORD: 'p' }, cache)).toEqual({ url: 'redis://:p@c:2', namespace: 'ns' })
  })

  test('that cannot be reached as it is named is a fault', () => {
    expect(faultsIn('router_settings: {redis_url: "http://u:pw@h"}\n')).toEqual([
      '1:19: `redis_url` must be a URL such as redis://HOST:6379 or rediss://USER:PASSWORD@HOST:6380/0',
    ])
    expect(faultsIn('{}', { REDIS_CLUSTER_NODES: '[{"host": "h"}]' }).join()).toMatch(/REDIS_CLUSTER_NODES.*REDIS_URL/)
    expect(faultsIn('{}', { REDIS_CLUSTER_NODES: '[{"host": "h"}]', REDIS_URL: 'redis://h' })).toEqual([])
  })
})
