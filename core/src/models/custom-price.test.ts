import { describe, expect, test } from 'bun:test'
import { isGatewayError } from '../kernel/faults.ts'
import type { JsonObject } from '../kernel/json.ts'
import { type Measures, type UsageParts, usageOf } from '../vocabulary/usage.ts'
import { type CostContext, cost } from './cost.ts'
import { completePrice, customPrice, unsupportedPriceFields } from './custom-price.ts'
import type { Price } from './price.ts'

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
        calls: { web_search: 25_000_000_000, web_search_low: 20_000_000_000, file_search: 2_500_000_000 },
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
        cost_per_second: 0.1,
        output_cost_per_image: 0.04,
        tiered_pricing: [],
        max_tokens: 5,
        rpm: 3,
        input_cost_per_character: null,
        input_dbu_cost_per_token: 1,
        vector_store_cost_per_gb_per_day: 0.1,
        output_cost_per_image_premium_image: 0.1,
        input_cost_per_video_per_second_above_15s_interval: 0.1,
      }),
    ).toEqual([
      'input_dbu_cost_per_token',
      'vector_store_cost_per_gb_per_day',
      'output_cost_per_image_premium_image',
      'input_cost_per_video_per_second_above_15s_interval',
    ])
  })
})

/** What a usage costs at these fields, in nano-dollars. */
const nano = (fields: JsonObject, parts: UsageParts, context: CostContext = {}) => {
  const found = cost(usageOf(parts), customPrice(fields) ?? { rates: {}, version: 'none' }, context)
  return [found.total as number, found.incomplete]
}

describe('what is not counted in tokens', () => {
  test.each<[field: string, measures: Measures, nano: number]>([
    ['input_cost_per_audio_per_second', { audioSecondsIn: 12.5 }, 12_500_000_000],
    ['output_cost_per_audio_per_second', { audioSecondsOut: 2 }, 2_000_000_000],
    ['input_cost_per_video_per_second', { videoSecondsIn: 3 }, 3_000_000_000],
    ['output_cost_per_video_per_second', { videoSecondsOut: 8 }, 8_000_000_000],
    ['input_cost_per_character', { charactersIn: 7 }, 7_000_000_000],
    ['output_cost_per_character', { charactersOut: 5 }, 5_000_000_000],
    ['input_cost_per_image', { imagesIn: 2 }, 2_000_000_000],
    ['output_cost_per_image', { imagesOut: 3 }, 3_000_000_000],
    ['input_cost_per_pixel', { pixelsIn: 4 }, 4_000_000_000],
    ['output_cost_per_pixel', { pixelsOut: 9 }, 9_000_000_000],
    ['input_cost_per_query', { queries: 1 }, 1_000_000_000],
    ['ocr_cost_per_page', { pages: 6 }, 6_000_000_000],
    ['annotation_cost_per_page', { annotatedPages: 6 }, 6_000_000_000],
    ['citation_cost_per_token', { citationTokens: 11 }, 11_000_000_000],
  ])('%s is charged by its measure', (field, measures, expected) => {
    expect(nano({ [field]: 1 }, { measures })).toEqual([expected, false])
    expect(nano({ [field]: 1 }, { measures, input: 5, output: 5 })).toEqual([expected, false])
    expect(nano({ [field]: 0 }, { measures })).toEqual([0, false])
  })

  test('a call by the second is charged its time once, by the first of the three names', () => {
    const usage = { input: 100, output: 50, measures: { seconds: 2.5 } }
    expect(nano({ input_cost_per_second: 0.00042 }, usage)).toEqual([1_050_000, false])
    expect(nano({ output_cost_per_second: 0.00042 }, usage)).toEqual([1_050_000, false])
    expect(nano({ cost_per_second: 0.1, input_cost_per_second: 0.2, output_cost_per_second: 0.3 }, usage)).toEqual([
      250_000_000,
      false,
    ])
    expect(nano({ input_cost_per_second: 0.2, output_cost_per_second: 0.3 }, usage)).toEqual([500_000_000, false])
  })

  test('a price by the second is ignored where tokens have a price', () => {
    const usage = { input: 100, measures: { seconds: 60, audioSecondsIn: 60 } }
    expect(nano({ input_cost_per_second: 1, input_cost_per_token: 1e-6 }, usage)).toEqual([100_000, false])
    expect(nano({ input_cost_per_second: 1, input_cost_per_token: 0 }, usage)).toEqual([60_000_000_000, false])
  })

  test('sound by the second is charged its length and not the time of the call besides', () => {
    const usage = { measures: { seconds: 3, audioSecondsIn: 120 } }
    expect(nano({ input_cost_per_second: 0.0001 }, usage)).toEqual([12_000_000, false])
    expect(nano({ output_cost_per_second: 0.0001 }, usage)).toEqual([12_000_000, false])
  })

  test('measures that no rate names are covered by the tokens, and alone leave the cost incomplete', () => {
    const fields = { input_cost_per_token: 1e-6, output_cost_per_token: 1e-6 }
    expect(nano(fields, { input: 1000, measures: { seconds: 9, imagesIn: 2 } })).toEqual([1_000_000, false])
    expect(nano(fields, { measures: { audioSecondsIn: 9 } })).toEqual([0, true])
    expect(nano(fields, { measures: { seconds: 9 } })).toEqual([0, false])
  })

  test('above a context size other rates hold for them too', () => {
    const fields = {
      input_cost_per_token: 0,
      input_cost_per_image: 0.001,
      input_cost_per_image_above_128k_tokens: 0.002,
      input_cost_per_character: 1e-6,
    }
    expect(nano(fields, { input: 128_000, measures: { imagesIn: 1, charactersIn: 1 } })[0]).toBe(1_001_000)
    expect(nano(fields, { input: 128_001, measures: { imagesIn: 1, charactersIn: 1 } })[0]).toBe(2_001_000)
  })

  test('a fee per request alone covers the tokens', () => {
    expect(nano({ input_cost_per_request: 0.01 }, { input: 5, output: 5 })).toEqual([10_000_000, false])
  })

  test('searches are charged by the context that was asked for, medium where nothing is said', () => {
    const sizes = { search_context_size_low: 0.01, search_context_size_medium: 0.02, search_context_size_high: 0.03 }
    const fields = { search_context_cost_per_query: sizes }
    const usage = { calls: { web_search: 2 } }
    expect(nano(fields, usage)).toEqual([40_000_000, false])
    expect(nano(fields, usage, { searchContext: 'low' })).toEqual([20_000_000, false])
    expect(nano(fields, usage, { searchContext: 'high' })).toEqual([60_000_000, false])
    expect(nano({ search_context_cost_per_query: { search_context_size_high: 0.03 } }, usage)[0]).toBe(60_000_000)
  })

  test('sessions of the code interpreter are charged by the session', () => {
    expect(nano({ code_interpreter_cost_per_session: 0.03 }, { calls: { code_interpreter: 1 } })).toEqual([
      30_000_000,
      false,
    ])
  })

  test('cached sound and images have rates of their own, or that of what is cached', () => {
    const usage = { input: 1000, cacheRead: 900, cacheReadAudio: 300, cacheReadImage: 200 }
    const fields = { input_cost_per_token: 1e-6, cache_read_input_token_cost: 1e-7 }
    expect(nano(fields, usage)[0]).toBe(100_000 + 90_000)
    const own = { cache_read_input_audio_token_cost: 5e-7, cache_read_input_image_token_cost: 2e-7 }
    expect(nano({ ...fields, ...own }, usage)[0]).toBe(100_000 + 40_000 + 150_000 + 40_000)
  })
})

describe('tiered_pricing', () => {
  const tiered_pricing = [
    {
      range: [0, 32_000],
      input_cost_per_token: 3e-7,
      output_cost_per_token: 1.5e-6,
      cache_read_input_token_cost: 8e-8,
    },
    { range: [32_000, 128_000], input_cost_per_token: 5e-7, output_cost_per_token: 2.5e-6 },
    { range: [128_000, 1_000_000], input_cost_per_token: 8e-7, output_cost_per_token: 4e-6 },
  ]

  test('the range of the whole input holds for all of its tokens', () => {
    for (const [input, rate] of [
      [32_000, 300],
      [32_001, 500],
      [128_000, 500],
      [128_001, 800],
      [2_000_000, 800],
    ] as const)
      expect([input, nano({ tiered_pricing }, { input })[0]]).toEqual([input, input * rate])
  })

  test.each([[[]], [{}], ['x'], [[1]], [[{ range: ['a'], input_cost_per_token: 1 }]], [[{ input_cost_per_token: 1 }]]])(
    'what is no list of ranges is refused by name: %j',
    (value) => {
      expect(() => customPrice({ tiered_pricing: value as JsonObject })).toThrow('tiered_pricing')
    },
  )
})

describe('a stated price that leaves something open', () => {
  const listed: Price = {
    rates: { input: 1000, cacheRead: 100, output: 4000, calls: { web_search: 7 } } as never,
    tiers: [{ aboveInputTokens: 10, rates: { input: 2000, cacheRead: 200, output: 8000 } as never }],
    serviceTiers: { flex: { input: 500, output: 2000 } as never },
    version: 'book',
  }
  const stated = (fields: JsonObject) => customPrice(fields) as Price

  test('takes the rest from the list, with its tiers', () => {
    expect(completePrice(stated({ input_cost_per_token: 3e-9 }), listed)).toEqual({
      rates: { input: 3000, output: 4000, calls: { web_search: 7 } },
      tiers: [{ aboveInputTokens: 10, rates: { output: 8000 } }],
      serviceTiers: { flex: { output: 2000 } },
      version: 'config+book',
    } as never)
    expect(completePrice(stated({ cache_read_input_token_cost: 5e-9 }), listed)).toMatchObject({
      rates: { input: 1000, cacheRead: 5000, output: 4000 },
    } as never)
  })

  test('stands alone where it is free, by the second, or nothing is listed', () => {
    for (const price of [
      stated({ input_cost_per_token: 0, output_cost_per_token: 0 }),
      stated({ output_cost_per_second: 0.1 }),
    ])
      expect(completePrice(price, listed)).toBe(price)
    const open = stated({ input_cost_per_token: 3e-9 })
    expect(completePrice(open, undefined)).toBe(open)
  })

  test('is made once for the same list price', () => {
    const price = stated({ input_cost_per_token: 3e-9 })
    expect(completePrice(price, listed)).toBe(completePrice(price, listed))
  })
})
