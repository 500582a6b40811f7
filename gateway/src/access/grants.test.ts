import { describe, expect, test } from 'bun:test'
import { isGatewayError } from 'turnpike-core/internal/kernel/faults'
import type { VirtualKey } from '../vocabulary/principal.ts'
import { checkModelAccess, mayCall, mayList } from './grants.ts'
import { matchesWildcard } from './patterns.ts'
import { checkRouteAccess } from './routes.ts'

function keyOf(changes: Partial<VirtualKey>): VirtualKey {
  return {
    hash: '',
    name: 'sk-...abcd',
    models: [],
    aliases: {},
    blocked: false,
    allowedRoutes: [],
    metadata: {},
    tags: [],
    createdAt: 0,
    ...changes,
  }
}

function refusal(act: () => void): unknown {
  try {
    act()
  } catch (thrown) {
    if (isGatewayError(thrown))
      return { ...thrown.detail, code: thrown.code, message: thrown.message, status: thrown.status }
    throw thrown
  }
  return undefined
}

describe('models', () => {
  test.each([
    [['all-proxy-models'], 'anything', true],
    [['*'], 'anything', true],
    [[], 'anything', false],
    [['gpt-x'], 'gpt-x', true],
    [['gpt-x'], 'gpt-x-mini', false],
    [['openai/*'], 'openai/gpt-x', true],
    [['openai/*'], 'azure/gpt-x', false],
    [['gpt-*-mini'], 'gpt-5-mini', true],
    [['gpt-*-mini'], 'gpt-mini', false],
    [['no-default-models'], 'gpt-x', false],
    [['openai/*'], 'openai/*', true],
  ])('a key for %j may call %s: %p', (models, model, allowed) => {
    expect(mayCall(keyOf({ models }), [model])).toBe(allowed)
    expect(mayList(keyOf({ models }), model)).toBe(allowed)
  })

  test('an access group grants the models that are in it, and a group without models grants nothing', () => {
    const key = keyOf({ models: ['beta-models'] })
    expect(mayCall(key, ['gpt-x'], ['beta-models'])).toBe(true)
    expect(mayCall(key, ['gpt-x'], [])).toBe(false)
  })

  test('all-team-models is every model for a key without a team, and nothing for a team we know nothing of', () => {
    expect(mayCall(keyOf({ models: ['all-team-models'] }), ['gpt-x'])).toBe(true)
    expect(mayCall(keyOf({ models: ['all-team-models'], teamId: 't' }), ['gpt-x'])).toBe(false)
  })

  test('a refusal says what the key may call and what it tried', () => {
    const key = keyOf({ models: ['a', 'b/*'] })
    expect(refusal(() => checkModelAccess(key, ['gpt-x'], []))).toMatchObject({
      code: 'model-denied',
      status: 403,
      param: 'model',
      kind: 'key_model_access_denied',
      message: "key not allowed to access model. This key can only access models=['a', 'b/*']. Tried to access gpt-x",
    })
  })
})

describe('patterns', () => {
  test.each([
    ['*', '', true],
    ['a*', 'a', true],
    ['a*a', 'a', false],
    ['*b*', 'abc', true],
    ['a*b*c', 'axxbyyc', true],
    ['a*bc*c', 'abc', false],
    ['(a+)+*', '(a+)+x', true],
    ['plain', 'plain', true],
    ['a.c*', 'abc', false],
  ])('%s against %s: %p', (pattern, text, matches) => {
    expect(matchesWildcard(pattern, text)).toBe(matches)
  })
})

describe('routes', () => {
  const chat = ['/v1/chat/completions', '/chat/completions']
  const groups = ['llm_api_routes', 'openai_routes']
  const may = (allowedRoutes: readonly string[]) =>
    refusal(() => checkRouteAccess(keyOf({ allowedRoutes }), chat, groups)) === undefined

  test.each([
    [[], true],
    [['/v1/chat/completions'], true],
    [['/chat/completions'], true],
    [['/v1/chat'], true],
    [['/v1/ch'], false],
    [['/v1/*'], true],
    [['/v2/*'], false],
    [['llm_api_routes'], true],
    [['management_routes'], false],
    [['v1/chat/completions'], false],
    [['info_routes', 'openai_routes'], true],
  ])('a key for the routes %j may call chat: %p', (allowedRoutes, allowed) => {
    expect(may(allowedRoutes)).toBe(allowed)
  })

  test('a refusal names the routes and the canonical path', () => {
    expect(refusal(() => checkRouteAccess(keyOf({ allowedRoutes: ['info_routes'] }), chat, groups))).toMatchObject({
      code: 'route-denied',
      status: 403,
      kind: 'auth_error',
      message:
        "Virtual key is not allowed to call this route. Only allowed to call routes: ['info_routes']. Tried to call route: /v1/chat/completions",
    })
  })
})
