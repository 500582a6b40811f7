import { z } from 'zod'
import type { Route } from '../../../pipeline/route.ts'
import { row } from '../../row.ts'
import {
  byKeyQuery,
  dailySpend,
  endUsersBody,
  globalSpend,
  globalSpendTags,
  limitQuery,
  neededDaysQuery,
  spendOfEndUsers,
  spendOfProviders,
  spendOfTeams,
  spendTags,
  tagNames,
  tagsQuery,
  topKeys,
  topModels,
} from './money.ts'
import { spendKeys, spendKeysQuery, spendUsers, spendUsersQuery } from './owners.ts'
import { report, reportQuery } from './report.ts'
import { resetSpend } from './reset.ts'

const own = { policy: 'own-spend', groups: ['spend_tracking_routes'] } as const
const all = { policy: 'read-all', groups: ['spend_tracking_routes', 'global_spend_tracking_routes'] } as const

const ownRows: readonly Route[] = [
  row({
    id: 'spend.keys',
    at: 'GET /spend/keys',
    ...own,
    summary: 'Lists keys by what they have spent.',
    query: spendKeysQuery,
    handle: spendKeys,
  }),
  row({
    id: 'spend.users',
    at: 'GET /spend/users',
    ...own,
    summary: 'Lists users by what they have spent.',
    query: spendUsersQuery,
    handle: spendUsers,
  }),
  row({
    id: 'spend.tags',
    at: 'GET /spend/tags',
    ...all,
    summary: 'Lists tags by what was spent under them.',
    query: tagsQuery,
    handle: spendTags,
  }),
]

const globalRows: readonly Route[] = [
  row({
    id: 'global.spend',
    at: 'GET /global/spend',
    ...all,
    summary: 'Shows all that was ever spent.',
    handle: globalSpend,
  }),
  row({
    id: 'global.spend.logs',
    at: 'GET /global/spend/logs',
    ...all,
    summary: 'Shows what was spent on each of the last thirty days.',
    query: byKeyQuery,
    handle: dailySpend,
  }),
  row({
    id: 'global.spend.keys',
    at: 'GET /global/spend/keys',
    ...all,
    summary: 'Lists keys by what they spent in the last thirty days.',
    query: limitQuery,
    handle: topKeys,
  }),
  row({
    id: 'global.spend.teams',
    at: 'GET /global/spend/teams',
    ...all,
    summary: 'Shows what teams spent in the last thirty days, by day.',
    handle: spendOfTeams,
  }),
  row({
    id: 'global.spend.models',
    at: 'GET /global/spend/models',
    ...all,
    summary: 'Lists model groups by what was spent on them in the last thirty days.',
    query: limitQuery,
    handle: topModels,
  }),
  row({
    id: 'global.spend.end-users',
    at: 'POST /global/spend/end_users',
    ...all,
    summary: 'Lists customers by what was spent for them.',
    body: endUsersBody,
    handle: spendOfEndUsers,
  }),
  row({
    id: 'global.spend.provider',
    at: 'GET /global/spend/provider',
    ...all,
    summary: 'Lists providers by what was spent on them.',
    query: neededDaysQuery,
    handle: spendOfProviders,
  }),
  row({
    id: 'global.spend.tags',
    at: 'GET /global/spend/tags',
    ...all,
    summary: 'Lists tags by what was spent under them.',
    query: tagsQuery,
    handle: globalSpendTags,
  }),
  row({
    id: 'global.spend.all-tag-names',
    at: 'GET /global/spend/all_tag_names',
    ...all,
    summary: 'Lists the tags that requests have had.',
    handle: async (desk) => ({ tag_names: await tagNames(desk) }),
  }),
  row({
    id: 'global.spend.report',
    at: 'GET /global/spend/report',
    ...all,
    summary: 'Reports what was spent by day and team or customer, or by key.',
    query: reportQuery,
    handle: report,
  }),
  row({
    id: 'global.spend.reset',
    at: 'POST /global/spend/reset',
    policy: 'admin',
    groups: all.groups,
    summary: 'Sets what all keys and teams have spent back to zero; the ledger keeps what was spent.',
    body: z.object({}),
    handle: resetSpend,
  }),
]

export const totalRoutes: readonly Route[] = [...ownRows, ...globalRows]
