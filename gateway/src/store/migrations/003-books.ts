import { type SchemaModule, sql } from 'kysely'
import { rebuild } from '../ledger/pages.ts'
import type { Dialect } from '../tables.ts'
import { newTable } from './columns.ts'
import type { Migration, Step } from './migration.ts'

/** Payers and tiers in the ledger, rollups by whom the spend belongs to, the audit trail, and request logs by the day. */
export const books: Migration = {
  name: '003-books',
  up: (schema, dialect) => [
    // tables and indexes of a long ledger take longer than a statement may
    async (db) => {
      if (dialect === 'postgres') await sql`set local statement_timeout = 0`.execute(db)
    },
    ...ledger(schema, dialect),
    schema.dropTable('rollups'),
    rollups(schema, dialect),
    schema.createIndex('rollupsByEntity').on('rollups').columns(['entityKind', 'entityId', 'hour']),
    schema.createIndex('rollupsByKey').on('rollups').columns(['keyHash', 'hour']),
    async (db) => {
      await rebuild({ db, dialect })
    },
    ...auditTrail(schema, dialect),
    ...(dialect === 'postgres' ? requestLogs(schema) : []),
  ],
}

function ledger(schema: SchemaModule, dialect: Dialect): readonly Step[] {
  const text = dialect === 'postgres' ? sql`text collate "C"` : 'text'
  return [
    schema.alterTable('ledger').addColumn('payers', text),
    schema.alterTable('ledger').addColumn('requestedTier', text),
    schema.dropIndex('ledgerStartedAt'),
    schema.createIndex('ledgerByStart').on('ledger').columns(['startedAt', 'id']),
    // each of these would cost a SQLite file more per row than the row itself; there, rows of a user are found within a span of time
    ...(dialect === 'postgres' ? ['userId', 'teamId', 'endUser', 'errorCode'] : ['errorCode']).map((column) =>
      schema
        .createIndex(`ledgerBy${column[0]?.toUpperCase()}${column.slice(1)}`)
        .on('ledger')
        .columns([column, 'startedAt'])
        .where(sql.ref(column), 'is not', null),
    ),
    schema
      .createIndex('ledgerUnpriced')
      .on('ledger')
      .column('id')
      .where(sql.ref('cost'), 'is', null)
      .where(sql.ref('usageSource'), 'is not', null),
  ]
}

function rollups(schema: SchemaModule, dialect: Dialect): Step {
  const table = newTable(schema, dialect, {
    name: 'rollups',
    columns: {
      hour: 'bigint!',
      entityKind: 'text!',
      entityId: 'text!',
      keyHash: 'text!',
      model: 'text!',
      modelGroup: 'text!',
      provider: 'text!',
      endpoint: 'text!',
      requests: 'bigint!',
      successes: 'bigint!',
      failures: 'bigint!',
      inputTokens: 'bigint!',
      outputTokens: 'bigint!',
      cacheReadTokens: 'bigint!',
      cacheWriteTokens: 'bigint!',
      reasoningTokens: 'bigint!',
      spend: 'bigint!',
    },
  }).addPrimaryKeyConstraint('rollupsByPlace', [
    'hour',
    'entityKind',
    'entityId',
    'keyHash',
    'model',
    'modelGroup',
    'provider',
    'endpoint',
  ])
  return dialect === 'sqlite' ? table.modifyEnd(sql`without rowid`) : table
}

function auditTrail(schema: SchemaModule, dialect: Dialect): readonly Step[] {
  return [
    newTable(schema, dialect, {
      name: 'auditTrail',
      columns: {
        seq: 'bigint!',
        id: 'text!',
        at: 'bigint!',
        changedBy: 'text!',
        changedByKey: 'text',
        action: 'text!',
        tableName: 'text!',
        objectId: 'text!',
        beforeValue: 'text',
        afterValue: 'text',
        previous: 'text!',
        hash: 'text!',
      },
    })
      .addPrimaryKeyConstraint('auditTrailBySeq', ['seq'])
      .addUniqueConstraint('auditTrailById', ['id']),
    schema.createIndex('auditTrailByAt').on('auditTrail').column('at'),
    schema.createIndex('auditTrailByObject').on('auditTrail').columns(['objectId', 'seq']),
    schema.createIndex('auditTrailByAuthor').on('auditTrail').columns(['changedBy', 'seq']),
  ]
}

/** The table that the days are parts of; SQLite has only those. */
function requestLogs(schema: SchemaModule): readonly Step[] {
  return [
    newTable(schema, 'postgres', {
      name: 'requestLogs',
      columns: {
        id: 'text!',
        day: 'bigint!',
        startedAt: 'bigint!',
        keyHash: 'text!',
        userId: 'text',
        teamId: 'text',
        endUser: 'text',
        model: 'text!',
        status: 'bigint!',
        metadata: 'text!',
        request: 'text',
        response: 'text',
      },
    })
      .addPrimaryKeyConstraint('requestLogsById', ['id', 'day'])
      .modifyEnd(sql`partition by list (day)`),
    schema.createIndex('requestLogsByStart').on('requestLogs').columns(['startedAt', 'id']),
  ]
}
