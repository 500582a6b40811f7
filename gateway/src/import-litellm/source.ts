import { Client } from 'pg'
import { GatewayError } from 'turnpike-core/internal/kernel/faults'
import { isObject, type JsonObject } from 'turnpike-core/internal/kernel/json'
import { storeFault } from '../store/connections/postgres-faults.ts'
import { postgresUrl } from '../store/connections/postgres-url.ts'

/** A row of one of LiteLLM's tables, as JSON: a column that its version does not have is absent. */
export interface SourceRow {
  readonly row: JsonObject
  /** the row of another table that this one refers to */
  readonly linked?: JsonObject | undefined
}

/** Which rows to read: a table and the columns of its primary key. */
export interface PageQuery {
  readonly table: string
  readonly key: readonly string[]
  /** a row of `table` whose `key` stands in our column `by` */
  readonly link?: { readonly table: string; readonly key: string; readonly by: string }
}

/** LiteLLM's database as it is at one moment. Nothing is ever written to it. */
export interface Source {
  readonly tables: ReadonlySet<string>
  /** all rows, a page at a time; none where there is no such table */
  pages(query: PageQuery): AsyncGenerator<readonly SourceRow[]>
  /** the rows of a table whose column has one of these values */
  matching(table: string, column: string, values: readonly string[]): Promise<readonly JsonObject[]>
  isEmpty(table: string): Promise<boolean>
  close(): Promise<void>
}

const rowsAtOnce = 500
const statementMs = 120_000
const graceMs = 5000
const connectMs = 10_000
const idleMs = 1_800_000

/** Parameters of Prisma's URLs that Postgres does not know: https://www.prisma.io/docs/orm/overview/databases/postgresql#arguments */
const prismaOnly = ['schema', 'connection_limit', 'pool_timeout', 'pgbouncer', 'socket_timeout', 'statement_cache_size']

type Ask = (text: string, values?: readonly unknown[]) => Promise<readonly JsonObject[]>

/** Opens a transaction that only reads and sees the database as it is now, whatever is written meanwhile. */
export async function openSource(given: string): Promise<Source> {
  const url = new URL(postgresUrl(given))
  const schema = url.searchParams.get('schema')
  for (const name of prismaOnly) url.searchParams.delete(name)
  const client = new Client({
    connectionString: url.href,
    connectionTimeoutMillis: connectMs,
    query_timeout: statementMs + graceMs,
    application_name: 'turnpike import',
  })
  // whoever waits on the connection is told by a rejection
  client.on('error', () => {})
  const ask: Ask = async (text, values = []) => {
    try {
      return (await client.query<JsonObject>(text, [...values])).rows
    } catch (thrown) {
      throw storeFault(thrown)
    }
  }
  try {
    await client.connect()
    await ask('begin transaction isolation level repeatable read read only')
    await ask(`set local statement_timeout = ${statementMs}`)
    await ask(`set local idle_in_transaction_session_timeout = ${idleMs}`)
    if (schema !== null) await ask("select set_config('search_path', quote_ident($1), true)", [schema])
    return reading(ask, await tablesOf(ask), () => client.end())
  } catch (thrown) {
    await client.end().catch(() => {})
    throw storeFault(thrown)
  }
}

/** Tables with their columns. Views do not count: this gateway's own bear the same names. */
async function tablesOf(ask: Ask): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const rows = await ask(
    `select c.table_name as name, json_agg(c.column_name) as columns
     from information_schema.columns c join information_schema.tables t using (table_schema, table_name)
     where c.table_schema = current_schema() and t.table_type = 'BASE TABLE' and c.table_name like 'LiteLLM\\_%'
     group by c.table_name`,
  )
  if (rows.length === 0)
    throw new GatewayError(
      'misconfigured',
      'This database has no table of LiteLLM in the schema that the URL leads to: give the DATABASE_URL of the LiteLLM proxy, with ?schema=… where its tables are not in public.',
    )
  return new Map(rows.map(({ name, columns }) => [String(name), new Set((columns ?? []) as readonly string[])]))
}

function reading(ask: Ask, tables: ReadonlyMap<string, ReadonlySet<string>>, end: () => Promise<void>): Source {
  return {
    tables: new Set(tables.keys()),
    async *pages(query) {
      if (!tables.has(query.table)) return
      let after: readonly unknown[] | undefined
      for (;;) {
        const rows = await ask(pageText(query, tables, after !== undefined), after)
        if (rows.length > 0) yield rows.map(sourceRow)
        if (rows.length < rowsAtOnce) return
        const last = rows.at(-1)?.row
        after = query.key.map((column) => (isObject(last) ? last[column] : undefined))
      }
    },
    async matching(table, column, values) {
      if (values.length === 0 || tables.get(table)?.has(column) !== true) return []
      const rows = await ask(`select to_jsonb(t) as row from ${quoted(table)} t where t.${quoted(column)} = any($1)`, [
        values,
      ])
      return rows.map((row) => sourceRow(row).row)
    },
    async isEmpty(table) {
      return !tables.has(table) || (await ask(`select 1 from ${quoted(table)} limit 1`)).length === 0
    },
    async close() {
      await end()
    },
  }
}

/** JSON makes numbers, times and arrays the same on every server, and needs no list of columns. */
function pageText(
  { table, key, link }: PageQuery,
  tables: ReadonlyMap<string, ReadonlySet<string>>,
  further: boolean,
): string {
  const linked = link && tables.has(link.table) && tables.get(table)?.has(link.by) ? link : undefined
  const keys = key.map((column) => `t.${quoted(column)}`).join(', ')
  return [
    `select to_jsonb(t) as row${linked ? ', to_jsonb(l) as linked' : ''} from ${quoted(table)} t`,
    ...(linked ? [`left join ${quoted(linked.table)} l on l.${quoted(linked.key)} = t.${quoted(linked.by)}`] : []),
    ...(further ? [`where (${keys}) > (${key.map((_, index) => `$${index + 1}`).join(', ')})`] : []),
    `order by ${keys} limit ${rowsAtOnce}`,
  ].join(' ')
}

function sourceRow({ row, linked }: JsonObject): SourceRow {
  return { row: isObject(row) ? row : {}, ...(isObject(linked) && { linked }) }
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
