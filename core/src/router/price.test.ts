import { describe, expect, test } from 'bun:test'
import { type Call, callOf } from '../client/call.ts'
import type { JsonObject } from '../kernel/json.ts'
import { priceOf } from '../models/book.ts'
import { usageOf } from '../vocabulary/usage.ts'
import type { Deployment } from './deployment.ts'
import { readEntry } from './model-list/entry.ts'
import { costOf, priceFor } from './price.ts'

const at = Date.parse('2026-11-22T12:00:00Z')

function deployment(model: string, info: JsonObject = {}): Deployment {
  const litellm_params = { model, api_key: 'sk-test', api_base: 'https://provider.example/v1' }
  return readEntry({ model_name: 'm', litellm_params, model_info: info }, {}).deployment
}

function ask(body: JsonObject): Call {
  const bytes = new TextEncoder().encode(JSON.stringify({ model: 'm', messages: [], ...body }))
  return callOf({ format: 'openai-chat', bytes })
}

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
