import { keysAndLedger } from './001-keys-and-ledger.ts'
import type { Migration } from './migration.ts'

/** The schema's history, oldest first; only ever appended to. */
export const migrations: readonly Migration[] = [keysAndLedger]
