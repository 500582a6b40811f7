import { describe, expect, test } from 'bun:test'
import type { GatewayError } from '../../kernel/faults.ts'
import { entryAt as entry, openRouter as open } from '../../testing/open-router.ts'

describe('a retry policy', () => {
  test('says by kind of failure how often a group is tried again, before the caller and the house', async () => {
    const { ask } = open([entry('m', 'status-500'), entry('n', 'status-503')], {
      retryPolicy: { internalServer: 1 },
      groupRetryPolicy: { n: { internalServer: 0 } },
    })
    expect((await ask('m', { retries: 5 })).seen.length).toBe(2)
    expect((await ask('n', { retries: 5 })).seen.length).toBe(1)
  })

  test('lets the only deployment be tried again after its limit, when its time is over', async () => {
    const { ask, fake, waits } = open([entry('m', 'fine')], { retryPolicy: { rateLimit: 1 } })
    fake.script(() =>
      Response.json({ error: { message: 'slow down' } }, { status: 429, headers: { 'retry-after': '7' } }),
    )
    expect((await ask('m')).seen.length).toBe(2)
    expect(waits).toEqual([7000])
  })

  test('never sends what a provider refused to the same deployment again', async () => {
    const { ask } = open([entry('m', 'status-400'), entry('m', 'status-400+other')], { retryPolicy: { badRequest: 5 } })
    expect((await ask('m')).seen).toEqual(['status-400', 'status-400+other'])
  })
})

describe('the wait that a provider asks for', () => {
  const asking = (seconds: string) => () =>
    Response.json({ error: { message: 'busy' } }, { status: 503, headers: { 'retry-after': seconds } })

  test('is waited for before its only deployment is tried again', async () => {
    const { ask, fake, waits } = open([entry('m', 'fine')])
    fake.script(asking('11'))
    expect((await ask('m')).seen.length).toBe(2)
    expect(waits).toEqual([11_000])
  })

  test('ends the tries when it is longer than anybody waits', async () => {
    const { ask, fake, waits } = open([entry('m', 'fine')])
    fake.script(asking('3600'))
    expect((await ask('m')).told).toMatchObject({ status: 503 })
    expect(waits).toEqual([])
  })
})

describe('levels of order', () => {
  const levels = [
    entry('m', 'third', { order: 3 }),
    entry('m', 'status-500+one', { order: 1 }),
    entry('m', 'status-500+two', { order: 2 }),
  ]

  test('are gone to one after the other though no retries are left', async () => {
    expect((await open(levels, { retries: 0 }).ask('m')).seen).toEqual(['status-500+one', 'status-500+two', 'third'])
  })

  test('are skipped while all of theirs cool down', async () => {
    const { ask, router, clock } = open(levels)
    for (const { id, order } of router.pool.deployments)
      if (order === 1) router.health.cool({ id, until: clock.now + 60_000, cause: 'provider-limit' })
    expect((await ask('m')).seen).toEqual(['status-500+two', 'third'])
  })
})

describe('a deployment’s own limits', () => {
  test('of requests hold for those who come at the same time, and the next minute is another', async () => {
    const { ask, clock } = open([entry('m', 'a', { rpm: 2 })])
    const told = await Promise.all(Array.from({ length: 5 }, () => ask('m')))
    expect(told.filter(({ told }) => 'reply' in told).length).toBe(2)
    expect(told.at(-1)?.told).toMatchObject({
      code: 'no-deployment',
      status: 429,
      retryAfterMs: 60_000 - (clock.now % 60_000),
    })
    expect(told.at(-1)?.attempts).toMatchObject([{ kind: 'skipped', why: 'over-limit' }])
    clock.now += 60_000
    expect((await ask('m')).told).toMatchObject({ group: 'm' })
  })

  test('send a call to another that has room, whatever the weights say', async () => {
    const { ask } = open([entry('m', 'full', { rpm: 1, weight: 99 }), entry('m', 'free', { weight: 1 })])
    expect((await ask('m')).seen).toEqual(['full'])
    expect((await ask('m')).seen).toEqual(['free'])
  })

  test('of tokens go by the estimate while a call is under way and by what it took afterwards', async () => {
    const { router, callFor, ask } = open([entry('m', 'a', { tpm: 30 })])
    const call = callFor('m')
    const answer = await router.ask(call, router.group('m'))
    const life = router.health.of(answer.deployment.id)
    expect(life.tokens).toBe(Math.ceil(call.envelope.bytes.length / 3))
    expect((await ask('m')).told).toMatchObject({ code: 'no-deployment' })
    answer.done({ inputTokens: 3, outputTokens: 4 })
    expect(life.tokens).toBe(7)
    expect((await ask('m')).told).toMatchObject({ group: 'm' })
  })

  test('count no tokens of a call that failed', async () => {
    const { router, ask } = open([entry('m', 'status-500', { tpm: 1000 })], { retries: 0 })
    await ask('m')
    expect(router.health.of(router.pool.deployments[0]?.id ?? '')).toMatchObject({
      tokens: 0,
      requests: 1,
      inFlight: 0,
    })
  })

  test('are left as they were when the deployment’s owner turns a call away', async () => {
    const { router, ask } = open([entry('m', 'a', { rpm: 1 })])
    await ask('m', { enter: () => ({ full: 'spent' }) })
    expect(router.health.of(router.pool.deployments[0]?.id ?? '')).toMatchObject({ requests: 0, inFlight: 0 })
    const failing = ask('m', { enter: () => Promise.reject(new Error('store')) })
    await expect(failing).resolves.toMatchObject({ told: { code: 'internal' } })
    expect(router.health.of(router.pool.deployments[0]?.id ?? '')).toMatchObject({ requests: 0, inFlight: 0 })
  })
})

describe('when nobody can be asked', () => {
  const cold = (causes: readonly ('provider-limit' | 'provider-auth')[]) => {
    const opened = open(causes.map((_, at) => entry('m', `d${at}`)))
    for (const [at, { id }] of opened.router.pool.deployments.entries())
      opened.router.health.cool({
        id,
        until: opened.clock.now + 1000 * (at + 3),
        cause: causes[at] ?? 'provider-limit',
      })
    return opened.ask('m')
  }

  test('the answer is 429 if all are out for limits, with the time of the first to come back', async () => {
    expect((await cold(['provider-limit', 'provider-limit'])).told).toMatchObject({ status: 429, retryAfterMs: 3000 })
  })

  test('it is 503 if one is out for another reason, and says the reasons', async () => {
    const { told } = await cold(['provider-limit', 'provider-auth'])
    expect(told).toMatchObject({ code: 'no-deployment', status: 503, retryAfterMs: 3000 })
    expect((told as GatewayError).message).toEndWith('Causes: provider-limit, provider-auth.')
  })
})

describe('the retry budget', () => {
  test('ends retries beyond a fifth of the traffic, once a hundred requests were seen', async () => {
    const { ask, fake } = open([entry('m', 'status-500'), entry('m', 'status-500+b'), entry('ok', 'fine')], {
      retries: 1,
      disableCooldowns: true,
    })
    for (let n = 0; n < 99; n++) await ask('ok')
    const before = fake.requests.length
    for (let n = 0; n < 60; n++) await ask('m')
    const retries = fake.requests.length - before - 60
    expect(retries).toBeGreaterThanOrEqual(20)
    expect(retries).toBeLessThanOrEqual(Math.ceil(0.2 * 159))
  })

  test('is not asked in little traffic', async () => {
    const { ask, fake } = open([entry('m', 'status-500'), entry('m', 'status-500+b')], { retries: 1 })
    for (let n = 0; n < 3; n++) await ask('m', {}, {})
    expect(fake.requests.length).toBe(6)
  })
})
