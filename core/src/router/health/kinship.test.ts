import { describe, expect, test } from 'bun:test'
import type { FaultCode } from '../../kernel/faults.ts'
import { GatewayError } from '../../kernel/faults.ts'
import { entryAt as entry, openRouter as open } from '../../testing/open-router.ts'

const many = (count: number, params = {}) =>
  Array.from({ length: count }, (_, at) => entry('m', `d${at}`, params, { id: `d${at}` }))

function opened(entries: ReturnType<typeof many>, settings = {}) {
  const { router, clock, cooled } = open(entries, settings)
  const { health, pool } = router
  const fail = (id: string, code: FaultCode) => {
    const deployment = pool.deployments.find((one) => one.id === id)
    if (deployment) health.failed(deployment, new GatewayError(code, 'no'), entries.length - 1)
  }
  const out = () => pool.deployments.filter(({ id }) => health.cooling(id) > 0).map(({ id }) => id)
  return { health, clock, fail, out, cooled }
}

describe('a credential that is refused', () => {
  const keys = [
    ...many(2),
    entry('other', 'same', {}, { id: 'other' }),
    entry('other', 'x', { api_key: 'sk-y' }, { id: 'x' }),
    entry('lone', 'z', {}, { id: 'lone' }),
  ]

  test('is refused for every deployment that has it, in any group of more than one', () => {
    const { fail, out, cooled } = opened(keys)
    fail('d0', 'provider-auth')
    expect(out()).toEqual(['d0', 'd1', 'other'])
    expect(cooled.map(({ id, cause }) => `${id} ${cause}`)).toEqual(
      ['d0', 'd1', 'other'].map((id) => `${id} provider-auth`),
    )
  })

  test('or denied is the model’s own matter when another has just answered with it', () => {
    const { health, fail, out } = opened(keys)
    health.bore('other')
    fail('d0', 'provider-denied')
    expect(out()).toEqual(['d0'])
  })

  test('is told from another by a fingerprint that is not it', () => {
    const { router } = open(keys)
    const prints = router.pool.deployments.map(({ credential }) => credential)
    expect(new Set(prints).size).toBe(2)
    expect(JSON.stringify(router.pool.deployments)).not.toContain('sk-x')
  })
})

describe('an outage', () => {
  const settings = { allowedFails: 99 }

  test('is when three deployments of a place fail within seconds; then their siblings are out too', () => {
    const { fail, out, clock } = opened(many(5), settings)
    fail('d0', 'provider-unreachable')
    clock.now += 2000
    fail('d1', 'provider-failed')
    expect(out()).toEqual([])
    clock.now += 2000
    fail('d2', 'provider-overloaded')
    expect(out()).toEqual(['d0', 'd1', 'd3', 'd4'])
  })

  test('is not while one of the place answers, nor over a longer time, nor of timeouts and limits', () => {
    const answering = opened(many(5), settings)
    answering.fail('d0', 'provider-failed')
    answering.health.bore('d4')
    for (const id of ['d1', 'd2', 'd3']) answering.fail(id, 'provider-failed')
    expect(answering.out()).toEqual([])
    const slow = opened(many(5), settings)
    for (const id of ['d0', 'd1', 'd2', 'd3']) {
      slow.fail(id, 'provider-failed')
      slow.clock.now += 6000
    }
    expect(slow.out()).toEqual([])
    const late = opened(many(5), settings)
    for (const id of ['d0', 'd1', 'd2', 'd3']) late.fail(id, 'provider-timeout')
    expect(late.out()).toEqual([])
  })

  test('ends at the place: another region goes on', () => {
    const { fail, out } = opened([...many(4), entry('m', 'far', { region_name: 'eu' }, { id: 'far' })], settings)
    for (const id of ['d0', 'd1', 'd2']) fail(id, 'provider-unreachable')
    expect(out()).not.toContain('far')
    expect(out()).toContain('d3')
  })
})

test('what is the model’s or the caller’s fault stays with one deployment', () => {
  const { fail, out } = opened(many(3))
  fail('d0', 'provider-refused')
  expect(out()).toEqual([])
  fail('d1', 'provider-not-found')
  expect(out()).toEqual(['d1'])
})
