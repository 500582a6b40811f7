import { describe, expect, test } from 'bun:test'
import type { Frame } from '../../kernel/framing.ts'
import type { JsonObject } from '../../kernel/json.ts'
import { checkStream } from './index.ts'

const plain = (...values: (JsonObject | string)[]): Frame[] =>
  values.map((value) => ({ data: typeof value === 'string' ? value : JSON.stringify(value) }))
const named = (...values: JsonObject[]): Frame[] =>
  values.map((value) => ({ event: String(value.type), data: JSON.stringify(value) }))
const without = <T>(list: readonly T[], at: number): T[] => list.filter((_, index) => index !== at)
const twice = <T>(list: readonly T[], at: number): T[] =>
  list.flatMap((item, index) => (index === at ? [item, item] : [item]))

describe('the grammar of chat chunks', () => {
  const chunk = (delta: JsonObject, finish: string | null = null, more: JsonObject = {}): JsonObject => ({
    id: 'c1',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'm',
    choices: [{ index: 0, delta, finish_reason: finish }],
    ...more,
  })
  const call = (index: number, more: JsonObject): JsonObject => ({ tool_calls: [{ index, ...more }] })
  const legal = [
    chunk({ role: 'assistant', content: '' }),
    chunk({ content: 'Hi' }),
    chunk(call(0, { id: 'x', type: 'function', function: { name: 'f', arguments: '' } })),
    chunk(call(0, { function: { arguments: '{}' } })),
    chunk({}, 'tool_calls'),
    '[DONE]',
  ]
  const check = (...values: (JsonObject | string)[]) => checkStream['openai-chat'](plain(...values))

  test('takes a legal stream', () => {
    expect(check(...legal)).toEqual([])
  })
  test('wants the role first, once', () => {
    expect(check(...without(legal, 0))).not.toEqual([])
    expect(check(...twice(legal, 0))).not.toEqual([])
  })
  test('wants exactly one finish with an empty delta', () => {
    expect(check(...without(legal, 4))).not.toEqual([])
    expect(check(...twice(legal, 4))).not.toEqual([])
    expect(check(...legal.slice(0, 4), chunk({ content: 'x' }, 'stop'), '[DONE]')).not.toEqual([])
  })
  test('wants [DONE] last, once', () => {
    expect(check(...without(legal, 5))).not.toEqual([])
    expect(check(...twice(legal, 5))).not.toEqual([])
    expect(check('[DONE]')).not.toEqual([])
  })
  test('wants one identity', () => {
    expect(check(...legal.slice(0, 4), chunk({}, 'stop', { id: 'c2' }), '[DONE]')).not.toEqual([])
    expect(check(...legal.slice(0, 4), chunk({}, 'stop', { created: 2 }), '[DONE]')).not.toEqual([])
  })
  test('wants tool indices in order, ids and names first and only there', () => {
    expect(check(...without(legal, 2))).not.toEqual([])
    expect(check(...twice(legal, 2))).not.toEqual([])
    const skipped = chunk(call(1, { id: 'y', function: { name: 'g', arguments: '' } }))
    expect(check(legal[0]!, skipped, ...legal.slice(4))).not.toEqual([])
    expect(check(legal[0]!, chunk({ tool_calls: null }), ...legal.slice(4))).not.toEqual([])
  })
  test('takes a usage chunk only where it was asked for, last', () => {
    const usage = { ...chunk({}), choices: [], usage: { total_tokens: 1 } }
    const stream = plain(...legal.slice(0, 5), usage, '[DONE]')
    expect(checkStream['openai-chat'](stream, { includeUsage: true })).toEqual([])
    expect(checkStream['openai-chat'](stream)).not.toEqual([])
    expect(checkStream['openai-chat'](plain(...legal), { includeUsage: true })).not.toEqual([])
    expect(checkStream['openai-chat'](plain(legal[0]!, usage, ...legal.slice(4)), { includeUsage: true })).not.toEqual(
      [],
    )
  })
  test('lets an error end the stream, and nothing but [DONE] follow', () => {
    expect(check(legal[0]!, { error: { message: 'no' } })).toEqual([])
    expect(check(legal[0]!, { error: { message: 'no' } }, legal[1]!)).not.toEqual([])
  })
})

describe('the grammar of messages events', () => {
  const start = {
    type: 'message_start',
    message: { id: 'm', type: 'message', role: 'assistant', content: [], model: 'x', stop_reason: null, usage: {} },
  }
  const legal: JsonObject[] = [
    start,
    { type: 'ping' },
    { type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: '', signature: '' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'hm' } },
    { type: 'content_block_stop', index: 0 },
    { type: 'content_block_start', index: 1, content_block: { type: 'tool_use', id: 't', name: 'f', input: {} } },
    { type: 'content_block_delta', index: 1, delta: { type: 'input_json_delta', partial_json: '{}' } },
    { type: 'content_block_stop', index: 1 },
    { type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 1 } },
    { type: 'message_stop' },
  ]
  const check = (...values: JsonObject[]) => checkStream['anthropic-messages'](named(...values))

  test('takes a legal stream', () => {
    expect(check(...legal)).toEqual([])
  })
  test('misses every event that is left out, but a ping and a delta', () => {
    for (const at of legal.keys()) {
      if (at === 1 || at === 3 || at === 6) continue
      expect([at, check(...without(legal, at)).length > 0]).toEqual([at, true])
    }
  })
  test('notices every event that comes twice, but a ping and a delta', () => {
    for (const at of legal.keys()) {
      if (at === 1 || at === 3 || at === 6) continue
      expect([at, check(...twice(legal, at)).length > 0]).toEqual([at, true])
    }
  })
  test('wants deltas that fit their block', () => {
    const wrong = { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'x' } }
    expect(check(...legal.slice(0, 3), wrong, ...legal.slice(4))).not.toEqual([])
  })
  test('wants the event name to be the type', () => {
    const frames = named(...legal)
    expect(checkStream['anthropic-messages']([{ data: frames[0]!.data }, ...frames.slice(1)])).not.toEqual([])
  })
  test('lets an error end it and nothing follow', () => {
    const error = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }
    expect(check(...legal.slice(0, 4), error)).toEqual([])
    expect(check(...legal.slice(0, 4), error, { type: 'message_stop' })).not.toEqual([])
  })
})

describe('the grammar of responses events', () => {
  const item = { type: 'message', id: 'msg_1', role: 'assistant', content: [{ type: 'output_text', text: 'Hi' }] }
  const call = { type: 'function_call', id: 'fc_1', call_id: 'c', name: 'f', arguments: '{}' }
  const at0 = { item_id: 'msg_1', output_index: 0, content_index: 0 }
  const at1 = { item_id: 'fc_1', output_index: 1 }
  const events: JsonObject[] = [
    { type: 'response.created', response: { id: 'r', status: 'in_progress' } },
    { type: 'response.in_progress', response: { id: 'r', status: 'in_progress' } },
    { type: 'response.output_item.added', output_index: 0, item: { ...item, content: [] } },
    { type: 'response.content_part.added', ...at0, part: { type: 'output_text', text: '' } },
    { type: 'response.output_text.delta', ...at0, delta: 'H' },
    { type: 'response.output_text.delta', ...at0, delta: 'i' },
    { type: 'response.output_text.done', ...at0, text: 'Hi' },
    { type: 'response.content_part.done', ...at0, part: { type: 'output_text', text: 'Hi' } },
    { type: 'response.output_item.done', output_index: 0, item },
    { type: 'response.output_item.added', output_index: 1, item: { ...call, arguments: '' } },
    { type: 'response.function_call_arguments.delta', ...at1, delta: '{}' },
    { type: 'response.function_call_arguments.done', ...at1, arguments: '{}' },
    { type: 'response.output_item.done', output_index: 1, item: call },
    { type: 'response.completed', response: { id: 'r', status: 'completed', output: [item, call], usage: {} } },
  ]
  const check = (list: readonly JsonObject[]) =>
    checkStream['openai-responses'](named(...list.map((event, at) => ({ ...event, sequence_number: at }))))

  test('takes a legal stream', () => {
    expect(check(events)).toEqual([])
  })
  test('misses every event that is left out, but the done of a text', () => {
    for (const at of events.keys()) {
      if (at === 6) continue
      expect([at, check(without(events, at)).length > 0]).toEqual([at, true])
    }
  })
  test('notices every event that comes twice, but the done of a text', () => {
    for (const at of events.keys()) {
      if (at === 6) continue
      expect([at, check(twice(events, at)).length > 0]).toEqual([at, true])
    }
  })
  test('wants numbers from 0 without a gap', () => {
    const frames = named(...events.map((event, at) => ({ ...event, sequence_number: at + 1 })))
    expect(checkStream['openai-responses'](frames)).not.toEqual([])
  })
  test('wants the output to be the items that were done', () => {
    const end = { type: 'response.completed', response: { id: 'r', status: 'completed', output: [item], usage: {} } }
    expect(check([...events.slice(0, -1), end])).not.toEqual([])
  })
  test('wants one id per item', () => {
    expect(
      check([...events.slice(0, 8), { ...events[8], item: { ...item, id: 'msg_2' } }, ...events.slice(9)]),
    ).not.toEqual([])
  })
  test('lets an error end it', () => {
    const error = { type: 'error', code: 'server_error', message: 'no', param: null }
    expect(check([...events.slice(0, 5), error])).toEqual([])
    expect(check([...events.slice(0, 5), error, events[5]!])).not.toEqual([])
  })
})

describe('the grammar of gemini objects', () => {
  const says = (part: JsonObject, more: JsonObject = {}): JsonObject => ({
    candidates: [{ index: 0, content: { role: 'model', parts: [part] }, ...more }],
  })
  const check = (...values: (JsonObject | string)[]) => checkStream.gemini(plain(...values))

  test('takes a legal stream', () => {
    expect(check(says({ text: 'Hi' }), says({ text: '' }, { finishReason: 'STOP' }), { usageMetadata: {} })).toEqual([])
  })
  test('wants nothing of a candidate after its finish', () => {
    expect(check(says({ text: 'Hi' }, { finishReason: 'STOP' }), says({ text: 'x' }))).not.toEqual([])
    expect(
      check(says({ text: 'Hi' }, { finishReason: 'STOP' }), says({ text: '' }, { finishReason: 'STOP' })),
    ).not.toEqual([])
  })
  test('wants args that are objects and parts that are one thing', () => {
    expect(check(says({ functionCall: { name: 'f', args: {} } }))).toEqual([])
    expect(check(says({ functionCall: { name: 'f', args: '{}' } }))).not.toEqual([])
    expect(check(says({ functionCall: { name: '', args: {} } }))).not.toEqual([])
    expect(check(says({}))).not.toEqual([])
    expect(check(says({ text: 'x', inlineData: { mimeType: 'a/b', data: '' } }))).not.toEqual([])
  })
  test('wants objects', () => {
    expect(check('[DONE]')).not.toEqual([])
    expect(check({})).not.toEqual([])
    expect(check()).not.toEqual([])
  })
  test('lets an error end it', () => {
    const error = { error: { code: 503, message: 'Overloaded', status: 'UNAVAILABLE' } }
    expect(check(says({ text: 'Hi' }), error)).toEqual([])
    expect(check(error, says({ text: 'Hi' }))).not.toEqual([])
    expect(check({ error: { message: 'no' } })).not.toEqual([])
  })
})
