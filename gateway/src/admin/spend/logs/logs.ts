import type { Json } from 'turnpike-core/internal/kernel/json'
import { z } from 'zod'
import type { LedgerRow } from '../../../store/ledger/row.ts'
import type { LedgerPage, LedgerQuery } from '../../../store/ledger/rows.ts'
import type { Desk } from '../../row.ts'
import { id, invalid, queryDollars, querySwitch, queryWhole, text } from '../../shapes.ts'
import { unserved } from '../../tenants/fields.ts'
import { pageCount, pageFields, pageOf } from '../../tenants/pages.ts'
import { dayMs, daysBetween, instant, keyHash, maybeDays } from '../range.ts'
import { type Asked, allowedOf } from '../scope.ts'
import { viewDays, viewRow } from './log-view.ts'

export const logsQuery = z.object({
  api_key: keyHash.optional(),
  user_id: id.optional(),
  request_id: id.optional(),
  ...maybeDays,
  summarize: querySwitch.optional(),
  limit: queryWhole.min(1).max(10_000).optional(),
})

/**
 * `GET /spend/logs`: rows, newest first; with dates, sums per day unless `summarize=false`. The end date counts whole. At most `limit`
 * rows; the header `x-turnpike-more` says when there are more.
 */
export async function spendLogs(desk: Desk<undefined, z.infer<typeof logsQuery>>): Promise<Response> {
  const { house, query } = desk
  const { start_date: first, end_date: last, limit = 1000 } = query
  const filter: LedgerQuery = {
    ...given({ id: query.request_id, keyHash: query.api_key }),
    ...given(await allowedOf(desk, { userId: query.user_id })),
    ...(first !== undefined && { from: first * dayMs }),
    ...(last !== undefined && { to: (last + 1) * dayMs }),
  }
  await house.ledger.flush()
  if ((query.summarize ?? true) && (first !== undefined || last !== undefined)) {
    const spends = await house.store.ledger.daily(filter)
    const days = daysBetween(
      first ?? spends[0]?.day ?? last ?? 0,
      last ?? Math.max(first ?? 0, Math.floor(house.now() / dayMs)),
    )
    return Response.json(viewDays(spends, days.first, days.last))
  }
  const rows = await house.store.ledger.find(filter, limit + 1)
  return Response.json(rows.slice(0, limit).map(viewRow), {
    headers: rows.length > limit ? { 'x-turnpike-more': 'true' } : {},
  })
}

const unsearched = (name: string) => unserved(`cannot be searched for here; leave ${name} out`)

export const pagedLogsQuery = z.object({
  api_key: keyHash.optional(),
  user_id: id.optional(),
  request_id: id.optional(),
  team_id: id.optional(),
  end_user: id.optional(),
  model: text.optional(),
  model_group: text.optional(),
  key_alias: text.optional(),
  error_code: text.optional(),
  status_filter: z.enum(['success', 'failure']).optional(),
  start_date: instant.optional(),
  end_date: instant.optional(),
  ...pageFields,
  sort_by: z.enum(['startTime', 'endTime', 'spend', 'model']).optional(),
  sort_order: z.enum(['asc', 'desc']).optional(),
  min_spend: queryDollars.optional(),
  max_spend: queryDollars.optional(),
  model_id: id.optional(),
  session_id: unsearched('session_id'),
  error_message: unsearched('error_message'),
})

type PagedLogsQuery = z.infer<typeof pagedLogsQuery>

/** `GET /spend/logs/v2`: rows in pages, newest first. */
export async function pagedLogs(desk: Desk<undefined, PagedLogsQuery>): Promise<Json> {
  const { house, query } = desk
  const page = pageOf(query, 50)
  if (query.request_id === undefined && (!query.start_date || !query.end_date))
    throw invalid(
      'start_date',
      'start_date and end_date are needed, as YYYY-MM-DD HH:MM:SS, unless request_id is given.',
    )
  const filter = await filterOf(desk, await allowedOf(desk, { userId: query.user_id, teamId: query.team_id }))
  await house.ledger.flush()
  const { rows, total } = filter
    ? {
        rows: await house.store.ledger.page(filter, { ...page, ...orderOf(query) }),
        total: await house.store.ledger.count(filter),
      }
    : { rows: [], total: 0 }
  return {
    data: rows.map(viewRow) as unknown as Json,
    total,
    page: page.page,
    page_size: page.limit,
    total_pages: pageCount(total, page),
  }
}

/** undefined: nothing can be found, such as rows of an alias that no key has. */
async function filterOf(
  { house, query }: Desk<undefined, PagedLogsQuery>,
  scope: Asked,
): Promise<LedgerQuery | undefined> {
  const { key_alias, model_group, model } = query
  const key = key_alias === undefined ? undefined : await house.store.keys.findBy('alias', key_alias)
  const hash = key?.value.hash ?? query.api_key
  if (key_alias !== undefined && (!key || (query.api_key !== undefined && query.api_key !== hash))) return undefined
  if (model !== undefined && model_group !== undefined && model !== model_group) return undefined
  return {
    ...given({ id: query.request_id, keyHash: hash, endUser: query.end_user, errorCode: query.error_code }),
    ...given({ ...scope, model: model_group ?? model, deploymentId: query.model_id }),
    ...given({ minSpend: query.min_spend, maxSpend: query.max_spend }),
    ...(query.status_filter && { outcomes: outcomes[query.status_filter] }),
    ...(query.start_date && { from: query.start_date.at }),
    ...(query.end_date && { to: query.end_date.at + query.end_date.lengthMs }),
  }
}

const outcomes = {
  success: ['answered', 'corrected'],
  failure: ['failed', 'abandoned', 'refused', 'lost'],
} as const satisfies Record<string, readonly LedgerRow['outcome'][]>

/** LiteLLM's names of what is sorted by. */
const orders = { startTime: 'startedAt', endTime: 'endedAt', spend: 'spend', model: 'model' } as const

function orderOf({ sort_by, sort_order }: PagedLogsQuery): Pick<LedgerPage, 'orderBy' | 'ascending'> {
  return { orderBy: orders[sort_by ?? 'startTime'], ascending: sort_order === 'asc' }
}

/** Without what is undefined. */
function given<T extends object>(fields: T): { [K in keyof T]?: NonNullable<T[K]> } {
  const kept = Object.entries(fields).filter(([, value]) => value !== undefined)
  return Object.fromEntries(kept) as { [K in keyof T]?: NonNullable<T[K]> }
}
