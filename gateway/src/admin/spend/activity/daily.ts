import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import type { z } from 'zod'
import type { House } from '../../../house.ts'
import type { EntityKind } from '../../../store/ledger/rollups.ts'
import type { Dimension, SumsQuery } from '../../../store/ledger/sums.ts'
import { page, queryWhole, text } from '../../shapes.ts'
import { pageCount, pageOf } from '../../tenants/pages.ts'
import { sumUp, totalsView } from '../measures.ts'
import { type Days, dayMs, daysBetween, keyHash, longestDays, neededDays, timezone } from '../range.ts'
import { existing, mostSums, sumsOf } from '../sums.ts'
import { addRest, addToDay, addToEntities, type Day, dayView, emptyDay, keysIn, type Labels } from './breakdown.ts'

export const activityFields = {
  ...neededDays,
  model: text.optional(),
  api_key: keyHash.optional(),
  timezone: timezone.optional(),
} as const

/** `page_size` counts days. */
export const activityPages = { page, page_size: queryWhole.min(1).max(1000).optional() } as const

export type ActivityQuery = z.infer<z.ZodObject<typeof activityFields>> & {
  readonly page?: number | undefined
  readonly page_size?: number | undefined
}

/** Whose activity. */
export interface Whose {
  /** empty: everybody's, each request once */
  readonly kind: EntityKind
  readonly ids?: readonly string[] | undefined
  readonly except?: readonly string[] | undefined
}

/**
 * LiteLLM's SpendAnalyticsPaginatedResponse, newest day first, made of hourly sums: the days add up to the range exactly, whatever the
 * time zone. The totals are those of the page's days, so that pages add up too.
 */
export async function dailyActivity(house: House, query: ActivityQuery, whose: Whose): Promise<JsonObject> {
  const at = pageOf(query, longestDays)
  const days = daysBetween(query.start_date, query.end_date, query.timezone)
  const { shown, total } = await readDays(house, { days, filter: filterOf(query, whose), ...at, whose })
  const labels: Labels = {
    keys: await keysIn(house, shown),
    entities: await entitiesIn(house, shown, whose.kind || 'user'),
  }
  return {
    results: shown.map((day) => dayView(day, labels)),
    metadata: {
      ...totalsView(sumUp(shown.map(({ tally }) => tally))),
      page: at.page,
      total_pages: Math.max(1, pageCount(total, at)),
      has_more: at.offset + at.limit < total,
    },
  }
}

type Filter = Pick<SumsQuery, 'entityKind' | 'entityIds' | 'excludeEntityIds' | 'keyHash' | 'model'>

function filterOf(query: ActivityQuery, { kind, ids, except }: Whose): Filter {
  return {
    entityKind: kind,
    ...(ids && { entityIds: ids }),
    ...(except && { excludeEntityIds: except }),
    ...(query.api_key !== undefined && { keyHash: query.api_key }),
    ...(query.model !== undefined && { model: query.model }),
  }
}

interface Reading {
  readonly days: Days
  readonly filter: Filter
  readonly whose: Whose
  readonly limit: number
  readonly offset: number
}

const told = ['keyHash', 'model', 'modelGroup', 'provider', 'endpoint'] as const satisfies readonly Dimension[]

async function readDays(house: House, { days, filter, whose, limit, offset }: Reading) {
  const byDay = { ...filter, groupBy: ['day'], orderBy: 'day', descending: true, limit, offset } as const
  const { rows: wholes, total } = await sumsOf(house, days, byDay)
  const shown = new Map<number, Day>(wholes.map(({ day = 0 }) => [day, emptyDay(day)]))
  const span = spanOf([...shown.keys()], days)
  if (!span) return { shown: [], total }
  const most = { orderBy: 'spend', descending: true } as const
  const parts = await sumsOf(house, span, {
    ...filter,
    ...most,
    groupBy: ['day', ...(whose.kind === '' ? [] : (['entityId'] as const)), ...told],
  })
  for (const sum of parts.rows) {
    const day = shown.get(sum.day ?? 0)
    if (day) addToDay(day, sum)
  }
  if (whose.kind === '') {
    const users = await sumsOf(house, span, {
      ...filter,
      ...most,
      entityKind: 'user',
      groupBy: ['day', 'entityId', 'keyHash'],
    })
    for (const sum of users.rows) {
      const day = shown.get(sum.day ?? 0)
      if (day) addToEntities(day, sum)
    }
  }
  if (parts.total > mostSums) for (const whole of wholes) addRest(shown.get(whole.day ?? 0)!, whole, whose.kind !== '')
  return { shown: [...shown.values()], total }
}

/** From the first to the last of these days. */
function spanOf(shown: readonly number[], { zone }: Days): Pick<Days, 'from' | 'to' | 'zone'> | undefined {
  const [last, first] = [shown[0], shown.at(-1)]
  if (first === undefined || last === undefined) return undefined
  const shift = zone * 60_000
  return { from: first * dayMs - shift, to: (last + 1) * dayMs - shift, zone }
}

/** What LiteLLM shows of those whose activity it is. */
async function entitiesIn(
  house: House,
  days: readonly Day[],
  kind: Exclude<EntityKind, ''>,
): Promise<Labels['entities']> {
  return new Map(
    await labels[kind](
      house.store,
      days.flatMap(({ parts }) => [...parts.entities.keys()]),
    ),
  )
}

type Labelled = readonly (readonly [string, JsonObject])[]
type Label = (store: House['store'], ids: readonly string[]) => Promise<Labelled>

const labels: Readonly<Record<Exclude<EntityKind, ''>, Label>> = {
  user: async ({ users }, ids) =>
    (await existing(users, ids)).map(({ id, email = null, alias = null }) => [
      id,
      { user_email: email, user_alias: alias },
    ]),
  team: async ({ teams }, ids) =>
    (await existing(teams, ids)).map(({ id, alias = null }) => [id, { team_alias: alias }]),
  organization: async ({ organizations }, ids) =>
    (await existing(organizations, ids)).map(({ id, alias = null }) => [id, { organization_alias: alias }]),
  'end-user': async ({ customers }, ids) =>
    (await existing(customers, ids)).map(({ id, alias = null }) => [id, { alias }]),
  tag: async () => [],
}
