import { GatewayError } from 'turnpike-core/internal/kernel/faults'
import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import type { Stored } from '../aggregate.ts'
import type { DocumentRow } from '../tables.ts'
import { columnsOf, type Shape } from './shape.ts'

/** A thing as its row. */
export function toRow<T, Column extends string>(shape: Shape<T, Column>, stored: Stored<T>): DocumentRow {
  const id = shape.id(stored.value)
  const columns = columnsOf(shape, stored.value)
  for (const column of columns) checkSize(shape.table, column, id)
  return {
    ...Object.fromEntries(columns),
    id,
    doc: JSON.stringify(stored.value),
    extra: JSON.stringify(stored.extra),
    createdAt: stored.createdAt,
    createdBy: stored.createdBy,
    updatedAt: stored.updatedAt,
    updatedBy: stored.updatedBy,
  }
}

/** An entry of a Postgres index, here a column and the id, holds 2,704 bytes: https://www.postgresql.org/docs/current/btree.html */
const mostBytes = 2600

function checkSize(table: string, [name, value]: readonly [string, string | number | null], id: string): void {
  const length = id.length + String(value ?? '').length
  if (length * 3 <= mostBytes || Buffer.byteLength(`${id}${value}`) <= mostBytes) return
  throw new GatewayError(
    'invalid-request',
    `The id or the ${name} of this row of ${table} is too long to be found by.`,
    {
      param: name,
    },
  )
}

/** A row as the thing that was put in: its document says everything, its columns are only to find it by. */
export function fromRow<T>(row: DocumentRow): Stored<T> {
  return {
    value: JSON.parse(row.doc) as T,
    extra: JSON.parse(row.extra) as JsonObject,
    createdAt: row.createdAt,
    createdBy: row.createdBy,
    updatedAt: row.updatedAt,
    updatedBy: row.updatedBy,
  }
}

/** Rows in the order of these ids. */
export function inOrder<T>(rows: readonly DocumentRow[], ids: readonly string[]): readonly Stored<T>[] {
  const byId = new Map(rows.map((row) => [row.id, row]))
  return [...new Set(ids)].flatMap((id) => {
    const row = byId.get(id)
    return row ? [fromRow<T>(row)] : []
  })
}
