import { describe, expect, test } from 'bun:test'
import { entryAt as entry, openRouter as open } from '../../testing/open-router.ts'

/** A pair of which the first is preferred and has just come to the end of its time out of rotation. */
function returning(model: string) {
  const opened = open([entry('m', model, { order: 1 }, { id: 'back' }), entry('m', 'spare', { order: 2 })])
  opened.router.health.cool({ id: 'back', until: opened.clock.now + 1000, cause: 'provider-limit' })
  opened.clock.now += 1000
  const start = () => opened.router.ask(opened.callFor('m'), opened.router.group('m'))
  return { ...opened, start }
}

describe('a deployment whose cooldown is over', () => {
  test('is tried by one request at a time until it has answered', async () => {
    const { ask, start, fake } = returning('back')
    let release = (_: Response) => {}
    fake.script(() => new Promise<Response>((resolve) => (release = resolve)))
    const probe = start()
    while (fake.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 1))
    expect((await ask('m')).seen).toEqual(['spare'])
    release(
      Response.json({
        id: 'x',
        object: 'chat.completion',
        created: 1,
        model: 'back',
        choices: [{ index: 0, message: { role: 'assistant', content: 'hi' }, finish_reason: 'stop' }],
      }),
    )
    await probe
    expect(
      (await Promise.all([ask('m'), ask('m')])).flatMap(({ told }) => 'deployment' in told && told.deployment.id),
    ).toEqual(['back', 'back'])
  })

  test('is out again at its first failure, whatever the rules allow', async () => {
    const { ask, router } = returning('status-500')
    expect((await ask('m')).seen).toEqual(['status-500', 'spare'])
    expect(router.health.cooling('back')).toBeGreaterThan(0)
    expect((await ask('m')).seen).toEqual(['spare'])
  })

  test('is back when it refuses what the caller sent: it lives', async () => {
    const { ask, router } = returning('status-400')
    await ask('m')
    expect(router.health.of('back').halfOpen).toBe(false)
  })

  test('is tried anew when nobody hears of the one who tried it', async () => {
    const { ask, clock, router } = returning('back')
    router.health.begin('back', 0)
    expect((await ask('m')).seen).toEqual(['spare'])
    clock.now += 10_000
    expect((await ask('m')).seen).toEqual(['back'])
  })

  test('is not held back when it is the only one of its group', async () => {
    const { router, clock, callFor } = open([entry('m', 'only', {}, { id: 'only' })])
    router.health.cool({ id: 'only', until: clock.now + 10, cause: 'provider-auth' })
    clock.now += 10
    const both = await Promise.all([0, 1].map(() => router.ask(callFor('m'), router.group('m'))))
    expect(both.length).toBe(2)
  })
})

test('cooldowns go out to other replicas and come in from them', async () => {
  const { ask, cooled, router, clock } = open([entry('m', 'status-429', {}, { id: 'a' }), entry('m', 'fine')])
  await ask('m')
  const [first] = cooled
  expect(cooled).toMatchObject([{ id: 'a', cause: 'provider-limit' }])
  expect(router.health.snapshot()).toEqual(cooled)
  const replica = open([entry('m', 'status-429', {}, { id: 'a' }), entry('m', 'fine')])
  replica.clock.now = clock.now
  if (first) replica.router.health.cool(first)
  expect((await replica.ask('m')).seen).toEqual(['fine'])
  expect(replica.cooled).toEqual([])
})
