import { describe, expect, test } from 'bun:test'
import { createRouter, sleep } from './create.ts'
import type { ModelEntry } from './model-list/entry.ts'
import { fillStars, wildcardPattern } from './model-list/wildcard.ts'

const entry = (name: string, model: string, id?: string): ModelEntry => ({
  model_name: name,
  litellm_params: { model, api_key: 'sk-x' },
  ...(id !== undefined && { model_info: { id } }),
})

function poolOf(entries: readonly ModelEntry[], aliases = {}) {
  const ports = {
    fetch: () => Promise.reject(new Error('nobody is called here')),
    now: () => 0,
    tick: () => 0,
    dice: () => 0,
    sleep,
    environment: {},
  }
  const { pool } = createRouter(entries, { aliases }, ports)
  return (model: string) => {
    const group = pool.find(model)
    return group && { name: group.name, models: group.deployments.map((one) => `${one.provider.name}/${one.model}`) }
  }
}

describe('a model is found', () => {
  const find = poolOf(
    [
      entry('gpt', 'openai/gpt-4o'),
      entry('gpt', 'azure/deployed', 'az-1'),
      entry('openai/*', 'openai/*'),
      entry('openai/gpt-5*', 'openrouter/openai/gpt-5*'),
      entry('eu/*', 'mistral/*'),
      entry('fixed/*', 'groq/llama-3.3-70b-versatile'),
      entry('a-*-b-*', 'openai/*--*'),
      entry('claude', 'anthropic/claude-sonnet-4-5'),
    ],
    {
      smart: { group: 'gpt', hidden: false },
      secret: { group: 'claude', hidden: true },
      gpt: { group: 'claude', hidden: false },
    },
  )

  test('by an alias, even one that hides a group of its own name', () => {
    expect(find('smart')?.name).toBe('gpt')
    expect(find('secret')?.name).toBe('claude')
    expect(find('gpt')?.name).toBe('claude')
  })

  test('by its exact name, with all deployments of the group', () => {
    expect(find('claude')).toEqual({ name: 'claude', models: ['anthropic/claude-sonnet-4-5'] })
    expect(find('smart')?.models).toEqual(['openai/gpt-4o', 'azure/deployed'])
  })

  test('by a deployment’s id: that one alone', () => {
    expect(find('az-1')).toEqual({ name: 'gpt', models: ['azure/deployed'] })
  })

  test('by a wildcard, the most specific first', () => {
    expect(find('openai/gpt-4.1')).toEqual({ name: 'openai/*', models: ['openai/gpt-4.1'] })
    expect(find('openai/gpt-5-mini')).toEqual({ name: 'openai/gpt-5*', models: ['openrouter/openai/gpt-5-mini'] })
    expect(find('eu/mistral-large-latest')?.models).toEqual(['mistral/mistral-large-latest'])
  })

  test('by a wildcard under the provider that its bare name tells', () => {
    expect(find('gpt-4.1')).toEqual({ name: 'openai/*', models: ['openai/gpt-4.1'] })
  })

  test('by a wildcard whose deployment has no star: always that model', () => {
    expect(find('fixed/whatever')?.models).toEqual(['groq/llama-3.3-70b-versatile'])
  })

  test('with several stars, left to right', () => {
    expect(find('a-one-b-two')?.models).toEqual(['openai/one--two'])
  })

  test('by what a deployment calls, where no group bears the name', () => {
    expect(poolOf([entry('mine', 'anthropic/claude-sonnet-4-5')])('anthropic/claude-sonnet-4-5')?.name).toBe('mine')
  })

  test('or not at all, and never by a name that every object has', () => {
    const narrow = poolOf([entry('gpt', 'openai/gpt-4o')])
    for (const name of ['nobody', '', 'constructor', '__proto__', 'toString', 'gpt ', 'GPT'])
      expect(narrow(name)).toBeUndefined()
  })
})

test('names are listed with wildcards as written and without hidden aliases', () => {
  const ports = {
    fetch: () => Promise.reject(new Error()),
    now: () => 0,
    tick: () => 0,
    dice: () => 0,
    sleep,
    environment: {},
  }
  const { pool } = createRouter(
    [entry('a', 'openai/a'), entry('a', 'openai/b'), entry('x/*', 'openai/*')],
    { aliases: { shown: { group: 'a', hidden: false }, kept: { group: 'a', hidden: true } } },
    ports,
  )
  expect(pool.names).toEqual(['a', 'x/*', 'shown'])
})

describe('a wildcard', () => {
  test('matches its whole name and takes no character for more than itself', () => {
    const { match } = wildcardPattern('v1.0/gpt-*')
    expect(match('v1.0/gpt-4')).toEqual(['4'])
    expect(match('v1x0/gpt-4')).toBeUndefined()
    expect(match('prefix-v1.0/gpt-4')).toBeUndefined()
  })

  test('matches in no more than linear time', () => {
    const { match } = wildcardPattern('a*a*a*a*b')
    const begun = performance.now()
    match('a'.repeat(200))
    expect(performance.now() - begun).toBeLessThan(2000)
  })

  test.each([
    ['openai/*', 'x/gpt', ['gpt'], 'openai/gpt'],
    ['openai/fixed', 'x/gpt', ['gpt'], 'x/gpt'],
    ['*', 'x/gpt', ['x/gpt'], 'x/gpt'],
    ['a/*-*', 'r', ['1', '2'], 'a/1-2'],
    ['a/*', 'r', ['1', '2'], 'r'],
    ['a/*-*', 'r', ['1'], 'a/1-'],
  ])('fills %p for %p', (template, model, captured, filled) => {
    expect(fillStars(template, model, captured)).toBe(filled)
  })
})

describe('an id', () => {
  const idOf = (given: ModelEntry) =>
    createRouter(
      [given],
      {},
      { fetch: () => Promise.reject(new Error()), now: () => 0, tick: () => 0, dice: () => 0, sleep, environment: {} },
    ).pool.deployments[0]?.id

  test('is the same for the same settings, and another for others', () => {
    expect(idOf(entry('a', 'openai/x'))).toBe(idOf(entry('a', 'openai/x')) ?? '')
    const others = [
      entry('b', 'openai/x'),
      entry('a', 'openai/y'),
      { ...entry('a', 'openai/x'), litellm_params: { model: 'openai/x', api_key: 'sk-y' } },
    ]
    for (const other of others) expect(idOf(other)).not.toBe(idOf(entry('a', 'openai/x')))
    expect(idOf(entry('a', 'openai/x', 'mine'))).toBe('mine')
  })

  test('tells nothing of the key', () => {
    expect(idOf(entry('a', 'openai/x'))).toMatch(/^[0-9a-f]{28}$/)
  })
})
