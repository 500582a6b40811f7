import type { Kysely } from 'kysely'
import type { LedgerTables } from './ledger/tables.ts'
import type { TrailTables } from './trails/tables.ts'

/** Columns in camelCase; in SQL their names are snake_case. Money and times are integers, booleans 0 or 1, JSON is text. */
export interface Tables extends LedgerTables, TrailTables, Record<DocumentTable, DocumentRow> {}

export type Sql = Kysely<Tables>

/** Runs a compiled statement with these values on the store's connection; whether it changed anything. */
export type Run = (text: string, values: readonly unknown[]) => boolean

export type Dialect = 'sqlite' | 'postgres'

/** An open store, for whoever reads and writes a part of it. */
export interface Connection {
  readonly db: Sql
  readonly dialect: Dialect
  /** SQLite only: a compiled statement run past the query layer; whether it changed anything */
  readonly run?: Run
}

/** The tables that hold documents, each with columns of its own to find them by. */
export type DocumentTable =
  | 'keys'
  | 'users'
  | 'teams'
  | 'teamMembers'
  | 'organizations'
  | 'organizationMembers'
  | 'customers'
  | 'tags'
  | 'budgets'
  | 'models'
  | 'credentials'
  | 'settings'
  | 'deleted'
  | 'sessions'

/** What every table of documents has. */
export interface DocumentRow {
  readonly id: string
  readonly doc: string
  readonly extra: string
  readonly createdAt: number
  readonly createdBy: string
  readonly updatedAt: number
  readonly updatedBy: string
}

/** A member for an object, absent when the column is null. */
export function present<K extends string, V>(name: K, value: V | null): { readonly [_ in K]?: V } {
  return value === null ? {} : ({ [name]: value } as { readonly [_ in K]: V })
}
