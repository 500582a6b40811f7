import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Json, JsonObject } from 'turnpike-core/internal/kernel/json'
import { bareRow, sampleRow } from '../../../store/ledger/ledger.suite.ts'
import type { LedgerRow } from '../../../store/ledger/row.ts'
import { nano } from '../../../store/testing/samples.ts'
import { type Asking, openAsking } from '../../tenants/users/testing/asking.ts'

const hour = 3_600_000
const start = Date.UTC(2026, 4, 1)
const hash = '1'.repeat(64)
let api: Asking
let ann: string

/** Figures without a pattern, and every hour of six days. */
const rows: readonly LedgerRow[] = Array.from({ length: 300 }, (_, at) => {
  const changes: Partial<LedgerRow> = {
    keyHash: at % 2 === 0 ? hash : 'litellm_proxy_master_key',
    userId: at % 3 === 0 ? 'ann' : 'bob',
    teamId: at % 4 === 0 ? 'blue' : 'red',
    organizationId: 'acme',
    tags: at % 5 === 0 ? ['a', 'b'] : [],
    endUser: at % 7 === 0 ? 'carol' : undefined,
    spend: nano((at * 7_919_317) % 1_000_003),
    cost: undefined,
    startedAt: start + ((at * 1_789_001) % (144 * hour)),
  }
  if (at % 6 === 1)
    return bareRow(`r${at}`, { ...changes, errorCode: 'provider-limit', model: 'gpt-x', outcome: 'failed' })
  return sampleRow(`r${at}`, { ...changes, errorCode: undefined })
})
const nanoOf = (usd: Json | undefined): bigint => BigInt(Math.round(Number(usd) * 1e9))
const spent = (some: readonly LedgerRow[]): bigint => some.reduce((sum, { spend }) => sum + BigInt(spend), 0n)
const all = { start_date: '2026-04-29', end_date: '2026-05-09' }

interface Report {
  readonly results: readonly { date: string; metrics: JsonObject; breakdown: Record<string, Record<string, Part>> }[]
  readonly metadata: JsonObject
}
interface Part {
  readonly metrics: JsonObject
  readonly metadata: JsonObject
  readonly api_key_breakdown?: Record<string, Part>
}
const activity = async (path: string, query: JsonObject = all, key?: string) =>
  (await api.get(`GET ${path}`, query, key)) as unknown as Report

beforeAll(async () => {
  api = await openAsking()
  await api.person('bob')
  ann = await api.person('ann')
  await api.get('POST /team/new', { team_id: 'blue', team_alias: 'The blue ones' })
  await api.get('POST /team/member_add', { team_id: 'blue', member: { user_id: 'ann', role: 'admin' } })
  ann = String((await api.get('POST /key/generate', { user_id: 'ann' })).key)
  const { ledger } = api.house.gateway.house.store
  await ledger.append(rows)
  // what only moves a balance is nowhere in what was spent
  await ledger.append([
    bareRow('reset', {
      keyHash: '',
      outcome: 'corrected',
      spend: nano(-1_000_000),
      periods: ['key:x'],
      startedAt: start,
    }),
  ])
})
afterAll(() => api.house.close())

describe('daily activity', () => {
  test('the days add up to the range in every time zone, and each part adds up to its day', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: -840, max: 720 }),
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 0, max: 7 }),
        async (timezone, first, length) => {
          const [from, to] = [first, Math.min(first + length, 9)].map((day) => `2026-05-0${day}`)
          const { results, metadata } = await activity('/user/daily/activity/aggregated', {
            start_date: from!,
            end_date: to!,
            timezone,
          })
          // a day has the UTC hours that begin in it
          const local = (row: LedgerRow) =>
            new Date(row.startedAt - (row.startedAt % hour) - timezone * 60_000).toISOString()
          const inside = rows.filter((row) => local(row).slice(0, 10) >= from! && local(row).slice(0, 10) <= to!)
          expect(nanoOf(metadata.total_spend)).toBe(spent(inside))
          expect(metadata.total_api_requests).toBe(inside.length)
          expect(results.reduce((sum, { metrics }) => sum + nanoOf(metrics.spend), 0n)).toBe(spent(inside))
          for (const { date, metrics, breakdown } of results) {
            expect(nanoOf(metrics.spend)).toBe(spent(inside.filter((row) => local(row).startsWith(date))))
            for (const part of ['models', 'model_groups', 'providers', 'endpoints', 'api_keys', 'entities'])
              expect(
                Object.values(breakdown[part]!).reduce((sum, one) => sum + nanoOf(one.metrics.spend), 0n),
                part,
              ).toBe(nanoOf(metrics.spend))
          }
        },
      ),
      { numRuns: 60, seed: 20261122 },
    )
  })

  test('a day is told apart by model, group, provider, endpoint, key and user', async () => {
    const { results, metadata } = await activity('/user/daily/activity/aggregated')
    expect(results.map(({ date }) => date)).toEqual(
      results
        .map(({ date }) => date)
        .toSorted()
        .reverse(),
    )
    expect(Object.keys(results[0]!.breakdown).sort()).toEqual([
      'api_keys',
      'endpoints',
      'entities',
      'mcp_servers',
      'model_groups',
      'models',
      'providers',
    ])
    const { models, providers, endpoints, entities } = results[0]!.breakdown
    expect(Object.keys(models!).sort()).toEqual(['gpt-x', 'gpt-x-2026'])
    expect(Object.keys(providers!).sort()).toEqual(['openai', 'unknown'])
    expect(Object.keys(endpoints!).sort()).toEqual(['/chat/completions', '/v1/messages'])
    expect(Object.keys(entities!).sort()).toEqual(['ann', 'bob'])
    expect(Object.keys(models!['gpt-x-2026']!.api_key_breakdown!).sort()).toEqual([hash, 'litellm_proxy_master_key'])
    const answered = rows.filter(({ outcome }) => outcome === 'answered')
    expect(metadata).toMatchObject({
      total_successful_requests: answered.length,
      total_failed_requests: rows.length - answered.length,
      total_cache_read_input_tokens: answered.length * 3,
      total_cache_creation_input_tokens: answered.length * 3,
      total_completion_tokens: answered.length * 6,
      page: 1,
      total_pages: 1,
      has_more: false,
    })
  })

  test('pages are whole days and add up', async () => {
    const whole = await activity('/user/daily/activity/aggregated')
    const pages: Report[] = []
    for (let page = 1; pages.at(-1)?.metadata.has_more !== false; page++)
      pages.push(await activity('/user/daily/activity', { ...all, page, page_size: 2 }))
    expect(pages.map(({ metadata }) => metadata.total_pages)).toEqual(pages.map(() => pages.length))
    expect(pages.flatMap(({ results }) => results)).toEqual([...whole.results])
    expect(pages.reduce((sum, { metadata }) => sum + nanoOf(metadata.total_spend), 0n)).toBe(spent(rows))
  })

  test.each([
    ['/team/daily/activity', 'team_ids', 'blue', ({ teamId }: LedgerRow) => teamId === 'blue'],
    ['/organization/daily/activity', 'organization_ids', 'acme', () => true],
    ['/customer/daily/activity', 'end_user_ids', 'carol', ({ endUser }: LedgerRow) => endUser === 'carol'],
    ['/tag/daily/activity', 'tags', 'a', ({ tags }: LedgerRow) => tags.includes('a')],
    ['/user/daily/activity', 'user_id', 'ann', ({ userId }: LedgerRow) => userId === 'ann'],
  ])('%s is what the ledger has of them', async (path, name, id, isTheirs) => {
    const { metadata, results } = await activity(path, { ...all, [name]: id })
    const theirs = rows.filter((row) => isTheirs(row))
    expect(nanoOf(metadata.total_spend)).toBe(spent(theirs))
    expect(metadata.total_api_requests).toBe(theirs.length)
    expect(Object.keys(results[0]!.breakdown.entities!)).toEqual([id])
    const ofKey = await activity(path, { ...all, [name]: id, api_key: hash })
    expect(nanoOf(ofKey.metadata.total_spend)).toBe(spent(theirs.filter(({ keyHash }) => keyHash === hash)))
    const ofModel = await activity(path, { ...all, [name]: id, model: 'gpt-x' })
    expect(ofModel.metadata.total_api_requests).toBe(theirs.filter((row) => row.providerModel === undefined).length)
  })

  test('teams have their names, and can be left out', async () => {
    const { results } = await activity('/team/daily/activity')
    expect(results[0]!.breakdown.entities!.blue!.metadata).toEqual({ team_alias: 'The blue ones' })
    const rest = await activity('/team/daily/activity', { ...all, exclude_team_ids: 'blue' })
    expect(nanoOf(rest.metadata.total_spend)).toBe(spent(rows.filter(({ teamId }) => teamId !== 'blue')))
  })

  test('a user sees their own, and the teams that they administer', async () => {
    const own = spent(rows.filter(({ userId }) => userId === 'ann'))
    expect(nanoOf((await activity('/user/daily/activity', all, ann)).metadata.total_spend)).toBe(own)
    expect((await api.ask('GET /user/daily/activity', { ...all, user_id: 'bob' }, ann)).status).toBe(403)
    const blue = spent(rows.filter(({ teamId }) => teamId === 'blue'))
    expect(nanoOf((await activity('/team/daily/activity', all, ann)).metadata.total_spend)).toBe(blue)
    for (const team of ['red', 'nothing', 'blue,red'])
      expect((await api.ask('GET /team/daily/activity', { ...all, team_ids: team }, ann)).status).toBe(403)
    expect((await activity('/organization/daily/activity', all, ann)).results).toEqual([])
    expect((await api.ask('GET /organization/daily/activity', { ...all, organization_ids: 'acme' }, ann)).status).toBe(
      403,
    )
    for (const path of ['/customer/daily/activity', '/tag/daily/activity', '/global/activity'])
      expect((await api.ask(`GET ${path}`, all, ann)).status).toBe(401)
  })

  test.each([
    { start_date: '2026-05-01' },
    { ...all, timezone: 900 },
    { ...all, end_date: '2026-01-01' },
    { ...all, page: 0 },
  ])('%o is refused', async (query) => {
    expect((await api.ask('GET /user/daily/activity', query as JsonObject)).status).toBe(400)
  })
})

describe('calls by day', () => {
  test('/global/activity counts every request once', async () => {
    const { daily_data, ...sums } = await api.get('GET /global/activity', all)
    const answered = rows.filter(({ outcome }) => outcome === 'answered')
    const tokens = answered.reduce((sum, { usage }) => sum + usage!.input + usage!.output, 0)
    expect(sums).toEqual({ sum_api_requests: rows.length, sum_total_tokens: tokens })
    const days = daily_data as JsonObject[]
    expect(days[0]).toMatchObject({ date: 'May 01' })
    expect(days.reduce((sum, { api_requests }) => sum + Number(api_requests), 0)).toBe(rows.length)
  })

  test('/global/activity/model has each model group', async () => {
    const models = (await api.get('GET /global/activity/model', all)) as unknown as JsonObject[]
    expect(models.map(({ model }) => model)).toEqual(['gpt-x'])
    expect(models[0]).toMatchObject({ sum_api_requests: rows.length })
  })

  test('rate limits of providers are counted by day and by deployment', async () => {
    const limited = rows.filter(({ errorCode }) => errorCode === 'provider-limit')
    const one = await api.get('GET /global/activity/exceptions', { ...all, model_group: 'gpt-x' })
    expect(one.sum_num_rate_limit_exceptions).toBe(limited.length)
    const by = (await api.get('GET /global/activity/exceptions/deployment', {
      ...all,
      model_group: 'gpt-x',
    })) as unknown as JsonObject[]
    expect(by).toHaveLength(1)
    expect(by[0]).toMatchObject({ api_base: 'unknown', sum_num_rate_limit_exceptions: limited.length })
    expect(await api.get('GET /global/activity/exceptions', { ...all, model_group: 'other' })).toMatchObject({
      sum_num_rate_limit_exceptions: 0,
    })
  })
})

describe('tags', () => {
  test('/tag/summary has requests, users and money of each tag', async () => {
    const { results } = await api.get('GET /tag/summary', all)
    const tagged = rows.filter(({ tags }) => tags.length > 0)
    expect((results as JsonObject[]).map(({ tag }) => tag)).toEqual(expect.arrayContaining(['a', 'b']))
    for (const { total_spend, ...result } of results as JsonObject[]) {
      expect(nanoOf(total_spend)).toBe(spent(tagged))
      expect(result).toMatchObject({ total_requests: tagged.length, unique_users: 2 })
    }
    const { results: one } = await api.get('GET /tag/summary', { ...all, tag_filter: 'a' })
    expect((one as JsonObject[]).map(({ tag }) => tag)).toEqual(['a'])
  })

  test('active users are those of the last days, weeks and months', async () => {
    const { ledger } = api.house.gateway.house.store
    const { now } = api.house.gateway.house
    const day = 24 * hour
    for (const [id, ago, keyHash] of [
      ['n1', 0, hash],
      ['n2', 0, 'k2'],
      ['n3', 8, hash],
      ['n4', 40, hash],
    ] as const)
      await ledger.append([bareRow(id, { tags: ['new'], keyHash, startedAt: now() - ago * day, outcome: 'answered' })])
    const counts = async (length: string) =>
      ((await api.get(`GET /tag/${length}`, { tag_filter: 'new' })).results as JsonObject[]).map(
        (row) => row.active_users,
      )
    expect(await counts('dau')).toEqual([2])
    expect(await counts('wau')).toEqual([1, 1, 2])
    expect(await counts('mau')).toEqual([1, 2])
  })
})
