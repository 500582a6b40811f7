import type { DocumentTable } from '../tables.ts'

/** How a kind of thing is laid down in its table. */
export interface Shape<T, Column extends string> {
  readonly table: DocumentTable
  readonly id: (value: T) => string
  readonly columns: { readonly [C in Column]: ColumnShape<T> }
  /** what a row's own bucket of spend is called, before the colon and its id */
  readonly bucket?: string
}

/** A member of the document that rows are found by. */
export interface ColumnShape<T> {
  readonly of: (value: T) => string | number | undefined
  /** no two rows may have the same value; any number may have none */
  readonly unique?: true
  /** kept and compared in lower case */
  readonly folded?: true
}

/** What stands in the column for a value, or is looked for in it. */
export function columnValue<T>({ folded }: ColumnShape<T>, value: string | number): string | number {
  return folded && typeof value === 'string' ? value.toLowerCase() : value
}

/** The columns of a value, null where it says nothing. */
export function columnsOf<T, Column extends string>(shape: Shape<T, Column>, value: T) {
  return columnShapes(shape).map(([name, column]) => {
    const found = column.of(value)
    return [name, found === undefined ? null : columnValue(column, found)] as const
  })
}

/** The columns that must be unique and say something. */
export function uniqueValues<T, Column extends string>(shape: Shape<T, Column>, value: T) {
  return columnShapes(shape).flatMap(([name, column]) => {
    const found = column.unique && column.of(value)
    return found === undefined ? [] : [[name, columnValue(column, found)] as const]
  })
}

/** The columns with their names, in the order of the shape. */
export function columnShapes<T, Column extends string>({ columns }: Shape<T, Column>) {
  const named: (readonly [Column, ColumnShape<T>])[] = []
  for (const name in columns) named.push([name, columns[name]])
  return named
}
