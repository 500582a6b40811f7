import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import type { Json, JsonObject } from 'turnpike-core/internal/kernel/json'
import { retried } from '../connections/retried.ts'
import { type Connection, present, type Sql } from '../tables.ts'
import type { AuditRecord } from './tables.ts'

/** What was done to something that is administered. */
export interface AuditNote {
  /** a UUID */
  readonly id: string
  /** milliseconds since 1970 */
  readonly at: number
  readonly changedBy: string
  /** hash of the key that it was done with */
  readonly changedByKey?: string | undefined
  /** `created`, `updated`, `deleted`, `blocked`, `unblocked`, `rotated`, … */
  readonly action: string
  /** LiteLLM's name of the table: `LiteLLM_VerificationToken` */
  readonly table: string
  readonly objectId: string
  /** without secrets: whoever appends leaves them out */
  readonly before?: JsonObject | undefined
  readonly after?: JsonObject | undefined
}

/** A note in its place in the chain. */
export interface AuditEntry extends AuditNote {
  /** 1, 2, 3, … without gaps */
  readonly seq: number
  /** hash of the entry before; empty for the first */
  readonly previous: string
  /** SHA-256, hex, of the canonical JSON of all the rest */
  readonly hash: string
}

export interface AuditQuery {
  readonly id?: string
  readonly changedBy?: string
  readonly changedByKey?: string
  readonly action?: string
  readonly table?: string
  readonly objectId?: string
  /** `[from, to)` */
  readonly from?: number
  readonly to?: number
  /** newest first */
  readonly descending?: boolean
  readonly limit: number
  readonly offset?: number
}

/** Who changed what, in a chain of hashes: an entry that is changed, taken out or put in between is found. */
export interface AuditTrail {
  append(note: AuditNote): Promise<AuditEntry>
  list(query: AuditQuery): Promise<{ readonly rows: readonly AuditEntry[]; readonly total: number }>
  /** Reads the whole chain in pages; `brokenAt` is the first entry that does not fit. What is missing at the end is not seen. */
  verify(): Promise<{ readonly rows: number; readonly brokenAt?: string }>
}

/** Names the lock that one appending process holds on Postgres; any number, but for ever the same. */
const appendLock = 7_401_846_213
const rowsAtOnce = 1000

export function auditTrailOf({ db, dialect }: Connection): AuditTrail {
  return {
    append: (note) =>
      retried(() =>
        db.transaction().execute(async (trx) => {
          // on SQLite every transaction that writes excludes all others from its beginning
          if (dialect === 'postgres') await sql`select pg_advisory_xact_lock(${appendLock})`.execute(trx)
          const last = await lastOf(trx)
          const entry = chained(note, last)
          await trx.insertInto('auditTrail').values(encode(entry)).execute()
          return entry
        }),
      ),
    async list(query) {
      const counted = matching(db, query).select((eb) => eb.fn.countAll<number | string>().as('total'))
      const rows = await matching(db, query)
        .selectAll()
        .orderBy('seq', query.descending ? 'desc' : 'asc')
        .limit(query.limit)
        .offset(query.offset ?? 0)
        .execute()
      return { rows: rows.map(decode), total: Number((await counted.executeTakeFirstOrThrow()).total) }
    },
    verify: () => verify(db),
  }
}

function lastOf(db: Sql): Promise<Pick<AuditEntry, 'seq' | 'hash'> | undefined> {
  return db.selectFrom('auditTrail').select(['seq', 'hash']).orderBy('seq', 'desc').limit(1).executeTakeFirst()
}

/** The note as the next one after `last`. What it holds is brought to JSON first, so that it reads back as it was hashed. */
function chained(note: AuditNote, last: Pick<AuditEntry, 'seq' | 'hash'> | undefined): AuditEntry {
  const { before, after, changedByKey, ...rest } = note
  const placed = {
    ...rest,
    ...(changedByKey !== undefined && { changedByKey }),
    ...(before && { before: JSON.parse(JSON.stringify(before)) as JsonObject }),
    ...(after && { after: JSON.parse(JSON.stringify(after)) as JsonObject }),
    seq: (last?.seq ?? 0) + 1,
    previous: last?.hash ?? '',
  }
  return { ...placed, hash: hashOf(placed) }
}

function hashOf(placed: Omit<AuditEntry, 'hash'>): string {
  return createHash('sha256')
    .update(canonical(placed as unknown as JsonObject))
    .digest('hex')
}

/** JSON with members in the order of their names and nothing between them: one text for one value. */
function canonical(value: Json | undefined): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null)
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  members.sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join(',')}}`
}

async function verify(db: Sql): Promise<{ readonly rows: number; readonly brokenAt?: string }> {
  let rows = 0
  let previous = ''
  for (;;) {
    const records = await db
      .selectFrom('auditTrail')
      .selectAll()
      .where('seq', '>', rows)
      .orderBy('seq')
      .limit(rowsAtOnce)
      .execute()
    for (const record of records) {
      if (!follows(record, rows, previous)) return { rows, brokenAt: record.id }
      rows++
      previous = record.hash
    }
    if (records.length < rowsAtOnce) return { rows }
  }
}

function follows(record: AuditRecord, rows: number, previous: string): boolean {
  if (record.seq !== rows + 1 || record.previous !== previous) return false
  try {
    const { hash, ...placed } = decode(record)
    return hashOf(placed) === hash
  } catch {
    // what is no JSON any more was not written by us
    return false
  }
}

function matching(db: Sql, query: AuditQuery) {
  const { table, from, to, ...exact } = query
  let rows = db.selectFrom('auditTrail')
  for (const column of ['id', 'changedBy', 'changedByKey', 'action', 'objectId'] as const) {
    const value = exact[column]
    if (value !== undefined) rows = rows.where(column, '=', value)
  }
  if (table !== undefined) rows = rows.where('tableName', '=', table)
  if (from !== undefined) rows = rows.where('at', '>=', from)
  if (to !== undefined) rows = rows.where('at', '<', to)
  return rows
}

function encode({ table, changedByKey, before, after, ...entry }: AuditEntry): AuditRecord {
  return {
    ...entry,
    tableName: table,
    changedByKey: changedByKey ?? null,
    beforeValue: before ? JSON.stringify(before) : null,
    afterValue: after ? JSON.stringify(after) : null,
  }
}

function decode({ tableName, changedByKey, beforeValue, afterValue, ...record }: AuditRecord): AuditEntry {
  return {
    ...record,
    table: tableName,
    ...present('changedByKey', changedByKey),
    ...(beforeValue !== null && { before: JSON.parse(beforeValue) as JsonObject }),
    ...(afterValue !== null && { after: JSON.parse(afterValue) as JsonObject }),
  }
}
