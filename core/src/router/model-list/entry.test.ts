import { describe, expect, test } from 'bun:test'
import type { JsonObject } from '../../kernel/json.ts'
import { nanoUsd } from '../../kernel/money.ts'
import { readEntry } from './entry.ts'

const read = (params: JsonObject, info?: JsonObject, environment: Record<string, string> = {}) =>
  readEntry(
    {
      model_name: 'm',
      litellm_params: { model: 'openai/gpt-4o', ...params } as JsonObject & { model: string },
      ...(info && { model_info: info }),
    },
    environment,
  )

describe('an entry of model_list', () => {
  test('becomes a deployment with times in milliseconds', () => {
    const { deployment } = read({
      timeout: 30,
      stream_timeout: 5,
      stream_idle_timeout: '2.5',
      cooldown_time: 7,
      weight: 2,
      rpm: '60',
      order: 1,
      num_retries: 4,
    })
    expect(deployment).toMatchObject({
      group: 'm',
      model: 'gpt-4o',
      deadlines: { totalMs: 30_000, firstByteMs: 5000, idleMs: 2500 },
      cooldownMs: 7000,
      weight: 2,
      rpm: 60,
      order: 1,
      retries: 4,
    })
    expect(deployment.provider.name).toBe('openai')
  })

  test('takes its key from itself before the environment', () => {
    const environment = { OPENAI_API_KEY: 'sk-from-outside' }
    expect(read({ api_key: 'sk-own' }, undefined, environment).deployment.secret?.reveal()).toBe('sk-own')
    expect(read({}, undefined, environment).deployment.secret?.reveal()).toBe('sk-from-outside')
  })

  test('hands every parameter that is not its own to the provider, as a default', () => {
    const { deployment } = read({
      temperature: 0.2,
      seed: 7,
      tags: ['x'],
      input_cost_per_token: 1,
      cost_per_second: 1,
      api_key: 'sk-x',
    })
    expect(deployment.defaults).toEqual({ temperature: 0.2, seed: 7 })
  })

  test('may take only so many calls at once, and cost only so much', () => {
    const { deployment } = read({ max_parallel_requests: '3', max_budget: 0.5, budget_duration: '1d' })
    expect([deployment.maxParallel, deployment.budget]).toEqual([3, { limit: nanoUsd(0.5), duration: '1d' }])
    expect(() => read({ max_budget: -1 })).toThrow('max_budget')
  })

  test('names what is understood and has no effect', () => {
    expect(read({ tag_regex: ['x'], silent_model: 'm', temperature: 1 }).inert.toSorted()).toEqual([
      'silent_model',
      'tag_regex',
    ])
  })

  test('has the prices that model_info or its parameters state, exactly', () => {
    const { deployment } = read({ output_cost_per_token: 0.00001 }, { input_cost_per_token: 0.00000125 })
    expect(deployment.price?.rates).toMatchObject({ input: 1_250_000, output: 10_000_000 })
    expect(read({}).deployment.price).toBeUndefined()
  })

  test('of an opaque name is priced and profiled as its base_model', () => {
    const { deployment } = read(
      { model: 'azure/our-own-name', api_base: 'https://x.example' },
      { base_model: 'azure/gpt-4o' },
    )
    expect(deployment).toMatchObject({ model: 'our-own-name', pricedAs: 'azure/gpt-4o' })
    expect(deployment.profile.contextTokens).toBe(128_000)
  })

  test('may state what its model can do', () => {
    const { deployment } = read(
      {},
      { max_input_tokens: 9, max_output_tokens: 5, supports_vision: true, supports_function_calling: false },
    )
    expect(deployment.profile).toMatchObject({ contextTokens: 9, maxOutputTokens: 5, reads: ['image'], tools: false })
  })

  test.each(['nobody/x', 'x', '', 'turnpike/nothing'])('of a model that no provider has is refused: %p', (model) => {
    expect(() => read({ model })).toThrow()
  })

  test('sets headers under lower-case names, the organisation among them', () => {
    const { deployment } = read({ extra_headers: { 'X-Team': 'a' }, headers: { 'X-Other': 7 }, organization: 'org-1' })
    expect(deployment.headers).toEqual({ 'x-team': 'a', 'x-other': '7', 'openai-organization': 'org-1' })
  })
})
