import { describe, expect, test } from 'bun:test'
import { GatewayError } from '../../kernel/faults.ts'
import { entryAt as entry, openRouter as open } from '../../testing/open-router.ts'
import { limitsTold } from './limits-told.ts'
import { quotaWaitMs } from './stated-date.ts'

const now = Date.parse('2026-11-22T12:00:00Z')
const hour = 3_600_000

describe('what is left of a provider’s limits', () => {
  test('is the least of its shares, until that one is whole again', () => {
    const openai = new Headers({
      'x-ratelimit-limit-requests': '100',
      'x-ratelimit-remaining-requests': '90',
      'x-ratelimit-reset-requests': '2s',
      'x-ratelimit-limit-tokens': '1000',
      'x-ratelimit-remaining-tokens': '250',
      'x-ratelimit-reset-tokens': '6m0s',
    })
    expect(limitsTold(openai, now)).toEqual({ headroom: 0.25, resetMs: 360_000 })
    const anthropic = new Headers({
      'anthropic-ratelimit-output-tokens-limit': '8000',
      'anthropic-ratelimit-output-tokens-remaining': '2000',
      'anthropic-ratelimit-output-tokens-reset': '2026-11-22T12:00:30Z',
    })
    expect(limitsTold(anthropic, now)).toEqual({ headroom: 0.25, resetMs: 30_000 })
  })

  test('is not known without headers, or with words in them', () => {
    expect(limitsTold(new Headers(), now)).toBeUndefined()
    const odd = new Headers({ 'x-ratelimit-limit-tokens': 'many', 'x-ratelimit-remaining-tokens': '5' })
    expect(limitsTold(odd, now)).toBeUndefined()
  })

  test('decides under rate-limit-aware, and a provider that asked to be left alone is left alone', async () => {
    const { ask, fake, clock } = open([entry('m', 'a'), entry('m', 'b')], {
      strategy: 'rate-limit-aware',
      disableCooldowns: true,
    })
    const left = (tokens: string) => async () => {
      const reply = await fake.handle(
        new Request('http://x/v1/chat/completions', { method: 'POST', body: '{"model":"z","messages":[]}' }),
      )
      return new Response(reply.body, {
        headers: {
          'x-ratelimit-limit-tokens': '100',
          'x-ratelimit-remaining-tokens': tokens,
          'content-type': 'application/json',
        },
      })
    }
    fake.script(left('10'))
    const first = await ask('m')
    expect(first.seen[0]).toBe('a')
    expect((await ask('m')).seen).toEqual(['b'])
    expect((await ask('m')).seen).toEqual(['b'])
    fake.script(() => Response.json({ error: { message: 'x' } }, { status: 429, headers: { 'retry-after': '20' } }))
    expect((await ask('m')).seen).toEqual(['b', 'a'])
    expect((await ask('m')).seen).toEqual(['a'])
    clock.now += 60_000
    expect((await ask('m')).seen).toEqual(['a'])
  })
})

describe('an empty account is asked again', () => {
  const wait = (message: string, retryAfterMs?: number) =>
    quotaWaitMs(new GatewayError('provider-quota', message, retryAfterMs === undefined ? {} : { retryAfterMs }), now)

  test.each([
    ['Your limit resets at 2026-11-22T15:00:00Z.', 3 * hour],
    ['Quota exceeded; it resets on 2026-11-22 14:30 UTC', 2.5 * hour],
    ['You will regain access on 2026-11-22', hour],
    ['Please try again in 2 hours and 30 minutes.', 2.5 * hour],
    ['Try again in 90s', 90_000],
    [`Limit reached. Resets at ${now / 1000 + 600}`, 600_000],
    ['Resets at 2027-01-01T00:00:00Z', 24 * hour],
    ['You exceeded your current quota, please check your plan and billing details.', hour],
    ['It reset at 2026-11-01T00:00:00Z', hour],
  ])('when it says: %s', (message, expected) => {
    expect(wait(message)).toBe(expected)
  })

  test('when its headers say, before its words', () => {
    expect(wait('Resets at 2026-11-22T15:00:00Z', 5000)).toBe(5000)
    expect(wait('x', 10 * 24 * hour)).toBe(24 * hour)
  })
})
