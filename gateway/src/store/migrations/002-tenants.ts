import { type Compilable, type SchemaModule, sql } from 'kysely'
import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import type { Dialect, Sql } from '../tables.ts'
import { type ColumnType, newTable } from './columns.ts'
import type { Migration, Step } from './migration.ts'

/** Everything that is administered, as documents with columns to find them by; virtual keys move into that shape. */
export const tenants: Migration = {
  name: '002-tenants',
  up: (schema, dialect) => [
    schema.alterTable('keys').renameTo('keysOf001'),
    ...Object.entries(tables).flatMap(([name, columns]) => documents(schema, dialect, { name, columns })),
    moveKeys,
    schema.dropTable('keysOf001'),
  ],
}

type Column = 'text' | 'bigint' | 'unique'

const tables: Readonly<Record<string, Readonly<Record<string, Column>>>> = {
  keys: {
    alias: 'unique',
    userId: 'text',
    teamId: 'text',
    organizationId: 'text',
    budgetId: 'text',
    expiresAt: 'bigint',
    maxBudget: 'bigint',
  },
  users: { email: 'unique', alias: 'text', role: 'text', ssoId: 'unique' },
  teams: { alias: 'text', organizationId: 'text' },
  teamMembers: { teamId: 'text', userId: 'text' },
  organizations: { alias: 'text' },
  organizationMembers: { organizationId: 'text', userId: 'text' },
  customers: { alias: 'text' },
  tags: {},
  budgets: {},
  models: { name: 'text', teamId: 'text' },
  credentials: {},
  settings: {},
  deleted: { kind: 'text', objectId: 'text' },
  sessions: { userId: 'text', expiresAt: 'bigint' },
}

/** A table of documents with an index on each column, which goes on by id so that pages of one value are read in order. */
function documents(
  schema: SchemaModule,
  dialect: Dialect,
  { name, columns }: { readonly name: string; readonly columns: Readonly<Record<string, Column>> },
): readonly Step[] {
  const types = Object.entries(columns).map(([column, type]): [string, ColumnType] => [
    column,
    type === 'bigint' ? type : 'text',
  ])
  const table = newTable(schema, dialect, {
    name,
    columns: {
      id: 'text!',
      ...Object.fromEntries(types),
      doc: 'text!',
      extra: 'text!',
      createdAt: 'bigint!',
      createdBy: 'text!',
      updatedAt: 'bigint!',
      updatedBy: 'text!',
    },
  }).addPrimaryKeyConstraint(`${name}ById`, ['id'])
  const indexes = Object.entries({ ...columns, createdAt: 'bigint' }).map(([column, type]): Compilable => {
    const index = schema.createIndex(`${name}By${column[0]?.toUpperCase()}${column.slice(1)}`).on(name)
    return type === 'unique' ? index.column(column).unique() : index.columns([column, 'id'])
  })
  return [table, ...indexes]
}

/** A row of 001's keys. */
interface OldKey {
  readonly hash: string
  readonly name: string
  readonly alias: string | null
  readonly models: string
  readonly aliases: string
  readonly userId: string | null
  readonly teamId: string | null
  readonly organizationId: string | null
  readonly maxBudget: number | null
  readonly budgetDuration: string | null
  readonly expiresAt: number | null
  readonly blocked: number
  readonly allowedRoutes: string
  readonly rpmLimit: number | null
  readonly tpmLimit: number | null
  readonly maxParallelRequests: number | null
  readonly metadata: string
  readonly extra: string
  readonly createdAt: number
  readonly createdBy: string
  readonly updatedAt: number
  readonly updatedBy: string
}

const page = 500

async function moveKeys(db: Sql): Promise<void> {
  for (let after = ''; ; ) {
    const { rows } =
      await sql<OldKey>`select * from keys_of001 where hash > ${after} order by hash limit ${page}`.execute(db)
    for (const row of rows) await moveKey(db, row)
    if (rows.length < page) return
    after = rows.at(-1)?.hash ?? ''
  }
}

async function moveKey(db: Sql, old: OldKey): Promise<void> {
  const { doc, extra } = newKey(old)
  await sql`insert into keys
    (id, alias, user_id, team_id, organization_id, expires_at, max_budget, doc, extra, created_at, created_by, updated_at, updated_by)
    values (${old.hash}, ${old.alias}, ${old.userId}, ${old.teamId}, ${old.organizationId}, ${old.expiresAt}, ${old.maxBudget},
      ${JSON.stringify(doc)}, ${JSON.stringify(extra)}, ${old.createdAt}, ${old.createdBy}, ${old.updatedAt}, ${old.updatedBy})`.execute(
    db,
  )
}

/** The document of a key; a soft budget, which was only kept, becomes one that acts. */
function newKey(old: OldKey) {
  const metadata = JSON.parse(old.metadata) as JsonObject
  const { soft_budget: softBudget, ...extra } = JSON.parse(old.extra) as JsonObject
  const doc = {
    hash: old.hash,
    name: old.name,
    alias: old.alias ?? undefined,
    models: JSON.parse(old.models) as unknown,
    aliases: JSON.parse(old.aliases) as unknown,
    userId: old.userId ?? undefined,
    teamId: old.teamId ?? undefined,
    organizationId: old.organizationId ?? undefined,
    maxBudget: old.maxBudget ?? undefined,
    softBudget: typeof softBudget === 'number' ? Math.round(softBudget * 1e9) : undefined,
    budgetDuration: old.budgetDuration ?? undefined,
    expiresAt: old.expiresAt ?? undefined,
    blocked: old.blocked === 1,
    allowedRoutes: JSON.parse(old.allowedRoutes) as unknown,
    allowedIps: [],
    enforcedParams: [],
    rpmLimit: old.rpmLimit ?? undefined,
    tpmLimit: old.tpmLimit ?? undefined,
    maxParallelRequests: old.maxParallelRequests ?? undefined,
    metadata,
    tags: Array.isArray(metadata.tags) ? metadata.tags.filter((tag) => typeof tag === 'string') : [],
    createdAt: old.createdAt,
  }
  return { doc, extra }
}
