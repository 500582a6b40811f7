import { type RawBuilder, type SqlBool, sql } from 'kysely'
import { GatewayError } from 'turnpike-core/internal/kernel/faults'
import type { ListQuery } from '../aggregate.ts'
import type { Connection, Dialect } from '../tables.ts'
import { type ColumnShape, columnShapes, columnValue, type Shape } from './shape.ts'

/** A page of rows. */
export function pageOf<T, Column extends string>(
  connection: Connection,
  shape: Shape<T, Column>,
  query: ListQuery<Column>,
) {
  const { after, descending, orderBy = 'id' } = query
  if (after !== undefined && orderBy !== 'id')
    throw new GatewayError('internal', `A list that goes on after an id is in the order of ids, not of ${orderBy}.`)
  const id = sql.ref(`${shape.table}.id`)
  let rows = filtered(connection, shape, query).selectAll(shape.table)
  if (after !== undefined) rows = rows.where(sql<SqlBool>`${id} ${descending ? sql`<` : sql`>`} ${after}`)
  if (orderBy === 'spend') rows = rows.orderBy(spendOf(shape), (by) => (descending ? by.desc() : by.asc()))
  else if (orderBy !== 'id')
    rows = rows.orderBy(sql.ref(`${shape.table}.${orderBy}`), (by) =>
      // nothing is less than anything, on both dialects
      descending ? by.desc().nullsLast() : by.asc().nullsFirst(),
    )
  return rows
    .orderBy(id, descending && orderBy === 'id' ? 'desc' : 'asc')
    .limit(query.limit)
    .$if(query.offset !== undefined, (page) => page.offset(query.offset ?? 0))
}

/** How many rows there are. */
export function countOf<T, Column extends string>(
  connection: Connection,
  shape: Shape<T, Column>,
  query: Pick<ListQuery<Column>, 'where' | 'contains'>,
) {
  return filtered(connection, shape, query).select((eb) => eb.fn.countAll<number>().as('total'))
}

function filtered<T, Column extends string>(
  { db, dialect }: Connection,
  shape: Shape<T, Column>,
  { where, contains }: Pick<ListQuery<Column>, 'where' | 'contains'>,
) {
  let rows = db.selectFrom(shape.table)
  for (const [name, column] of [...columnShapes(shape), ['id', { of: shape.id }] as const]) {
    const value = where?.[name]
    const part = contains?.[name]
    if (value !== undefined) rows = rows.where(equals(dialect, columnRef(shape, name), wanted(column, value)))
    if (part !== undefined) rows = rows.where(holds(dialect, columnRef(shape, name), String(columnValue(column, part))))
  }
  return rows
}

function columnRef<T, Column extends string>({ table }: Shape<T, Column>, column: Column | 'id'): RawBuilder<unknown> {
  return sql.ref(`${table}.${column}`)
}

type Wanted = string | number | readonly (string | number)[]

function wanted<T>(column: ColumnShape<T>, value: string | number | readonly string[]): Wanted {
  return typeof value === 'object' ? value.map((one) => columnValue(column, one)) : columnValue(column, value)
}

/** The value, or any of a list: as one parameter, so that a list may be as long as it likes and the statement's text stays one. */
export function equals(dialect: Dialect, column: RawBuilder<unknown>, value: Wanted): RawBuilder<SqlBool> {
  if (typeof value !== 'object') return sql<SqlBool>`${column} = ${value}`
  return dialect === 'postgres'
    ? sql<SqlBool>`${column} = any(${value})`
    : sql<SqlBool>`${column} in (select value from json_each(${JSON.stringify(value)}))`
}

/** Without regard to the case of ASCII letters, on both dialects. */
function holds(dialect: Dialect, column: RawBuilder<unknown>, part: string): RawBuilder<SqlBool> {
  const pattern = `%${part.replace(/[\\%_]/g, '\\$&')}%`
  const like = dialect === 'postgres' ? sql`ilike` : sql`like`
  return sql<SqlBool>`cast(${column} as text) ${like} ${pattern} escape '\\'`
}

function spendOf<T, Column extends string>({ table, bucket }: Shape<T, Column>): RawBuilder<number> {
  if (bucket === undefined) throw new GatewayError('internal', `Rows of ${table} have no spend to be sorted by.`)
  const id = sql.ref(`${table}.id`)
  return sql<number>`coalesce((select spent from balances where bucket = ${`${bucket}:`} || ${id}), 0)`
}
