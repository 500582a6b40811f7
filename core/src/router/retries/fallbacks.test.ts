import { describe, expect, test } from 'bun:test'
import type { FaultCode } from '../../kernel/faults.ts'
import { defaultSettings, type RouterSettings } from '../deployment.ts'
import { fallbacksFor } from './fallbacks.ts'

const settings: RouterSettings = {
  ...defaultSettings,
  fallbacks: { a: ['b', 'c'], 'openai/d': ['e'], 'wild/*': ['w'] },
  contextWindowFallbacks: { a: ['long'] },
  contentPolicyFallbacks: { a: ['lenient'] },
  defaultFallbacks: ['last'],
}
const after = (group: string, code: FaultCode = 'provider-failed', more: Partial<RouterSettings> = {}, model = group) =>
  fallbacksFor({ model, group, code, settings: { ...settings, ...more } })

describe('the groups to try after a failure', () => {
  test('are the group’s own, in their order', () => {
    expect(after('a')).toEqual(['b', 'c'])
  })

  test('are those for long input or for refused content where such are named, else the general ones', () => {
    expect(after('a', 'context-overflow')).toEqual(['long'])
    expect(after('a', 'content-policy')).toEqual(['lenient'])
    expect(after('a', 'context-overflow', { contextWindowFallbacks: {} })).toEqual(['b', 'c'])
    expect(after('a', 'provider-limit')).toEqual(['b', 'c'])
  })

  test('are found with and without the provider’s prefix', () => {
    expect(after('openai/a')).toEqual(['b', 'c'])
    expect(after('d')).toEqual(['e'])
  })

  test('are found by the wildcard group’s own name for a model that it answered', () => {
    expect(after('wild/*', 'provider-failed', {}, 'wild/x')).toEqual(['w'])
  })

  test('are those of `*`, then the default ones, where none are named', () => {
    expect(after('z')).toEqual(['last'])
    expect(after('z', 'provider-failed', { fallbacks: { '*': ['any'], a: ['b'] } })).toEqual(['any'])
    expect(after('a', 'provider-failed', { fallbacks: { '*': ['any'], a: ['b'] } })).toEqual(['b'])
  })

  test('are the caller’s own list before all others, an empty one included', () => {
    const asked = (list: readonly string[]) =>
      fallbacksFor({ model: 'a', group: 'a', code: 'context-overflow', settings, asked: list })
    expect(asked(['mine'])).toEqual(['mine'])
    expect(asked([])).toEqual([])
  })

  test('a name that every object has is no group', () => {
    expect(after('constructor')).toEqual(['last'])
    expect(after('__proto__')).toEqual(['last'])
  })
})
