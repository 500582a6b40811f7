import { describe, expect, test } from 'bun:test'
import { callOf } from '../../client/call.ts'
import { GatewayError } from '../../kernel/faults.ts'
import type { JsonObject } from '../../kernel/json.ts'
import { fakeProvider } from '../../testing/fake-provider.ts'
import type { FormatId } from '../../vocabulary/format-id.ts'
import type { Attempt } from '../attempt.ts'
import { createRouter } from '../create.ts'
import type { RouterSettings } from '../deployment.ts'
import type { Answer, Asking } from '../dispatch.ts'
import type { ModelEntry } from '../model-list/entry.ts'
import { prefixOf } from './prefix.ts'

const four = ['a', 'b', 'c', 'd'].map((name) => entry(`fine+${name}`, { api_key: `sk-${name}` }))

function entry(model: string, params: JsonObject = {}): ModelEntry {
  return {
    model_name: 'm',
    litellm_params: { model: `openai/${model}`, api_key: 'sk-x', ...params },
    model_info: { id: model },
  }
}

/** A router with dice that roll differently each time, before a provider in memory. */
function open(entries: readonly ModelEntry[], settings: Partial<RouterSettings> = {}) {
  const fake = fakeProvider()
  const clock = { now: 1_700_000_000_000, seed: 1 }
  const router = createRouter(entries, settings, {
    fetch: (url, init) => fake.handle(new Request(url, init)),
    now: () => clock.now,
    tick: () => clock.now,
    dice: () => (clock.seed = (clock.seed * 16807) % 2147483647) / 2147483647,
    sleep: (ms, signal) =>
      new Promise((end) => (signal ? signal.addEventListener('abort', () => end()) : (clock.now += ms) && end())),
    environment: { OPENAI_BASE_URL: 'http://provider.example/v1' },
  })
  const attempts: Attempt[] = []
  async function ask(fields: JsonObject, asking: Asking = {}, format: FormatId = 'openai-chat'): Promise<Answer> {
    const call = callOf({ format, bytes: new TextEncoder().encode(JSON.stringify({ model: 'm', ...fields })) })
    return router.ask(call, router.group('m'), { note: (attempt) => void attempts.push(attempt), ...asking })
  }
  async function told(...asked: Parameters<typeof ask>): Promise<string> {
    const answer = await ask(...asked)
    answer.done({})
    return answer.deployment.id
  }
  async function refused(...asked: Parameters<typeof ask>): Promise<GatewayError> {
    const thrown: unknown = await ask(...asked).catch((error: unknown) => error)
    if (thrown instanceof GatewayError) return thrown
    throw new Error('it was answered')
  }
  return { ask, told, refused, fake, clock, attempts, router }
}

const chat = (...said: string[]): JsonObject => ({
  messages: said.map((content, at) => ({ role: at % 2 === 0 ? 'user' : 'assistant', content })),
})

/** How many of the turns of a conversation went to the deployment that most of them went to. */
async function turns(scene: ReturnType<typeof open>, fields: JsonObject, asking: Asking = {}): Promise<number> {
  const counts = new Map<string, number>()
  const said: string[] = []
  for (let turn = 0; turn < 100; turn++) {
    said.push(`turn ${turn} of "it" \\`)
    const id = await scene.told({ ...chat(...said), ...fields }, asking)
    counts.set(id, (counts.get(id) ?? 0) + 1)
    said.push('an answer')
    scene.clock.now += 30_000
  }
  return Math.max(...counts.values())
}

const everything = { kinds: ['session', 'prefix'], groups: {}, ttlMs: 300_000 } as const

describe('a conversation of a hundred turns over four deployments', () => {
  test('is scattered where it has no name', async () => {
    expect(await turns(open(four), {})).toBeLessThan(50)
  })

  test.each([
    ['a session outside the body', {}, { session: 'mine' }],
    ['a prompt_cache_key', { prompt_cache_key: 'mine' }, {}],
    ['a session in its metadata', { metadata: { session_id: 'mine' } }, {}],
    ['a stored conversation', { conversation: { id: 'conv_1' } }, {}],
  ])('stays on one that knows %s', async (_, fields, asking) => {
    expect(await turns(open(four), fields, asking)).toBe(100)
  })

  test('stays on one by the way it begins, where the settings say so', async () => {
    expect(await turns(open(four, { affinity: everything }), {})).toBe(100)
    const settings = { affinity: { ...everything, kinds: [], groups: { m: ['prefix'] } } } as const
    expect(await turns(open(four, settings), {})).toBe(100)
  })

  test('is scattered in a group that does not want it', async () => {
    const settings = { affinity: { ...everything, groups: { m: [] } } }
    expect(await turns(open(four, settings), { prompt_cache_key: 'mine' })).toBeLessThan(50)
  })

  test('moves once when its deployment fails, and stays there', async () => {
    const scene = open(four)
    const asking = { session: 'mine', tenant: 't' }
    const first = await scene.told(chat('hi'), asking)
    scene.fake.script('status-429')
    const second = await scene.told(chat('hi'), asking)
    expect(second).not.toBe(first)
    scene.clock.now += 60_000
    for (let turn = 0; turn < 20; turn++) expect(await scene.told(chat('hi'), asking)).toBe(second)
  })

  test('is forgotten after five minutes of silence, and is never that of another tenant', async () => {
    const homes = new Set<string>()
    for (let i = 0; i < 20; i++) homes.add(await open(four).told(chat('hi'), { session: 'same', tenant: `${i}` }))
    const scene = open(four)
    const apart = new Set<string>()
    for (let i = 0; i < 20; i++) apart.add(await scene.told(chat('hi'), { session: 'same', tenant: `${i}` }))
    expect(apart.size).toBeGreaterThan(1)
    const late = new Set<string>()
    for (let i = 0; i < 20; i++) {
      late.add(await scene.told(chat('hi'), { session: 'same', tenant: 't' }))
      scene.clock.now += 300_001
    }
    expect(late.size).toBeGreaterThan(1)
  })
})

describe('the way a conversation begins', () => {
  const nameOf = (format: FormatId, body: JsonObject) =>
    prefixOf(callOf({ format, bytes: new TextEncoder().encode(JSON.stringify({ model: 'm', ...body })) }))
  const user = (text: string) => ({ role: 'user', content: [{ type: 'text', text }] })

  test('is the same at every turn, and another where anything in it is', () => {
    const begun = { system: 'Be brief', tools: [{ name: 'f' }], messages: [user('one ] } "\\"')] }
    const later = { ...begun, messages: [...begun.messages, { role: 'assistant', content: 'x' }, user('two')] }
    const name = nameOf('anthropic-messages', begun)
    expect(nameOf('anthropic-messages', later)).toBe(name as string)
    for (const other of [{ system: 'Be long' }, { tools: [] }, { messages: [user('other')] }])
      expect(nameOf('anthropic-messages', { ...begun, ...other })).not.toBe(name as string)
  })

  test('is read in every format', () => {
    const system = { role: 'system', content: 's' }
    const more = { role: 'assistant', content: 'x' }
    expect(nameOf('openai-chat', { messages: [system, user('one')] })).toBe(
      nameOf('openai-chat', { messages: [system, user('one'), more, user('two')] }) as string,
    )
    expect(nameOf('openai-responses', { input: [user('one')] })).toBe(
      nameOf('openai-responses', { input: [user('one'), more] }) as string,
    )
    const contents = [{ role: 'user', parts: [{ text: 'one' }] }]
    expect(nameOf('gemini', { contents })).toBe(
      nameOf('gemini', { contents: [...contents, { role: 'model', parts: [{ text: 'x' }] }] }) as string,
    )
    expect(nameOf('openai-responses', { input: 'one' })).not.toBe(
      nameOf('openai-responses', { input: 'two' }) as string,
    )
  })
})

describe('what was issued by one deployment', () => {
  const responses = 'openai-responses'
  const two = [entry('o3+a', { api_key: 'sk-a' }), entry('o3+b', { api_key: 'sk-b' })]
  const idOf = (answer: Answer) => (answer.reply.kind === 'whole' ? String(answer.reply.value.id) : '')

  test.each([false, true])('goes on there and nowhere else (stream: %p)', async (stream) => {
    const { ask, fake } = open(two)
    for (let round = 0; round < 10; round++) {
      const answer = await ask({ input: 'hi', stream }, { tenant: 't' }, responses)
      const id = `resp_fake${fake.requests.length}`
      if (!stream) expect(idOf(answer)).toBe(id)
      for (let turn = 0; turn < 5; turn++) {
        const next = await ask({ input: 'go on', previous_response_id: id }, { tenant: 't' }, responses)
        expect(next.deployment.id).toBe(answer.deployment.id)
      }
    }
  })

  test('goes on at a deployment with the same credential when its own cools down', async () => {
    const { ask, told, fake } = open([...two, entry('o3+c', { api_key: 'sk-a' })])
    let answer = await ask({ input: 'hi' }, {}, responses)
    while (answer.deployment.id === 'o3+b') answer = await ask({ input: 'hi' }, {}, responses)
    fake.script('status-429')
    const next = await told({ input: 'go on', previous_response_id: idOf(answer) }, {}, responses)
    expect([answer.deployment.id, next].sort()).toEqual(['o3+a', 'o3+c'])
  })

  test('is a 409 that says why when nobody can go on', async () => {
    const { ask, refused, fake } = open(two)
    const answer = await ask({ input: 'hi' }, {}, responses)
    const asked = { input: 'go on', previous_response_id: idOf(answer) }
    fake.script('status-401')
    expect((await refused(asked, {}, responses)).status).toBe(401)
    const late = await refused(asked, {}, responses)
    expect([late.code, late.status, late.detail.param]).toEqual(['continuation-gone', 409, 'previous_response_id'])
    expect(late.message).toContain('cannot be asked at the moment')
    expect(late.retryAfterMs).toBeGreaterThan(0)
  })

  test('is looked for at the others when nobody knows who issued it, and then a 409 too', async () => {
    const unknown = () =>
      Response.json(
        { error: { message: 'Not found.', type: 'invalid_request_error', code: 'previous_response_not_found' } },
        { status: 400 },
      )
    const { ask, refused, fake } = open(two)
    fake.script(unknown)
    const answer = await ask({ input: 'go on', previous_response_id: 'resp_elsewhere' }, {}, responses)
    answer.done({})
    expect(fake.requests.length).toBe(2)
    fake.script(unknown)
    fake.script(unknown)
    const error = await refused({ input: 'go on', previous_response_id: 'resp_elsewhere' }, {}, responses)
    expect([error.code, error.status, error.detail.upstream]).toEqual(['continuation-gone', 409, undefined])
  })

  test('is refused in the provider’s own words where there is only one issuer', async () => {
    const { refused, fake } = open([entry('o3+a'), entry('o3+c')])
    fake.script(() =>
      Response.json({ error: { message: 'No.', code: 'previous_response_not_found' } }, { status: 400 }),
    )
    const error = await refused({ input: 'go on', previous_response_id: 'resp_elsewhere' }, {}, responses)
    expect([error.code, error.status]).toEqual(['provider-refused', 400])
  })

  test('keeps reasoning that is sealed with whoever sealed it', async () => {
    const { told } = open(two)
    const asked = { input: 'hi', include: ['reasoning.encrypted_content'] }
    const homes = new Set<string>()
    for (let turn = 0; turn < 20; turn++) homes.add(await told(asked, {}, responses))
    expect(homes.size).toBe(1)
  })
})

describe('calls at once', () => {
  const busy = (params: JsonObject = {}) => [entry('fine+a', { max_parallel_requests: 1, ...params })]

  test('wait for the last byte of those before them', async () => {
    const { ask } = open(busy())
    const first = await ask(chat('one'))
    let second: Answer | undefined
    const waiting = ask(chat('two')).then((answer) => (second = answer))
    await new Promise((later) => setTimeout(later, 5))
    expect(second).toBeUndefined()
    first.done({})
    expect((await waiting).deployment.id).toBe('fine+a')
  })

  test('go where there is a place before they wait', async () => {
    const { ask } = open([...busy(), entry('fine+b', { max_parallel_requests: 1 })])
    const answers = [await ask(chat('one')), await ask(chat('two'))]
    expect(answers.map(({ deployment }) => deployment.id).sort()).toEqual(['fine+a', 'fine+b'])
  })

  test('are refused with the time to come back where the wait is over, and the attempt says so', async () => {
    const { ask, refused, attempts } = open(busy())
    await ask(chat('one'))
    const error = await refused(chat('two'), { queueMs: 0 })
    expect([error.code, error.status, error.retryAfterMs]).toEqual(['no-deployment', 429, 1000])
    expect(error.message).toContain('every place of max_parallel_requests is taken')
    expect(attempts.at(-1)).toMatchObject({ kind: 'skipped', why: 'over-limit' })
  })

  test('free their place when they fail', async () => {
    const { ask, refused, fake } = open(busy())
    fake.script('status-400')
    expect((await refused(chat('one'))).status).toBe(400)
    expect((await ask(chat('two'), { queueMs: 0 })).deployment.id).toBe('fine+a')
  })

  test('are as many as the router says where a deployment does not', async () => {
    const { ask, refused } = open([entry('fine+a')], { maxParallel: 2 })
    await ask(chat('one'))
    await ask(chat('two'))
    expect((await refused(chat('three'), { queueMs: 0 })).status).toBe(429)
  })
})

test('an attempt that was overtaken gives its place and what was set aside back at once', async () => {
  const hedge = { after: 5, max_extra: 1 }
  const { ask, refused, fake } = open([
    entry('fine+a', { max_parallel_requests: 1, order: 1, hedge }),
    entry('fine+b', { max_parallel_requests: 1, order: 2 }),
  ])
  const aside = new Set<string>()
  const enter: NonNullable<Asking['enter']> = ({ id }) => {
    aside.add(id)
    return { leave: () => void aside.delete(id) }
  }
  fake.script('hang')
  const answer = await ask(chat('one'), { enter })
  expect(answer.deployment.id).toBe('fine+b')
  expect([...aside]).toEqual(['fine+b'])
  const again = await ask(chat('two'), { enter, queueMs: 0 })
  expect(again.deployment.id).toBe('fine+a')
  expect((await refused(chat('three'), { queueMs: 0 })).status).toBe(429)
  answer.done({})
  again.done({})
  expect((await ask(chat('four'), { queueMs: 0 })).deployment.id).toBe('fine+a')
})
