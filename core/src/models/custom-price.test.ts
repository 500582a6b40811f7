import { describe, expect, test } from 'bun:test'
import { isGatewayError } from '../kernel/faults.ts'
import { usageOf } from '../vocabulary/usage.ts'
import { cost } from './cost.ts'
import { customPrice, unsupportedPriceFields } from './custom-price.ts'

describe('custom prices', () => {
  test('LiteLLM’s fields are read, numbers and numeric strings alike', () => {
    expect(
      customPrice({
        input_cost_per_token: 0.0000025,
        output_cost_per_token: '1e-5',
        cache_read_input_token_cost: 1.25e-6,
        cache_creation_input_token_cost: 0.000003125,
        cache_creation_input_token_cost_above_1hr: 0.000005,
        input_cost_per_audio_token: 0.00004,
        output_cost_per_audio_token: 0.00008,
        output_cost_per_reasoning_token: 0.00002,
        input_cost_per_request: 0.01,
        search_context_cost_per_query: { search_context_size_low: 0.02, search_context_size_medium: 0.025 },
        file_search_cost_per_1k_calls: 2.5,
      }),
    ).toEqual({
      rates: {
        input: 2_500_000,
        output: 10_000_000,
        cacheRead: 1_250_000,
        cacheWrite5m: 3_125_000,
        cacheWrite1h: 5_000_000,
        audioIn: 40_000_000,
        audioOut: 80_000_000,
        reasoning: 20_000_000,
        request: 10_000_000_000,
        calls: { web_search: 25_000_000_000, file_search: 2_500_000_000 },
      },
      version: 'config',
    } as never)
  })

  test('tiers and service tiers, also of one another', () => {
    const price = customPrice({
      input_cost_per_token: 1e-6,
      input_cost_per_token_above_272k_tokens: 3e-6,
      input_cost_per_token_above_128k_tokens: 2e-6,
      cache_creation_input_token_cost_above_1hr_above_128k_tokens: 4e-6,
      input_cost_per_token_flex: 5e-7,
      output_cost_per_token_batches: 1e-6,
      input_cost_per_token_above_272k_tokens_priority: 9e-6,
    })
    expect(price).toEqual({
      rates: { input: 1_000_000 },
      tiers: [
        { aboveInputTokens: 128_000, rates: { input: 2_000_000, cacheWrite1h: 4_000_000 } },
        { aboveInputTokens: 272_000, rates: { input: 3_000_000 }, serviceTiers: { priority: { input: 9_000_000 } } },
      ],
      serviceTiers: { flex: { input: 500_000 }, batch: { output: 1_000_000 } },
      version: 'config',
    } as never)
  })

  test('zero is a price: the model is free, not unknown', () => {
    const price = customPrice({ input_cost_per_token: 0, output_cost_per_token: 0 })
    expect(price && cost(usageOf({ input: 5, output: 5 }), price)).toMatchObject({ total: 0, incomplete: false })
  })

  test('without such fields there is no price', () => {
    expect(customPrice({})).toBeUndefined()
    expect(customPrice({ model: 'x', rpm: 5, input_cost_per_token: null })).toBeUndefined()
  })

  test('what is no price is refused by name', () => {
    for (const value of [-1, Number.NaN, Number.POSITIVE_INFINITY, 'free', '', ' ', true, {}, 1e-14, 1e10]) {
      let thrown: unknown
      try {
        customPrice({ output_cost_per_token: value })
      } catch (error) {
        thrown = error
      }
      expect([value, isGatewayError(thrown) && thrown.code]).toEqual([value, 'misconfigured'])
      expect(String(thrown)).toContain('output_cost_per_token')
    }
  })

  test('price fields that are not understood are listed', () => {
    expect(
      unsupportedPriceFields({
        input_cost_per_token: 1e-6,
        input_cost_per_second: 0.1,
        output_cost_per_image: 0.04,
        input_cost_per_token_above_271999_tokens: 1e-6,
        tiered_pricing: [],
        max_tokens: 5,
        rpm: 3,
        input_cost_per_character: null,
      }),
    ).toEqual([
      'input_cost_per_second',
      'output_cost_per_image',
      'input_cost_per_token_above_271999_tokens',
      'tiered_pricing',
    ])
  })
})
