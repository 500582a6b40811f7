import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import { providerKey, type TestHouse, testHouse } from '../../../../../tests/house.ts'

let at: TestHouse

beforeAll(async () => {
  at = await testHouse({
    models: [
      {
        model_name: 'priced',
        litellm_params: {
          model: 'openai/own',
          extra_headers: { 'x-secret': 'sk-canary' },
          extra_body: { auth_token: 'sk-canary' },
        },
        model_info: { input_cost_per_token: 0.000002, output_cost_per_token: 0.00001 },
      },
      { model_name: 'unpriced', litellm_params: { model: 'openai/nobody-knows-this-model' } },
    ],
  })
})

afterAll(() => at.close())

async function ask(what: string, body?: object, key = at.master): Promise<{ status: number; body: JsonObject }> {
  const [method = '', path = ''] = what.split(' ')
  const response = await fetch(at.url + path, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  })
  return { status: response.status, body: (await response.json()) as JsonObject }
}

const messages = [{ role: 'user', content: 'How many tokens may this sentence have?' }]

describe('/utils/token_counter', () => {
  test('estimates, and says that it does', async () => {
    const { status, body } = await ask('POST /utils/token_counter', { model: 'gpt', messages })
    expect(status).toBe(200)
    expect(body).toEqual({
      total_tokens: expect.any(Number),
      request_model: 'gpt',
      model_used: 'gpt-4o',
      tokenizer_type: 'turnpike_estimate',
      original_response: null,
      error: false,
      error_message: null,
      status_code: null,
    })
    expect(Number(body.total_tokens)).toBeGreaterThan(5)
    expect(Number(body.total_tokens)).toBeLessThan(20)
  })

  test('counts a prompt, messages of Anthropic with their system, and contents of Google', async () => {
    const count = async (counted: object) =>
      Number((await ask('POST /utils/token_counter', { model: 'gpt-4o', ...counted })).body.total_tokens)
    expect(await count({ prompt: 'x'.repeat(400) })).toBe(100)
    const plain = await count({ messages })
    expect(await count({ messages, system: 'y'.repeat(400) })).toBeGreaterThanOrEqual(plain + 100)
    expect(await count({ contents: [{ role: 'user', parts: [{ text: 'z'.repeat(400) }] }] })).toBeGreaterThanOrEqual(
      100,
    )
    const tools = [{ type: 'function', function: { name: 'f', parameters: { type: 'object', properties: {} } } }]
    expect(await count({ messages, tools })).toBeGreaterThan(plain)
  })

  test('asks a provider that counts when it is told to', async () => {
    for (const [model, count] of [
      ['claude', /count_tokens$/],
      ['gem', /:countTokens$/],
    ] as const) {
      const { body } = await ask('POST /utils/token_counter?call_endpoint=true', { model, messages })
      expect(String(body.tokenizer_type)).toEndWith('_api')
      expect(at.provider.requests.at(-1)?.url).toMatch(count)
      expect(at.provider.requests.at(-1)?.body).not.toContain('max_tokens')
    }
    at.provider.script(new Response('{}', { status: 500 }))
    const fallen = await ask('POST /utils/token_counter?call_endpoint=true', { model: 'claude', messages })
    expect(fallen.body.tokenizer_type).toBe('turnpike_estimate')
  })

  test('refuses what has nothing to count, and a model that the key may not call', async () => {
    expect((await ask('POST /utils/token_counter', { model: 'gpt' })).status).toBe(400)
    expect((await ask('POST /utils/token_counter', { model: 'gpt', messages: 'no' })).status).toBe(400)
    const key = await at.key({ models: ['claude'] })
    expect((await ask('POST /utils/token_counter', { model: 'gpt', messages }, key)).status).toBe(403)
    expect((await ask('POST /utils/token_counter', { model: 'claude', messages }, key)).status).toBe(200)
  })
})

describe('/utils/supported_openai_params', () => {
  test('names what reaches the model, whether or not the gateway serves it', async () => {
    for (const model of ['claude', 'anthropic/claude-sonnet-4-5']) {
      const { body } = await ask(`GET /utils/supported_openai_params?model=${model}`)
      expect(body.supported_openai_params).toContain('tools')
      expect(body.supported_openai_params).not.toContain('logit_bias')
    }
    expect((await ask('GET /utils/supported_openai_params?model=nobody/x')).status).toBe(400)
    expect((await ask('GET /utils/supported_openai_params')).status).toBe(400)
  })
})

describe('/utils/transform_request', () => {
  test('shows the call as it would go out, without a secret and without sending it', async () => {
    const before = at.provider.requests.length
    const { body } = await ask('POST /utils/transform_request', {
      call_type: 'completion',
      request_body: { model: 'claude', messages, max_tokens: 10 },
    })
    expect(body).toMatchObject({
      raw_request_api_base: `${at.provider.url}/v1/messages`,
      raw_request_body: { model: 'claude-sonnet-4-5', max_tokens: 10 },
      raw_request_headers: { 'content-type': 'application/json', 'x-api-key': '********' },
    })
    const priced = await ask('POST /utils/transform_request', {
      call_type: 'completion',
      request_body: { model: 'priced', messages },
    })
    expect(JSON.stringify([body, priced.body])).not.toContain(providerKey)
    expect(JSON.stringify(priced.body)).not.toContain('canary')
    expect(at.provider.requests).toHaveLength(before)
    expect((await ask('POST /utils/transform_request', { call_type: 'x', request_body: {} })).status).toBe(400)
  })
})

describe('/spend/calculate', () => {
  const usage = { prompt_tokens: 1000, completion_tokens: 100, total_tokens: 1100 }

  test('prices an answer by what it used, as the ledger does', async () => {
    const answer = { object: 'chat.completion', model: 'priced', choices: [], usage }
    expect((await ask('POST /spend/calculate', { completion_response: answer })).body).toEqual({ cost: 0.003 })
    const named = { model: 'priced', completion_response: { ...answer, model: 'whatever' } }
    expect((await ask('POST /spend/calculate', named)).body).toEqual({ cost: 0.003 })
    const message = { type: 'message', model: 'priced', usage: { input_tokens: 1000, output_tokens: 100 } }
    expect((await ask('POST /spend/calculate', { completion_response: message })).body).toEqual({ cost: 0.003 })
  })

  test('prices messages by their estimate', async () => {
    const { body } = await ask('POST /utils/token_counter', { model: 'priced', messages })
    const { body: spend } = await ask('POST /spend/calculate', { model: 'priced', messages })
    expect(Number(spend.cost)).toBeCloseTo(Number(body.total_tokens) * 0.000002, 9)
  })

  test('refuses where no price is known or nothing is sent', async () => {
    for (const body of [
      { model: 'unpriced', messages },
      { model: 'priced' },
      { messages },
      { model: 'priced', completion_response: { choices: [] } },
    ])
      expect((await ask('POST /spend/calculate', body)).status).toBe(400)
  })
})

describe('/cost/estimate', () => {
  test('says what one call and many would cost', async () => {
    const sent = { model: 'priced', input_tokens: 1000, output_tokens: 100, num_requests_per_day: 10 }
    expect((await ask('POST /cost/estimate', sent)).body).toEqual({
      model: 'priced',
      input_tokens: 1000,
      output_tokens: 100,
      num_requests_per_day: 10,
      num_requests_per_month: null,
      cost_per_request: 0.003,
      input_cost_per_request: 0.002,
      output_cost_per_request: 0.001,
      margin_cost_per_request: 0,
      daily_cost: 0.03,
      daily_input_cost: 0.02,
      daily_output_cost: 0.01,
      daily_margin_cost: 0,
      monthly_cost: null,
      monthly_input_cost: null,
      monthly_output_cost: null,
      monthly_margin_cost: null,
      input_cost_per_token: 0.000002,
      output_cost_per_token: 0.00001,
      provider: 'openai',
    })
    expect((await ask('POST /cost/estimate', { ...sent, input_tokens: -1 })).status).toBe(400)
  })
})
