import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { GatewayError } from 'turnpike-core/internal/kernel/faults'
import { nanoUsd } from 'turnpike-core/internal/kernel/money'
import { usageOf } from 'turnpike-core/internal/vocabulary/usage'
import type { House } from '../../house.ts'
import { createLedger } from '../../ledger/create-ledger.ts'
import { openSqlite } from '../../store/sqlite.ts'
import type { Exchange } from '../../vocabulary/exchange.ts'
import type { Principal } from '../../vocabulary/principal.ts'
import { adminRoutes } from '../routes.ts'

const noon = Date.UTC(2026, 10, 20, 12)
const day = 86_400_000
let house: House
let count = 0

beforeEach(() => {
  const store = openSqlite(':memory:')
  const now = () => noon + 2 * day
  house = { store, ledger: createLedger({ store, now, onError: () => {} }), now } as House
})

afterEach(async () => {
  await house.ledger.close()
  await house.store.close()
})

function keyOf(hash: string, userId: string): Principal {
  return {
    kind: 'key',
    key: {
      hash,
      name: 'sk-...abcd',
      userId,
      models: [],
      aliases: {},
      blocked: false,
      allowedRoutes: [],
      metadata: {},
      tags: [],
      createdAt: 0,
    },
  }
}

const [h1, h2] = ['1', '2'].map((digit) => digit.repeat(64)) as [string, string]

function settle(principal: Principal, spend: number, changes: Partial<Exchange> = {}): void {
  const exchange: Exchange = {
    id: `x${++count}`,
    endpoint: 'chat.completions',
    startedAt: noon,
    endedAt: noon + 900,
    principal,
    model: 'fast',
    attempts: [],
    warnings: [],
    spend: nanoUsd(spend),
    outcome: 'answered',
    status: 200,
    stream: true,
    tags: [],
    metadata: {},
    ...changes,
  }
  house.ledger.settle(exchange, undefined)
}

async function ask(target: string): Promise<Response> {
  const [path, query] = target.split('?')
  const route = adminRoutes.find((row) => row.paths[0] === path)
  const call = {
    request: new Request(`http://gateway${target}`),
    params: {},
    query: new URLSearchParams(query),
    body: undefined,
    principal: { kind: 'master' } as const,
    callId: 'c',
  }
  return route!.handle(call, house)
}

const read = async (target: string) => (await ask(target)).json() as Promise<Record<string, unknown>[]>

describe('/spend/logs', () => {
  test('a row has the columns of LiteLLM’s table, and what only we know in its metadata', async () => {
    settle(keyOf(h1, 'ann'), 0.0025, {
      id: 'the-call',
      firstByteAt: noon + 250,
      modelGroup: 'gpt-x',
      deployment: { id: 'd1', provider: 'openai', model: 'gpt-x-2026', apiBase: 'https://api.example.com/v1' },
      usage: usageOf({ fresh: 10, cacheRead: 5, output: 7 }),
      tags: ['a'],
      endUser: 'customer',
    })
    const [row] = await read('/spend/logs')
    expect(row).toMatchObject({
      request_id: 'the-call',
      call_type: 'acompletion',
      api_key: h1,
      spend: 0.0025,
      total_tokens: 22,
      prompt_tokens: 15,
      completion_tokens: 7,
      startTime: '2026-11-20T12:00:00.000Z',
      endTime: '2026-11-20T12:00:00.900Z',
      completionStartTime: '2026-11-20T12:00:00.250Z',
      model: 'gpt-x-2026',
      model_id: 'd1',
      model_group: 'gpt-x',
      custom_llm_provider: 'openai',
      api_base: 'https://api.example.com/v1',
      user: 'ann',
      cache_hit: 'False',
      request_tags: ['a'],
      end_user: 'customer',
      messages: {},
      response: {},
      status: 'success',
      metadata: { price_missing: true, usage_object: { cacheRead: 5, source: 'provider' } },
    })
  })

  test('rows are found by key (secret or hash), user and id, and are there as soon as they are settled', async () => {
    settle(keyOf(h1, 'ann'), 0.1, { id: 'one' })
    settle(keyOf(h2, 'bob'), 0.2, {
      id: 'two',
      outcome: 'failed',
      status: 500,
      error: { code: 'provider-failed', message: 'secret words' },
    })
    settle({ kind: 'master' }, 0.3, { id: 'three' })
    const ids = async (query: string) => (await read(`/spend/logs?${query}`)).map((row) => row.request_id)
    expect(await ids(`api_key=${h1}`)).toEqual(['one'])
    expect(await ids('api_key=sk-unknown')).toEqual([])
    expect(await ids('api_key=litellm_proxy_master_key')).toEqual(['three'])
    expect(await ids('user_id=bob')).toEqual(['two'])
    expect(await ids('request_id=three')).toEqual(['three'])
    const [failed] = await read('/spend/logs?request_id=two')
    expect(failed).toMatchObject({
      status: 'failure',
      metadata: { error_information: { error_code: '500', error_class: 'provider-failed' } },
    })
    expect(JSON.stringify(failed)).not.toContain('secret words')
  })

  test('with dates the days are summed up, the last one whole, and days without spend are zero', async () => {
    settle(keyOf(h1, 'ann'), 0.1, { startedAt: noon })
    settle(keyOf(h2, 'bob'), 0.2, { startedAt: noon, model: 'slow' })
    settle(keyOf(h1, 'ann'), 0.4, { startedAt: noon + 2 * day + 11 * 3_600_000 })
    settle(keyOf(h1, 'ann'), 0.8, { startedAt: noon + 3 * day })
    expect(await read('/spend/logs?start_date=2026-11-20&end_date=2026-11-22')).toEqual([
      {
        startTime: '2026-11-20',
        spend: 0.3,
        users: { ann: 0.1, bob: 0.2 },
        models: { fast: 0.1, slow: 0.2 },
        [h1]: 0.1,
        [h2]: 0.2,
      },
      { startTime: '2026-11-21', spend: 0, users: {}, models: {} },
      { startTime: '2026-11-22', spend: 0.4, users: { ann: 0.4 }, models: { fast: 0.4 }, [h1]: 0.4 },
    ])
    expect(await read('/spend/logs?start_date=2026-11-20&end_date=2026-11-22&summarize=false')).toHaveLength(3)
    expect(await read(`/spend/logs?start_date=2026-11-20&end_date=2026-11-20&api_key=${h2}`)).toMatchObject([
      { spend: 0.2 },
    ])
  })

  test('a cut answer says so', async () => {
    for (let index = 0; index < 3; index++) settle(keyOf(h1, 'ann'), 0.1)
    const cut = await ask('/spend/logs?limit=2')
    expect(cut.headers.get('x-turnpike-more')).toBe('true')
    expect(await cut.json()).toHaveLength(2)
    expect((await ask('/spend/logs?limit=3')).headers.has('x-turnpike-more')).toBe(false)
  })

  test.each([
    'start_date=yesterday',
    'end_date=2026-02-30',
    'start_date=2026-11-20T00:00',
    'limit=0',
    'summarize=perhaps',
    'start_date=1970-01-01',
  ])('%s is refused', async (query) => {
    const error = await ask(`/spend/logs?${query}`).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(GatewayError)
    expect(error).toMatchObject({ status: 400, detail: { param: query.split('=')[0] } })
  })
})

describe('sums', () => {
  test('/global/spend is all that was settled', async () => {
    settle(keyOf(h1, 'ann'), 0.1)
    settle({ kind: 'master' }, 0.2)
    expect(await (await ask('/global/spend')).json()).toEqual({ spend: 0.3, max_budget: null })
  })

  test('/spend/keys shows whoever spent most first', async () => {
    for (const [index, hash] of [h1, h2].entries()) {
      const principal = keyOf(hash, 'ann')
      if (principal.kind === 'key')
        await house.store.keys.insert({ key: principal.key, extra: {}, createdBy: 'x', updatedAt: 0, updatedBy: 'x' })
      settle(principal, 0.1 * (index + 1))
    }
    expect((await read('/spend/keys')).map(({ token, spend }) => [token, spend])).toEqual([
      [h2, 0.2],
      [h1, 0.1],
    ])
    expect(await read('/spend/keys?limit=1')).toHaveLength(1)
  })
})
