import { CompiledQuery } from 'kysely'
import type { Connection, Run, Sql } from '../tables.ts'
import { addToBalances, type Balances, readBalances, sharesOf, sumByBucket } from './balances.ts'
import { fitting, plain } from './fitting.ts'
import { addToRollups, sumByHour } from './rollups.ts'
import { encode, type LedgerRow } from './row.ts'

/** What an append did. */
export interface Booked {
  /** the ids that were new */
  readonly fresh: ReadonlySet<string>
  /** what is in each bucket now that a row of the batch belongs to; of rows that cost nothing, only where something was spent */
  readonly balances: Balances
}

/** Books rows, their balances and their rollups within a transaction. */
export async function book(connection: Connection, appended: readonly LedgerRow[]): Promise<Booked> {
  const rows = appended.map(fitting)
  const fresh = connection.run ? insertOnSqlite(connection.db, connection.run, rows) : await insert(connection, rows)
  const balances = await addToBalances(connection, sumByBucket(fresh))
  await addToRollups(connection, sumByHour(fresh))
  if (fresh.length === rows.length) return { fresh: idsOf(fresh), balances }
  // a row that was there came from an earlier try or an earlier life: only the store knows what it counted
  const others = rows
    .flatMap((row) => sharesOf(row).map(([bucket]) => bucket))
    .filter((bucket) => !balances.has(bucket))
  return {
    fresh: idsOf(fresh),
    balances: new Map([...balances, ...(await readBalances(connection, [...new Set(others)]))]),
  }
}

function idsOf(rows: readonly LedgerRow[]): ReadonlySet<string> {
  return new Set(rows.map(({ id }) => id))
}

let insertion: string | undefined

/** Compiled once, and run past the query layer: a row is written for every request, and this is the store's one hot statement. */
function insertOnSqlite(db: Sql, run: Run, rows: readonly LedgerRow[]): readonly LedgerRow[] {
  return rows.filter((row) => {
    const record = encode(row)
    insertion ??= db
      .insertInto('ledger')
      .values(record)
      .onConflict((conflict) => conflict.column('id').doNothing())
      .compile().sql
    return run(insertion, Object.values(record))
  })
}

const insertionOnPostgres =
  'insert into ledger select * from jsonb_populate_recordset(null::ledger, $1::jsonb) on conflict (id) do nothing returning id'

async function insert({ db }: Connection, rows: readonly LedgerRow[]): Promise<readonly LedgerRow[]> {
  // in one order everywhere: two writers with the same ids then cannot wait for each other in a circle
  const sorted = rows.toSorted((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0))
  const records = JSON.stringify(sorted.map(recordOf))
  const inserted = await db.executeQuery<{ readonly id: string }>(CompiledQuery.raw(insertionOnPostgres, [records]))
  const left = new Set(inserted.rows.map(({ id }) => id))
  return sorted.filter(({ id }) => left.delete(id))
}

/** By names of columns as SQL has them. What is null is left out, and is null there. */
function recordOf(row: LedgerRow): Readonly<Record<string, unknown>> {
  const out: Record<string, unknown> = {}
  const record = encode(row) as Readonly<Record<string, unknown>>
  for (const name in record) if (record[name] !== null) out[columnOf(name)] = textual(record[name])
  return out
}

const columns = new Map<string, string>()

function columnOf(name: string): string {
  let column = columns.get(name)
  if (column === undefined) {
    column = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
    columns.set(name, column)
  }
  return column
}

/** What cannot be text in Postgres must not keep a row from being booked; names that are booked under are right already. */
function textual(value: unknown): unknown {
  return typeof value === 'string' ? plain(value) : value
}
