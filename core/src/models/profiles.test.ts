import { describe, expect, test } from 'bun:test'
import type { ModelProfile } from './profile.ts'
import { profileRules } from './profile-rules.ts'
import { profileOf } from './profiles.ts'

/** What must be known of a model; a field that is undefined must not be known. */
const facts: [
  provider: string,
  model: string,
  expected: { [K in keyof ModelProfile]?: ModelProfile[K] | undefined },
][] = [
  [
    'openai',
    'gpt-4o',
    {
      thinking: 'none',
      maxOutputTokens: 16_384,
      contextTokens: 128_000,
      outputLimitField: 'max_completion_tokens',
      sampling: undefined,
      structuredOutput: true,
    },
  ],
  ['openai', 'gpt-4o-2024-05-13', { structuredOutput: false, maxOutputTokens: 4096 }],
  ['openai', 'gpt-3.5-turbo', { thinking: 'none', structuredOutput: false, reads: [] }],
  [
    'openai',
    'o1',
    { thinking: 'effort', sampling: false, efforts: ['low', 'medium', 'high'], maxOutputTokens: 100_000 },
  ],
  ['openai', 'o1-mini', { thinking: 'none', systemRole: 'user', tools: false, sampling: false }],
  ['openai', 'o1-pro', { formats: ['openai-responses'] }],
  ['openai', 'o3-deep-research', { formats: ['openai-responses'] }],
  ['openrouter', 'openai/o1-pro', { formats: undefined, thinking: 'effort', outputLimitField: 'max_tokens' }],
  [
    'openai',
    'gpt-5',
    {
      thinking: 'effort',
      sampling: false,
      efforts: ['minimal', 'low', 'medium', 'high'],
      formats: undefined,
      maxOutputTokens: 128_000,
    },
  ],
  ['openai', 'gpt-5-2025-08-07', { efforts: ['minimal', 'low', 'medium', 'high'] }],
  ['openai', 'gpt-5-codex', { formats: ['openai-responses'], efforts: ['low', 'medium', 'high'] }],
  ['openai', 'gpt-5-pro', { formats: ['openai-responses'], efforts: ['high'], maxOutputTokens: 272_000 }],
  ['openai', 'gpt-5-chat-latest', { thinking: 'none', sampling: true, efforts: [] }],
  ['openai', 'gpt-5.1', { thinking: 'effort', sampling: undefined, efforts: ['none', 'low', 'medium', 'high'] }],
  ['openai', 'gpt-5.1-codex-max', { efforts: ['low', 'medium', 'high', 'xhigh'], formats: ['openai-responses'] }],
  ['openai', 'gpt-5.4-mini', { efforts: ['none', 'low', 'medium', 'high', 'xhigh'], sampling: undefined }],
  [
    'openai',
    'gpt-6.1-sol',
    { efforts: ['low', 'medium', 'high', 'xhigh', 'max'], sampling: false, formats: ['openai-responses'] },
  ],
  ['anthropic', 'claude-3-5-sonnet-20241022', { thinking: 'none', prefill: true, maxOutputTokens: 8192 }],
  ['anthropic', 'claude-3-7-sonnet-20250219', { thinking: 'budget', prefill: true, maxOutputTokens: 64_000 }],
  ['anthropic', 'claude-opus-4-20250514', { thinking: 'budget', maxOutputTokens: 32_000 }],
  [
    'anthropic',
    'claude-sonnet-4-5',
    { thinking: 'budget', prefill: true, structuredOutput: true, contextTokens: 200_000 },
  ],
  [
    'anthropic',
    'claude-opus-4-5-20251101',
    { thinking: 'budget', efforts: ['low', 'medium', 'high'], maxOutputTokens: 64_000 },
  ],
  [
    'anthropic',
    'claude-opus-4-6',
    {
      thinking: 'adaptive',
      prefill: false,
      sampling: undefined,
      efforts: ['low', 'medium', 'high', 'max'],
      maxOutputTokens: 128_000,
      laterSystem: undefined,
    },
  ],
  [
    'anthropic',
    'claude-opus-4-7',
    { thinking: 'adaptive', sampling: false, efforts: ['low', 'medium', 'high', 'xhigh', 'max'] },
  ],
  ['anthropic', 'claude-opus-4-8', { laterSystem: true }],
  [
    'anthropic',
    'claude-sonnet-5-5',
    { thinking: 'adaptive', prefill: false, sampling: false, laterSystem: true, contextTokens: 1_000_000 },
  ],
  ['bedrock', 'us.anthropic.claude-opus-4-6-v1', { thinking: 'adaptive', prefill: false }],
  ['bedrock', 'anthropic.claude-3-haiku-20240307-v1:0', { thinking: 'none', maxOutputTokens: 4096 }],
  ['vertex_ai', 'claude-sonnet-4@20250514', { thinking: 'budget', outputLimitField: 'max_tokens' }],
  ['openrouter', 'anthropic/claude-opus-4.6', { thinking: undefined, prefill: false }],
  ['gemini', 'gemini-2.0-flash', { thinking: 'none', maxOutputTokens: 8192 }],
  [
    'gemini',
    'gemini-2.5-flash',
    { thinking: 'budget', maxOutputTokens: 65_536, reads: ['image', 'audio', 'video', 'pdf'] },
  ],
  ['gemini', 'gemini-3-pro-preview', { thinking: 'level', efforts: ['low', 'high'] }],
  ['vertex_ai', 'gemini-3.1-pro-preview', { thinking: 'level', efforts: ['low', 'medium', 'high'] }],
  ['gemini', 'gemini-3-flash-preview', { thinking: 'level', efforts: ['minimal', 'low', 'medium', 'high'] }],
]

describe('profiles', () => {
  for (const [provider, model, expected] of facts)
    test(`of ${provider}/${model}`, () => {
      const profile = profileOf(provider, model)
      for (const [field, value] of Object.entries(expected))
        expect([field, profile[field as keyof ModelProfile]]).toEqual([field, value])
    })

  test('of a model nobody knows refuse nothing', () => {
    expect(profileOf('nobody', 'some-model')).toEqual({ model: 'some-model', outputLimitField: 'max_tokens' })
  })

  test('are remembered, and what is said for one call is not', () => {
    expect(profileOf('openai', 'gpt-4o')).toBe(profileOf('openai', 'gpt-4o'))
    expect(profileOf('openai', 'gpt-4o', { maxOutputTokens: 5 }).maxOutputTokens).toBe(5)
    expect(profileOf('openai', 'gpt-4o').maxOutputTokens).toBe(16_384)
  })

  test('invented names do not pile up', () => {
    const first = profileOf('x', 'invented-0')
    for (let i = 1; i <= 5000; i++) profileOf('x', `invented-${i}`)
    expect(profileOf('x', 'invented-0')).not.toBe(first)
  })

  test('every rule names its source', () => {
    for (const { source } of profileRules) expect(source).toStartWith('https://')
  })
})
