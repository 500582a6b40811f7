import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { Json, JsonObject } from 'turnpike-core/internal/kernel/json'
import { bareRow, sampleRow } from '../../../store/ledger/ledger.suite.ts'
import { nano } from '../../../store/testing/samples.ts'
import { type Asking, openAsking } from '../../tenants/users/testing/asking.ts'

const noon = Date.UTC(2026, 10, 20, 12)
const day = 86_400_000
const [h1, h2] = ['1', '2'].map((digit) => digit.repeat(64)) as [string, string]
let api: Asking
let ann: string

const own = { teamId: undefined, organizationId: undefined, payers: undefined, cost: undefined }

beforeAll(async () => {
  api = await openAsking()
  ann = await api.person('ann')
  const { house } = api.house.gateway
  await house.store.ledger.append([
    sampleRow('one', { ...own, keyHash: h1, userId: 'ann', model: 'fast', spend: nano(100_000_000), startedAt: noon }),
    bareRow('two', {
      ...own,
      keyHash: h2,
      userId: 'bob',
      teamId: 'blue',
      model: 'slow',
      spend: nano(200_000_000),
      startedAt: noon + 1,
      outcome: 'failed',
      status: 500,
      errorCode: 'provider-failed',
    }),
    bareRow('three', { ...own, keyHash: h1, userId: 'ann', model: 'fast', startedAt: noon + 2 * day, status: 403 }),
    bareRow('reset', { keyHash: '', outcome: 'corrected', spend: nano(-5), periods: ['key:x'], startedAt: noon + 3 }),
  ])
  await house.store.requestLogs.append([
    {
      id: 'one',
      startedAt: noon,
      keyHash: h1,
      model: 'fast',
      status: 200,
      metadata: {},
      request: '{"messages":[{"role":"user","content":"hi"}]}',
      response: 'data: [DONE]',
    },
  ])
  await api.get('POST /team/new', { team_id: 'blue' })
  await api.get('POST /team/member_add', { team_id: 'blue', member: { user_id: 'ann', role: 'admin' } })
  ann = String((await api.get('POST /key/generate', { user_id: 'ann' })).key)
})
afterAll(() => api.house.close())

const rows = async (query: JsonObject, key?: string) =>
  (await api.get('GET /spend/logs', query, key)) as unknown as JsonObject[]
const ids = (list: Json | undefined) => (list as JsonObject[]).map((row) => row.request_id)
const dates = { start_date: '2026-11-20 00:00:00', end_date: '2026-11-23 00:00:00' }
const paged = (query: JsonObject, key?: string) => api.get('GET /spend/logs/v2', { ...dates, ...query }, key)

describe('/spend/logs', () => {
  test('a row has the columns of LiteLLM’s table, and what only we know in its metadata', async () => {
    const [row] = await rows({ request_id: 'one' })
    expect(row).toMatchObject({
      request_id: 'one',
      call_type: 'acompletion',
      api_key: h1,
      spend: 0.1,
      startTime: '2026-11-20T12:00:00.000Z',
      completionStartTime: '2026-11-20T12:00:00.250Z',
      model: 'gpt-x-2026',
      model_id: 'd-1',
      model_group: 'gpt-x',
      custom_llm_provider: 'openai',
      user: 'ann',
      request_tags: ['a', 'b'],
      end_user: 'customer-1',
      status: 'success',
      metadata: { price_missing: true, usage_object: { cacheRead: 3, source: 'provider' } },
    })
    expect(row?.total_tokens).toBe(Number(row?.prompt_tokens) + Number(row?.completion_tokens))
  })

  test('rows are found by key, user and id', async () => {
    expect(ids(await rows({ api_key: h1 }))).toEqual(['three', 'one'])
    expect(ids(await rows({ api_key: 'sk-unknown' }))).toEqual([])
    expect(ids(await rows({ user_id: 'bob' }))).toEqual(['two'])
    expect((await rows({ request_id: 'two' }))[0]).toMatchObject({
      status: 'failure',
      metadata: { error_information: { error_code: '500', error_class: 'provider-failed' } },
    })
  })

  test('with dates the days are summed up, the last one whole, days without spend are zero, and corrections are no spend', async () => {
    expect(await rows({ start_date: '2026-11-20', end_date: '2026-11-22' })).toEqual([
      {
        startTime: '2026-11-20',
        spend: 0.3,
        users: { ann: 0.1, bob: 0.2 },
        models: { fast: 0.1, slow: 0.2 },
        [h1]: 0.1,
        [h2]: 0.2,
      },
      { startTime: '2026-11-21', spend: 0, users: {}, models: {} },
      { startTime: '2026-11-22', spend: 0, users: { ann: 0 }, models: { fast: 0 }, [h1]: 0 },
    ])
    const listed = await rows({ start_date: '2026-11-20', end_date: '2026-11-20', summarize: 'false' })
    expect(listed.reduce((sum, { spend }) => sum + Number(spend), 0)).toBeCloseTo(0.3, 12)
    expect(listed.find((row) => row.request_id === 'reset')).toMatchObject({
      spend: 0,
      metadata: { moved: { 'key:x': -5e-9 } },
    })
  })

  test('a cut answer says so', async () => {
    const cut = await api.ask('GET /spend/logs', { limit: 2 })
    expect(cut.headers.get('x-turnpike-more')).toBe('true')
    expect(cut.body).toHaveLength(2)
    expect((await api.ask('GET /spend/logs', { limit: 100 })).headers.has('x-turnpike-more')).toBe(false)
  })

  test.each([
    { start_date: 'yesterday' },
    { end_date: '2026-02-30' },
    { limit: 0 },
    { summarize: 'perhaps' },
    { start_date: '1970-01-01' },
  ])('%o is refused', async (query) => {
    const { status, body } = await api.ask('GET /spend/logs', query as JsonObject)
    expect(status).toBe(400)
    expect((body.error as JsonObject).param).toBe(Object.keys(query)[0]!)
  })

  test('a user sees only their own rows', async () => {
    expect(new Set((await rows({}, ann)).map(({ user }) => user))).toEqual(new Set(['ann']))
    expect(ids(await rows({ request_id: 'two' }, ann))).toEqual([])
    expect((await api.ask('GET /spend/logs', { user_id: 'bob' }, ann)).status).toBe(403)
    const nobody = String((await api.get('POST /key/generate', {})).key)
    expect((await api.ask('GET /spend/logs', {}, nobody)).status).toBe(401)
  })
})

describe('/spend/logs/v2', () => {
  test('pages are full, in order, and add up', async () => {
    const first = await paged({ page_size: 3 })
    expect(first).toMatchObject({ total: 4, page: 1, page_size: 3, total_pages: 2 })
    const second = await paged({ page_size: 3, page: 2 })
    expect([...ids(first.data), ...ids(second.data)]).toEqual(['three', 'reset', 'two', 'one'])
    expect((await api.get('GET /spend/logs/ui', dates)).total).toBe(4)
  })

  test('filters: team, status, model, error, customer, time', async () => {
    expect(ids((await paged({ team_id: 'blue' })).data)).toEqual(['two'])
    expect(ids((await paged({ status_filter: 'failure' })).data)).toEqual(['three', 'two'])
    expect(await paged({ status_filter: 'failure', page_size: 1, page: 2 })).toMatchObject({ total: 2, total_pages: 2 })
    expect(ids((await paged({ status_filter: 'success' })).data)).toEqual(['reset', 'one'])
    expect(ids((await paged({ model: 'slow' })).data)).toEqual(['two'])
    expect(ids((await paged({ error_code: 'provider-failed' })).data)).toEqual(['two'])
    expect(ids((await paged({ end_user: 'customer-1' })).data)).toEqual(['one'])
    expect(ids((await paged({ key_alias: 'nobody-has-it' })).data)).toEqual([])
    expect(ids((await paged({ start_date: '2026-11-20 12:00:00', end_date: '2026-11-20 12:00:00' })).data)).toEqual([
      'reset',
      'two',
      'one',
    ])
    expect(ids((await paged({ start_date: '2026-11-22', end_date: '2026-11-22' })).data)).toEqual(['three'])
  })

  test.each(['session_id', 'error_message'])('what cannot be searched for is refused by name: %s', async (name) => {
    const { status, body } = await api.ask('GET /spend/logs/v2', { ...dates, [name]: '1' })
    expect(status).toBe(400)
    expect((body.error as JsonObject).param).toBe(name)
  })

  test('by cost and deployment, in the order that is asked for', async () => {
    const { data } = await paged({ sort_by: 'spend', sort_order: 'asc' })
    const spends = (data as JsonObject[]).map(({ spend }) => Number(spend))
    expect(spends).toEqual(spends.toSorted((a, b) => a - b))
    const least = Math.max(...spends)
    expect(ids((await paged({ min_spend: least })).data).length).toBe(spends.filter((spend) => spend >= least).length)
    expect((await paged({ max_spend: 0 })).total).toBe(spends.filter((spend) => spend <= 0).length)
    expect(ids((await paged({ model_id: 'd-1' })).data)).toContain('one')
    expect(ids((await paged({ model_id: 'no-such' })).data)).toEqual([])
  })

  test('dates are needed, but for one request', async () => {
    expect((await api.ask('GET /spend/logs/v2', {})).status).toBe(400)
    expect(ids((await api.get('GET /spend/logs/v2', { request_id: 'one' })).data)).toEqual(['one'])
  })

  test('who administers a team sees its rows, of whomever', async () => {
    expect(ids((await paged({ team_id: 'blue' }, ann)).data)).toEqual(['two'])
    expect(ids((await paged({ team_id: 'red' }, ann)).data)).toEqual([])
    expect(ids((await paged({}, ann)).data)).toEqual(['three', 'one'])
  })
})

describe('/spend/logs/ui/{request_id}', () => {
  test('shows what was said and answered, where it is kept', async () => {
    expect(await api.get('GET /spend/logs/ui/one')).toEqual({
      request_id: 'one',
      messages: [{ role: 'user', content: 'hi' }],
      response: 'data: [DONE]',
      proxy_server_request: { messages: [{ role: 'user', content: 'hi' }] },
    })
    expect(await api.get('GET /spend/logs/ui/two')).toMatchObject({ messages: {}, response: {} })
  })

  test('is not found for anybody but its owner, as if it were not there', async () => {
    expect((await api.ask('GET /spend/logs/ui/one', {}, ann)).status).toBe(200)
    const bob = await api.person('bob')
    const hidden = await api.ask('GET /spend/logs/ui/one', {}, bob)
    const absent = await api.ask('GET /spend/logs/ui/nothing', {}, bob)
    expect([hidden.status, absent.status]).toEqual([404, 404])
    expect(JSON.stringify(hidden.body).replace('one', 'nothing')).toBe(JSON.stringify(absent.body))
  })
})
