import { describe, expect, test } from 'bun:test'
import type { Terms } from '../vocabulary/terms.ts'
import type { ScopeKind } from './scopes.ts'
import { type Asked, customerOf, openScene, settle, tagOf } from './testing/scene.ts'

/** For every scope: a request that falls under it, LiteLLM's descriptor and value of its limits, and those of one model's. */
interface Limited {
  asked(terms: Terms): Asked
  readonly value: string
  readonly perModel: string
}

const scopes: Readonly<Record<Exclude<ScopeKind, 'proxy'>, Limited>> = {
  api_key: { asked: (terms) => ({ cast: { key: terms } }), value: 'hash-of-the-key', perModel: 'model_per_key' },
  user: { asked: (terms) => ({ cast: { user: terms } }), value: 'ann', perModel: 'model_per_user' },
  team: { asked: (terms) => ({ cast: { team: terms } }), value: 'red', perModel: 'model_per_team' },
  team_member: {
    asked: (terms) => ({ cast: { team: {}, user: {}, member: terms } }),
    value: 'red:ann',
    perModel: 'model_per_team_member',
  },
  organization: {
    asked: (terms) => ({ cast: { organization: terms } }),
    value: 'acme',
    perModel: 'model_per_organization',
  },
  end_user: { asked: (terms) => ({ customer: customerOf(terms) }), value: 'eve', perModel: 'model_per_end_user' },
  tag: { asked: (terms) => ({ tags: [tagOf(terms)] }), value: 'blue', perModel: 'model_per_tag' },
}

const kinds = Object.keys(scopes) as (keyof typeof scopes)[]

describe.each(kinds)('limits of %s', (kind) => {
  const { asked, value, perModel } = scopes[kind]

  test('let in so many requests in the minute that begins with the first one', () => {
    const { ask, refused, clock } = openScene()
    const rated = asked({ rpmLimit: 2 })
    expect(ask(rated).headers).toEqual({
      [`x-ratelimit-${kind}-limit-requests`]: '2',
      [`x-ratelimit-${kind}-remaining-requests`]: '1',
    })
    clock.now += 45_000
    expect(ask(rated).headers[`x-ratelimit-${kind}-remaining-requests`]).toBe('0')
    const error = refused(rated)
    expect(error.message).toBe(
      `Rate limit exceeded for ${kind}: ${value}. Limit type: requests. Current limit: 2, Remaining: 0. Limit resets at: 2026-11-22 12:01:00 UTC`,
    )
    expect([error.code, error.status, error.detail.kind]).toEqual(['rate-limited', 429, 'throttling_error'])
    expect(error.retryAfterMs).toBe(15_000)
    expect(error.detail.headers).toEqual({
      rate_limit_type: 'requests',
      reset_at: String(Date.UTC(2026, 10, 22, 12, 1) / 1000),
    })
    clock.now += 15_000
    ask(rated)
  })

  test('set tokens aside by estimate, and correct them by what was used', () => {
    const { ask, refused } = openScene()
    const rated = asked({ tpmLimit: 100 })
    const first = ask({ ...rated, input: 10, total: 80 })
    expect(first.headers[`x-ratelimit-${kind}-remaining-tokens`]).toBe('20')
    const error = refused({ ...rated, input: 10, total: 30 })
    expect(error.message).toContain(`Rate limit exceeded for ${kind}: ${value}. Limit type: tokens. Current limit: 100`)
    expect(error.message).toContain('Remaining: 20')
    expect(error.detail.headers?.rate_limit_type).toBe('tokens')
    settle(first, { tokens: 15 })
    expect(ask({ ...rated, input: 10, total: 30 }).headers[`x-ratelimit-${kind}-remaining-tokens`]).toBe('55')
  })

  test('keep the estimate where nobody told what was used, and give all back where nothing ran', () => {
    const { ask } = openScene()
    const rated = asked({ tpmLimit: 100 })
    settle(ask({ ...rated, total: 40 }), {})
    settle(ask({ ...rated, total: 50 }), { tokens: 0 })
    expect(ask({ ...rated, total: 20 }).headers[`x-ratelimit-${kind}-remaining-tokens`]).toBe('40')
  })

  test('let an answer that could fill the whole minute have it to itself, but no larger question', () => {
    const { ask, refused } = openScene()
    const rated = asked({ tpmLimit: 100 })
    settle(ask({ ...rated, input: 10, total: 5000 }), { tokens: 0 })
    refused({ ...rated, input: 101, total: 101 })
  })

  test('free a place when its request ends, whatever it says of itself', () => {
    const { ask, refused } = openScene()
    const narrow = asked({ maxParallelRequests: 1 })
    for (const ending of [{ usd: 1, tokens: 10 }, { tokens: 0 }, {}]) {
      const running = ask(narrow)
      const error = refused(narrow)
      expect(error.message).toStartWith(
        `Rate limit exceeded for ${kind}: ${value}. Limit type: max_parallel_requests. Current limit: 1, Remaining: 0.`,
      )
      expect(error.detail.headers?.rate_limit_type).toBe('concurrent_requests')
      expect(error.retryAfterMs).toBe(1000)
      settle(running, ending)
      settle(running, ending)
      const next = ask(narrow)
      refused(narrow)
      settle(next)
    }
  })

  test('of a model hold that model alone, under LiteLLM’s descriptor, however it is spelt', () => {
    const { ask, refused } = openScene()
    const rated = asked({ modelRpmLimit: { gpt: 1 }, modelTpmLimit: { gpt: 100 } })
    const { headers } = ask({ ...rated, model: 'openai/gpt', total: 30 })
    expect(headers[`x-ratelimit-${perModel}-limit-requests`]).toBe('1')
    expect(headers[`x-ratelimit-${perModel}-remaining-tokens`]).toBe('70')
    expect(refused({ ...rated, model: 'gpt' }).message).toStartWith(
      `Rate limit exceeded for ${perModel}: ${value}:gpt. Limit type: requests. Current limit: 1, Remaining: 0.`,
    )
    expect(ask({ ...rated, model: 'claude' }).headers).toEqual({})
  })

  test('of a model may stand in its budget, and those of a pool are shared', () => {
    const { ask, refused } = openScene()
    const rated = asked({ modelMaxBudget: { dear: { rpmLimit: 1, models: ['gpt', 'claude'] }, mini: { rpmLimit: 1 } } })
    ask({ ...rated, model: 'gpt' })
    expect(refused({ ...rated, model: 'claude' }).message).toContain(`${value}:claude. Limit type: requests`)
    ask({ ...rated, model: 'mini' })
    refused({ ...rated, model: 'mini' })
  })

  test('that say zero let nothing in', () => {
    for (const terms of [{ rpmLimit: 0 }, { tpmLimit: 0 }, { maxParallelRequests: 0 }, { modelRpmLimit: { gpt: 0 } }])
      expect(openScene().refused(asked(terms)).code).toBe('rate-limited')
  })
})

test('what was refused counts nowhere', () => {
  const { ask, refused } = openScene()
  const cast = { key: { rpmLimit: 2, tpmLimit: 1000, maxParallelRequests: 2 }, team: { rpmLimit: 1 } }
  settle(ask({ cast }))
  for (let again = 0; again < 5; again++) expect(refused({ cast }).message).toContain('team: red')
  expect(ask({ cast: { key: cast.key } }).headers['x-ratelimit-api_key-remaining-requests']).toBe('0')
})

test('a user’s limits hold for the keys of a team too', () => {
  const { ask, refused } = openScene()
  const cast = { user: { rpmLimit: 1 }, team: {} }
  ask({ cast })
  expect(refused({ cast }).message).toContain('user: ann')
})

test('the headers of a key’s models have names of their own, safe as header names', () => {
  const { ask } = openScene()
  const { headers } = ask({ cast: { key: { modelRpmLimit: { 'openai/gpt:free': 5 } } }, model: 'openai/gpt:free' })
  expect(headers['x-litellm-key-remaining-requests-openai-gpt-free']).toBe('4')
})

test('a caller without limits is told of none', () => {
  expect(openScene().ask({ cast: { user: {}, team: {}, organization: {} } }).headers).toEqual({})
})

describe('places that the operator sets down', () => {
  test('hold for each key that has no number of its own', () => {
    const { ask, refused } = openScene({ maxParallelRequests: 1 })
    ask()
    expect(refused({}).message).toContain('api_key: hash-of-the-key. Limit type: max_parallel_requests')
    const own = openScene({ maxParallelRequests: 1 })
    own.ask({ cast: { key: { maxParallelRequests: 2 } } })
    own.ask({ cast: { key: { maxParallelRequests: 2 } } })
  })

  test('hold for the process, the master too', () => {
    const { ask, refused } = openScene({ proxy: { maxParallelRequests: 1 } })
    const running = ask({ principal: { kind: 'master' } })
    expect(refused({}).message).toContain('Limit type: max_parallel_requests')
    settle(running)
    ask()
  })
})

test('the window of a request that ended after its minute is left as it is', () => {
  const { ask, clock } = openScene()
  const cast = { key: { tpmLimit: 100 } }
  const slow = ask({ cast, total: 90 })
  clock.now += 61_000
  ask({ cast, total: 50 })
  settle(slow, { tokens: 5 })
  expect(ask({ cast, total: 50 }).headers['x-ratelimit-api_key-remaining-tokens']).toBe('0')
})
