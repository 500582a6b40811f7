import type { Insertable, Selectable } from 'kysely'

/** What is written down beside the ledger: who changed what. Request logs are in tables by the day, which have no fixed names. */
export interface TrailTables {
  readonly auditTrail: AuditTable
}

export interface AuditTable {
  readonly seq: number
  readonly id: string
  readonly at: number
  readonly changedBy: string
  readonly changedByKey: string | null
  readonly action: string
  readonly tableName: string
  readonly objectId: string
  readonly beforeValue: string | null
  readonly afterValue: string | null
  readonly previous: string
  readonly hash: string
}

export type AuditRecord = Selectable<AuditTable> & Insertable<AuditTable>
