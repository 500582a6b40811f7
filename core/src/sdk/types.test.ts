import { expect, expectTypeOf, test } from 'bun:test'
import type { JsonObject } from '../kernel/json.ts'
import { type Client, createClient, Router } from './client.ts'
import type { ChatCompletion, ChatCompletionChunk } from './types.ts'

const messages = [{ role: 'user', content: 'hello' }] as const
const mock = { model: 'gpt-4o', messages, mock_response: 'Hi' } as const
const client: Client = createClient({ environment: {} })

test('whether an answer is whole or a stream is known to the compiler', async () => {
  const streamed = await client.completion({ ...mock, stream: true })
  expectTypeOf(streamed).toEqualTypeOf<AsyncIterable<ChatCompletionChunk>>()
  const whole = await client.completion(mock)
  expectTypeOf(whole).toEqualTypeOf<ChatCompletion>()
  expectTypeOf(await client.completion({ ...mock, stream: false })).toEqualTypeOf<ChatCompletion>()
  const stream: boolean = Date.now() > 0
  const either = await client.completion({ ...mock, stream })
  expectTypeOf(either).toEqualTypeOf<ChatCompletion | AsyncIterable<ChatCompletionChunk>>()
  expect(Symbol.asyncIterator in streamed).toBe(true)
  expect(whole.choices[0]?.message.content).toBe('Hi')
  expect(Symbol.asyncIterator in either).toBe(true)
})

test('so it is for responses and for a router', async () => {
  const asked = { model: 'gpt-4o', input: 'hello', mock_response: 'Hi' } as const
  expectTypeOf(await client.responses(asked)).toEqualTypeOf<JsonObject>()
  expectTypeOf(await client.responses({ ...asked, stream: true })).toEqualTypeOf<AsyncIterable<JsonObject>>()
  const router = new Router({
    model_list: [{ model_name: 'm', litellm_params: { model: 'gpt-4o', mock_response: 'Hi' } }],
  })
  expectTypeOf(await router.completion({ model: 'm', messages })).toEqualTypeOf<ChatCompletion>()
  const streamed = await router.completion({ model: 'm', messages, stream: true })
  expectTypeOf(streamed).toEqualTypeOf<AsyncIterable<ChatCompletionChunk>>()
  expect(Symbol.asyncIterator in streamed).toBe(true)
})

test('what no call can be is refused by the compiler', () => {
  type Completion = Parameters<Client['completion']>[0]
  expectTypeOf<{ model: string }>().not.toExtend<Completion>()
  expectTypeOf<{ model: string; messages: { role: 'nobody' }[] }>().not.toExtend<Completion>()
  expectTypeOf<{ model: string; messages: never[]; num_retries: string }>().not.toExtend<Completion>()
  expectTypeOf<{ model: string; messages: never[]; temperature: number }>().toExtend<Completion>()
  expect(typeof client.completion).toBe('function')
})
