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

const texts = new WeakMap<Target, { [D in Dialect]?: string }>()

/** Puts any number of rows in by one statement, whose text is always the same: they travel as one value of JSON. */
export async function putIn<Row>(
  { db, dialect }: Pick<Connection, 'db' | 'dialect'>,
  target: Target,
  rows: readonly (readonly unknown[])[],
): Promise<readonly Row[]> {
  if (rows.length === 0) return []
  const known = texts.get(target) ?? {}
  texts.set(target, known)
  const text = (known[dialect] ??= textOf(target, dialect))
  const { rows: returned } = await db.executeQuery<Row>(CompiledQuery.raw(text, [JSON.stringify(rows)]))
  return returned
}

/** The rows are taken in their order: writers that sort them cannot wait for each other in a circle. */
function textOf({ table, columns, key, added, returning }: Target, dialect: Dialect): string {
  const values = Object.values(columns).map((type, index) => {
    if (dialect === 'sqlite') return `json_extract(value, '$[${index}]')`
    return type === 'text' ? `value ->> ${index}` : `(value ->> ${index})::bigint`
  })
  const source = dialect === 'sqlite' ? 'json_each(?) where true' : 'jsonb_array_elements($1::jsonb)'
  const sums = added?.map((column) => `${column} = ${table}.${column} + excluded.${column}`)
  return [
    `insert into ${table} (${Object.keys(columns).join(', ')})`,
    `select ${values.join(', ')} from ${source}`,
    `on conflict (${key.join(', ')}) do ${sums ? `update set ${sums.join(', ')}` : 'nothing'}`,
    ...(returning ? [`returning ${returning.join(', ')}`] : []),
  ].join(' ')
}
