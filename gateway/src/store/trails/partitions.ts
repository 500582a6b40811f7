import { CompiledQuery, sql } from 'kysely'
import type { Connection, Sql } from '../tables.ts'

export const dayMs = 86_400_000

/** The tables of request logs, one for each UTC day, as days since 1970. */
export interface Partitions {
  /** Makes the day's table if it is not there. */
  make(day: number): Promise<void>
  /** Days that have a table, newest first. */
  days(): Promise<readonly number[]>
  /** Drops the tables of days before this one; how many. */
  dropBefore(day: number): Promise<number>
  /** forgets what it knows of tables: another process dropped one */
  forget(): void
}

/** Name of a day's table, made of nothing but the date. */
export function tableOf(day: number): string {
  return `request_logs_${new Date(day * dayMs).toISOString().slice(0, 10).replaceAll('-', '')}`
}

/** The day of a table with this name; undefined when it is no such table. */
function dayOf(name: string): number | undefined {
  const [, year, month, date] = /^request_logs_(\d{4})(\d\d)(\d\d)$/.exec(name) ?? []
  return year === undefined ? undefined : Date.UTC(Number(year), Number(month) - 1, Number(date)) / dayMs
}

export function partitionsOf({ db, dialect }: Connection): Partitions {
  const known = new Set<number>()

  return {
    async make(day) {
      if (known.has(day)) return
      await (dialect === 'sqlite' ? makeOnSqlite(db, day) : makeOnPostgres(db, day))
      known.add(day)
    },
    days: () => daysOf(db, dialect),
    async dropBefore(first) {
      const old = (await daysOf(db, dialect)).filter((day) => day < first)
      for (const day of old) {
        await run(db, `drop table if exists ${tableOf(day)}`)
        known.delete(day)
      }
      return old.length
    },
    forget: () => known.clear(),
  }
}

async function run(db: Sql, text: string): Promise<void> {
  await db.executeQuery(CompiledQuery.raw(text))
}

const names = {
  sqlite: "select name from sqlite_master where type = 'table' and name like 'request_logs_%'",
  postgres: `select relname as name from pg_inherits join pg_class on pg_class.oid = inhrelid
    where inhparent = to_regclass('request_logs')`,
} as const

async function daysOf(db: Sql, dialect: Connection['dialect']): Promise<readonly number[]> {
  const { rows } = await db.executeQuery<{ readonly name: string }>(CompiledQuery.raw(names[dialect]))
  return rows
    .map(({ name }) => dayOf(name))
    .filter((day) => day !== undefined)
    .sort((a, b) => b - a)
}

/** Columns of a day's table on SQLite; on Postgres they are those of the table that the days are parts of. */
const columns = `id text primary key, day integer not null, started_at integer not null, key_hash text not null, user_id text,
  team_id text, end_user text, model text not null, status integer not null, metadata text not null, request text, response text`

async function makeOnSqlite(db: Sql, day: number): Promise<void> {
  const table = tableOf(day)
  await db.transaction().execute(async (trx) => {
    await run(trx, `create table if not exists ${table} (${columns})`)
    await run(trx, `create index if not exists ${table}_by_start on ${table} (started_at, id)`)
  })
}

/** Names the lock that one process holds while it makes a table; any number, but for ever the same. */
const makeLock = 7_401_846_214

/** Attaching lets others read and write meanwhile, which making the table as a part of the whole would not. */
async function makeOnPostgres(db: Sql, day: number): Promise<void> {
  const table = tableOf(day)
  await db.transaction().execute(async (trx) => {
    await sql`select pg_advisory_xact_lock(${makeLock})`.execute(trx)
    if ((await daysOf(trx, 'postgres')).includes(day)) return
    await run(trx, `create table ${table} (like request_logs including defaults including constraints)`)
    await run(trx, `alter table request_logs attach partition ${table} for values in (${Math.trunc(day)})`)
  })
}
