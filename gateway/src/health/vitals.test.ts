import { describe, expect, test } from 'bun:test'
import { GatewayError } from 'turnpike-core/internal/kernel/faults'
import { createVitals } from './create-vitals.ts'
import type { Finding } from './vitals.ts'

const answered = { kind: 'answered', deployment: 'd', group: 'g', ms: 5 } as const
const failed = (code: 'provider-auth' | 'context-overflow') =>
  ({ ...answered, kind: 'failed', error: new GatewayError(code, 'the words of a provider') }) as const

describe('vitals', () => {
  test('follow what requests came to, in our own words, and blame no deployment for its callers', () => {
    const vitals = createVitals()
    vitals.hear({ attempts: [answered], endedAt: 1 })
    expect(vitals.of('d')).toMatchObject({ verdict: 'healthy', by: 'traffic', ms: 5 })
    vitals.hear({ attempts: [failed('context-overflow')], endedAt: 2 })
    expect(vitals.of('d')?.verdict).toBe('healthy')
    vitals.hear({ attempts: [failed('provider-auth')], endedAt: 3 })
    expect(vitals.of('d')).toMatchObject({ verdict: 'unhealthy', why: 'provider-auth (401)' })
    vitals.hear({ attempts: [answered], endedAt: 4, error: { code: 'provider-timeout', message: 'x' } })
    expect(vitals.of('d')).toMatchObject({ verdict: 'unhealthy', why: 'provider-timeout (within the answer)' })
    expect(vitals.of('other')).toBeUndefined()
  })

  test('keep changes and one finding a minute, a hundred of each group', () => {
    const vitals = createVitals()
    for (let at = 0; at < 120_000; at += 1000) vitals.hear({ attempts: [answered], endedAt: at })
    expect(vitals.history('g').map(({ at }) => at)).toEqual([60_000, 0])
    for (let at = 0; at < 300; at++)
      vitals.hear({ attempts: [at % 2 === 0 ? failed('provider-auth') : answered], endedAt: 200_000 + at })
    expect(vitals.history('g')).toHaveLength(100)
    expect(vitals.latest()).toHaveLength(1)
  })

  test('are told to others once a second at most, and take over what is newer from them', () => {
    const told: Finding[] = []
    const vitals = createVitals((finding) => void told.push(finding))
    for (let at = 0; at < 100; at++)
      vitals.hear({ attempts: [at % 2 === 0 ? failed('provider-auth') : answered], endedAt: at })
    expect(told).toHaveLength(1)
    const theirs: Finding = { id: 'x', deployment: 'd', group: 'g', at: 50, by: 'probe', verdict: 'unknown' }
    vitals.find(theirs)
    expect(vitals.of('d')?.at).toBe(99)
    vitals.find({ ...theirs, at: 200 })
    expect(vitals.of('d')).toMatchObject({ verdict: 'unknown', at: 200 })
    expect(told).toHaveLength(1)
  })
})
