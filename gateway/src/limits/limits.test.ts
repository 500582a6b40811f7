import { describe, expect, test } from 'bun:test'
import { GatewayError } from 'turnpike-core/internal/kernel/faults'
import type { Principal, VirtualKey } from '../vocabulary/principal.ts'
import { createLimits } from './create-limits.ts'

const start = Date.UTC(2026, 10, 22, 12, 0, 30)

function keyWith(
  limits: Pick<Partial<VirtualKey>, 'rpmLimit' | 'tpmLimit' | 'maxParallelRequests'>,
  hash = 'h1',
): Principal {
  const key: VirtualKey = {
    hash,
    name: 'sk-...abcd',
    models: [],
    aliases: {},
    blocked: false,
    allowedRoutes: [],
    metadata: {},
    tags: [],
    createdAt: 0,
    ...limits,
  }
  return { kind: 'key', key }
}

function clock() {
  const state = { now: start }
  return { state, limits: createLimits({ now: () => state.now }) }
}

function refusal(act: () => unknown): GatewayError {
  try {
    act()
  } catch (thrown) {
    if (thrown instanceof GatewayError) return thrown
  }
  throw new Error('it was let in')
}

describe('requests per minute', () => {
  test('of 600 requests in ten seconds exactly 100 are let in', () => {
    const { state, limits } = clock()
    const caller = keyWith({ rpmLimit: 100 })
    let admitted = 0
    for (let i = 0; i < 600; i++) {
      state.now = start + Math.floor(i * 16.6)
      try {
        limits.take(caller, 0).release(0)
        admitted++
      } catch {}
    }
    expect(admitted).toBe(100)
  })

  test('the refusal names limit and reset, and the wait is the true one', () => {
    const { state, limits } = clock()
    const caller = keyWith({ rpmLimit: 1 })
    limits.take(caller, 0)
    state.now += 20_000
    const error = refusal(() => limits.take(caller, 0))
    expect(error.message).toBe(
      'Rate limit exceeded for api_key: h1. Limit type: requests. Current limit: 1, Remaining: 0. Limit resets at: 2026-11-22 12:01:30 UTC',
    )
    expect(error).toMatchObject({
      code: 'rate-limited',
      status: 429,
      detail: { kind: 'throttling_error', retryAfterMs: 40_000 },
    })
  })

  test('the window begins with the first request and the next one after a minute is let in', () => {
    const { state, limits } = clock()
    const caller = keyWith({ rpmLimit: 1 })
    limits.take(caller, 0)
    state.now += 59_999
    refusal(() => limits.take(caller, 0))
    state.now += 1
    limits.take(caller, 0)
    refusal(() => limits.take(caller, 0))
  })

  test('a limit of 0 lets nothing in, and keys do not share', () => {
    const { limits } = clock()
    refusal(() => limits.take(keyWith({ rpmLimit: 0 }), 0))
    limits.take(keyWith({ rpmLimit: 1 }, 'h2'), 0)
    limits.take(keyWith({ rpmLimit: 1 }, 'h3'), 0)
  })
})

describe('tokens per minute', () => {
  test('tokens are taken by estimate and corrected when the request ends', () => {
    const { limits } = clock()
    const caller = keyWith({ tpmLimit: 1000 })
    const lease = limits.take(caller, 900)
    expect(refusal(() => limits.take(caller, 200)).message).toContain(
      'Limit type: tokens. Current limit: 1000, Remaining: 100.',
    )
    lease.release(100)
    expect(limits.take(caller, 900).headers['x-ratelimit-api_key-remaining-tokens']).toBe('0')
  })

  test('what was used is unknown: the estimate stands', () => {
    const { limits } = clock()
    const caller = keyWith({ tpmLimit: 1000 })
    limits.take(caller, 900).release(undefined)
    refusal(() => limits.take(caller, 200))
  })

  test('a request that ends in a later window does not correct that window', () => {
    const { state, limits } = clock()
    const caller = keyWith({ tpmLimit: 1000 })
    const slow = limits.take(caller, 900)
    state.now += 60_000
    limits.take(caller, 500).release(500)
    slow.release(0)
    refusal(() => limits.take(caller, 501))
    limits.take(caller, 500)
  })

  test('an exhausted key is refused even when the estimate is nothing', () => {
    const { limits } = clock()
    const caller = keyWith({ tpmLimit: 10 })
    limits.take(caller, 10)
    refusal(() => limits.take(caller, 0))
  })
})

describe('requests at once', () => {
  test('a slot is freed when its request ends, once however often it is released', () => {
    const { limits } = clock()
    const caller = keyWith({ maxParallelRequests: 2 })
    const first = limits.take(caller, 0)
    limits.take(caller, 0)
    const error = refusal(() => limits.take(caller, 0))
    expect(error.message).toContain('Limit type: max_parallel_requests. Current limit: 2, Remaining: 0.')
    expect(error.retryAfterMs).toBe(1000)
    first.release(0)
    first.release(0)
    limits.take(caller, 0)
    refusal(() => limits.take(caller, 0))
  })

  test('slots outlive the window', () => {
    const { state, limits } = clock()
    const caller = keyWith({ maxParallelRequests: 1 })
    const long = limits.take(caller, 0)
    state.now += 120_000
    refusal(() => limits.take(caller, 0))
    long.release(0)
    limits.take(caller, 0)
  })
})

describe('all or nothing', () => {
  test('a request refused by one limit takes nothing of the others', () => {
    const { limits } = clock()
    const caller = keyWith({ rpmLimit: 2, tpmLimit: 100, maxParallelRequests: 2 })
    for (let i = 0; i < 10; i++) refusal(() => limits.take(caller, 101))
    const { headers } = limits.take(caller, 40)
    expect(headers).toEqual({
      'x-ratelimit-api_key-limit-requests': '2',
      'x-ratelimit-api_key-remaining-requests': '1',
      'x-ratelimit-api_key-limit-tokens': '100',
      'x-ratelimit-api_key-remaining-tokens': '60',
      'x-ratelimit-api_key-limit-max_parallel_requests': '2',
      'x-ratelimit-api_key-remaining-max_parallel_requests': '1',
    })
  })

  test('whoever has no limits gets one shared lease', () => {
    const { limits } = clock()
    const lease = limits.take({ kind: 'master' }, 5)
    expect(limits.take(keyWith({}), 5)).toBe(lease)
    expect(lease.headers).toEqual({})
    lease.release(5)
  })

  test('keys that have gone quiet are forgotten, those with a running request are not', () => {
    const { state, limits } = clock()
    const running = keyWith({ maxParallelRequests: 1 }, 'running')
    limits.take(running, 0)
    for (let i = 0; i < 10_000; i++) limits.take(keyWith({ rpmLimit: 1 }, `quiet ${i}`), 0).release(0)
    state.now += 60_000
    limits.take(keyWith({ rpmLimit: 1 }, 'one more'), 0)
    refusal(() => limits.take(running, 0))
  })
})
