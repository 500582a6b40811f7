import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { ModelEntry } from 'turnpike-core/internal/router/model-list/entry'
import { type TestHouse, testHouse } from '../house.ts'
import { chat, knock, until } from '../laws/doors.ts'
import { chunk, completion, delta, finish, http, type Play, type RawProvider, rawProvider, streamHead } from './raw.ts'

const json = { 'content-type': 'application/json' }
/** Anthropic's stream up to where it tells what was read, and no further. */
const begun = `event: message_start\ndata: ${JSON.stringify({
  type: 'message_start',
  message: {
    id: 'm',
    type: 'message',
    role: 'assistant',
    model: 'c',
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: { input_tokens: 1000, output_tokens: 1 },
  },
})}\n\n`

const answers: Play = (socket, { body }) => {
  if (body.includes('"stream":true')) socket.write(`${streamHead + chunk(delta('quick') + finish)}0\r\n\r\n`)
  else socket.write(http('200 OK', json, completion))
}

let silent: RawProvider
let starting: RawProvider
let failing: RawProvider
let quick: RawProvider
let house: TestHouse
let at: { url: string; key: string }

beforeAll(async () => {
  silent = await rawProvider(() => {})
  starting = await rawProvider((socket) => void socket.write(streamHead + chunk(begun)))
  failing = await rawProvider((socket) => void socket.write(http('503 Service Unavailable', json, '{}')))
  quick = await rawProvider(answers)
  const entry = (
    group: string,
    order: number,
    place: RawProvider,
    hedge: ModelEntry['litellm_params'][string],
    vendor = 'openai',
  ) => ({
    model_name: group,
    litellm_params: { model: `${vendor}/m`, api_base: place.url, order, hedge },
    model_info: { id: `${group}-${order}`, input_cost_per_token: 1e-6, output_cost_per_token: 1e-5 },
  })
  const always = { after: 100, max_extra: 1 }
  house = await testHouse({
    models: [
      entry('slow', 1, silent, always),
      entry('slow', 2, quick, always),
      entry('begun', 1, starting, always, 'anthropic'),
      entry('begun', 2, quick, always),
      // of one level: a second one would be gone to when the first has failed
      ...[silent, quick].map((place, at) => {
        const { litellm_params, ...rest } = entry('rare', at, place, { after: 50, max_extra: 0.25 })
        return { ...rest, litellm_params: { ...litellm_params, order: 1, weight: 1 - at } }
      }),
      entry('failing', 1, silent, always),
      entry('failing', 2, failing, always),
      entry('alone', 1, silent, always),
      entry('brisk', 1, quick, always),
      entry('brisk', 2, silent, always),
    ],
    router: { num_retries: 0, disable_cooldowns: true },
  })
  at = { url: house.url, key: await house.key() }
})

afterAll(async () => {
  for (const provider of [silent, starting, failing, quick]) provider.close()
  await house.close()
})

async function ask(model: string, stream: boolean, headers: Record<string, string> = {}) {
  const mark = crypto.randomUUID()
  const tick = performance.now()
  const response = await fetch(
    knock(chat, at, { model, stream, headers: { 'x-litellm-tags': mark, 'x-litellm-timeout': '1', ...headers } }),
  )
  const text = await response.text()
  const ms = performance.now() - tick
  await house.gateway.house.ledger.flush()
  const rows = await house.gateway.house.store.ledger.find({}, 1000)
  return { response, text, ms, rows: rows.filter(({ tags }) => tags.includes(mark)) }
}

describe('where an entry says hedge', () => {
  test.each([true, false])(
    'a second deployment overtakes a silent one, whose socket closes (stream: %p)',
    async (stream) => {
      const { response, text, ms, rows } = await ask('slow', stream)
      expect(response.status).toBe(200)
      expect(text).toContain(stream ? 'quick' : 'hello')
      expect(ms).toBeGreaterThan(95)
      expect(ms).toBeLessThan(600)
      await until(() => silent.open() === 0, 'the loser is let go', 500)
      expect(rows.length).toBe(1)
      expect(rows[0]).toMatchObject({ outcome: 'answered', deploymentId: 'slow-2' })
      expect(rows[0]?.attempts).toMatchObject([
        { kind: 'answered', deployment: 'slow-2' },
        { kind: 'failed', deployment: 'slow-1', reason: 'hedged' },
      ])
    },
  )

  test('what the loser is known to have read is paid with the answer', async () => {
    const { rows } = await ask('begun', true)
    expect(rows[0]?.deploymentId).toBe('begun-2')
    expect(rows[0]?.usage?.input).toBeGreaterThan(1000)
    expect(rows[0]?.spend).toBeGreaterThanOrEqual(1000 * 1000)
    await until(() => starting.open() === 0, 'the loser is let go', 500)
  })

  test('a deployment that answers in time is never doubled', async () => {
    const before = silent.requests.length
    const { ms } = await ask('brisk', true)
    expect(ms).toBeLessThan(95)
    await Bun.sleep(150)
    expect(silent.requests.length).toBe(before)
  })

  test('the share of extra calls is bounded', async () => {
    const before = quick.requests.length
    for (let n = 0; n < 8; n++) await ask('rare', true, { 'x-litellm-stream-timeout': '0.12' })
    expect(quick.requests.length - before).toBe(2)
  })

  test('a second one that fails does not end the wait for the first', async () => {
    const { response, ms } = await ask('failing', true, { 'x-litellm-stream-timeout': '0.4' })
    expect(response.status).toBe(408)
    expect(ms).toBeGreaterThan(390)
  })

  test('a group of one is asked once', async () => {
    const before = silent.requests.length
    const { response } = await ask('alone', true, { 'x-litellm-stream-timeout': '0.3' })
    expect(response.status).toBe(408)
    expect(silent.requests.length).toBe(before + 1)
  })

  test('a caller who leaves frees both', async () => {
    const controller = new AbortController()
    const pending = fetch(knock(chat, at, { model: 'alone', stream: true, signal: controller.signal })).catch(() => {})
    await until(() => silent.open() === 1, 'the provider is asked')
    controller.abort()
    await pending
    await until(() => silent.open() === 0, 'the provider is let go', 500)
  })
})
