import { type SchemaModule, sql } from 'kysely'
import type { Dialect } from '../tables.ts'
import { newTable } from './columns.ts'
import type { Migration } from './migration.ts'

/** Virtual keys, the append-only ledger, and the balances and rollups derived from it. */
export const keysAndLedger: Migration = {
  name: '001-keys-and-ledger',
  up: (schema, dialect) => [
    keys(schema, dialect),
    schema.createIndex('keysUserId').on('keys').column('userId'),
    schema.createIndex('keysTeamId').on('keys').column('teamId'),
    ledger(schema, dialect),
    schema.createIndex('ledgerStartedAt').on('ledger').column('startedAt'),
    schema.createIndex('ledgerKeyHash').on('ledger').columns(['keyHash', 'startedAt']),
    newTable(schema, dialect, {
      name: 'balances',
      columns: { bucket: 'text!', spent: 'bigint!' },
    }).addPrimaryKeyConstraint('balancesPrimary', ['bucket']),
    rollups(schema, dialect),
  ],
}

function keys(schema: SchemaModule, dialect: Dialect) {
  return newTable(schema, dialect, {
    name: 'keys',
    columns: {
      hash: 'text!',
      name: 'text!',
      alias: 'text',
      models: 'text!',
      aliases: 'text!',
      userId: 'text',
      teamId: 'text',
      organizationId: 'text',
      maxBudget: 'bigint',
      budgetDuration: 'text',
      expiresAt: 'bigint',
      blocked: 'bigint!',
      allowedRoutes: 'text!',
      rpmLimit: 'bigint',
      tpmLimit: 'bigint',
      maxParallelRequests: 'bigint',
      metadata: 'text!',
      extra: 'text!',
      createdAt: 'bigint!',
      createdBy: 'text!',
      updatedAt: 'bigint!',
      updatedBy: 'text!',
    },
  })
    .addPrimaryKeyConstraint('keysPrimary', ['hash'])
    .addUniqueConstraint('keysAlias', ['alias'])
}

function ledger(schema: SchemaModule, dialect: Dialect) {
  const table = newTable(schema, dialect, {
    name: 'ledger',
    columns: {
      id: 'text!',
      endpoint: 'text!',
      startedAt: 'bigint!',
      endedAt: 'bigint!',
      firstByteMs: 'bigint',
      stream: 'bigint!',
      keyHash: 'text!',
      keyAlias: 'text',
      userId: 'text',
      teamId: 'text',
      organizationId: 'text',
      endUser: 'text',
      tags: 'text!',
      model: 'text!',
      modelGroup: 'text',
      deploymentId: 'text',
      provider: 'text',
      providerModel: 'text',
      apiBase: 'text',
      usageSource: 'text',
      inputTokens: 'bigint!',
      freshTokens: 'bigint!',
      cacheReadTokens: 'bigint!',
      cacheWrite5mTokens: 'bigint!',
      cacheWrite1hTokens: 'bigint!',
      audioInTokens: 'bigint!',
      imageInTokens: 'bigint!',
      outputTokens: 'bigint!',
      reasoningTokens: 'bigint!',
      audioOutTokens: 'bigint!',
      imageOutTokens: 'bigint!',
      calls: 'text!',
      cost: 'bigint',
      incomplete: 'bigint!',
      spend: 'bigint!',
      priceVersion: 'text',
      rates: 'text',
      outcome: 'text!',
      status: 'bigint!',
      errorCode: 'text',
      attempts: 'text!',
      periods: 'text!',
      metadata: 'text!',
    },
  }).addPrimaryKeyConstraint('ledgerPrimary', ['id'])
  // ids rise with time: rows kept in the order of their key are written once, at the end of one tree
  return dialect === 'sqlite' ? table.modifyEnd(sql`without rowid`) : table
}

function rollups(schema: SchemaModule, dialect: Dialect) {
  return newTable(schema, dialect, {
    name: 'rollups',
    columns: {
      hour: 'bigint!',
      keyHash: 'text!',
      model: 'text!',
      provider: 'text!',
      requests: 'bigint!',
      failures: 'bigint!',
      inputTokens: 'bigint!',
      outputTokens: 'bigint!',
      cacheReadTokens: 'bigint!',
      cacheWriteTokens: 'bigint!',
      spend: 'bigint!',
    },
  }).addPrimaryKeyConstraint('rollupsPrimary', ['hour', 'keyHash', 'model', 'provider'])
}
