import { describe, expect, test } from 'bun:test'
import type { GatewayError } from '../kernel/faults.ts'
import { entryAt as entry, openRouter as open } from '../testing/open-router.ts'
import type { Asking } from './dispatch.ts'

describe('one deployment', () => {
  test('is tried three times by default, with the waits between', async () => {
    const { ask, waits } = open([entry('m', 'status-500')])
    const { told, seen } = await ask('m')
    expect(seen.length).toBe(3)
    expect(waits).toEqual([500, 1000])
    expect(told).toMatchObject({ code: 'provider-failed', status: 500 })
  })

  test('is tried as often as its own entry says', async () => {
    const { ask } = open([entry('m', 'status-500', { num_retries: 1 })])
    expect((await ask('m')).seen.length).toBe(2)
  })

  test.each([400, 401, 403, 404, 413, 422])('is not tried again after a %p', async (status) => {
    const { ask } = open([entry('m', `status-${status}`)])
    const { told, seen } = await ask('m')
    expect(seen.length).toBe(1)
    expect(told).toMatchObject({ status })
  })

  test('that answers at the second try says how many it took', async () => {
    const { ask, fake } = open([entry('m', 'fine')])
    fake.script('status-500')
    const { told, attempts } = await ask('m')
    expect(told).toMatchObject({ retries: 1, fallbacks: 0, group: 'm' })
    expect(attempts.map(({ kind }) => kind)).toEqual(['failed', 'answered'])
  })
})

describe('several deployments', () => {
  test('take over at once, without a wait', async () => {
    const { ask, waits } = open([entry('m', 'status-500'), entry('m', 'fine')])
    const { seen } = await ask('m')
    expect(seen).toEqual(['status-500', 'fine'])
    expect(waits).toEqual([])
  })

  test('are each tried before one is tried twice, whatever the dice say', async () => {
    for (const roll of [0, 0.3, 0.6, 0.99]) {
      const { ask } = open(
        ['a', 'b', 'c'].map((name) => entry('m', `status-500+${name}`)),
        { retries: 4 },
        () => roll,
      )
      const { seen } = await ask('m')
      expect(seen.length).toBe(5)
      expect(new Set(seen.slice(0, 3)).size).toBe(3)
    }
  })

  test('of a higher order wait until the lower have failed', async () => {
    const { ask } = open([entry('m', 'second', { order: 2 }), entry('m', 'status-500+first', { order: 1 })])
    expect((await ask('m')).seen).toEqual(['status-500+first', 'second'])
    const sound = open([entry('m', 'second', { order: 2 }), entry('m', 'first', { order: 1 })])
    expect((await sound.ask('m')).seen).toEqual(['first'])
  })

  test('that cool down are passed over and noted', async () => {
    const { ask, clock } = open([entry('m', 'status-429'), entry('m', 'fine')])
    expect((await ask('m')).seen).toEqual(['status-429', 'fine'])
    const { seen, attempts } = await ask('m')
    expect(seen).toEqual(['fine'])
    expect(attempts).toContainEqual(expect.objectContaining({ kind: 'skipped', why: 'cooling' }))
    clock.now += 60_000
    expect((await ask('m')).seen).toEqual(['status-429', 'fine'])
  })

  test('that all cool down leave a 503 with the time of the first to come back and the causes', async () => {
    const { ask } = open([
      entry('m', 'status-401', { cooldown_time: 7 }),
      entry('m', 'status-404', { cooldown_time: 3 }),
    ])
    await ask('m')
    const { told, seen } = await ask('m')
    expect(seen).toEqual([])
    expect(told).toMatchObject({ code: 'no-deployment', status: 503, retryAfterMs: 3000 })
    expect((told as GatewayError).message).toContain('Try again in 3 seconds')
    expect((told as GatewayError).message).toEndWith('Causes: provider-auth (2).')
  })
})

describe('fallback groups', () => {
  const entries = [entry('a', 'status-500+a'), entry('b', 'status-500+b'), entry('c', 'fine')]

  test('come in order, after all retries of the group before', async () => {
    const { ask } = open(entries, { fallbacks: { a: ['b', 'c'] }, retries: 1 })
    const { told, seen } = await ask('a')
    expect(seen).toEqual(['status-500+a', 'status-500+a', 'status-500+b', 'status-500+b', 'fine'])
    expect(told).toMatchObject({ group: 'c', fallbacks: 2, retries: 0 })
  })

  test('fall on to their own fallbacks when the chain is at its end', async () => {
    const { ask } = open(entries, { fallbacks: { a: ['b'], b: ['c'] }, retries: 0 })
    expect((await ask('a')).seen).toEqual(['status-500+a', 'status-500+b', 'fine'])
  })

  test('never go in a circle', async () => {
    const { ask } = open(entries, { fallbacks: { a: ['b', 'a'], b: ['a', 'b'] }, retries: 0 })
    const { told, seen } = await ask('a')
    expect(seen).toEqual(['status-500+a', 'status-500+b'])
    expect(told).toMatchObject({ code: 'provider-failed' })
  })

  test('are no more than max_fallbacks', async () => {
    const many = Array.from({ length: 9 }, (_, at) => entry(`g${at}`, `status-500+${at}`))
    const { ask } = open(many, { fallbacks: { g0: many.slice(1).map(({ model_name }) => model_name) }, retries: 0 })
    expect((await ask('g0')).seen.length).toBe(6)
  })

  test('come for every group by default_fallbacks', async () => {
    const { ask } = open(entries, { defaultFallbacks: ['c'], retries: 0 })
    expect((await ask('b')).seen).toEqual(['status-500+b', 'fine'])
  })

  test('come for a group whose deployments all cool down', async () => {
    const { ask } = open([entry('a', 'status-401'), entry('c', 'fine')], { fallbacks: { a: ['c'] } })
    await ask('a')
    expect((await ask('a')).seen).toEqual(['fine'])
  })

  test('that the caller may not use are passed over', async () => {
    const { ask } = open(entries, { fallbacks: { a: ['c'] }, retries: 0 })
    const { told, seen } = await ask('a', { permits: ({ name }) => name !== 'c' })
    expect(seen).toEqual(['status-500+a'])
    expect(told).toMatchObject({ code: 'provider-failed' })
  })

  test('leave the first failure to be told when all fail', async () => {
    const { ask } = open([entry('a', 'status-503'), entry('b', 'status-401')], { fallbacks: { a: ['b'] }, retries: 0 })
    expect((await ask('a')).told).toMatchObject({ status: 503 })
  })

  test('for input that is too long are those of context_window_fallbacks', async () => {
    const { ask, fake } = open(entries, { contextWindowFallbacks: { a: ['c'] }, fallbacks: { a: ['b'] } })
    fake.script(() =>
      Response.json(
        {
          error: {
            message: "This model's maximum context length is 8192 tokens.",
            type: 'invalid_request_error',
            param: 'messages',
            code: 'context_length_exceeded',
          },
        },
        { status: 400 },
      ),
    )
    const { seen } = await ask('a')
    expect(seen).toEqual(['status-500+a', 'fine'])
  })
})

describe('a caller who leaves', () => {
  test('is not tried for again, and it is told as what it is', async () => {
    const controller = new AbortController()
    const { ask, fake } = open([entry('a', 'm')], { fallbacks: { a: ['a'] } })
    fake.script(() => {
      controller.abort()
      return Response.json({ error: { message: 'x' } }, { status: 500 })
    })
    const { told, seen } = await ask('a', { signal: controller.signal })
    expect(seen.length).toBe(1)
    expect(told).toMatchObject({ code: 'client-gone' })
  })
})

describe('deadlines', () => {
  test('come from the request, else the deployment, else the router', async () => {
    const slow = entry('m', 'hang', { timeout: 0.05 })
    const { ask } = open([slow, entry('n', 'hang')], { timeoutMs: 60, retries: 0 })
    const time = async (model: string, asking: Asking) => {
      const begun = performance.now()
      expect((await ask(model, asking)).told).toMatchObject({ code: 'provider-timeout', status: 408 })
      return performance.now() - begun
    }
    expect(await time('m', {})).toBeLessThan(300)
    expect(await time('n', {})).toBeLessThan(300)
    expect(await time('m', { timeoutMs: 150 })).toBeGreaterThan(140)
  })

  test('that a caller sets for itself say nothing of the deployment', async () => {
    const one = { retries: 0, allowedFails: 0, timeoutMs: 60_000 }
    const { ask, router } = open([entry('m', 'hang'), entry('m', 'hang', { weight: 2 })], one)
    const cooling = () => router.pool.deployments.filter(({ id }) => router.health.cooling(id) > 0).length
    for (let at = 0; at < 6; at++) {
      expect((await ask('m', { timeoutMs: 20 })).told).toMatchObject({ code: 'provider-timeout' })
      expect(cooling()).toBe(0)
    }
    const late = open([entry('m', 'hang'), entry('m', 'hang', { weight: 2 })], { ...one, timeoutMs: 20 })
    expect((await late.ask('m')).told).toMatchObject({ code: 'provider-timeout' })
    expect(late.router.pool.deployments.some(({ id }) => late.router.health.cooling(id) > 0)).toBe(true)
  })

  test('a stream’s bounds the wait for its first content alone', async () => {
    const { ask } = open([entry('m', 'slow-first-byte:200')], { streamTimeoutMs: 40, retries: 0 })
    expect((await ask('m', {}, { stream: true })).told).toMatchObject({ code: 'provider-timeout' })
    expect((await ask('m')).told).toMatchObject({ group: 'm' })
  })
})

test('what is in flight is counted, and freed at the end whichever way it comes', async () => {
  const { ask, router } = open([entry('a', 'fine'), entry('b', 'status-500')], { retries: 0 })
  await ask('a')
  await ask('b')
  for (const { id } of router.pool.deployments) expect(router.health.inFlight(id)).toBe(0)
})

test('an unknown model is told without the names that there are', () => {
  const { router } = open([entry('group-of-others', 'x')])
  expect(() => router.group('nope')).toThrow('Invalid model name passed in model=nope')
  expect(() => router.group('nope')).not.toThrow('group-of-others')
})

describe('a name that nobody bears', () => {
  test('goes to the deployment behind `*`', async () => {
    const { ask } = open([entry('*', 'any'), entry('a', 'own')])
    expect((await ask('whatever')).seen).toEqual(['any'])
    expect((await ask('a')).seen).toEqual(['own'])
  })

  test('goes to the default deployment, by the name of a group or by an id', async () => {
    const entries = [entry('a', 'first'), entry('b', 'second', {}, { id: 'the-one' })]
    expect((await open(entries, { defaultDeployment: 'a' }).ask('whatever')).seen).toEqual(['first'])
    expect((await open(entries, { defaultDeployment: 'the-one' }).ask('whatever')).seen).toEqual(['second'])
  })
})

describe('a fallback', () => {
  test('is found by a key with a star, the longest that fits', async () => {
    const { ask } = open([entry('gpt-a', 'status-500'), entry('x', 'x'), entry('y', 'y')], {
      retries: 0,
      fallbacks: { '*': ['x'], 'gpt-*': ['y'] },
    })
    expect((await ask('gpt-a')).seen).toEqual(['status-500', 'y'])
  })

  test('may be one deployment by its id, of the same group too and though it cools down', async () => {
    const { ask, router, clock } = open(
      [entry('a', 'status-500'), entry('a', 'spare', { weight: 0 }, { id: 'spare' })].map((one, at) =>
        at === 0 ? { ...one, litellm_params: { ...one.litellm_params, weight: 1 } } : one,
      ),
      { retries: 0, fallbacks: { a: ['spare'] } },
    )
    router.health.cool({ id: 'spare', until: clock.now + 60_000, cause: 'provider-limit' })
    expect((await ask('a')).seen).toEqual(['status-500', 'spare'])
  })

  test('for refused content comes for a whole answer that the filter ended, where one is named', async () => {
    const filtered = () =>
      Response.json({
        id: 'x',
        object: 'chat.completion',
        created: 1,
        model: 'm',
        choices: [{ index: 0, message: { role: 'assistant', content: '' }, finish_reason: 'content_filter' }],
        usage: { prompt_tokens: 1, completion_tokens: 0, total_tokens: 1 },
      })
    const entries = [entry('a', 'strict'), entry('a', 'strict-too'), entry('b', 'lenient')]
    const named = open(entries, { contentPolicyFallbacks: { a: ['b'] } })
    named.fake.script(filtered)
    const { seen, told } = await named.ask('a')
    expect(seen).toEqual(['strict', 'lenient'])
    expect(told).toMatchObject({ group: 'b', fallbacks: 1 })
    const unnamed = open(entries)
    unnamed.fake.script(filtered)
    expect((await unnamed.ask('a')).seen).toEqual(['strict'])
  })

  test.each([
    ['fallbacks', 'general'],
    ['context_fallbacks', 'long'],
    ['content_policy_fallbacks', 'lenient'],
    ['rate_limit_error', 'general'],
  ] as const)('can be tried out with %p, without asking the first group', async (kind, model) => {
    const { ask } = open(
      ['a', 'general', 'long', 'lenient'].map((name) => entry(name, name)),
      {
        fallbacks: { a: ['general'] },
        contextWindowFallbacks: { a: ['long'] },
        contentPolicyFallbacks: { a: ['lenient'] },
      },
    )
    expect((await ask('a', { test: kind })).seen).toEqual([model])
    expect((await ask('a', { test: kind, disableFallbacks: true })).told).toMatchObject({ name: 'GatewayError' })
  })
})
