import { nanoUsd } from 'turnpike-core/internal/kernel/money'
import type { Put, PutKey } from './people.ts'

/** A caller who is turned away from every model call, and what it is told. */
export interface TurnedAway {
  readonly status: number
  readonly says: RegExp
  readonly headers?: Record<string, string>
  /** whether it may wait and try again */
  readonly retry?: boolean
  /** whether it has made the one call that it may make */
  readonly calls?: boolean
  key(put: Put): Promise<PutKey>
}

const nothing = nanoUsd(0)

/** What each of them is or has done. */
export const turnedAway: Readonly<Record<string, TurnedAway>> = {
  'has spent its budget': {
    status: 429,
    says: /Budget has been exceeded! Key=None/,
    key: (put) => put.key({ maxBudget: nothing }),
  },
  'has spent the budget of this period': {
    status: 429,
    says: /\(per 30d\).*The budget resets at/,
    retry: true,
    key: (put) => put.key({ maxBudget: nothing, budgetDuration: '30d' }),
  },
  'is of a team over its budget': {
    status: 429,
    says: /Budget has been exceeded! Team=poor/,
    async key(put) {
      await put.team('poor', { maxBudget: nothing })
      return put.key({ teamId: 'poor' })
    },
  },
  'is of a user over their budget': {
    status: 429,
    says: /ExceededBudget: User=broke over budget\. Spend=0\.0, Budget=0\.0/,
    async key(put) {
      await put.user('broke', { maxBudget: nothing })
      return put.key({ userId: 'broke' })
    },
  },
  'is over its requests per minute': {
    status: 429,
    says: /Rate limit exceeded for api_key: [0-9a-f]{64}\. Limit type: requests\. Current limit: 1, Remaining: 0\./,
    retry: true,
    calls: true,
    key: (put) => put.key({ rpmLimit: 1 }),
  },
  'is over its tokens per minute': {
    status: 429,
    says: /Limit type: tokens/,
    retry: true,
    key: (put) => put.key({ tpmLimit: 1 }),
  },
  'has no place to run in': {
    status: 429,
    says: /Limit type: max_parallel_requests/,
    retry: true,
    key: (put) => put.key({ maxParallelRequests: 0 }),
  },
  'has expired': { status: 401, says: /Expired Key/, key: (put) => put.key({ expiresAt: 1 }) },
  'is blocked': { status: 401, says: /Key is blocked/, key: (put) => put.key({ blocked: true }) },
  'is of a blocked team': {
    status: 401,
    says: /Team=closed is blocked/,
    async key(put) {
      await put.team('closed', { blocked: true })
      return put.key({ teamId: 'closed' })
    },
  },
  'is of a blocked user': {
    status: 401,
    says: /User=banned is blocked/,
    async key(put) {
      await put.user('banned', { blocked: true })
      return put.key({ userId: 'banned' })
    },
  },
  'comes from a forbidden address': {
    status: 403,
    says: /Access forbidden: IP address 127\.0\.0\.1 not allowed/,
    key: (put) => put.key({ allowedIps: ['10.0.0.0/8', '::1'] }),
  },
  'comes from a forbidden address and says otherwise': {
    status: 403,
    says: /Access forbidden/,
    headers: { 'x-forwarded-for': '10.0.0.1' },
    key: (put) => put.key({ allowedIps: ['10.0.0.0/8'] }),
  },
  'lacks a member that its calls must have': {
    status: 400,
    says: /please pass param=metadata\.project/,
    key: (put) => put.key({ enforcedParams: ['metadata.project'] }),
  },
  'names a customer who is blocked': {
    status: 401,
    says: /User=barred is blocked/,
    headers: { 'x-litellm-customer-id': 'barred' },
    async key(put) {
      await put.customer('barred', { blocked: true })
      return put.key()
    },
  },
  'may not call models': {
    status: 403,
    says: /not allowed to call this route/,
    key: (put) => put.key({ allowedRoutes: ['info_routes'] }),
  },
}

/** The key of a caller who is asked for all of that, and has it. */
export async function welcomeKey(put: Put): Promise<PutKey> {
  await put.team('open', { maxBudget: nanoUsd(100), rpmLimit: 1000 })
  await put.user('welcome', { maxBudget: nanoUsd(100) })
  await put.joinTeam('open', 'welcome')
  return put.key({
    userId: 'welcome',
    teamId: 'open',
    maxBudget: nanoUsd(100),
    rpmLimit: 1000,
    tpmLimit: 1_000_000,
    maxParallelRequests: 5,
    expiresAt: Date.now() + 60_000,
    allowedIps: ['127.0.0.0/8'],
    allowedRoutes: ['llm_api_routes'],
    enforcedParams: ['metadata.project'],
  })
}
