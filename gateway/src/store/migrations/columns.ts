import { type CreateTableBuilder, type SchemaModule, sql } from 'kysely'
import type { Dialect } from '../tables.ts'

/** `!` is a column that must not be null. */
export type ColumnType = 'text' | 'text!' | 'bigint' | 'bigint!'

/**
 * A new table with these columns. Migrations that were released are made with it: what it makes must stay as it is.
 * Text on Postgres is compared by its bytes, as SQLite does, whatever the database's language.
 */
export function newTable(
  schema: SchemaModule,
  dialect: Dialect,
  { name, columns }: { readonly name: string; readonly columns: Readonly<Record<string, ColumnType>> },
): CreateTableBuilder<string, string> {
  let builder: CreateTableBuilder<string, string> = schema.createTable(name)
  for (const [column, type] of Object.entries(columns))
    builder = builder.addColumn(column, sqlType(type, dialect), (column) =>
      type.endsWith('!') ? column.notNull() : column,
    )
  return builder
}

function sqlType(type: ColumnType, dialect: Dialect) {
  if (!type.startsWith('text')) return 'bigint'
  return dialect === 'postgres' ? sql`text collate "C"` : 'text'
}
