import type { Compilable, SchemaModule } from 'kysely'

/** One step of the schema's history. Its name is recorded when it has run; a step that was released is never edited. */
export interface Migration {
  readonly name: string
  readonly up: (schema: SchemaModule) => readonly Compilable[]
}
