import {
  CamelCasePlugin,
  Kysely,
  type PostgresCursor,
  PostgresDialect,
  type PostgresPool,
  type PostgresPoolClient,
  type PostgresQueryResult,
  sql,
} from 'kysely'
import { Pool, type PoolClient, type QueryResultRow, types } from 'pg'
import { GatewayError } from 'turnpike-core/internal/kernel/faults'
import type { Tables } from '../tables.ts'
import type { OpenConnection } from './connection.ts'
import { isLost, storeFault } from './postgres-faults.ts'
import { postgresUrl } from './postgres-url.ts'

export interface PostgresOptions {
  /** connections at most */
  readonly max?: number | undefined
  readonly connectTimeoutMs?: number | undefined
  readonly statementTimeoutMs?: number | undefined
}

/** How much longer than the server's own limit we wait for its word: a frozen server says nothing. */
const graceMs = 2000
/** A transaction that does nothing for so long has lost its process, and must not keep its locks. */
const idleTransactionMs = 60_000
const closeMs = 5000

/** A pool of connections to Postgres as it is, without a look at its schema. Nothing is connected before the first statement. */
export function connectPostgres(url: string, options: PostgresOptions = {}): OpenConnection {
  const statementTimeoutMs = options.statementTimeoutMs ?? 10_000
  const pool = new Pool({
    connectionString: postgresUrl(url),
    max: options.max ?? 10,
    connectionTimeoutMillis: options.connectTimeoutMs ?? 2000,
    statement_timeout: statementTimeoutMs,
    query_timeout: statementTimeoutMs + graceMs,
    idle_in_transaction_session_timeout: idleTransactionMs,
    keepAlive: true,
    application_name: 'turnpike',
    types: { getTypeParser: parserOf },
  })
  // a connection that dies while nobody waits on it is the pool's to replace; whoever does wait is told by a rejection
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
  const db = new Kysely<Tables>({
    dialect: new PostgresDialect({ pool: guarded(pool) }),
    plugins: [new CamelCasePlugin()],
  })
  let closing: Promise<void> | undefined
  return {
    db,
    dialect: 'postgres',
    async ping() {
      await sql`select 1`.execute(db)
    },
    close: () => (closing ??= closed(db, pool)),
  }
}

async function closed(db: Kysely<Tables>, pool: Pool): Promise<void> {
  // a pool that was never asked for anything is not closed by the query layer
  const ends = db.destroy().then(() => (pool.ended || pool.ending ? undefined : pool.end()))
  let timer: ReturnType<typeof setTimeout> | undefined
  const deadline = new Promise<void>((resolve) => (timer = setTimeout(resolve, closeMs)))
  await Promise.race([ends, deadline])
  clearTimeout(timer)
}

/** The pool as the query layer sees it: failures of the connection are faults of ours, and a connection that failed is not used again. */
function guarded(pool: Pool): PostgresPool {
  return {
    options: pool.options,
    async connect() {
      try {
        return guardedClient(await pool.connect())
      } catch (thrown) {
        throw storeFault(thrown)
      }
    },
    end: () => pool.end(),
  }
}

type Answer<R> = Promise<PostgresQueryResult<R>>

/** What the query layer asks a result's kind for; all others are to it as a `SELECT`. */
const commands = ['UPDATE', 'DELETE', 'INSERT', 'MERGE', 'COMMIT', 'ROLLBACK'] as const

function guardedClient(client: PoolClient): PostgresPoolClient {
  let lost: unknown
  function query<R>(text: string, values: readonly unknown[]): Promise<PostgresQueryResult<R>>
  function query<R>(cursor: PostgresCursor<R>): PostgresCursor<R>
  function query<R>(text: string | PostgresCursor<R>, values: readonly unknown[] = []): Answer<R> | PostgresCursor<R> {
    if (typeof text !== 'string') throw new TypeError('The store reads in pages, not with cursors.')
    return ask<R>(text, values)
  }
  async function ask<R>(text: string, values: readonly unknown[]): Answer<R> {
    if (lost !== undefined) throw storeFault(lost)
    try {
      const { command, rowCount, rows } = await client.query<R & QueryResultRow>(text, values.map(storable))
      return { command: commands.find((one) => one === command) ?? 'SELECT', rowCount: rowCount ?? 0, rows }
    } catch (thrown) {
      if (isLost(thrown)) lost = thrown
      throw storeFault(thrown)
    }
  }
  return { query, release: (destroy) => client.release(destroy || lost !== undefined) }
}

/** Postgres has no text with a zero character in it; what came from outside must not make a statement fail for good. */
function storable(value: unknown): unknown {
  if (typeof value === 'string') return value.includes('\0') ? value.replaceAll('\0', '\uFFFD') : value
  return Array.isArray(value) ? value.map(storable) : value
}

/** `int8`, and `numeric`, which sums of it are: https://www.postgresql.org/docs/current/catalog-pg-type.html */
const wholeTypes: ReadonlySet<number> = new Set([20, 1700])

function parserOf(type: number, format?: 'text' | 'binary') {
  return wholeTypes.has(type) ? wholeNumber : types.getTypeParser(type, format)
}

function wholeNumber(text: string): number {
  const number = Number(text)
  if (Number.isFinite(number) && Math.abs(number) <= Number.MAX_SAFE_INTEGER) return number
  throw new GatewayError('internal', 'The database holds a number that is too large to be read exactly.')
}
