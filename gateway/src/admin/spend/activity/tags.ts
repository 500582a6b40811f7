import type { Json } from 'turnpike-core/internal/kernel/json'
import { toUsd } from 'turnpike-core/internal/kernel/money'
import { z } from 'zod'
import type { House } from '../../../house.ts'
import type { Sum } from '../../../store/ledger/sums.ts'
import type { Desk } from '../../row.ts'
import { text } from '../../shapes.ts'
import { sumUp, tokensOf } from '../measures.ts'
import { type Days, dayMs, daysBetween, isoDay, neededDays, shortDay } from '../range.ts'
import { everySum, existing, groupBy } from '../sums.ts'

const tagFilters = { tag_filter: text.optional(), tag_filters: z.array(text).max(1000).optional() } as const

export const tagSummaryQuery = z.object({ ...neededDays, ...tagFilters })
export const activeUsersQuery = z.object(tagFilters)
type Filters = z.infer<typeof activeUsersQuery>

/** `GET /tag/summary`: requests, tokens, users and money of each tag. */
export async function tagSummary({ house, query }: Desk<undefined, z.infer<typeof tagSummaryQuery>>): Promise<Json> {
  const sums = await tagSums(house, daysBetween(query.start_date, query.end_date), query)
  const userOf = await usersOf(house, sums)
  return {
    results: [...groupBy(sums, tagOf)].map(([tag, ofTag]) => {
      const tally = sumUp(ofTag)
      return {
        tag,
        unique_users: usersIn(ofTag, userOf),
        total_requests: tally.requests,
        successful_requests: tally.successes,
        failed_requests: tally.failures,
        total_tokens: tokensOf(tally),
        total_spend: toUsd(tally.spend),
      }
    }),
  }
}

const tagOf = ({ entityId = '' }: Sum): string => entityId

function tagSums(house: House, days: Days, { tag_filter, tag_filters }: Filters): Promise<readonly Sum[]> {
  const tags = [...(tag_filters ?? []), ...(tag_filter === undefined ? [] : [tag_filter])]
  return everySum(house, days, {
    entityKind: 'tag',
    ...(tags.length > 0 && { entityIds: tags }),
    groupBy: ['day', 'entityId', 'keyHash'],
  })
}

/** Whose keys they are; a key that is nobody's, or is gone, stands for a user of its own. */
async function usersOf({ store }: House, sums: readonly Sum[]): Promise<(sum: Sum) => string> {
  const keys = await existing(
    store.keys,
    sums.map(({ keyHash = '' }) => keyHash),
  )
  const users = new Map(keys.flatMap(({ hash, userId }) => (userId === undefined ? [] : [[hash, userId] as const])))
  return ({ keyHash = '' }) => (users.has(keyHash) ? `user:${users.get(keyHash)}` : `key:${keyHash}`)
}

function usersIn(sums: readonly Sum[], userOf: (sum: Sum) => string): number {
  return new Set(sums.filter(({ requests }) => requests > 0).map(userOf)).size
}

/** How long a period of active users is, and how LiteLLM calls the n-th of them. */
export const periods = {
  dau: { days: 1, name: (first) => isoDay(first) },
  wau: { days: 7, name: (first, at) => `Week ${at} (${shortDay(first)})` },
  mau: { days: 30, name: (first, at) => `Month ${at} (${shortDay(first)})` },
} as const satisfies Record<string, { readonly days: number; readonly name: (first: number, at: number) => string }>

const shownPeriods = 7

/** `GET /tag/dau|wau|mau`: users of each tag in the last seven days, weeks, or months of thirty days. */
export function activeUsers(length: keyof typeof periods) {
  const { days, name } = periods[length]
  return async ({ house, query }: Desk<undefined, Filters>): Promise<Json> => {
    const today = Math.floor(house.now() / dayMs)
    const begin = today - days * shownPeriods + 1
    const sums = await tagSums(house, daysBetween(begin, today), query)
    const userOf = await usersOf(house, sums)
    const periodOf = ({ day = begin }: Sum): number => Math.floor((day - begin) / days)
    const groups = groupBy(sums, (sum) => `${periodOf(sum)} ${tagOf(sum)}`)
    const results = [...groups.values()].map((group) => {
      const at = periodOf(group[0]!)
      const first = begin + at * days
      return {
        tag: tagOf(group[0]!),
        active_users: usersIn(group, userOf),
        date: name(first, at + 1),
        period_start: isoDay(first),
        period_end: isoDay(first + days - 1),
      }
    })
    return { results }
  }
}
