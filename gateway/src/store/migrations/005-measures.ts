import { sql } from 'kysely'
import type { Migration } from './migration.ts'

/** What was used besides the tokens that have columns of their own, so that a row can be priced again. */
export const measures: Migration = {
  name: '005-measures',
  up: (schema, dialect) => [
    schema.alterTable('ledger').addColumn('measures', dialect === 'postgres' ? sql`text collate "C"` : 'text'),
  ],
}
