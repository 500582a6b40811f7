import { afterAll, describe, expect, test } from 'bun:test'
import { redisForTests } from '../../../tests/services.ts'
import { createRedisShared } from '../shared/redis.ts'
import type { Entered, Entering } from './admission.ts'
import { enteringWith } from './entering.ts'
import { dollars, openScene } from './testing/scene.ts'

const attempt = (
  costs: number | undefined,
  deployment: Entering['deployment'] = { id: 'd-1' },
  provider = 'openai',
): Entering => ({
  provider,
  deployment,
  worstCase: () => (costs === undefined ? undefined : dollars(costs)),
  tokens: () => ({ input: 10, total: 60 }),
})

type Given = Entered | undefined | Promise<Entered>

function letIn(given: Given): Extract<Entered, { full?: undefined }> {
  if (given === undefined || given instanceof Promise || given.full !== undefined) throw new Error('it was not let in')
  return given
}

describe('the budget of a provider', () => {
  const providers = { openai: { maxBudget: dollars(1), duration: '1d' } }

  test('turns an attempt away when it is spent, and knows nothing of other providers', () => {
    const { admission } = openScene({ providers })
    const entered = letIn(admission.enter(attempt(0.8)))
    expect(entered.buckets).toEqual(['provider:openai:1d:2026-11-22'])
    expect(admission.enter(attempt(0.3))).toMatchObject({ full: 'Exceeded budget for provider openai: 0 >= 1' })
    entered.settle({ shares: [['provider:openai:1d:2026-11-22', dollars(0.5)]], tokens: 0 })
    expect(admission.enter(attempt(0.6))).toEqual({
      full: 'Exceeded budget for provider openai: 0.5 >= 1',
      kind: 'budget',
      retryAfterMs: 12 * 3_600_000,
    })
    letIn(admission.enter(attempt(0.5)))
    expect(admission.enter(attempt(100, undefined, 'anthropic'))).toBeUndefined()
    expect(admission.enter(attempt(100, undefined, 'constructor'))).toBeUndefined()
  })
})

describe('the budget of a deployment', () => {
  const budget = { limit: dollars(1) }

  test('is its own, and is counted under its own name', () => {
    const { admission, spentIn } = openScene()
    const entered = letIn(admission.enter(attempt(1, { id: 'd-1', budget })))
    expect(entered.buckets).toEqual([])
    expect(entered.claims('deployment:d-1')).toBe(true)
    expect(admission.enter(attempt(0.1, { id: 'd-1', budget }))).toMatchObject({
      full: 'Exceeded budget for deployment d-1: 0 >= 1',
    })
    letIn(admission.enter(attempt(1, { id: 'd-2', budget })))
    entered.settle({ shares: [['deployment:d-1', dollars(0.4)]], tokens: 5 })
    expect(spentIn('deployment:d-1')).toBe(0.4)
    letIn(admission.enter(attempt(0.6, { id: 'd-1', budget })))
  })

  test('counts what the store has, and takes nothing of the provider when it has no room', () => {
    const providers = { openai: { maxBudget: dollars(1) } }
    const { admission } = openScene({ providers }, { 'deployment:d-1': 1 })
    expect(admission.enter(attempt(0.1, { id: 'd-1', budget }))).toMatchObject({ kind: 'budget' })
    letIn(admission.enter(attempt(1, { id: 'd-2' })))
  })

  test('gives everything back for an attempt that failed', () => {
    const { admission } = openScene()
    for (let i = 0; i < 5; i++)
      letIn(admission.enter(attempt(1, { id: 'd-1', budget }))).settle({ shares: [], tokens: 0 })
  })
})

describe('the limits of a deployment', () => {
  const scene = (agreement: 'alone' | 'agreed') => {
    const { shared, clock } = openScene()
    const ports = { shared: { ...shared, agreement: () => agreement }, providers: {}, periodAt: () => undefined }
    return { enter: enteringWith({ ...ports, now: () => clock.now }), clock }
  }

  test('are taken from what replicas agree on; a process that is alone counts by itself', () => {
    const { enter, clock } = scene('agreed')
    const limited = { id: 'd-1', rpm: 2 }
    letIn(enter(attempt(0, limited)))
    // one that failed was a request all the same
    letIn(enter(attempt(0, limited))).settle({ shares: [], tokens: 0 })
    expect(enter(attempt(0, limited))).toEqual({
      full: '2 of 2 requests per minute are used at deployment d-1',
      kind: 'limit',
      retryAfterMs: 60_000,
    })
    clock.now += 60_000
    letIn(enter(attempt(0, limited)))
    expect(scene('alone').enter(attempt(0, limited))).toBeUndefined()
  })

  test('of tokens begin with the estimate, which the truth takes the place of', () => {
    const { enter } = scene('agreed')
    const limited = { id: 'd-1', tpm: 100 }
    const entered = letIn(enter(attempt(0, limited)))
    expect(enter(attempt(0, limited))).toMatchObject({ kind: 'limit' })
    entered.settle({ shares: [], tokens: 40 })
    letIn(enter(attempt(0, limited)))
  })
})

const server = await redisForTests()
afterAll(() => server?.stop())

describe.skipIf(!server)('two replicas (skipped where no redis-server is installed)', () => {
  test('hold a deployment to its budget and its requests together', async () => {
    const ports = { url: server?.url ?? '', namespace: `entering-${process.pid}`, now: Date.now, log: () => {} }
    const replicas = [1, 2].map(() => createRedisShared({ ...ports, balanceOf: () => dollars(0) }))
    await Promise.all(replicas.map(({ ready }) => ready))
    const enters = replicas.map((shared) =>
      enteringWith({ shared, providers: {}, periodAt: () => undefined, now: Date.now }),
    )
    const all = (costs: number, deployment: Entering['deployment']) =>
      Promise.all(enters.flatMap((enter) => Array.from({ length: 10 }, () => enter(attempt(costs, deployment)))))
    const letInOf = (given: readonly (Entered | undefined)[]) => given.filter((one) => one?.full === undefined).length
    expect(letInOf(await all(0.25, { id: 'd-1', budget: { limit: dollars(1) } }))).toBe(4)
    expect(letInOf(await all(0, { id: 'd-2', rpm: 7 }))).toBe(7)
    await Promise.all(replicas.map((shared) => shared.close()))
  })
})
