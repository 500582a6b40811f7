import { sql } from 'kysely'
import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import { type Connection, present, type Sql } from '../tables.ts'
import { dayMs, type Partitions, partitionsOf, tableOf } from './partitions.ts'

/** What a request said and was answered, kept only where it is asked for, apart from the ledger and dropped by the day. */
export interface RequestLog {
  /** as in the ledger */
  readonly id: string
  /** milliseconds since 1970 */
  readonly startedAt: number
  readonly keyHash: string
  readonly userId?: string | undefined
  readonly teamId?: string | undefined
  readonly endUser?: string | undefined
  readonly model: string
  readonly status: number
  readonly metadata: JsonObject
  readonly request?: string | undefined
  readonly response?: string | undefined
}

export interface RequestLogQuery {
  readonly keyHash?: string
  readonly userId?: string
  readonly teamId?: string
  readonly endUser?: string
  readonly model?: string
  readonly status?: number
  /** of the start, `[from, to)` */
  readonly from?: number
  readonly to?: number
  /** requests and answers too, which may be long */
  readonly bodies?: boolean
  readonly limit: number
  readonly offset?: number
}

/** What was said, by UTC day. */
export interface RequestLogs {
  /** Each id once; one that is there stays as it is. */
  append(logs: readonly RequestLog[]): Promise<void>
  /** One log; the day is searched first in which `startedAt` lies. */
  find(id: string, startedAt?: number): Promise<RequestLog | undefined>
  /** Logs, newest first, and whether there are more after them. */
  list(query: RequestLogQuery): Promise<{ readonly rows: readonly RequestLog[]; readonly more: boolean }>
  /** Drops the days that ended before this moment; how many. */
  dropBefore(time: number): Promise<number>
}

export function requestLogsOf(connection: Connection): RequestLogs {
  const { db } = connection
  const partitions = partitionsOf(connection)
  return {
    append: (logs) => append(db, partitions, logs),
    async find(id, startedAt) {
      const first = startedAt === undefined ? [] : [dayAt(startedAt)]
      const days = await partitions.days()
      for (const day of [...first.filter((day) => days.includes(day)), ...days]) {
        const { rows } = await sql<LogRecord>`select * from ${sql.table(tableOf(day))} where id = ${id}`.execute(db)
        if (rows[0]) return decode(rows[0])
      }
      return undefined
    },
    list: (query) => list(db, partitions, query),
    dropBefore: (time) => partitions.dropBefore(dayAt(time)),
  }
}

function dayAt(time: number): number {
  return Math.floor(time / dayMs)
}

async function append(db: Sql, partitions: Partitions, logs: readonly RequestLog[]): Promise<void> {
  const byDay = new Map<number, RequestLog[]>()
  for (const log of logs) {
    const ofDay = byDay.get(dayAt(log.startedAt))
    if (ofDay) ofDay.push(log)
    else byDay.set(dayAt(log.startedAt), [log])
  }
  for (const ofDay of byDay)
    try {
      await insert(db, partitions, ofDay)
    } catch {
      // another process may have dropped the day's table: it is made anew
      partitions.forget()
      await insert(db, partitions, ofDay)
    }
}

const rowsAtOnce = 500

async function insert(
  db: Sql,
  partitions: Partitions,
  [day, logs]: readonly [number, readonly RequestLog[]],
): Promise<void> {
  await partitions.make(day)
  for (let at = 0; at < logs.length; at += rowsAtOnce) {
    const values = logs.slice(at, at + rowsAtOnce).map((log) => sql`(${sql.join(valuesOf(log, day))})`)
    await sql`insert into ${sql.table(tableOf(day))} (${columnList}) values ${sql.join(values)}
      on conflict do nothing`.execute(db)
  }
}

const columns = [
  'id',
  'day',
  'started_at',
  'key_hash',
  'user_id',
  'team_id',
  'end_user',
  'model',
  'status',
  'metadata',
  'request',
  'response',
]
const columnList = sql.raw(columns.join(', '))

function valuesOf(log: RequestLog, day: number): readonly (string | number | null)[] {
  return [
    log.id,
    day,
    log.startedAt,
    log.keyHash,
    log.userId ?? null,
    log.teamId ?? null,
    log.endUser ?? null,
    log.model,
    log.status,
    JSON.stringify(log.metadata),
    log.request ?? null,
    log.response ?? null,
  ]
}

/** Day by day from the newest on, so that no more is read than the page needs. */
async function list(db: Sql, partitions: Partitions, query: RequestLogQuery) {
  const days = (await partitions.days()).filter(
    (day) =>
      (query.to === undefined || day * dayMs < query.to) &&
      (query.from === undefined || (day + 1) * dayMs > query.from),
  )
  const rows: RequestLog[] = []
  let skipped = query.offset ?? 0
  for (const day of days) {
    const where = conditionOf(query)
    const table = sql.table(tableOf(day))
    if (skipped > 0) {
      const { rows: counted } = await sql<{ many: number | string }>`
        select count(*) as many from ${table} where ${where}`.execute(db)
      const many = Number(counted[0]?.many ?? 0)
      if (many <= skipped) {
        skipped -= many
        continue
      }
    }
    const { rows: records } = await sql<LogRecord>`
      select ${query.bodies ? columnList : shortList} from ${table} where ${where}
      order by started_at desc, id limit ${query.limit + 1 - rows.length} offset ${skipped}`.execute(db)
    skipped = 0
    rows.push(...records.map(decode))
    if (rows.length > query.limit) break
  }
  return { rows: rows.slice(0, query.limit), more: rows.length > query.limit }
}

const shortList = sql.raw(columns.slice(0, -2).join(', '))

function conditionOf(query: RequestLogQuery) {
  const exact = { key_hash: query.keyHash, user_id: query.userId, team_id: query.teamId, end_user: query.endUser }
  const conditions = Object.entries({ ...exact, model: query.model, status: query.status })
    .filter(([, value]) => value !== undefined)
    .map(([column, value]) => sql`${sql.ref(column)} = ${value}`)
  if (query.from !== undefined) conditions.push(sql`started_at >= ${query.from}`)
  if (query.to !== undefined) conditions.push(sql`started_at < ${query.to}`)
  return conditions.length === 0 ? sql`1 = 1` : sql.join(conditions, sql` and `)
}

interface LogRecord {
  readonly id: string
  readonly startedAt: number
  readonly keyHash: string
  readonly userId: string | null
  readonly teamId: string | null
  readonly endUser: string | null
  readonly model: string
  readonly status: number
  readonly metadata: string
  readonly request?: string | null
  readonly response?: string | null
}

function decode(record: LogRecord): RequestLog {
  return {
    id: record.id,
    startedAt: record.startedAt,
    keyHash: record.keyHash,
    ...present('userId', record.userId),
    ...present('teamId', record.teamId),
    ...present('endUser', record.endUser),
    model: record.model,
    status: record.status,
    metadata: JSON.parse(record.metadata) as JsonObject,
    ...present('request', record.request ?? null),
    ...present('response', record.response ?? null),
  }
}
