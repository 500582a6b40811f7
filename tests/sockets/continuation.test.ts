import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { ModelEntry } from 'turnpike-core/internal/router/model-list/entry'
import { type TestHouse, testHouse } from '../house.ts'
import { chat, type Door, doors, knock } from '../laws/doors.ts'
import { chunk, type Play, type RawProvider, rawProvider, streamHead } from './raw.ts'

const event = (type: string, more: object): string =>
  chunk(`event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`)
const start = event('message_start', {
  message: {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'claude',
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: { input_tokens: 10, output_tokens: 1 },
  },
})
const open = event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } })
const say = (text: string): string => event('content_block_delta', { index: 0, delta: { type: 'text_delta', text } })
const end =
  event('content_block_stop', { index: 0 }) +
  event('message_delta', { delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 20 } }) +
  event('message_stop', {})
const tool =
  event('content_block_start', { index: 0, content_block: { type: 'tool_use', id: 't1', name: 'f', input: {} } }) +
  event('content_block_delta', { index: 0, delta: { type: 'input_json_delta', partial_json: '{"a"' } })
const overloaded = event('error', {
  error: { type: 'overloaded_error', message: 'Overloaded, says sk-secret-of-claude' },
})

/** A provider that says this and then breaks off. */
const breaksAfter =
  (...said: string[]): Play =>
  async (socket) => {
    socket.write(streamHead + said.join(''))
    await Bun.sleep(40)
    socket.resetAndDestroy()
  }

let house: TestHouse
let at: { url: string; key: string }
const providers: RawProvider[] = []
let goingOn: RawProvider

beforeAll(async () => {
  const provide = async (play: Play) => {
    const made = await rawProvider(play)
    providers.push(made)
    return made
  }
  goingOn = await provide(
    (socket) => void socket.write(`${streamHead + start + open + say(' three') + say(' four') + end}0\r\n\r\n`),
  )
  const entry = (
    group: string,
    place: RawProvider,
    order: number,
    params = {},
    model = 'claude-sonnet-4-5',
  ): ModelEntry => ({
    model_name: group,
    litellm_params: {
      model: `anthropic/${model}`,
      api_base: place.url,
      api_key: 'sk-secret-of-claude',
      order,
      stream_continuation: true,
      ...params,
    },
    model_info: { id: `${group}-${order}`, input_cost_per_token: order / 1e6, output_cost_per_token: order / 1e5 },
  })
  const breaking = await provide(breaksAfter(start, open, say('one '), say('two ')))
  const overloading = await provide(
    (socket) => void socket.write(`${streamHead + start + open + say('one ') + say('two ') + overloaded}0\r\n\r\n`),
  )
  const calling = await provide(breaksAfter(start, tool))
  house = await testHouse({
    models: [
      entry('breaking', breaking, 1),
      entry('breaking', goingOn, 2),
      entry('overloading', overloading, 1),
      entry('overloading', goingOn, 2),
      entry('calling', calling, 1),
      entry('calling', goingOn, 2),
      entry('unasked', breaking, 1, { stream_continuation: false }),
      entry('unasked', goingOn, 2, { stream_continuation: false }),
      entry('unable', breaking, 1),
      entry('unable', goingOn, 2, {}, 'claude-opus-4-8'),
      entry('hopeless', breaking, 1),
      entry('hopeless', breaking, 2),
      entry('hopeless', breaking, 3),
      entry('falling', breaking, 1),
      entry('fallback', goingOn, 2),
    ],
    router: { num_retries: 0, disable_cooldowns: true, fallbacks: [{ falling: ['fallback'] }] },
  })
  at = { url: house.url, key: await house.key() }
})

afterAll(async () => {
  for (const provider of providers) provider.close()
  await house.close()
})

async function ask(door: Door, model: string, fields = {}): Promise<{ text: string; row: Record<string, unknown> }> {
  const mark = `${model}-${door.format}-${crypto.randomUUID()}`
  const response = await fetch(knock(door, at, { model, stream: true, fields, headers: { 'x-litellm-tags': mark } }))
  const text = await response.text()
  await house.gateway.house.ledger.flush()
  const rows = await house.gateway.house.store.ledger.find({}, 1000)
  const [row, ...more] = rows.filter(({ tags }) => tags.includes(mark))
  expect(more).toEqual([])
  return { text, row: row as unknown as Record<string, unknown> }
}

const count = (text: string, what: string): number => text.split(what).length - 1

describe('a stream that breaks off after content', () => {
  test.each(doors.map((door) => [door.format, door] as const))(
    'is gone on with by another deployment without a seam: %s',
    async (_, door) => {
      const { text, row } = await ask(door, 'breaking')
      expect(door.words(text)).toBe('one two three four')
      expect(door.errorEvents(text)).toBe(0)
      expect(door.complete(text)).toBe(true)
      expect(count(text, ': x-turnpike-continued: breaking-2\n\n')).toBe(1)
      expect(count(text, 'event: message_start')).toBe(door.format === 'anthropic-messages' ? 1 : 0)
      expect(count(text, 'event: response.created')).toBe(door.format === 'openai-responses' ? 1 : 0)
      expect(row).toMatchObject({ outcome: 'answered', deploymentId: 'breaking-2', status: 200 })
      expect(row.metadata).toMatchObject({ continued: ['breaking-1'] })
    },
  )

  test('is booked once, with what both parts used at the rates of each', async () => {
    const { text, row } = await ask(chat, 'breaking', { stream_options: { include_usage: true } })
    // the first told its input and was counted for its output; the second told both
    const usage = row.usage as { input: number; output: number; source: string }
    expect(usage.input).toBe(20)
    const first = usage.output - 20
    expect(first).toBeGreaterThan(0)
    expect(row.spend).toBe(10 * 1000 + first * 10_000 + 10 * 2000 + 20 * 20_000)
    expect(row.attempts).toMatchObject([
      { kind: 'answered', deployment: 'breaking-1' },
      { kind: 'failed', deployment: 'breaking-1' },
      { kind: 'answered', deployment: 'breaking-2' },
    ])
    expect(text).toContain(`"prompt_tokens":20`)
  })

  test('is asked for with its beginning, without white space at the end, and with what is left of its limit', async () => {
    const before = goingOn.requests.length
    await ask(chat, 'breaking', { max_tokens: 50 })
    const body = JSON.parse(goingOn.requests[before]?.body ?? '{}')
    expect(body.messages.at(-1)).toMatchObject({ role: 'assistant' })
    expect(JSON.stringify(body.messages.at(-1))).toContain('"one two"')
    expect(body.max_tokens).toBeLessThan(50)
  })

  test('by an error event within it is gone on with too', async () => {
    const { text } = await ask(chat, 'overloading')
    expect(chat.words(text)).toBe('one two three four')
    expect(chat.errorEvents(text)).toBe(0)
  })

  test('may be gone on with by a fallback group, unless the caller wants none', async () => {
    const { text, row } = await ask(chat, 'falling')
    expect(chat.words(text)).toBe('one two three four')
    expect(row.modelGroup).toBe('fallback')
    expect(chat.errorEvents((await ask(chat, 'falling', { disable_fallbacks: true })).text)).toBe(1)
  })

  test.each([
    ['within a call of a tool', 'calling', {}],
    ['unless its entry asks for it', 'unasked', {}],
    ['by a model that takes no beginning', 'unable', {}],
    ['where a shape is to be kept', 'breaking', { response_format: { type: 'json_object' } }],
    ['where the model was asked to think', 'breaking', { reasoning_effort: 'low' }],
  ])('is never gone on with %s: one error event, and no end', async (_, model, fields) => {
    const before = goingOn.requests.length
    const { text, row } = await ask(chat, model, fields)
    expect(chat.errorEvents(text)).toBe(1)
    expect(chat.complete(text)).toBe(false)
    expect(goingOn.requests.length).toBe(before)
    expect(row.outcome).toBe('failed')
  })

  test('that breaks again and again ends in one error event, and every part is booked', async () => {
    const { text, row } = await ask(chat, 'hopeless')
    expect(chat.words(text)).toBe('one two one two one two ')
    expect(chat.errorEvents(text)).toBe(1)
    expect((row.usage as { input: number }).input).toBe(30)
    expect(row.outcome).toBe('failed')
  })
})

test('an error event that repeats the key reaches the caller without it, in an untouched stream too', async () => {
  const overload = await rawProvider(
    (socket) => void socket.write(`${streamHead + start + open + say('one ') + overloaded}0\r\n\r\n`),
  )
  const plain = await testHouse({
    models: [
      {
        model_name: 'plain',
        litellm_params: { model: 'anthropic/claude-x', api_base: overload.url, api_key: 'sk-secret-of-claude' },
      },
    ],
  })
  const place = { url: plain.url, key: await plain.key() }
  for (const door of doors) {
    const text = await (await fetch(knock(door, place, { model: 'plain', stream: true }))).text()
    expect(door.words(text)).toBe('one ')
    expect(door.errorEvents(text)).toBe(1)
    expect(text).not.toContain('sk-secret-of-claude')
  }
  await plain.gateway.house.ledger.flush()
  const rows = await plain.gateway.house.store.ledger.find({}, 100)
  expect(rows.map(({ outcome }) => outcome)).toEqual(doors.map(() => 'failed'))
  expect(JSON.stringify(rows)).not.toContain('sk-secret-of-claude')
  overload.close()
  await plain.close()
})

test('an error event in an untouched stream is heard by the deployment’s health', async () => {
  const overload = await rawProvider(
    (socket) => void socket.write(`${streamHead + start + open + say('one ') + overloaded}0\r\n\r\n`),
  )
  const plain = await testHouse({
    models: [
      {
        model_name: 'plain',
        litellm_params: { model: 'anthropic/claude-x', api_base: overload.url },
        model_info: { id: 'plain-1' },
      },
    ],
    router: { allowed_fails: 0, cooldown_time: 60 },
  })
  const messages = doors.find(({ format }) => format === 'anthropic-messages') ?? chat
  const place = { url: plain.url, key: await plain.key() }
  await (await fetch(knock(messages, place, { model: 'plain', stream: true }))).text()
  expect(plain.gateway.house.router.health.cooling('plain-1')).toBeGreaterThan(0)
  overload.close()
  await plain.close()
})
