import type { Compilable, SchemaModule } from 'kysely'
import type { Dialect, Sql } from '../tables.ts'

/** A statement, or code that runs within the migration's transaction. It speaks of tables as they were then, by types of its own. */
export type Step = Compilable | ((db: Sql) => Promise<void>)

/** One step of the schema's history. Its name is recorded when it has run; a step that was released is never edited. */
export interface Migration {
  readonly name: string
  readonly up: (schema: SchemaModule, dialect: Dialect) => readonly Step[]
}
