import type { Route } from '../../../pipeline/route.ts'
import { row } from '../../row.ts'
import { logsQuery, pagedLogs, pagedLogsQuery, spendLogs } from './logs.ts'
import { requestLog, requestLogQuery } from './request-log.ts'

const own = { policy: 'own-spend', groups: ['spend_tracking_routes'] } as const

/** Single requests, as the ledger has them. */
export const logRoutes: readonly Route[] = [
  row({
    id: 'spend.logs',
    at: 'GET /spend/logs',
    ...own,
    summary: 'Lists requests and what they cost, or with dates sums them up by day.',
    query: logsQuery,
    handle: spendLogs,
  }),
  row({
    id: 'spend.logs.paged',
    at: 'GET /spend/logs/v2',
    aliases: ['/spend/logs/ui'],
    ...own,
    summary: 'Lists requests in pages, newest first.',
    query: pagedLogsQuery,
    handle: pagedLogs,
  }),
  row({
    id: 'spend.logs.request',
    at: 'GET /spend/logs/ui/:request_id',
    ...own,
    summary: 'Shows what a request said and was answered, where that is kept.',
    query: requestLogQuery,
    handle: requestLog,
  }),
]
