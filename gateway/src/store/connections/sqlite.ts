import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import {
  CamelCasePlugin,
  CompiledQuery,
  type DatabaseConnection,
  Kysely,
  SqliteAdapter,
  SqliteDriver,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type TransactionSettings,
} from 'kysely'
import { GatewayError } from 'turnpike-core/internal/kernel/faults'
import type { NanoUsd } from 'turnpike-core/internal/kernel/money'
import type { Tables } from '../tables.ts'
import type { OpenConnection } from './connection.ts'

const maxStatements = 500

export interface SqliteConnection extends OpenConnection {
  balanceOf(bucket: string): NanoUsd
}

/** Opens (or makes) one SQLite file as it is, without a look at its schema; `:memory:` lives until it is closed. */
export function connectSqlite(path: string): SqliteConnection {
  const database = open(path)
  const prepare = preparing(database)
  const db = new Kysely<Tables>({
    dialect: {
      createDriver: () => new WritingDriver({ database: driven(prepare) }),
      createQueryCompiler: () => new SqliteQueryCompiler(),
      createAdapter: () => new SqliteAdapter(),
      createIntrospector: (of) => new SqliteIntrospector(of),
    },
    plugins: [new CamelCasePlugin()],
  })
  return {
    db,
    dialect: 'sqlite',
    run: (text, values) => told(() => prepare(text).run(...(values as SQLInputValue[])).changes > 0),
    balanceOf(bucket) {
      const row = told(() => prepare('select spent from balances where bucket = ?').get(bucket))
      return (row ? Number(row.spent) : 0) as NanoUsd
    },
    async ping() {
      told(() => prepare('select 1').get())
    },
    async close() {
      await db.destroy()
      if (database.isOpen) database.close()
    },
  }
}

/**
 * Begins as a writer, unless the transaction says that it only reads: one that reads first and then writes would be refused at once,
 * without waiting its turn, when another process has written in between.
 */
class WritingDriver extends SqliteDriver {
  override async beginTransaction(connection: DatabaseConnection, settings?: TransactionSettings): Promise<void> {
    const reads = settings?.accessMode === 'read only'
    await connection.executeQuery(CompiledQuery.raw(reads ? 'begin' : 'begin immediate'))
  }
}

/** The database as Kysely's driver wants it. */
function driven(prepare: (text: string) => StatementSync) {
  return {
    // Kysely closes a driver that it never used without telling it: closing is ours
    close: () => {},
    prepare(text: string) {
      const statement = told(() => prepare(text))
      return {
        reader: statement.columns().length > 0,
        all: (values: readonly unknown[]) => told(() => statement.all(...(values as SQLInputValue[]))),
        run: (values: readonly unknown[]) => told(() => statement.run(...(values as SQLInputValue[]))),
        iterate: (values: readonly unknown[]) => statement.iterate(...(values as SQLInputValue[])),
      }
    },
  }
}

/**
 * Results in which the file does not serve, whatever is asked: busy, locked, read-only, failing or full disk, damaged, cannot be opened.
 * https://www.sqlite.org/rescode.html
 */
const unserving: ReadonlySet<unknown> = new Set([5, 6, 8, 10, 11, 13, 14])

/** Makes a failure of the file or its disk a fault of ours. */
function told<T>(work: () => T): T {
  try {
    return work()
  } catch (thrown) {
    if (!(thrown instanceof Error) || !('errcode' in thrown)) throw thrown
    // the lower byte is the kind of failure, the others its reason
    if (!unserving.has(Number(thrown.errcode) & 0xff)) throw thrown
    throw new GatewayError('store-down', `The database cannot be asked: ${thrown.message}`, { cause: thrown })
  }
}

function open(path: string): DatabaseSync {
  try {
    if (path !== ':memory:') mkdirSync(dirname(path), { recursive: true })
    const database = new DatabaseSync(path)
    database.exec('pragma busy_timeout = 5000; pragma journal_mode = wal; pragma synchronous = normal')
    return database
  } catch (cause) {
    throw new GatewayError('misconfigured', `The database file ${path} cannot be opened: ${(cause as Error).message}`, {
      cause,
    })
  }
}

/** Prepares each text once. */
function preparing(database: DatabaseSync): (text: string) => StatementSync {
  const statements = new Map<string, StatementSync>()
  return (text) => {
    let statement = statements.get(text)
    if (!statement) {
      if (statements.size >= maxStatements) statements.clear()
      statement = database.prepare(text)
      statements.set(text, statement)
    }
    return statement
  }
}
