import { zeroUsd } from 'turnpike-core/internal/kernel/money'
import { aggregatesOf } from '../aggregates/index.ts'
import { readBalances } from '../ledger/balances.ts'
import { ledgerRowsOf } from '../ledger/rows.ts'
import { rollupsOf } from '../ledger/sums.ts'
import type { Store } from '../store.ts'
import { auditTrailOf } from '../trails/audit-trail.ts'
import { requestLogsOf } from '../trails/request-logs.ts'
import type { OpenConnection } from './connection.ts'

/** The store on a connection whose schema is up to date; closing one closes the other. */
export function assembled(connection: OpenConnection): Store {
  return {
    dialect: connection.dialect,
    ...aggregatesOf(connection),
    audit: auditTrailOf(connection),
    ledger: ledgerRowsOf(connection),
    rollups: rollupsOf(connection),
    requestLogs: requestLogsOf(connection),
    balanceOf: async (bucket) => (await readBalances(connection, [bucket])).get(bucket) ?? zeroUsd,
    balancesOf: (buckets) => readBalances(connection, buckets),
    ping: connection.ping,
    close: connection.close,
  }
}
