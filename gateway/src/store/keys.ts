import type { Transaction } from 'kysely'
import { sql } from 'kysely'
import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import type { NanoUsd } from 'turnpike-core/internal/kernel/money'
import type { VirtualKey } from '../vocabulary/principal.ts'
import { type KeyRecord, present, type Sql, type Tables } from './tables.ts'

/** A virtual key with what is set down about it beyond what the request path needs. */
export interface StoredKey {
  readonly key: VirtualKey
  /** documented fields that are kept and shown again but do not act */
  readonly extra: JsonObject
  readonly createdBy: string
  readonly updatedAt: number
  readonly updatedBy: string
}

export type KeyOrder = 'spend' | 'max_budget' | 'created_at' | 'updated_at' | 'token' | 'key_alias'

/** Which keys to list, and which page of them. */
export interface KeyQuery {
  readonly userId?: string
  readonly teamId?: string
  readonly organizationId?: string
  readonly alias?: string
  readonly hash?: string
  readonly orderBy?: KeyOrder
  readonly descending?: boolean
  readonly limit: number
  readonly offset: number
}

/** The virtual keys. */
export interface Keys {
  find(hash: string): Promise<StoredKey | undefined>
  findByAlias(alias: string): Promise<StoredKey | undefined>
  insert(stored: StoredKey): Promise<'inserted' | 'hash-taken' | 'alias-taken'>
  /** Reads, edits and writes one key with nothing in between; undefined when there is none. */
  change(hash: string, edit: (stored: StoredKey) => StoredKey): Promise<StoredKey | 'alias-taken' | undefined>
  /** Removes the keys that exist and returns them. */
  remove(hashes: readonly string[]): Promise<readonly StoredKey[]>
  list(query: KeyQuery): Promise<{ readonly rows: readonly StoredKey[]; readonly total: number }>
}

const orderColumns = {
  max_budget: 'maxBudget',
  created_at: 'createdAt',
  updated_at: 'updatedAt',
  token: 'hash',
  key_alias: 'alias',
} as const satisfies Record<Exclude<KeyOrder, 'spend'>, keyof KeyRecord>

export function keysOf(db: Sql): Keys {
  return {
    find: (hash) => find(db, 'hash', hash),
    findByAlias: (alias) => find(db, 'alias', alias),
    insert: (stored) =>
      db.transaction().execute(async (trx) => {
        if (await find(trx, 'hash', stored.key.hash)) return 'hash-taken'
        if (await aliasTaken(trx, stored.key)) return 'alias-taken'
        await trx.insertInto('keys').values(encode(stored)).execute()
        return 'inserted'
      }),
    change: (hash, edit) =>
      db.transaction().execute(async (trx) => {
        const found = await find(trx, 'hash', hash)
        if (!found) return undefined
        const edited = edit(found)
        if (await aliasTaken(trx, edited.key)) return 'alias-taken'
        await trx.updateTable('keys').set(encode(edited)).where('hash', '=', hash).execute()
        return edited
      }),
    async remove(hashes) {
      if (hashes.length === 0) return []
      const rows = await db
        .deleteFrom('keys')
        .where('hash', 'in', [...hashes])
        .returningAll()
        .execute()
      return rows.map(decode)
    },
    list: (query) => list(db, query),
  }
}

async function find(db: Sql, column: 'hash' | 'alias', value: string): Promise<StoredKey | undefined> {
  const row = await db.selectFrom('keys').selectAll().where(column, '=', value).executeTakeFirst()
  return row && decode(row)
}

async function aliasTaken(trx: Transaction<Tables>, key: VirtualKey): Promise<boolean> {
  if (key.alias === undefined) return false
  const other = await find(trx, 'alias', key.alias)
  return other !== undefined && other.key.hash !== key.hash
}

async function list(db: Sql, query: KeyQuery) {
  let matching = db.selectFrom('keys')
  if (query.userId !== undefined) matching = matching.where('userId', '=', query.userId)
  if (query.teamId !== undefined) matching = matching.where('teamId', '=', query.teamId)
  if (query.organizationId !== undefined) matching = matching.where('organizationId', '=', query.organizationId)
  if (query.alias !== undefined) matching = matching.where('alias', '=', query.alias)
  if (query.hash !== undefined) matching = matching.where('hash', '=', query.hash)
  const { total } = await matching
    .select((eb) => eb.fn.countAll<number | string>().as('total'))
    .executeTakeFirstOrThrow()
  const direction = query.descending ? 'desc' : 'asc'
  const order = query.orderBy ?? 'created_at'
  const sorted =
    order === 'spend'
      ? matching
          .leftJoin('balances', (join) => join.on('balances.bucket', '=', sql<string>`'key:' || keys.hash`))
          .orderBy((eb) => eb.fn.coalesce('balances.spent', sql<number>`0`), direction)
      : matching.orderBy(orderColumns[order], direction)
  const rows = await sorted.orderBy('hash').selectAll('keys').limit(query.limit).offset(query.offset).execute()
  return { rows: rows.map(decode), total: Number(total) }
}

function encode({ key, extra, createdBy, updatedAt, updatedBy }: StoredKey): KeyRecord {
  return {
    hash: key.hash,
    name: key.name,
    alias: key.alias ?? null,
    models: JSON.stringify(key.models),
    aliases: JSON.stringify(key.aliases),
    userId: key.userId ?? null,
    teamId: key.teamId ?? null,
    organizationId: key.organizationId ?? null,
    maxBudget: key.maxBudget ?? null,
    budgetDuration: key.budgetDuration ?? null,
    expiresAt: key.expiresAt ?? null,
    blocked: key.blocked ? 1 : 0,
    allowedRoutes: JSON.stringify(key.allowedRoutes),
    rpmLimit: key.rpmLimit ?? null,
    tpmLimit: key.tpmLimit ?? null,
    maxParallelRequests: key.maxParallelRequests ?? null,
    metadata: JSON.stringify(key.metadata),
    extra: JSON.stringify(extra),
    createdAt: key.createdAt,
    createdBy,
    updatedAt,
    updatedBy,
  }
}

function decode(row: KeyRecord): StoredKey {
  const metadata = JSON.parse(row.metadata) as Readonly<Record<string, unknown>>
  return {
    key: {
      hash: row.hash,
      name: row.name,
      ...present('alias', row.alias),
      models: JSON.parse(row.models) as readonly string[],
      aliases: JSON.parse(row.aliases) as Readonly<Record<string, string>>,
      ...present('userId', row.userId),
      ...present('teamId', row.teamId),
      ...present('organizationId', row.organizationId),
      ...present('maxBudget', row.maxBudget as NanoUsd | null),
      ...present('budgetDuration', row.budgetDuration),
      ...present('expiresAt', row.expiresAt),
      blocked: row.blocked === 1,
      allowedRoutes: JSON.parse(row.allowedRoutes) as readonly string[],
      ...present('rpmLimit', row.rpmLimit),
      ...present('tpmLimit', row.tpmLimit),
      ...present('maxParallelRequests', row.maxParallelRequests),
      metadata,
      // metadata.tags is where LiteLLM keeps them: one home, so that the two cannot disagree
      tags: Array.isArray(metadata.tags) ? metadata.tags.filter((tag) => typeof tag === 'string') : [],
      createdAt: row.createdAt,
    },
    extra: JSON.parse(row.extra) as JsonObject,
    createdBy: row.createdBy,
    updatedAt: row.updatedAt,
    updatedBy: row.updatedBy,
  }
}
