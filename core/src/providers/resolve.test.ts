import { describe, expect, test } from 'bun:test'
import { isGatewayError } from '../kernel/faults.ts'
import { keyVariables, providersInEnvironment } from './environment.ts'
import { findProvider, providers } from './index.ts'
import { resolveModel } from './resolve.ts'

const found = (model: string, hints?: { provider?: string }): string => {
  const { provider, model: name } = resolveModel(model, hints)
  return `${provider.name} | ${name}`
}

describe('a model is found', () => {
  const cases: readonly [model: string, found: string][] = [
    ['groq/llama-3.3-70b', 'groq | llama-3.3-70b'],
    ['openrouter/anthropic/claude-3.5', 'openrouter | anthropic/claude-3.5'],
    ['openai/org/model', 'openai | org/model'],
    ['azure/my-deployment', 'azure | my-deployment'],
    ['nano-gpt/gpt-5', 'nano-gpt | gpt-5'],
    ['gpt-4o', 'openai | gpt-4o'],
    ['chatgpt-4o-latest', 'openai | chatgpt-4o-latest'],
    ['o1', 'openai | o1'],
    ['o3-mini', 'openai | o3-mini'],
    ['o4-mini', 'openai | o4-mini'],
    ['ft:gpt-4o-mini:acme::abc', 'openai | ft:gpt-4o-mini:acme::abc'],
    ['codex-mini-latest', 'openai | codex-mini-latest'],
    ['computer-use-preview', 'openai | computer-use-preview'],
    ['claude-sonnet-4-5', 'anthropic | claude-sonnet-4-5'],
    ['gemini-2.5-pro', 'gemini | gemini-2.5-pro'],
    ['gemma-3-27b-it', 'gemini | gemma-3-27b-it'],
    ['learnlm-2.0', 'gemini | learnlm-2.0'],
    ['deepseek-reasoner', 'deepseek | deepseek-reasoner'],
    ['grok-4', 'xai | grok-4'],
    ['ministral-8b-latest', 'mistral | ministral-8b-latest'],
    ['devstral-small', 'mistral | devstral-small'],
    ['gpt-4o/tuned', 'openai | gpt-4o/tuned'],
  ]
  for (const [model, expected] of cases) test(model, () => expect(found(model)).toBe(expected))

  test('at the provider that is hinted, with or without its prefix', () => {
    expect(found('gpt-4o', { provider: 'azure' })).toBe('azure | gpt-4o')
    expect(found('azure/gpt-4o', { provider: 'azure' })).toBe('azure | gpt-4o')
    expect(found('meta-llama/Llama-3', { provider: 'together_ai' })).toBe('together_ai | meta-llama/Llama-3')
  })
})

describe('a model is not found', () => {
  const failure = (model: string, hints?: { provider?: string }) => {
    try {
      resolveModel(model, hints)
    } catch (error) {
      if (isGatewayError(error)) return error
    }
    throw new Error('was found')
  }

  test('with words on how to write it and the nearest prefix', () => {
    const error = failure('grok1/llama-3')
    expect(error.code).toBe('unknown-model')
    expect(error.message).toContain('LLM Provider NOT provided')
    expect(error.message).toContain('provider/model')
    expect(failure('gorq/llama-3').message).toContain('`groq/llama-3`')
    expect(failure('fireworks-ai/a/b').message).toContain('`fireworks_ai/a/b`')
  })

  test('and no suggestion where nothing is near', () => {
    for (const model of ['my-own-model', 'nobody-at-all/Llama-3', '', '/', 'openai/', `${'x'.repeat(5000)}/y`])
      expect(failure(model).message).not.toContain('Did you mean')
  })

  test('when the hinted provider is none', () => {
    expect(failure('gpt-4o', { provider: 'azzure' }).message).toContain('did you mean `azure`')
  })
})

describe('the environment', () => {
  test('shows which providers have a key', () => {
    const names = providersInEnvironment({ GROQ_API_KEY: 'k', FIREWORKS_AI_TOKEN: 'k', OPENAI_API_KEY: ' ' }).map(
      ({ name }) => name,
    )
    expect(names.sort()).toEqual(['fireworks_ai', 'groq'])
    expect(providersInEnvironment({})).toEqual([])
  })

  test('lists every variable once, with its readers', () => {
    const variables = keyVariables()
    expect(new Set(variables.map(({ variable }) => variable)).size).toBe(variables.length)
    expect(variables.find(({ variable }) => variable === 'OPENAI_API_KEY')?.providers).toEqual([
      'openai',
      'custom_openai',
    ])
  })

  test('names no provider that is not in the catalog', () => {
    for (const { providers: names } of keyVariables())
      for (const name of names) expect(findProvider(name)).toBe(providers.get(name))
    expect(findProvider('nobody')).toBeUndefined()
  })
})
