import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { CamelCasePlugin, Kysely, SqliteDialect } from 'kysely'
import { GatewayError } from 'turnpike-core/internal/kernel/faults'
import type { NanoUsd } from 'turnpike-core/internal/kernel/money'
import { keysOf } from './keys.ts'
import { ledgerRowsOf } from './ledger-rows.ts'
import { migrations } from './migrations/index.ts'
import { rollupsOf } from './rollups.ts'
import type { Store } from './store.ts'
import type { Sql, Tables } from './tables.ts'

const maxStatements = 500

/** Opens (or makes) a store in one SQLite file and brings its schema up to date; `:memory:` lives until it is closed. */
export function openSqlite(path: string): Store {
  const database = open(path)
  const prepare = preparing(database)
  const dialect = new SqliteDialect({
    database: {
      // Kysely closes a driver that it never used without telling it: closing is ours
      close: () => {},
      prepare(text) {
        const statement = prepare(text)
        return {
          reader: statement.columns().length > 0,
          all: (values) => statement.all(...(values as SQLInputValue[])),
          run: (values) => statement.run(...(values as SQLInputValue[])),
          iterate: (values) => statement.iterate(...(values as SQLInputValue[])),
        }
      },
    },
  })
  const db = new Kysely<Tables>({ dialect, plugins: [new CamelCasePlugin()] })
  migrate(database, db)
  return {
    keys: keysOf(db),
    ledger: ledgerRowsOf(db, (text, values) => prepare(text).run(...(values as SQLInputValue[])).changes > 0),
    rollups: rollupsOf(db),
    balanceOf(bucket) {
      const row = prepare('select spent from balances where bucket = ?').get(bucket)
      return (row ? Number(row.spent) : 0) as NanoUsd
    },
    async close() {
      await db.destroy()
      if (database.isOpen) database.close()
    },
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

/** Runs the migrations that this file has not seen, all or none. */
function migrate(database: DatabaseSync, db: Sql): void {
  database.exec('create table if not exists migrations (name text primary key, applied_at text not null)')
  database.exec('begin immediate')
  try {
    const done = new Set(
      database
        .prepare('select name from migrations')
        .all()
        .map((row) => row.name),
    )
    for (const { name, up } of migrations) {
      if (done.has(name)) continue
      for (const step of up(db.schema)) database.exec(step.compile().sql)
      database.prepare("insert into migrations values (?, datetime('now'))").run(name)
    }
    database.exec('commit')
  } catch (thrown) {
    database.exec('rollback')
    throw thrown
  }
}
