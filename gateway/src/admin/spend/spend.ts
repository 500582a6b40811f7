import { toUsd } from 'turnpike-core/internal/kernel/money'
import type { House } from '../../house.ts'
import type { RouteCall } from '../../pipeline/route.ts'
import { everything } from '../../store/ledger/balances.ts'
import { masterCaller } from '../../store/ledger/row.ts'
import type { LedgerQuery } from '../../store/ledger/rows.ts'
import { hashOfSent } from '../keys/keys.ts'
import { invalid, switchQuery, wholeQuery } from '../wire.ts'
import { viewDays, viewRow } from './spend-view.ts'

const dayMs = 86_400_000
const longestDays = 3660

/**
 * `GET /spend/logs`: rows, newest first; with dates, sums per day unless `summarize=false`. The end date counts whole.
 * At most `limit` rows; the header `x-turnpike-more` says when there are more.
 */
export async function spendLogs({ query }: RouteCall, house: House): Promise<Response> {
  const first = dayOf(query, 'start_date')
  const last = dayOf(query, 'end_date')
  const filter = filterOf(query, first, last)
  const limit = wholeQuery(query, 'limit', [1, 1000, 10_000])
  const summarize = switchQuery(query, 'summarize', true)
  await house.ledger.flush()
  if (summarize && (first !== undefined || last !== undefined)) {
    const spends = await house.store.ledger.daily(filter)
    const from = first ?? spends[0]?.day ?? last ?? 0
    const to = last ?? Math.floor(house.now() / dayMs)
    if (to - from >= longestDays) throw invalid('start_date', `At most ${longestDays} days can be summed up at once.`)
    return Response.json(viewDays(spends, from, to))
  }
  const rows = await house.store.ledger.find(filter, limit + 1)
  return Response.json(rows.slice(0, limit).map(viewRow), {
    headers: rows.length > limit ? { 'x-turnpike-more': 'true' } : {},
  })
}

function filterOf(query: URLSearchParams, first: number | undefined, last: number | undefined): LedgerQuery {
  const [id, key, userId] = ['request_id', 'api_key', 'user_id'].map((name) => query.get(name) || undefined)
  return {
    ...(id !== undefined && { id }),
    ...(key !== undefined && { keyHash: key === masterCaller ? key : hashOfSent(key) }),
    ...(userId !== undefined && { userId }),
    ...(first !== undefined && { from: first * dayMs }),
    ...(last !== undefined && { to: (last + 1) * dayMs }),
  }
}

/** A date of the query as days since 1970. */
function dayOf(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name)
  if (!text) return undefined
  const time = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN
  if (Number.isNaN(time) || new Date(time).toISOString().slice(0, 10) !== text)
    throw invalid(name, `${name} must be a date as YYYY-MM-DD.`)
  return time / dayMs
}

/** `GET /global/spend`: all that was ever spent. */
export async function globalSpend(_call: RouteCall, house: House): Promise<Response> {
  await house.ledger.flush()
  return Response.json({ spend: toUsd(await house.store.balanceOf(everything)), max_budget: null })
}
