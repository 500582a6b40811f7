import type { Json, JsonObject } from 'turnpike-core/internal/kernel/json'
import { z } from 'zod'
import type { House } from '../../../house.ts'
import type { LedgerRow } from '../../../store/ledger/row.ts'
import type { Sum } from '../../../store/ledger/sums.ts'
import type { Desk } from '../../row.ts'
import { invalid, text } from '../../shapes.ts'
import { tokensOf } from '../measures.ts'
import { dayMs, daysBetween, neededDays, shortDay } from '../range.ts'
import { everySum, groupBy, sumsOf } from '../sums.ts'

export const callsQuery = z.object(neededDays)
type CallsQuery = z.infer<typeof callsQuery>

/** `GET /global/activity`: requests and tokens by day. */
export async function calls({ house, query }: Desk<undefined, CallsQuery>): Promise<Json> {
  return callsView(await everySum(house, daysBetween(query.start_date, query.end_date), { groupBy: ['day'] }))
}

const mostModels = 10

/** `GET /global/activity/model`: the same for the ten model groups with the most requests. */
export async function callsByModel({ house, query }: Desk<undefined, CallsQuery>): Promise<Json> {
  const days = daysBetween(query.start_date, query.end_date)
  const by = { groupBy: ['modelGroup'], orderBy: 'requests', descending: true, limit: mostModels } as const
  const { rows: top } = await sumsOf(house, days, by)
  return Promise.all(
    top.map(async ({ modelGroup = '' }) => ({
      model: modelGroup,
      ...callsView(await everySum(house, days, { modelGroup, groupBy: ['day'] })),
    })),
  )
}

function callsView(rows: readonly Sum[]): JsonObject {
  return {
    daily_data: rows.map((row) => ({
      date: shortDay(row.day ?? 0),
      api_requests: row.requests,
      total_tokens: tokensOf(row),
    })),
    sum_api_requests: rows.reduce((sum, { requests }) => sum + requests, 0),
    sum_total_tokens: rows.reduce((sum, row) => sum + tokensOf(row), 0),
  }
}

export const exceptionsQuery = z.object({ ...neededDays, model_group: text })
type ExceptionsQuery = z.infer<typeof exceptionsQuery>

/** `GET /global/activity/exceptions`: by day, requests of a model group that ended with a provider's rate limit. */
export async function exceptions({ house, query }: Desk<undefined, ExceptionsQuery>): Promise<Json> {
  return exceptionsView(await limitedRows(house, query))
}

/** `GET /global/activity/exceptions/deployment`: the same for each deployment that said so last. */
export async function exceptionsByDeployment({ house, query }: Desk<undefined, ExceptionsQuery>): Promise<Json> {
  const rows = await limitedRows(house, query)
  return [...groupBy(rows, ({ apiBase, deploymentId }) => apiBase ?? deploymentId ?? 'unknown')]
    .toSorted(([, a], [, b]) => b.length - a.length)
    .map(([api_base, ofDeployment]) => ({ api_base, ...exceptionsView(ofDeployment) }))
}

const limits = ['provider-limit', 'provider-quota'] as const
const mostRows = 10_000

async function limitedRows({ ledger, store }: House, query: ExceptionsQuery): Promise<readonly LedgerRow[]> {
  const { from, to } = daysBetween(query.start_date, query.end_date)
  await ledger.flush()
  const found = await Promise.all(
    limits.map((errorCode) => store.ledger.find({ model: query.model_group, errorCode, from, to }, mostRows + 1)),
  )
  if (found.some((rows) => rows.length > mostRows))
    throw invalid('start_date', `There are more than ${mostRows} such requests in these days: ask for fewer days.`)
  return found.flat().sort((a, b) => a.startedAt - b.startedAt)
}

function exceptionsView(rows: readonly LedgerRow[]): JsonObject {
  const byDay = groupBy(rows, ({ startedAt }) => shortDay(Math.floor(startedAt / dayMs)))
  return {
    daily_data: [...byDay].map(([date, ofDay]) => ({ date, num_rate_limit_exceptions: ofDay.length })),
    sum_num_rate_limit_exceptions: rows.length,
  }
}
