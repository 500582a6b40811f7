import { describe, expect, test } from 'bun:test'
import { usageOf } from '../vocabulary/usage.ts'
import { bookVersion, contextTokensOf, hasModel, knownModels, priceOf, priceOfName, reportsCost } from './book.ts'
import { cost } from './cost.ts'
import type { Price } from './price.ts'

const day = Date.parse('2026-11-22T12:00:00Z')

/** Dollars per million tokens as the vendors' pages print them on the book's day: input, cached, 5m write, 1h write, output. */
const published: [provider: string, model: string, source: string, figures: Record<string, number>][] = [
  ['openai', 'gpt-4o', 'https://developers.openai.com/api/docs/pricing', { input: 2.5, cacheRead: 1.25, output: 10 }],
  [
    'openai',
    'gpt-4o-2024-08-06',
    'https://developers.openai.com/api/docs/pricing',
    { input: 2.5, cacheRead: 1.25, output: 10 },
  ],
  [
    'openai',
    'gpt-4o-mini',
    'https://developers.openai.com/api/docs/pricing',
    { input: 0.15, cacheRead: 0.075, output: 0.6 },
  ],
  ['openai', 'gpt-4.1', 'https://developers.openai.com/api/docs/pricing', { input: 2, cacheRead: 0.5, output: 8 }],
  ['openai', 'gpt-5', 'https://developers.openai.com/api/docs/pricing', { input: 1.25, cacheRead: 0.125, output: 10 }],
  [
    'openai',
    'gpt-5-nano',
    'https://developers.openai.com/api/docs/pricing',
    { input: 0.05, cacheRead: 0.005, output: 0.4 },
  ],
  ['openai', 'o3', 'https://developers.openai.com/api/docs/pricing', { input: 2, cacheRead: 0.5, output: 8 }],
  [
    'openai',
    'gpt-4o-audio-preview',
    'https://developers.openai.com/api/docs/models/gpt-4o-audio-preview',
    { input: 2.5, audioIn: 40, audioOut: 80, output: 10 },
  ],
  [
    'anthropic',
    'claude-sonnet-4-5',
    'https://platform.claude.com/docs/en/about-claude/pricing',
    { input: 3, cacheRead: 0.3, cacheWrite5m: 3.75, cacheWrite1h: 6, output: 15 },
  ],
  [
    'anthropic',
    'claude-sonnet-4-5-20250929',
    'https://platform.claude.com/docs/en/about-claude/pricing',
    { input: 3, cacheRead: 0.3, cacheWrite5m: 3.75, cacheWrite1h: 6, output: 15 },
  ],
  [
    'anthropic',
    'claude-opus-5-5',
    'https://platform.claude.com/docs/en/about-claude/pricing',
    { input: 4, cacheRead: 0.2, cacheWrite5m: 5, cacheWrite1h: 8, output: 20 },
  ],
  [
    'anthropic',
    'claude-haiku-4-5',
    'https://platform.claude.com/docs/en/about-claude/pricing',
    { input: 1, cacheRead: 0.1, cacheWrite5m: 1.25, cacheWrite1h: 2, output: 5 },
  ],
  [
    'gemini',
    'gemini-2.5-pro',
    'https://ai.google.dev/gemini-api/docs/pricing',
    { input: 1.25, cacheRead: 0.125, output: 10 },
  ],
  [
    'gemini',
    'gemini-2.5-flash',
    'https://ai.google.dev/gemini-api/docs/pricing',
    { input: 0.3, cacheRead: 0.03, audioIn: 1, output: 2.5 },
  ],
  [
    'vertex_ai',
    'claude-sonnet-4-5@20250929',
    'https://cloud.google.com/vertex-ai/generative-ai/pricing',
    { input: 3, cacheWrite1h: 6, output: 15 },
  ],
  ['mistral', 'mistral-large-latest', 'https://mistral.ai/pricing/api', { input: 0.5, output: 1.5 }],
  ['groq', 'llama-3.1-8b-instant', 'https://groq.com/pricing', { input: 0.05, output: 0.08 }],
  ['xai', 'grok-4.3', 'https://docs.x.ai/developers/models', { input: 1.25, cacheRead: 0.2, output: 2.5 }],
]

describe('the price book', () => {
  for (const [provider, model, source, figures] of published)
    test(`${provider}/${model} costs what ${source} says`, () => {
      const rates = priceOf(provider, model, day)?.rates
      for (const [bucket, usd] of Object.entries(figures))
        expect([bucket, rates?.[bucket as 'input']]).toEqual([bucket, Math.round(usd * 1e6) as never])
    })

  test('names its edition by the day it was checked', () => {
    expect(bookVersion()).toMatch(/^\d{4}-\d{2}-\d{2}$/)
    expect(priceOf('openai', 'gpt-4o', day)?.version).toBe(bookVersion())
  })

  test('a name that is not in it has no price, however similar', () => {
    for (const name of ['gpt-4o-2', 'GPT-4o', 'gpt-4o-', ' gpt-4o'])
      expect(priceOf('openai', name, day)).toBeUndefined()
    expect(priceOf('anthropic', 'claude-opus-4-71', day)).toBeUndefined()
    expect(priceOf('anthropic', 'gpt-4o', day)).toBeUndefined()
    expect(priceOf('nobody', 'gpt-4o', day)).toBeUndefined()
  })

  test('names of object members are no models', () => {
    for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
      expect(priceOf('openai', name, day)).toBeUndefined()
      expect(priceOf(name, 'gpt-4o', day)).toBeUndefined()
      expect(hasModel('openai', name)).toBe(false)
      expect(knownModels(name)).toEqual([])
    }
  })

  test('a model can be known without a price, and is then not free', () => {
    const unpriced = knownModels('nvidia_nim').filter((name) => !priceOf('nvidia_nim', name, day))
    expect(unpriced.length).toBeGreaterThan(0)
    expect(hasModel('nvidia_nim', unpriced[0] ?? '')).toBe(true)
  })

  test('an explicit zero is a price', () => {
    expect(priceOf('gemini', 'gemma-3-27b-it', day)?.rates.input).toBe(0 as never)
  })

  test('every price has a rate, and every rate is a whole number', () => {
    for (const provider of ['openai', 'anthropic', 'gemini', 'bedrock', 'azure', 'openrouter', 'mistral'])
      for (const model of knownModels(provider)) {
        const price = priceOf(provider, model, day)
        if (!price) continue
        const { calls = {}, measures = {}, ...buckets } = price.rates
        const all = [...Object.values(buckets), ...Object.values(calls), ...Object.values(measures)]
        expect([
          provider,
          model,
          all.length > 0 && all.every((rate) => Number.isSafeInteger(rate) && rate >= 0),
        ]).toEqual([provider, model, true])
      }
  })

  test('prefixes that reach the same vendor share its list', () => {
    expect(priceOf('text-completion-openai', 'gpt-4o', day)).toEqual(priceOf('openai', 'gpt-4o', day))
    expect(knownModels('vertex_ai_beta')).toEqual(knownModels('vertex_ai'))
  })

  test('a base model is found under the deployment’s provider first, then under the prefix it bears', () => {
    expect(priceOfName('azure', 'gpt-4o', day)).toEqual(priceOf('azure', 'gpt-4o', day))
    expect(priceOfName('hosted_vllm', 'openai/gpt-4o', day)).toEqual(priceOf('openai', 'gpt-4o', day))
    expect(priceOfName('groq', 'openai/gpt-oss-120b', day)).toEqual(priceOf('groq', 'openai/gpt-oss-120b', day))
    for (const name of ['gpt-4o', 'openai/gpt-4', 'openai/gpt-4o-2'])
      expect([name, priceOfName('hosted_vllm', name, day)]).toEqual([name, priceOf('openai', name.slice(7), day)])
  })

  test('what is not counted in tokens has its price by measure', () => {
    const price = (provider: string, model: string) => priceOf(provider, model, day) as Price
    expect(cost(usageOf({ measures: { queries: 3 } }), price('cohere', 'rerank-v3.5')).total as number).toBe(6_000_000)
    expect(cost(usageOf({ measures: { charactersIn: 1000 } }), price('openai', 'tts-1')).total as number).toBe(
      15_000_000,
    )
  })

  test('the answers of some providers say what they cost', () => {
    expect(['openrouter', 'perplexity', 'xai', 'openai', 'constructor'].map(reportsCost)).toEqual([
      true,
      true,
      true,
      false,
      false,
    ])
  })

  test('a lookup that was made before gives the same object', () => {
    expect(priceOf('openai', 'gpt-4o', day)).toBe(priceOf('openai', 'gpt-4o', day + 1))
  })

  test('the context window is the vendor’s', () => {
    expect(contextTokensOf('openai', 'gpt-4o')).toBe(128_000)
    expect(contextTokensOf('anthropic', 'claude-sonnet-4-5')).toBe(200_000)
  })
})

describe('prices by the time of the call', () => {
  const input = (provider: string, model: string, at: string) =>
    priceOf(provider, model, Date.parse(at))?.rates.input as number

  test('a price cut holds from its day, at midnight UTC', () => {
    expect(input('openai', 'o3', '2025-06-09T23:59:59Z')).toBe(10_000_000)
    expect(input('openai', 'o3', '2025-06-10T00:00:00Z')).toBe(2_000_000)
  })

  test('DeepSeek costs double in its peak hours on workdays', () => {
    const sunday = '2026-11-22'
    const monday = '2026-11-23'
    expect(input('deepseek', 'deepseek-v4-pro', `${monday}T00:59:59Z`)).toBe(660_000)
    expect(input('deepseek', 'deepseek-v4-pro', `${monday}T01:00:00Z`)).toBe(1_320_000)
    expect(input('deepseek', 'deepseek-v4-pro', `${monday}T04:00:00Z`)).toBe(660_000)
    expect(input('deepseek', 'deepseek-v4-pro', `${monday}T09:59:59Z`)).toBe(1_320_000)
    expect(input('deepseek', 'deepseek-v4-pro', `${sunday}T02:00:00Z`)).toBe(660_000)
    expect(input('deepseek', 'deepseek-v4-pro', '2026-08-14T02:00:00Z')).toBe(435_000)
  })

  test('a discount by night reaches over midnight', () => {
    expect(input('deepseek', 'deepseek-chat', '2025-04-01T16:30:00Z')).toBe(135_000)
    expect(input('deepseek', 'deepseek-chat', '2025-04-01T00:29:00Z')).toBe(135_000)
    expect(input('deepseek', 'deepseek-chat', '2025-04-01T00:30:00Z')).toBe(270_000)
  })
})

describe('service tiers and tools of the book', () => {
  const million = usageOf({ input: 1_000_000, output: 1_000_000 })
  const price = (provider: string, model: string) =>
    priceOf(provider, model, day) as NonNullable<ReturnType<typeof priceOf>>

  test('a batch at Anthropic costs half', () => {
    const full = cost(million, price('anthropic', 'claude-haiku-4-5')).total
    expect(cost(million, price('anthropic', 'claude-haiku-4-5'), { serviceTier: 'batch' }).total * 2).toBe(full)
  })

  test('priority at OpenAI costs what its page says, flex half', () => {
    const small = usageOf({ input: 100_000, cacheRead: 50_000, output: 10_000 })
    const nano = (serviceTier: string) => cost(small, price('openai', 'gpt-5'), { serviceTier }).total as number
    expect(nano('priority')).toBe(50_000 * 2500 + 50_000 * 250 + 10_000 * 20_000)
    expect(nano('flex')).toBe(50_000 * 625 + 50_000 * 62.5 + 10_000 * 5000)
    expect(nano('default')).toBe(50_000 * 1250 + 50_000 * 125 + 10_000 * 10_000)
  })

  test('web searches are billed by the call', () => {
    for (const [provider, model, nano] of [
      ['openai', 'gpt-4.1', 10_000_000],
      ['openai', 'gpt-5.6-sol', 10_000_000],
      ['anthropic', 'claude-opus-4-6', 10_000_000],
      ['gemini', 'gemini-2.5-flash', 35_000_000],
      ['gemini', 'gemini-3-flash-preview', 14_000_000],
    ] as const)
      expect([model, cost(usageOf({ calls: { web_search: 1 } }), price(provider, model)).calls as number]).toEqual([
        model,
        nano,
      ])
  })
})
