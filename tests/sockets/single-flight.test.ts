import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { ModelEntry } from 'turnpike-core/internal/router/model-list/entry'
import { type TestHouse, testHouse } from '../house.ts'
import { chat, doors, knock, until } from '../laws/doors.ts'
import { chunk, completion, delta, http, type RawProvider, rawProvider, streamHead } from './raw.ts'

const finish = `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }], usage: { prompt_tokens: 100, completion_tokens: 10, total_tokens: 110 } })}\n\ndata: [DONE]\n\n`
const refusal = JSON.stringify({ error: { message: 'no', type: 'server_error', param: null, code: null } })
const cost = 100 * 1000 + 10 * 10_000

let provider: RawProvider
let house: TestHouse
let at: { url: string; key: string }
let other: { url: string; key: string }

beforeAll(async () => {
  provider = await rawProvider(async (socket, { body }) => {
    await Bun.sleep(60)
    if (body.includes('failing'))
      return void socket.write(http('503 Service Unavailable', { 'content-type': 'application/json' }, refusal))
    if (!body.includes('"stream":true'))
      return void socket.write(http('200 OK', { 'content-type': 'application/json' }, completion))
    socket.write(streamHead + chunk(delta('one ')))
    for (const word of ['two ', 'three ', 'four']) {
      await Bun.sleep(60)
      socket.write(chunk(delta(word)))
    }
    socket.write(`${chunk(finish)}0\r\n\r\n`)
  })
  const entry = (group: string, id: string, shares: boolean): ModelEntry => ({
    model_name: group,
    litellm_params: { model: 'openai/m', api_base: provider.url, single_flight: shares },
    model_info: { id, input_cost_per_token: 1e-6, output_cost_per_token: 1e-5 },
  })
  house = await testHouse({
    models: [entry('shared', 'shared-1', true), entry('shared', 'shared-2', true), entry('alone', 'alone-1', false)],
    router: { num_retries: 0, disable_cooldowns: true },
  })
  at = { url: house.url, key: await house.key() }
  other = { url: house.url, key: await house.key() }
})

afterAll(async () => {
  provider.close()
  await house.close()
})

const fields = { stream_options: { include_usage: true } }
const marked = (mark: string, who: number) => ({ 'x-litellm-tags': mark, 'x-litellm-call-id': `${mark}-${who}` })

function open(
  mark: string,
  who: number,
  more: { stream?: boolean; signal?: AbortSignal; place?: typeof at; model?: string } = {},
) {
  const { stream = true, signal, place = at, model = 'shared' } = more
  return fetch(
    knock(chat, place, {
      model,
      text: mark,
      stream,
      headers: marked(mark, who),
      ...(stream && { fields }),
      ...(signal && { signal }),
    }),
  )
}

const asked = (mark: string): number => provider.requests.filter(({ body }) => body.includes(mark)).length
const rowsOf = async (mark: string) => {
  await house.gateway.house.ledger.flush()
  return (await house.gateway.house.store.ledger.find({}, 1000)).filter(({ tags }) => tags.includes(mark))
}

describe('where an entry says single_flight', () => {
  test.each([true, false])(
    'identical calls at the same time share one, and are paid once (stream: %p)',
    async (stream) => {
      const mark = `together-${stream}`
      const answers = await Promise.all([1, 2, 3, 4, 5].map((who) => open(mark, who, { stream })))
      const texts = await Promise.all(answers.map((answer) => answer.text()))
      expect(asked(mark)).toBe(1)
      expect(new Set(texts).size).toBe(1)
      if (stream) expect(chat.words(texts[0] ?? '')).toBe('one two three four')
      const rows = await rowsOf(mark)
      expect(rows.map(({ outcome }) => outcome)).toEqual(rows.map(() => 'answered'))
      expect(rows.length).toBe(5)
      const paid = rows.filter(({ spend }) => spend > 0)
      expect(paid.length).toBe(1)
      if (stream) expect(paid[0]?.spend).toBe(cost as never)
      for (const row of rows) expect('single_flight' in row.metadata).toBe(row.spend === 0)
    },
  )

  test('one who comes within the stream hears it from its start', async () => {
    const mark = 'late'
    const first = await open(mark, 1)
    await Bun.sleep(80)
    const second = await open(mark, 2)
    expect(chat.words(await second.text())).toBe('one two three four')
    expect(chat.words(await first.text())).toBe('one two three four')
    expect(asked(mark)).toBe(1)
  })

  test('callers of another tenant, other words and groups that do not say so share nothing', async () => {
    const [mark, elsewhere] = ['apart', 'apart-alone']
    const answers = await Promise.all([
      open(mark, 1),
      open(mark, 2, { place: other }),
      open(`${mark}-too`, 3),
      open(elsewhere, 4, { model: 'alone' }),
      open(elsewhere, 5, { model: 'alone' }),
    ])
    for (const answer of answers) await answer.text()
    expect(asked(mark)).toBe(5)
  })

  test('a later call is a call of its own: nothing is kept', async () => {
    for (const who of [1, 2]) await (await open('again', who, { stream: false })).text()
    expect(asked('again')).toBe(2)
  })

  test('who leaves hands the bill on, and the others hear all', async () => {
    const mark = 'leaving'
    const controller = new AbortController()
    const first = await open(mark, 1, { signal: controller.signal })
    const second = await open(mark, 2)
    await first.body?.getReader().read()
    controller.abort()
    expect(chat.words(await second.text())).toBe('one two three four')
    const rows = await rowsOf(mark)
    expect(rows.map(({ outcome, spend }) => [outcome, spend as number]).sort()).toEqual([
      ['abandoned', 0],
      ['answered', cost],
    ])
  })

  test('when all have left the provider is let go, and what was heard is paid once', async () => {
    const mark = 'all-leave'
    const controller = new AbortController()
    const answers = await Promise.all([1, 2, 3].map((who) => open(mark, who, { signal: controller.signal })))
    await Promise.all(answers.map((answer) => answer.body?.getReader().read()))
    const closed = provider.closed.length
    controller.abort()
    await until(() => provider.closed.length > closed, 'the provider is let go', 500)
    await Bun.sleep(20)
    const rows = await rowsOf(mark)
    expect(rows.length).toBe(3)
    expect(rows.filter(({ spend }) => spend > 0).length).toBe(1)
  })

  test('a failure is everybody’s, in each one’s own words', async () => {
    const answers = await Promise.all(
      doors
        .slice(0, 2)
        .flatMap((door) =>
          [1, 2].map(() => fetch(knock(door, at, { model: 'shared', text: 'failing', stream: true }))),
        ),
    )
    expect(answers.map(({ status }) => status)).toEqual([503, 503, 503, 503])
    for (const answer of answers) expect(chat.readRefusal(await answer.json())).toBeDefined()
    expect(asked('failing')).toBe(2)
  })
})
