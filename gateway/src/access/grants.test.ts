import { describe, expect, test } from 'bun:test'
import { isGatewayError } from 'turnpike-core/internal/kernel/faults'
import type { Principal, Standing, VirtualKey } from '../vocabulary/principal.ts'
import type { Team } from '../vocabulary/tenants.ts'
import { checkModelAccess, mayCall } from './grants.ts'
import { matchesWildcard } from './patterns.ts'
import { checkRouteAccess } from './routes.ts'

function keyOf(changes: Partial<VirtualKey>, around: Partial<Standing> = {}): Principal {
  const key: VirtualKey = {
    hash: '',
    name: 'sk-...abcd',
    models: [],
    aliases: {},
    blocked: false,
    allowedRoutes: [],
    allowedIps: [],
    enforcedParams: [],
    metadata: {},
    tags: [],
    createdAt: 0,
    ...changes,
  }
  const standing: Standing = {
    role: 'internal_user',
    administers: { teams: [], organizations: [] },
    teamIds: [],
    ...around,
  }
  return { kind: 'key', key, ...standing }
}

function teamOf(models: readonly string[], modelAliases = {}): Team {
  return { id: 't', models, modelAliases, blocked: false, memberPermissions: [], metadata: {} }
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
    expect(mayCall(keyOf({ models }), { names: [model] })).toBe(allowed)
  })

  test('an access group grants the models that are in it, and a group without models grants nothing', () => {
    const key = keyOf({ models: ['beta-models'] })
    expect(mayCall(key, { names: ['gpt-x'], accessGroups: ['beta-models'] })).toBe(true)
    expect(mayCall(key, { names: ['gpt-x'] })).toBe(false)
  })

  test('all-team-models is every model for a key without a team, and nothing for a team we know nothing of', () => {
    expect(mayCall(keyOf({ models: ['all-team-models'] }), { names: ['gpt-x'] })).toBe(true)
    expect(mayCall(keyOf({ models: ['all-team-models'], teamId: 't' }), { names: ['gpt-x'] })).toBe(false)
  })

  test('a key never exceeds its team, its organisation, or without a team its user', () => {
    const all = { models: ['all-proxy-models'] }
    const target = { names: ['gpt-x'] }
    const user = (models: readonly string[]) =>
      ({ id: 'u', role: 'internal_user', models, blocked: false, metadata: {} }) as const
    expect(mayCall(keyOf(all, { team: teamOf(['gpt-y']) }), target)).toBe(false)
    expect(mayCall(keyOf(all, { team: teamOf(['gpt-x']) }), target)).toBe(true)
    expect(mayCall(keyOf(all, { team: teamOf(['gpt-x']), user: user(['gpt-y']) }), target)).toBe(true)
    expect(mayCall(keyOf(all, { user: user(['gpt-y']) }), target)).toBe(false)
    expect(mayCall(keyOf(all, { user: user(['no-default-models']) }), target)).toBe(false)
    const organization = { id: 'o', models: ['gpt-y'], metadata: {} }
    expect(mayCall(keyOf(all, { team: teamOf(['gpt-x']), organization }), target)).toBe(false)
    expect(refusal(() => checkModelAccess(keyOf(all, { team: teamOf(['gpt-y']) }), target))).toMatchObject({
      kind: 'team_model_access_denied',
    })
  })

  test("all-team-models is what the team has, under the team's own names too", () => {
    const key = keyOf({ models: ['all-team-models'], teamId: 't' }, { team: teamOf(['gpt-x'], { fast: 'gpt-y' }) })
    expect(mayCall(key, { names: ['gpt-x'] })).toBe(true)
    expect(mayCall(key, { names: ['fast', 'gpt-y'] })).toBe(true)
    expect(mayCall(key, { names: ['gpt-z'] })).toBe(false)
  })

  test('a refusal says what the key may call and what it tried', () => {
    const key = keyOf({ models: ['a', 'b/*'] })
    expect(refusal(() => checkModelAccess(key, { names: ['gpt-x'] }))).toMatchObject({
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
