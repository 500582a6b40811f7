import { describe, expect, test } from 'bun:test'
import type { JsonObject } from '../kernel/json.ts'
import { priceOf } from '../models/book.ts'
import type { Rates } from '../models/price.ts'
import { createClient, Router } from './client.ts'
import { costOf, receiptOf } from './receipt.ts'

const environment = { OPENAI_API_KEY: 'k-openai', ANTHROPIC_API_KEY: 'k-anthropic', GEMINI_API_KEY: 'k-gemini' }
const messages = [{ role: 'user', content: 'hello' }] as const

interface Bill {
  readonly provider: string
  readonly model: string
  readonly whole: JsonObject
  readonly stream: readonly JsonObject[]
  /** tokens per rate, as the vendor's documentation says its figures are to be read */
  readonly tokens: { readonly [R in keyof Rates]?: number }
}

const openaiUsage = {
  prompt_tokens: 1003,
  completion_tokens: 57,
  total_tokens: 1060,
  prompt_tokens_details: { cached_tokens: 201, audio_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0 },
}
const openaiHead = { id: 'c', created: 1, model: 'gpt-4o' }
const anthropicUsage = {
  input_tokens: 101,
  cache_creation_input_tokens: 1009,
  cache_creation: { ephemeral_5m_input_tokens: 1000, ephemeral_1h_input_tokens: 9 },
  cache_read_input_tokens: 2003,
  output_tokens: 13,
}
const message = { id: 'msg', type: 'message', role: 'assistant', model: 'claude-sonnet-4-5', stop_sequence: null }
const geminiAnswer = {
  candidates: [{ index: 0, content: { role: 'model', parts: [{ text: 'Hi' }] }, finishReason: 'STOP' }],
  usageMetadata: {
    promptTokenCount: 1001,
    cachedContentTokenCount: 401,
    candidatesTokenCount: 23,
    thoughtsTokenCount: 31,
    totalTokenCount: 1055,
  },
  modelVersion: 'gemini-2.5-flash',
  responseId: 'r',
}

const bills: readonly Bill[] = [
  {
    provider: 'openai',
    model: 'gpt-4o',
    whole: {
      ...openaiHead,
      object: 'chat.completion',
      choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }],
      usage: openaiUsage,
    },
    stream: [
      {
        ...openaiHead,
        object: 'chat.completion.chunk',
        choices: [{ index: 0, delta: { role: 'assistant', content: 'Hi' }, finish_reason: null }],
      },
      { ...openaiHead, object: 'chat.completion.chunk', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] },
      { ...openaiHead, object: 'chat.completion.chunk', choices: [], usage: openaiUsage },
    ],
    tokens: { input: 802, cacheRead: 201, output: 57 },
  },
  {
    provider: 'anthropic',
    model: 'claude-sonnet-4-5',
    whole: { ...message, content: [{ type: 'text', text: 'Hi' }], stop_reason: 'end_turn', usage: anthropicUsage },
    stream: [
      {
        type: 'message_start',
        message: { ...message, content: [], stop_reason: null, usage: { ...anthropicUsage, output_tokens: 1 } },
      },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hi' } },
      { type: 'content_block_stop', index: 0 },
      {
        type: 'message_delta',
        delta: { stop_reason: 'end_turn', stop_sequence: null },
        usage: { output_tokens: 13 },
      },
      { type: 'message_stop' },
    ],
    tokens: { input: 101, cacheWrite5m: 1000, cacheWrite1h: 9, cacheRead: 2003, output: 13 },
  },
  {
    provider: 'gemini',
    model: 'gemini-2.5-flash',
    whole: geminiAnswer,
    stream: [geminiAnswer],
    tokens: { input: 600, cacheRead: 401, output: 54 },
  },
]

/** Dollars for the tokens at the book's rates, in whole numbers up to the last step. */
function byHand({ provider, model, tokens }: Bill): number {
  const rates = priceOf(provider, model, Date.now())?.rates
  let pico = 0
  for (const [name, count] of Object.entries(tokens)) {
    const rate = rates?.[name as keyof Rates]
    if (typeof rate !== 'number') throw new Error(`the book has no ${name} for ${model}`)
    pico += rate * count
  }
  return Math.round(pico / 1000) / 1e9
}

function clientOf({ whole, stream }: Bill) {
  const events = stream.map(
    (event) => `${'type' in event ? `event: ${event.type}\n` : ''}data: ${JSON.stringify(event)}\n\n`,
  )
  return createClient({
    environment,
    fetch: async (url, { body }) => {
      const streams = /"stream":true/.test(new TextDecoder().decode(body as Uint8Array)) || url.includes('stream')
      return streams
        ? new Response(events.join(''), { headers: { 'content-type': 'text/event-stream' } })
        : new Response(JSON.stringify(whole), { headers: { 'content-type': 'application/json' } })
    },
  })
}

describe.each([...bills])('what $model costs', (bill) => {
  test('is exact, for a whole answer in either shape', async () => {
    const { completion, responses } = clientOf(bill)
    const answer = await completion({ model: bill.model, messages })
    expect(costOf(answer)).toBe(byHand(bill))
    expect(costOf(answer)).toBeGreaterThan(0)
    if (bill.provider !== 'openai')
      expect(costOf(await responses({ model: bill.model, input: 'hello' }))).toBe(byHand(bill))
  })

  test('is exact for a stream, and known only when it has ended', async () => {
    const stream = await clientOf(bill).completion({ model: bill.model, messages, stream: true })
    expect([costOf(stream), receiptOf(stream)]).toEqual([undefined, undefined])
    for await (const _chunk of stream);
    expect(costOf(stream)).toBe(byHand(bill))
  })

  test('comes with a receipt', async () => {
    const answer = await clientOf(bill).completion({ model: bill.model, messages })
    expect(receiptOf(answer)).toMatchObject({
      provider: bill.provider,
      model: bill.model,
      retries: 0,
      fallbacks: 0,
      warnings: [],
      usage: { source: 'provider' },
    })
  })
})

test('a model that the book does not know costs nobody knows what, which is not nothing', async () => {
  const [bill] = bills
  if (!bill) throw new Error('no bill')
  const answer = await clientOf(bill).completion({ model: 'openai/some-model-of-tomorrow', messages })
  expect([costOf(answer), receiptOf(answer)?.usage?.output]).toEqual([undefined, 57])
})

test('a deployment costs what its settings say: the price of the model that they name, completed, or what is reported', async () => {
  const [bill] = bills
  if (!bill) throw new Error('no bill')
  const cost = async (
    params: JsonObject & { readonly model: string },
    info: JsonObject = {},
    usage: JsonObject = openaiUsage,
  ) => {
    const whole = JSON.stringify({ ...bill.whole, usage })
    const litellm_params = { api_key: 'k', api_base: 'https://provider.example/v1', ...params }
    const router = new Router(
      { model_list: [{ model_name: 'm', litellm_params, model_info: info }] },
      { environment, fetch: async () => new Response(whole, { headers: { 'content-type': 'application/json' } }) },
    )
    return costOf(await router.completion({ model: 'm', messages }))
  }
  const azure = { model: 'azure/our-name', api_version: '2024-10-21' }
  const listed = byHand({ ...bill, provider: 'azure' })
  expect(await cost(azure, { base_model: 'azure/gpt-4o' })).toBe(listed)
  expect(await cost(azure, { base_model: 'gpt-4o' })).toBe(listed)
  // 1003 tokens at a dollar a million, and what was made at the list's rate of ten
  expect(await cost({ model: 'openai/gpt-4o' }, { input_cost_per_token: 1e-6 })).toBe(0.001573)
  expect(await cost({ model: 'openrouter/nobody/knows' }, {}, { ...openaiUsage, cost: 0.5 })).toBe(0.5)
})

test('the receipt says what the translation could not carry', async () => {
  const bill = bills[1]
  if (!bill) throw new Error('no bill')
  const answer = await clientOf(bill).completion({ model: bill.model, messages, seed: 7 })
  expect(receiptOf(answer)?.warnings.map(({ kind, path }) => [kind, path])).toEqual([['dropped', 'seed']])
})

test('what is no answer has no receipt', () => {
  expect([receiptOf({}), costOf([])]).toEqual([undefined, undefined])
})
