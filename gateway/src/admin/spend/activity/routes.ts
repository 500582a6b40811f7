import { z } from 'zod'
import { readsAll } from '../../../access/rights.ts'
import type { Route } from '../../../pipeline/route.ts'
import { forbidden, managesOrganization, ownUserId, type Who } from '../../desk.ts'
import { row } from '../../row.ts'
import { id } from '../../shapes.ts'
import { commaList } from '../range.ts'
import { managesAll, teamsManaged } from '../scope.ts'
import { calls, callsByModel, callsQuery, exceptions, exceptionsByDeployment, exceptionsQuery } from './calls.ts'
import { activityFields, activityPages, dailyActivity, type Whose } from './daily.ts'
import { activeUsers, activeUsersQuery, tagSummary, tagSummaryQuery } from './tags.ts'

const own = { policy: 'own-spend', groups: ['spend_tracking_routes'] } as const
const all = { policy: 'read-all', groups: ['spend_tracking_routes', 'global_spend_tracking_routes'] } as const
const list = commaList.optional()

/** One user: the caller, unless they read everything. */
function userOf({ caller }: Who, asked: string | undefined): Whose {
  if (readsAll(caller)) return asked === undefined ? { kind: '' } : { kind: 'user', ids: [asked] }
  const self = ownUserId(caller)
  if (self === undefined || (asked !== undefined && asked !== self))
    throw forbidden(`You may see your own activity only. Your user_id=${self ?? ''}.`, 'user_id')
  return { kind: 'user', ids: [self] }
}

async function teamsOf(who: Who, asked: readonly string[] | undefined): Promise<readonly string[] | undefined> {
  if (readsAll(who.caller)) return asked
  if (asked === undefined) return teamsManaged(who)
  if (await managesAll(who, asked)) return asked
  throw forbidden(
    'You may see the activity of teams that you administer only; your own is at /user/daily/activity.',
    'team_ids',
  )
}

function organizationsOf({ caller }: Who, asked: readonly string[] | undefined): readonly string[] | undefined {
  if (readsAll(caller)) return asked
  const administered = caller.kind === 'key' || caller.kind === 'token' ? caller.administers.organizations : []
  if (asked?.every((one) => managesOrganization(caller, one)) ?? true) return asked ?? administered
  throw forbidden('You may see the activity of organizations that you administer only.', 'organization_ids')
}

/** Days of a page where the query does not say. */
const usualPage = 50

const ownRows: readonly Route[] = [
  row({
    id: 'user.daily-activity',
    at: 'GET /user/daily/activity',
    ...own,
    summary: 'Shows requests, tokens and money of a user, or of all, by day, in pages of days.',
    query: z.object({ ...activityFields, ...activityPages, user_id: id.optional() }),
    handle: (desk) =>
      dailyActivity(desk.house, { page_size: usualPage, ...desk.query }, userOf(desk, desk.query.user_id)),
  }),
  row({
    id: 'user.daily-activity.aggregated',
    at: 'GET /user/daily/activity/aggregated',
    ...own,
    summary: 'Shows requests, tokens and money of a user, or of all, by day, at once.',
    query: z.object({ ...activityFields, user_id: id.optional() }),
    handle: (desk) => dailyActivity(desk.house, desk.query, userOf(desk, desk.query.user_id)),
  }),
  row({
    id: 'team.daily-activity',
    at: 'GET /team/daily/activity',
    ...own,
    summary: 'Shows requests, tokens and money of teams by day, in pages of days.',
    query: z.object({ ...activityFields, ...activityPages, team_ids: list, exclude_team_ids: list }),
    async handle(desk) {
      const { team_ids, exclude_team_ids: except } = desk.query
      const whose: Whose = { kind: 'team', ids: await teamsOf(desk, team_ids), except }
      return dailyActivity(desk.house, { page_size: usualPage, ...desk.query }, whose)
    },
  }),
  row({
    id: 'organization.daily-activity',
    at: 'GET /organization/daily/activity',
    ...own,
    summary: 'Shows requests, tokens and money of organizations by day, in pages of days.',
    query: z.object({ ...activityFields, ...activityPages, organization_ids: list, exclude_organization_ids: list }),
    handle(desk) {
      const { organization_ids, exclude_organization_ids: except } = desk.query
      const whose: Whose = { kind: 'organization', ids: organizationsOf(desk, organization_ids), except }
      return dailyActivity(desk.house, { page_size: usualPage, ...desk.query }, whose)
    },
  }),
]

const allRows: readonly Route[] = [
  row({
    id: 'customer.daily-activity',
    at: 'GET /customer/daily/activity',
    aliases: ['/end_user/daily/activity'],
    ...all,
    summary: 'Shows requests, tokens and money of customers by day, in pages of days.',
    query: z.object({ ...activityFields, ...activityPages, end_user_ids: list, exclude_end_user_ids: list }),
    handle({ house, query }) {
      const whose: Whose = { kind: 'end-user', ids: query.end_user_ids, except: query.exclude_end_user_ids }
      return dailyActivity(house, { page_size: usualPage, ...query }, whose)
    },
  }),
  row({
    id: 'tag.daily-activity',
    at: 'GET /tag/daily/activity',
    ...all,
    summary:
      'Shows requests, tokens and money of tags by day, in pages of days; a request counts under each of its tags.',
    query: z.object({ ...activityFields, ...activityPages, tags: list }),
    handle: ({ house, query }) =>
      dailyActivity(house, { page_size: usualPage, ...query }, { kind: 'tag', ids: query.tags }),
  }),
  row({
    id: 'tag.summary',
    at: 'GET /tag/summary',
    ...all,
    summary: 'Shows requests, tokens, users and money of each tag.',
    query: tagSummaryQuery,
    handle: tagSummary,
  }),
  ...(['dau', 'wau', 'mau'] as const).map((length) =>
    row({
      id: `tag.${length}`,
      at: `GET /tag/${length}`,
      ...all,
      summary: `Shows how many users each tag had in the last seven ${{ dau: 'days', wau: 'weeks', mau: 'months of thirty days' }[length]}.`,
      query: activeUsersQuery,
      handle: activeUsers(length),
    }),
  ),
]

const callRows: readonly Route[] = [
  row({
    id: 'global.activity',
    at: 'GET /global/activity',
    ...all,
    summary: 'Shows requests and tokens by day.',
    query: callsQuery,
    handle: calls,
  }),
  row({
    id: 'global.activity.model',
    at: 'GET /global/activity/model',
    ...all,
    summary: 'Shows requests and tokens by day of the ten busiest model groups.',
    query: callsQuery,
    handle: callsByModel,
  }),
  row({
    id: 'global.activity.exceptions',
    at: 'GET /global/activity/exceptions',
    ...all,
    summary: 'Counts requests of a model group that ended with a rate limit of the provider, by day.',
    query: exceptionsQuery,
    handle: exceptions,
  }),
  row({
    id: 'global.activity.exceptions.deployment',
    at: 'GET /global/activity/exceptions/deployment',
    ...all,
    summary: 'Counts requests of a model group that ended with a rate limit of the provider, by deployment and day.',
    query: exceptionsQuery,
    handle: exceptionsByDeployment,
  }),
]

/** Requests, tokens and money by day. */
export const activityRoutes: readonly Route[] = [...ownRows, ...allRows, ...callRows]
