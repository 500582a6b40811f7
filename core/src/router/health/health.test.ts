import { describe, expect, test } from 'bun:test'
import { type FaultCode, GatewayError } from '../../kernel/faults.ts'
import { type Deployment, defaultSettings, type RouterSettings } from '../deployment.ts'
import { createHealth } from './health.ts'

function at(given: Partial<RouterSettings> = {}) {
  const clock = { now: Date.UTC(2026, 10, 22, 12, 0, 1) }
  const health = createHealth({ ...defaultSettings, ...given }, { now: () => clock.now })
  const deployment = (more: Partial<Deployment> = {}) =>
    ({ id: 'd', group: 'g', provider: { name: 'p' }, ...more }) as Deployment
  const fail = (
    code: FaultCode = 'provider-failed',
    siblings = 1,
    more: Partial<Deployment> = {},
    retryAfterMs?: number,
  ) =>
    health.failed(
      deployment(more),
      new GatewayError(code, 'no', retryAfterMs === undefined ? {} : { retryAfterMs }),
      siblings,
    )
  return { clock, health, fail, cooling: () => health.cooling('d') }
}

describe('by the default rules', () => {
  test.each(['provider-limit', 'provider-quota'] as const)(
    '%s cools one of several at once, and never the only one',
    (code) => {
      const several = at()
      several.fail(code)
      expect(several.cooling()).toBe(code === 'provider-limit' ? 5000 : 3_600_000)
      const lone = at()
      for (let n = 0; n < 20; n++) lone.fail(code, 0)
      expect(lone.cooling()).toBe(0)
    },
  )

  test.each(['provider-auth', 'provider-not-found', 'provider-denied'] as const)(
    '%s cools even the only one',
    (code) => {
      const lone = at()
      lone.fail(code, 0)
      expect(lone.cooling()).toBe(5000)
    },
  )

  test('other failures cool when more than half of at least five requests of a minute failed', () => {
    const { health, fail, cooling } = at()
    for (let n = 0; n < 4; n++) fail()
    expect(cooling()).toBe(0)
    fail()
    expect(cooling()).toBe(5000)
    const mixed = at()
    for (let n = 0; n < 10; n++) mixed.health.answered('d', { msPerToken: 1 })
    for (let n = 0; n < 10; n++) mixed.fail()
    expect(mixed.cooling()).toBe(0)
    mixed.fail()
    expect(mixed.cooling()).toBe(5000)
    expect(health.cooling('another')).toBe(0)
  })

  test('the only one goes out when all of a thousand requests of a minute failed, and not when one of them did not', () => {
    const dead = at()
    for (let n = 0; n < 999; n++) dead.fail('provider-failed', 0)
    expect(dead.cooling()).toBe(0)
    dead.fail('provider-failed', 0)
    expect(dead.cooling()).toBe(5000)
    const alive = at()
    alive.health.answered('d', { msPerToken: 1 })
    for (let n = 0; n < 2000; n++) alive.fail('provider-failed', 0)
    expect(alive.cooling()).toBe(0)
  })

  test('the next minute begins with a clean sheet', () => {
    const { clock, fail, cooling } = at()
    for (let n = 0; n < 4; n++) fail()
    clock.now += 60_000
    fail()
    expect(cooling()).toBe(0)
  })

  test('what is the caller’s fault says nothing of the deployment', () => {
    const { fail, cooling } = at({ allowedFails: 0 })
    for (const code of [
      'context-overflow',
      'content-policy',
      'provider-refused',
      'client-gone',
      'budget-exceeded',
    ] as const)
      fail(code)
    expect(cooling()).toBe(0)
  })
})

describe('with allowed_fails', () => {
  test('one more than allowed cools, also the only one', () => {
    const { fail, cooling } = at({ allowedFails: 2 })
    fail('provider-failed', 0)
    fail('provider-failed', 0)
    expect(cooling()).toBe(0)
    fail('provider-failed', 0)
    expect(cooling()).toBe(5000)
  })

  test('failures count for as long as a cooldown lasts', () => {
    const { clock, fail, cooling } = at({ allowedFails: 1, cooldownMs: 10_000 })
    fail()
    clock.now += 10_000
    fail()
    expect(cooling()).toBe(0)
    clock.now += 9999
    fail()
    expect(cooling()).toBe(10_000)
  })
})

describe('with allowed_fails_policy', () => {
  test('each kind of failure has its own number, before the general one', () => {
    const given = { allowedFails: 1, allowedFailsPolicy: { timeout: 3, authentication: 0 } }
    const slow = at(given)
    for (let n = 0; n < 3; n++) slow.fail('provider-timeout')
    expect(slow.cooling()).toBe(0)
    slow.fail('provider-timeout')
    expect(slow.cooling()).toBe(5000)
    const refused = at(given)
    refused.fail('provider-auth')
    expect(refused.cooling()).toBe(5000)
    const failing = at(given)
    failing.fail('provider-failed')
    expect(failing.cooling()).toBe(0)
    failing.fail('provider-failed')
    expect(failing.cooling()).toBe(5000)
  })

  test('a kind that it does not name goes by the default rules', () => {
    const { fail, cooling } = at({ allowedFailsPolicy: { timeout: 0 } })
    fail('provider-limit')
    expect(cooling()).toBe(5000)
  })
})

describe('the time out of rotation', () => {
  test('is the deployment’s own, else what the provider asks for, else the house’s', () => {
    const own = at()
    own.fail('provider-limit', 1, { cooldownMs: 700 }, 9000)
    expect(own.cooling()).toBe(700)
    const asked = at()
    asked.fail('provider-limit', 1, {}, 9000)
    expect(asked.cooling()).toBe(9000)
  })

  test('runs off by the clock', () => {
    const { clock, fail, cooling } = at()
    fail('provider-limit')
    clock.now += 4999
    expect(cooling()).toBe(1)
    clock.now += 1
    expect(cooling()).toBe(0)
  })

  test('of nothing is no cooldown, and cooldowns can be switched off', () => {
    const none = at()
    none.fail('provider-limit', 1, { cooldownMs: 0 })
    expect(none.cooling()).toBe(0)
    const off = at({ disableCooldowns: true })
    off.fail('provider-auth')
    expect(off.cooling()).toBe(0)
  })

  test('never comes to a wildcard: it stands for many models', () => {
    const { fail, cooling } = at()
    fail('provider-auth', 1, { group: 'openai/*' })
    expect(cooling()).toBe(0)
  })
})

describe('what is remembered', () => {
  test('requests in flight are counted up and down', () => {
    const { health } = at()
    const [one, two] = [health.begin('d', 0), health.begin('d', 0)]
    one.end(0, 0)
    expect(health.inFlight('d')).toBe(1)
    two.end(0, 0)
    expect(health.inFlight('d')).toBe(0)
  })

  test('the newest latencies, as many as the window holds, and no older than it reaches', () => {
    const { clock, health } = at({ strategyArgs: { windowSize: 3, windowMs: 1000 } })
    for (const msPerToken of [1, 2, 3, 4]) health.answered('d', { msPerToken, firstByteMs: msPerToken * 10 })
    const { latencies, firstBytes } = health.of('d')
    expect(latencies.values(clock.now)).toEqual([2, 3, 4])
    expect(latencies.mean(clock.now)).toBe(3)
    expect(firstBytes.mean(clock.now)).toBe(30)
    clock.now += 1001
    expect(latencies.values(clock.now)).toEqual([])
    expect(latencies.mean(clock.now)).toBeUndefined()
  })

  test('a timeout counts as very slow', () => {
    const { clock, health, fail } = at()
    fail('provider-timeout')
    expect(health.of('d').latencies.mean(clock.now)).toBeGreaterThanOrEqual(1_000_000)
  })

  test('whole answers leave the first-byte figures alone', () => {
    const { clock, health } = at()
    health.answered('d', { msPerToken: 5 })
    expect(health.of('d').firstBytes.mean(clock.now)).toBeUndefined()
  })
})
