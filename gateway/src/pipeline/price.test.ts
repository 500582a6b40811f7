import { describe, expect, test } from 'bun:test'
import { type Call, callOf } from 'turnpike-core/internal/client/call'
import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import { priceOf } from 'turnpike-core/internal/models/book'
import type { Deployment } from 'turnpike-core/internal/router/deployment'
import { readEntry } from 'turnpike-core/internal/router/model-list/entry'
import { usageOf } from 'turnpike-core/internal/vocabulary/usage'
import { costOf, inputEstimate, priceFor, worstCase } from './price.ts'

const at = Date.parse('2026-11-22T12:00:00Z')

function deployment(model: string, info: JsonObject = {}, params: JsonObject = {}): Deployment {
  const litellm_params = { model, api_key: 'sk-test', api_base: 'https://provider.example/v1', ...params }
  return readEntry({ model_name: 'm', litellm_params, model_info: info }, {}).deployment
}

function ask(body: JsonObject): Call {
  const bytes = new TextEncoder().encode(JSON.stringify({ model: 'm', messages: [], ...body }))
  return callOf({ format: 'openai-chat', bytes })
}

const worst = (body: JsonObject, ...deployments: Deployment[]) => worstCase(ask(body), deployments, at) as number

describe('the price of a deployment', () => {
  test('is its own, or the exact entry of the book, or unknown', () => {
    expect(priceFor(deployment('openai/gpt-4o'), at)).toBe(priceOf('openai', 'gpt-4o', at))
    expect(priceFor(deployment('openai/gpt-4o-imaginary'), at)).toBeUndefined()
    expect(
      priceFor(deployment('openai/gpt-4o', { input_cost_per_token: 0, output_cost_per_token: 0 }), at)?.rates,
    ).toEqual({ input: 0, output: 0 } as never)
  })

  test('is completed from the book where it leaves something open', () => {
    const { rates } = priceFor(deployment('openai/gpt-4o', { input_cost_per_token: 1e-6 }), at) ?? {}
    expect([rates?.input, rates?.output, rates?.cacheRead] as unknown[]).toEqual([1_000_000, 10_000_000, undefined])
  })

  test('is that of its base model, with or without a prefix', () => {
    const listed = priceOf('azure', 'gpt-4o', at)
    expect(listed).toBeDefined()
    for (const base_model of ['gpt-4o', 'azure/gpt-4o'])
      expect(priceFor(deployment('azure/our-name', { base_model }), at)).toEqual(listed)
    expect(priceFor(deployment('azure/our-name', { base_model: 'gpt-4o-imaginary' }), at)).toBeUndefined()
  })
})

describe('the cost of an exchange', () => {
  const usage = usageOf({ input: 1000, output: 1000 })

  test('is that of the tier it was served at, and of the one asked for where the provider does not say', () => {
    const priced = deployment('hosted_vllm/x', {
      input_cost_per_token: 1e-6,
      output_cost_per_token: 1e-6,
      input_cost_per_token_priority: 2e-6,
      output_cost_per_token_priority: 2e-6,
    })
    const call = ask({ service_tier: 'priority' })
    expect(costOf(usage, priced, { at, call })?.total as number).toBe(4_000_000)
    expect(costOf(usage, priced, { at, call, serviceTier: 'default' })?.total as number).toBe(2_000_000)
    expect(costOf(usage, priced, { at, serviceTier: 'priority' })?.total as number).toBe(4_000_000)
    expect(costOf(usage, priced, { at, call: ask({ service_tier: 'auto' }) })?.total as number).toBe(2_000_000)
  })

  test('by the second is that of the time it took', () => {
    const priced = deployment('hosted_vllm/x', { output_cost_per_second: 0.001 })
    expect(costOf(usage, priced, { at, seconds: 2.5 })).toMatchObject({ total: 2_500_000, incomplete: false } as never)
    expect(costOf(usage, deployment('openai/gpt-4o'), { at, seconds: 2.5 })).toEqual(
      costOf(usage, deployment('openai/gpt-4o'), { at }) as never,
    )
  })

  test('depends on the search context that was asked for', () => {
    const sizes = { search_context_size_low: 0.01, search_context_size_medium: 0.02, search_context_size_high: 0.03 }
    const priced = deployment('hosted_vllm/x', { search_context_cost_per_query: sizes, input_cost_per_token: 0 })
    const searched = usageOf({ calls: { web_search: 1 } })
    const total = (body: JsonObject) => costOf(searched, priced, { at, call: ask(body) })?.total as number
    expect(total({})).toBe(20_000_000)
    expect(total({ web_search_options: { search_context_size: 'high' } })).toBe(30_000_000)
    expect(total({ tools: [{ type: 'web_search', search_context_size: 'low' }] })).toBe(10_000_000)
  })

  test('is what the provider reports, where it is one that does and the deployment has no price of its own', () => {
    const told = { ...usage, raw: { cost: 0.5 } }
    expect(costOf(told, deployment('openrouter/openai/gpt-4o'), { at })?.total as number).toBe(500_000_000)
    expect(costOf(told, deployment('openrouter/nobody/knows'), { at })?.total as number).toBe(500_000_000)
    expect(costOf(told, deployment('openai/gpt-4o'), { at })?.total as number).toBe(12_500_000)
    const own = deployment('openrouter/openai/gpt-4o', { input_cost_per_token: 1e-6, output_cost_per_token: 0 })
    expect(costOf(told, own, { at })?.total as number).toBe(1_000_000)
  })

  test('is unknown without a price or without usage', () => {
    expect(costOf(usage, deployment('openai/gpt-4o-imaginary'), { at })).toBeUndefined()
    expect(costOf(undefined, deployment('openai/gpt-4o'), { at })).toBeUndefined()
  })
})

describe('the worst case of a call', () => {
  const plain = { input_cost_per_token: 0, output_cost_per_token: 1e-6 }

  test('is no less than what any usage within its bounds costs, at any tier', () => {
    const priced = deployment('openai/gpt-5.4')
    const call = ask({ max_tokens: 500, padding: 'x'.repeat(3000) })
    const most = worstCase(call, [priced], at) as number
    const input = inputEstimate(call)
    for (const serviceTier of [undefined, 'flex', 'priority', 'default'])
      for (const parts of [{ input }, { cacheRead: input }, { cacheWrite1h: input }, { audioIn: input }])
        expect(costOf(usageOf({ ...parts, output: 500 }), priced, { at, serviceTier })?.total).toBeLessThanOrEqual(most)
  })

  test('takes the dearest tier only where the call may be served at it', () => {
    const priced = deployment('hosted_vllm/x', {
      ...plain,
      output_cost_per_token_priority: 3e-6,
      output_cost_per_token_batches: 9e-6,
    })
    const body = { max_tokens: 1000 }
    expect(worst(body, priced)).toBe(3_000_000)
    expect(worst({ ...body, service_tier: 'priority' }, priced)).toBe(3_000_000)
    expect(worst({ ...body, service_tier: 'constructor' }, priced)).toBe(3_000_000)
    for (const service_tier of ['default', 'standard_only', 'flex'])
      expect(worst({ ...body, service_tier }, priced)).toBe(1_000_000)
    const defaulted = { ...priced, defaults: { service_tier: 'default' } }
    expect(worst(body, defaulted)).toBe(1_000_000)
  })

  test('holds a fee per request and the measures that are known, and not the time', () => {
    expect(worst({ max_tokens: 1 }, deployment('hosted_vllm/x', { input_cost_per_request: 0.01 }))).toBe(10_000_000)
    expect(worst({}, deployment('hosted_vllm/x', { input_cost_per_query: 0.002 }))).toBe(2_000_000)
    expect(worst({ n: 3 }, deployment('hosted_vllm/x', { output_cost_per_image: 0.04 }))).toBe(120_000_000)
    expect(worst({}, deployment('hosted_vllm/x', { output_cost_per_second: 1 }))).toBe(0)
    const body = { max_tokens: 10 }
    const length = ask(body).envelope.bytes.length
    expect(worst(body, deployment('hosted_vllm/x', { input_cost_per_character: 1e-6 }))).toBe(length * 1000)
  })

  test('counts an inline image as one and not by its bytes', () => {
    const url = `data:image/png;base64,iVBORw0KGgo${'Ab3/'.repeat(500_000)}`
    const call = ask({
      max_tokens: 1,
      messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url } }] }],
    })
    expect(inputEstimate(call)).toBeLessThan(5000)
    expect(inputEstimate(call)).toBe(inputEstimate(call))
  })

  test('is that of the dearest deployment, and unknown where the price of one is', () => {
    const body = { max_tokens: 1000 }
    const cheap = deployment('hosted_vllm/x', plain)
    const dear = deployment('hosted_vllm/x', { ...plain, output_cost_per_token: 5e-6 })
    expect(worst(body, cheap, dear)).toBe(5_000_000)
    expect(worstCase(ask(body), [cheap, deployment('hosted_vllm/x')], at)).toBeUndefined()
  })
})
