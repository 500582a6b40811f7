import type { Connection } from '../tables.ts'

/** A connection, or a pool of them, with its lifetime. */
export interface OpenConnection extends Connection {
  /** throws when the database cannot be asked */
  ping(): Promise<void>
  close(): Promise<void>
}
