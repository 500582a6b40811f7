import { describe, expect, test } from 'bun:test'
import { GatewayError } from '../../kernel/faults.ts'
import { backOff } from './back-off.ts'

const error = (retryAfterMs?: number) =>
  new GatewayError('provider-failed', 'no', retryAfterMs === undefined ? {} : { retryAfterMs })
const wait = (given: Partial<Parameters<typeof backOff>[0]> = {}) =>
  backOff({ tries: 1, error: error(), others: false, settings: { retryAfterMs: 0 }, dice: () => 0, ...given })

describe('the wait before the next try', () => {
  test('is none when another deployment can take it, whatever the provider asks for', () => {
    expect(wait({ others: true })).toBe(0)
    expect(wait({ others: true, error: error(30_000), tries: 5, settings: { retryAfterMs: 9000 } })).toBe(0)
  })

  test.each([
    [1, 500],
    [2, 1000],
    [3, 2000],
    [4, 4000],
    [5, 8000],
    [9, 8000],
    [60, 8000],
  ])('doubles from half a second to eight: after %p tries %p ms', (tries, ms) => {
    expect(wait({ tries })).toBe(ms)
  })

  test('is what the provider asks for, up to a minute; for longer there is no next try', () => {
    expect(wait({ error: error(3000) })).toBe(3000)
    expect(wait({ error: error(60_000) })).toBe(60_000)
    expect(wait({ error: error(60_001) })).toBeUndefined()
    expect(wait({ error: error(0) })).toBe(500)
  })

  test('is never below the configured floor', () => {
    expect(wait({ settings: { retryAfterMs: 2500 } })).toBe(2500)
    expect(wait({ settings: { retryAfterMs: 2500 }, tries: 5 })).toBe(8000)
  })

  test('is spread by up to three quarters of a second', () => {
    expect(wait({ dice: () => 0.999 })).toBeGreaterThan(1240)
    expect(wait({ dice: () => 0.999 })).toBeLessThan(1250)
    expect(wait({ dice: () => 0.5, error: error(3000) })).toBe(3375)
  })
})
