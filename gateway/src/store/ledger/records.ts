import { CompiledQuery } from 'kysely'
import type { Connection, Dialect } from '../tables.ts'

/** A table and its columns as SQL names them, in the order in which values are given. */
export interface Target {
  readonly table: string
  readonly columns: Readonly<Record<string, 'text' | 'bigint'>>
  /** what happens to a row whose key is there: nothing, or these columns are added to it */
  readonly key: readonly string[]
  readonly added?: readonly string[]
  readonly returning?: readonly string[]
}

type Form = Dialect | 'bound'
const texts = new WeakMap<Target, { [F in Form]?: string }>()

/** Puts any number of rows in, in their order: writers that sort them cannot wait for each other in a circle. */
export async function putIn<Row>(
  { db, dialect, run }: Pick<Connection, 'db' | 'dialect' | 'run'>,
  target: Target,
  rows: readonly (readonly unknown[])[],
): Promise<readonly Row[]> {
  if (rows.length === 0) return []
  // where a statement costs no way to a server, values bound one by one are quicker than taken out of JSON
  if (run && !target.returning) {
    const text = textFor(target, 'bound')
    for (const row of rows) run(text, row)
    return []
  }
  const query = CompiledQuery.raw(textFor(target, dialect), [JSON.stringify(rows)])
  return (await db.executeQuery<Row>(query)).rows
}

function textFor(target: Target, form: Form): string {
  const known = texts.get(target) ?? {}
  texts.set(target, known)
  return (known[form] ??= textOf(target, form))
}

/** The same text for any number of rows, which travel as one value of JSON; `bound` takes one row, column by column. */
function textOf({ table, columns, key, added, returning }: Target, form: Form): string {
  const values = Object.values(columns).map((type, index) => {
    if (form === 'bound') return '?'
    if (form === 'sqlite') return `json_extract(value, '$[${index}]')`
    return type === 'text' ? `value ->> ${index}` : `(value ->> ${index})::bigint`
  })
  const sources = {
    bound: `values (${values.join(', ')})`,
    sqlite: `select ${values.join(', ')} from json_each(?) where true`,
    postgres: `select ${values.join(', ')} from jsonb_array_elements($1::jsonb)`,
  }
  const sums = added?.map((column) => `${column} = ${table}.${column} + excluded.${column}`)
  return [
    `insert into ${table} (${Object.keys(columns).join(', ')})`,
    sources[form],
    `on conflict (${key.join(', ')}) do ${sums ? `update set ${sums.join(', ')}` : 'nothing'}`,
    ...(returning ? [`returning ${returning.join(', ')}`] : []),
  ].join(' ')
}
