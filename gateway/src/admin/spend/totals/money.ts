import type { Json, JsonObject } from 'turnpike-core/internal/kernel/json'
import { type NanoUsd, toUsd } from 'turnpike-core/internal/kernel/money'
import { z } from 'zod'
import type { House } from '../../../house.ts'
import { everything } from '../../../store/ledger/balances.ts'
import type { EntityKind } from '../../../store/ledger/rollups.ts'
import type { Dimension } from '../../../store/ledger/sums.ts'
import type { Desk } from '../../row.ts'
import { moment, queryWhole } from '../../shapes.ts'
import { usd } from '../../terms.ts'
import {
  commaList,
  type Days,
  dayMs,
  daysBetween,
  isoDay,
  keyHash,
  maybeDays,
  neededDays,
  usualDays,
} from '../range.ts'
import { everySum, existing, groupBy, sumsOf } from '../sums.ts'

/** `GET /global/spend`: all that was ever spent, and what may be. */
export async function globalSpend({ house }: Desk<undefined, undefined>): Promise<Json> {
  await house.ledger.flush()
  const spent = await house.store.balanceOf(everything)
  return { spend: toUsd(spent), max_budget: usd(house.config.governance.budgets.gateway?.maxBudget) }
}

export const byKeyQuery = z.object({ api_key: keyHash.optional() })

/** `GET /global/spend/logs`: each of the last thirty days, of one key or of all. */
export async function dailySpend({ house, query }: Desk<undefined, z.infer<typeof byKeyQuery>>): Promise<Json> {
  const { api_key } = query
  const days = usualDays({}, house.now())
  const rows = await everySum(house, days, { groupBy: ['day'], ...(api_key !== undefined && { keyHash: api_key }) })
  const byDay = new Map(rows.map(({ day, spend }) => [day, spend]))
  return Array.from({ length: days.last - days.first + 1 }, (_, at) => ({
    ...(api_key !== undefined && { api_key }),
    date: isoDay(days.first + at),
    spend: toUsd(byDay.get(days.first + at) ?? (0 as NanoUsd)),
  }))
}

export const limitQuery = z.object({ limit: queryWhole.min(1).max(1000).optional() })

/** `GET /global/spend/keys`: keys by what they spent in the last thirty days, most first. */
export async function topKeys({ house, query }: Desk<undefined, z.infer<typeof limitQuery>>): Promise<Json> {
  const rows = await topOf(house, { dimension: 'keyHash', limit: query.limit ?? 100 })
  const keys = await existing(
    house.store.keys,
    rows.map(({ name }) => name),
  )
  const known = new Map(keys.map((key) => [key.hash, key]))
  return rows.map(({ name, spend }) => ({
    api_key: name,
    key_alias: known.get(name)?.alias ?? null,
    key_name: known.get(name)?.name ?? null,
    total_spend: toUsd(spend),
  }))
}

/** `GET /global/spend/models`: model groups by what was spent on them in the last thirty days, most first. */
export async function topModels({ house, query }: Desk<undefined, z.infer<typeof limitQuery>>): Promise<Json> {
  const rows = await topOf(house, { dimension: 'modelGroup', limit: query.limit ?? 100 })
  return rows.map(({ name, spend }) => ({ model: name, total_spend: toUsd(spend) }))
}

interface Top {
  readonly dimension: Dimension
  readonly entityKind?: EntityKind
  readonly entityIds?: readonly string[]
  readonly keyHash?: string
  readonly limit: number
  readonly days?: Days
}

/** Names by spend, most first. */
async function topOf(house: House, { dimension, days, ...rest }: Top) {
  const { rows } = await sumsOf(house, days ?? usualDays({}, house.now()), {
    ...rest,
    groupBy: [dimension],
    orderBy: 'spend',
    descending: true,
  })
  return rows.map((row) => ({ name: String(row[dimension] ?? ''), spend: row.spend, requests: row.requests }))
}

/** Teams that are told apart by day. */
const mostTeams = 100

/** `GET /global/spend/teams`: what teams spent in the last thirty days, by day and in all. */
export async function spendOfTeams({ house }: Desk<undefined, undefined>): Promise<Json> {
  const days = usualDays({}, house.now())
  const top = await topOf(house, { dimension: 'entityId', entityKind: 'team', limit: mostTeams, days })
  const ids = top.map(({ name }) => name)
  const teams = await existing(house.store.teams, ids)
  const aliases = new Map(teams.map((team) => [team.id, team.alias]))
  const shown = (team: string | undefined): string => aliases.get(team ?? '') ?? team ?? ''
  const rows = await everySum(house, days, { entityKind: 'team', entityIds: ids, groupBy: ['day', 'entityId'] })
  return {
    daily_spend: [...groupBy(rows, ({ day }) => isoDay(day ?? 0))].map(([date, ofDay]) => ({
      date,
      ...usdByName(ofDay.map(({ entityId, spend }) => [shown(entityId), spend])),
    })),
    teams: [...new Set(ids.map(shown))],
    total_spend_per_team: top.map(({ name, spend }) => ({ team_id: shown(name), total_spend: toUsd(spend) })),
  }
}

/** Two teams of one alias are shown as one, with what both spent. */
function usdByName(spends: readonly (readonly [string, NanoUsd])[]): JsonObject {
  const groups = groupBy(spends, ([name]) => name)
  return Object.fromEntries(
    [...groups].map(([name, ofName]) => [name, toUsd(ofName.reduce((sum, [, spend]) => sum + spend, 0) as NanoUsd)]),
  )
}

export const neededDaysQuery = z.object(neededDays)

/** `GET /global/spend/provider` */
export async function spendOfProviders({
  house,
  query,
}: Desk<undefined, z.infer<typeof neededDaysQuery>>): Promise<Json> {
  const rows = await everySum(house, daysBetween(query.start_date, query.end_date), { groupBy: ['provider'] })
  return rows
    .toSorted((a, b) => b.spend - a.spend)
    .map(({ provider, spend }) => ({ provider: provider || 'unknown', spend: toUsd(spend) }))
}

export const tagsQuery = z.object({ ...maybeDays, tags: commaList.optional() })
type TagsQuery = z.infer<typeof tagsQuery>

/** Tags by what was spent under them, most first. A request counts under each of its tags. */
async function topTags({ house, query }: Desk<undefined, TagsQuery>, limit: number) {
  const ever = query.start_date === undefined && query.end_date === undefined
  const days = ever
    ? { ...usualDays({}, house.now()), from: 0, to: Number.MAX_SAFE_INTEGER }
    : usualDays(query, house.now())
  return topOf(house, {
    dimension: 'entityId',
    entityKind: 'tag',
    ...(query.tags && { entityIds: query.tags }),
    limit,
    days,
  })
}

const mostTags = 1000

/** `GET /spend/tags` */
export async function spendTags(desk: Desk<undefined, TagsQuery>): Promise<Json> {
  const rows = await topTags(desk, mostTags)
  return rows.map(({ name, requests, spend }) => ({
    individual_request_tag: name,
    log_count: requests,
    total_spend: toUsd(spend),
  }))
}

/** `GET /global/spend/tags` */
export async function globalSpendTags(desk: Desk<undefined, TagsQuery>): Promise<Json> {
  const rows = await topTags(desk, mostTags)
  return {
    spend_per_tag: rows.map(({ name, requests, spend }) => ({ name, spend: toUsd(spend), log_count: requests })),
  }
}

/** Names of tags, as `/global/spend/all_tag_names` and `/tag/distinct` list them. */
export async function tagNames({ house }: Desk<undefined, undefined>): Promise<readonly string[]> {
  const ever = { from: 0, to: Number.MAX_SAFE_INTEGER, zone: 0 }
  const { rows } = await sumsOf(house, ever, { entityKind: 'tag', groupBy: ['entityId'], limit: 10_000 })
  return rows.map(({ entityId }) => entityId ?? '')
}

export const endUsersBody = z.object({
  startTime: moment.nullish(),
  endTime: moment.nullish(),
  selectedKey: keyHash.nullish(),
})

const mostEndUsers = 100

/** `POST /global/spend/end_users`: customers by what was spent for them, most first. */
export async function spendOfEndUsers({ house, body }: Desk<z.infer<typeof endUsersBody>, undefined>): Promise<Json> {
  const [first, last] = [dayOf(body.startTime), dayOf(body.endTime)]
  const days = usualDays({ start_date: first, end_date: last }, house.now())
  const rows = await topOf(house, {
    dimension: 'entityId',
    entityKind: 'end-user',
    ...(body.selectedKey && { keyHash: body.selectedKey }),
    limit: mostEndUsers,
    days,
  })
  return rows.map(({ name, requests, spend }) => ({ end_user: name, total_count: requests, total_spend: toUsd(spend) }))
}

/** The day of a moment: LiteLLM's dashboard sends the time of day too. */
function dayOf(time: number | null | undefined): number | undefined {
  return typeof time === 'number' ? Math.floor(time / dayMs) : undefined
}
