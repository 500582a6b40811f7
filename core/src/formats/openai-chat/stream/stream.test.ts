import { describe, expect, test } from 'bun:test'
import { GatewayError } from '../../../kernel/faults.ts'
import type { Frame } from '../../../kernel/framing.ts'
import type { JsonObject } from '../../../kernel/json.ts'
import { readSse } from '../../../kernel/sse.ts'
import { chain, run } from '../../../kernel/transducer.ts'
import type { ChatEvent } from '../../../vocabulary/chat-event.ts'
import { fold } from '../../../vocabulary/fold.ts'
import { unfold } from '../../../vocabulary/unfold.ts'
import fixture from '../fixtures/answer.json' with { type: 'json' }
import { readResponse, writeResponse } from '../response.ts'
import { readStream } from './read.ts'
import { writeStream } from './write.ts'

const bytesOf = async (name: string): Promise<Uint8Array> =>
  new Uint8Array(await Bun.file(new URL(`../fixtures/${name}.sse`, import.meta.url)).arrayBuffer())
const readBytes = (...blocks: Uint8Array[]): ChatEvent[] => run(chain(readSse(), readStream()), blocks)

const frame = (value: JsonObject | '[DONE]'): Frame => ({ data: value === '[DONE]' ? value : JSON.stringify(value) })
const chunk = (delta: JsonObject, finish: string | null = null, more: JsonObject = {}): JsonObject => ({
  id: 'x',
  model: 'm',
  created: 1,
  choices: [{ index: 0, delta, finish_reason: finish }],
  ...more,
})
const read = (...chunks: (JsonObject | '[DONE]')[]): ChatEvent[] => run(readStream(), chunks.map(frame))
const contentOf = (events: ChatEvent[]) => fold(events).choices[0]?.content
const typesOf = (events: ChatEvent[]) => events.map(({ type }) => type)
const call = (index: number | undefined, made: JsonObject, id?: string): JsonObject => ({
  tool_calls: [{ ...(index !== undefined && { index }), ...(id !== undefined && { id }), function: made }],
})

/** What is wrong with the order of the events. */
function disorder(events: readonly ChatEvent[]): string[] {
  const wrong: string[] = []
  const open = new Set<string>()
  const next = new Map<number, number>()
  for (const event of events) {
    if (!('part' in event)) continue
    const key = `${event.choice}.${event.part}`
    if (event.type.endsWith('-start') || event.type === 'media') {
      if (event.part !== (next.get(event.choice) ?? 0)) wrong.push(`${key} is not the next part`)
      next.set(event.choice, event.part + 1)
      if (event.type !== 'media') open.add(key)
    } else if (event.type.endsWith('-end')) {
      if (!open.delete(key)) wrong.push(`${key} ends without being open`)
    } else if (!open.has(key)) wrong.push(`${event.type} outside of ${key}`)
  }
  return [...wrong, ...[...open].map((key) => `${key} is left open`)]
}

describe('reading a stream', () => {
  test('text and parallel calls', async () => {
    const events = readBytes(await bytesOf('tools'))
    expect(disorder(events)).toEqual([])
    const response = fold(events)
    expect(response).toMatchObject({ id: 'chatcmpl-2', model: 'gpt-4o', serviceTier: 'default' })
    expect(response.choices).toEqual([
      {
        index: 0,
        content: [
          { type: 'text', text: 'Let me see… ' },
          { type: 'tool-call', id: 'call_1', name: 'get_weather', kind: 'function', input: '{"city":"Zürich"}' },
          { type: 'tool-call', id: 'call_2', name: 'get_time', kind: 'function', input: '{}' },
        ],
        finish: { reason: 'tool-calls', raw: 'tool_calls' },
      },
    ])
    expect(response.usage).toMatchObject({ input: 82, output: 17 })
    expect(response.native).toEqual({ format: 'openai-chat', fields: { system_fingerprint: 'fp_1' } })
  })

  test('reasoning ends where the answer starts, and a missing [DONE] is forgiven', async () => {
    const events = readBytes(await bytesOf('reasoning'))
    expect(typesOf(events)).toEqual([
      'response-start',
      'reasoning-start',
      'reasoning-delta',
      'reasoning-delta',
      'reasoning-end',
      'text-start',
      'text-delta',
      'usage',
      'text-end',
      'choice-end',
      'response-end',
    ])
    expect(fold(events).usage).toMatchObject({ input: 10, cacheRead: 4, output: 6, reasoning: 5 })
  })

  for (const name of ['tools', 'reasoning'])
    test(`${name}.sse reads the same wherever it is cut`, async () => {
      const bytes = await bytesOf(name)
      const whole = readBytes(bytes)
      for (let at = 1; at < bytes.length; at++)
        expect(readBytes(bytes.subarray(0, at), bytes.subarray(at))).toEqual(whole)
    })

  test('calls without an index are told apart by id', () => {
    const events = read(
      chunk(call(undefined, { name: 'f', arguments: '{"a":' }, 'a')),
      chunk(call(undefined, { arguments: '1}' }, 'a')),
      chunk(call(undefined, { name: 'g', arguments: '{}' }, 'b'), 'stop'),
      '[DONE]',
    )
    expect(disorder(events)).toEqual([])
    expect(contentOf(events)).toMatchObject([
      { id: 'a', name: 'f', input: '{"a":1}' },
      { id: 'b', name: 'g', input: '{}' },
    ])
    expect(fold(events).choices[0]?.finish).toEqual({ reason: 'tool-calls', raw: 'stop' })
  })

  test('calls that all have index 0 are told apart by id', () => {
    const events = read(
      chunk(call(0, { name: 'f', arguments: '{}' }, 'a')),
      chunk(call(0, { name: 'f', arguments: '{"b":1}' }, 'b')),
      '[DONE]',
    )
    expect(contentOf(events)).toMatchObject([
      { id: 'a', input: '{}' },
      { id: 'b', input: '{"b":1}' },
    ])
  })

  test('an id that every fragment repeats, arguments as an object, and no id at all', () => {
    const repeated = read(
      chunk(call(0, { name: 'f', arguments: '{"a"' }, 'a')),
      chunk(call(0, { name: 'f', arguments: ':1}' }, 'a')),
      '[DONE]',
    )
    expect(contentOf(repeated)).toMatchObject([{ id: 'a', input: '{"a":1}' }])
    const object = read(chunk(call(0, { name: 'f', arguments: { a: 1 } })), '[DONE]')
    expect(contentOf(object)).toMatchObject([{ id: expect.stringMatching(/^call_\w/), input: '{"a":1}' }])
  })

  test('fragments of open calls may alternate', () => {
    const events = read(
      chunk(call(0, { name: 'f', arguments: '{"a":' }, 'a')),
      chunk(call(1, { name: 'g', arguments: '{"b":' }, 'b')),
      chunk(call(0, { arguments: '1}' })),
      chunk(call(1, { arguments: '2}' })),
      '[DONE]',
    )
    expect(disorder(events)).toEqual([])
    expect(contentOf(events)).toMatchObject([{ input: '{"a":1}' }, { input: '{"b":2}' }])
  })

  test('a signature seals the reasoning before it', () => {
    const events = read(
      chunk({ reasoning_content: 'H', thinking_blocks: [{ type: 'thinking', thinking: 'H' }] }),
      chunk({ reasoning_content: 'm', thinking_blocks: [{ type: 'thinking', thinking: 'm' }] }),
      chunk({ reasoning_content: '', thinking_blocks: [{ type: 'thinking', thinking: '', signature: 's' }] }),
      chunk({ content: 'A' }, 'stop'),
      '[DONE]',
    )
    expect(contentOf(events)).toEqual([
      { type: 'reasoning', text: 'Hm', opaque: { format: 'anthropic-messages', kind: 'signature', value: 's' } },
      { type: 'text', text: 'A' },
    ])
  })

  test('details that repeat the reasoning are not read twice', () => {
    const detail = (text: string, more: JsonObject = {}) => [{ type: 'reasoning.text', index: 0, text, ...more }]
    const events = read(
      chunk({ reasoning: 'H', reasoning_details: detail('H') }),
      chunk({ reasoning: 'm', reasoning_details: detail('m', { signature: 's' }) }),
      chunk({ content: 'A' }, 'stop'),
      '[DONE]',
    )
    expect(contentOf(events)).toEqual([
      {
        type: 'reasoning',
        text: 'Hm',
        opaque: { format: 'openai-chat', kind: 'encrypted', value: JSON.stringify(detail('Hm', { signature: 's' })) },
      },
      { type: 'text', text: 'A' },
    ])
  })

  test('a failure within the stream is its end', () => {
    const events = read(
      chunk({ content: 'A' }),
      { error: { message: 'Overloaded', code: 529 } },
      chunk({ content: 'B' }),
    )
    expect(typesOf(events)).toEqual(['response-start', 'text-start', 'text-delta', 'text-end', 'error'])
    const last = events.at(-1)
    expect(last?.type === 'error' && last.error).toMatchObject({ code: 'provider-overloaded', message: 'Overloaded' })
  })

  test('a stream that breaks off is an error, not an answer', () => {
    for (const events of [read(chunk({ content: 'A' })), read(), read('[DONE]')]) {
      expect(disorder(events)).toEqual([])
      const last = events.at(-1)
      expect(last?.type === 'error' && last.error.code).toBe('provider-garbled')
    }
  })

  test('a usage chunk or [DONE] says that the stream is whole', () => {
    const usage = { id: 'x', choices: [], usage: { prompt_tokens: 1, completion_tokens: 1 } }
    expect(typesOf(read(chunk({ content: 'A' }), usage)).slice(-3)).toEqual(['text-end', 'choice-end', 'response-end'])
    expect(typesOf(read(chunk({ content: 'A' }), '[DONE]')).at(-1)).toBe('response-end')
  })

  test('a stream of one whole answer is read as one', () => {
    const events = read(fixture as JsonObject, '[DONE]')
    expect(fold(events)).toEqual(readResponse(fixture as JsonObject))
  })

  test('a finish that comes too early does not cut the calls off', () => {
    const events = read(
      chunk(call(0, { name: 'f', arguments: '' }, 'a'), 'stop'),
      chunk(call(0, { arguments: '{}' }), 'tool_calls'),
      '[DONE]',
    )
    expect(contentOf(events)).toMatchObject([{ input: '{}' }])
    expect(typesOf(events).filter((type) => type === 'choice-end')).toHaveLength(1)
  })

  test('pieces of audio that were padded each are joined by their bytes', () => {
    const events = read(
      chunk({ audio: { id: 'audio_1', data: btoa('a') } }),
      chunk({ audio: { data: btoa('bc'), transcript: 'Hi' } }, 'stop'),
      '[DONE]',
    )
    expect(contentOf(events)).toMatchObject([{ source: { data: btoa('abc') }, name: 'audio_1', transcript: 'Hi' }])
  })
})

describe('writing a stream', () => {
  const request = { model: 'm', messages: [] }
  const write = (events: readonly ChatEvent[], includeUsage = false): (JsonObject | string)[] =>
    run(writeStream({ ...request, includeUsage }), events).map(({ data }) =>
      data === '[DONE]' ? data : (JSON.parse(data) as JsonObject),
    )
  const answer = readResponse(fixture as JsonObject)
  const deltas = (chunks: (JsonObject | string)[]) =>
    chunks.flatMap<unknown>((each) =>
      typeof each === 'string'
        ? [each]
        : (each.choices as JsonObject[]).map(({ delta, finish_reason }) => ({ delta, finish_reason })),
    )

  test('opens with the role, ends with an empty delta and [DONE]', () => {
    const events = unfold(readResponse({ id: 'x', choices: [{ message: { content: 'Hi' }, finish_reason: 'stop' }] }))
    expect(deltas(write(events))).toEqual([
      { delta: { role: 'assistant', content: '' }, finish_reason: null },
      { delta: { content: 'Hi' }, finish_reason: null },
      { delta: {}, finish_reason: 'stop' },
      '[DONE]',
    ])
  })

  test('id, model and time stay the same', () => {
    const chunks = write(unfold(answer), true).filter((each) => typeof each !== 'string')
    expect(new Set(chunks.map(({ id, model, created }) => `${id} ${model} ${created}`)).size).toBe(1)
  })

  test('usage comes in a chunk of its own, only when asked for', () => {
    const asked = write(unfold(answer), true)
    expect(asked.at(-2)).toMatchObject({ choices: [], usage: { prompt_tokens: 120, completion_tokens: 30 } })
    expect(asked[0]).toHaveProperty('usage', null)
    expect(write(unfold(answer)).every((each) => typeof each === 'string' || !('usage' in each))).toBe(true)
  })

  test('a call’s first fragment names it, later ones only add to it', () => {
    const place = { choice: 0, part: 0 }
    const chunks = deltas(
      write([
        { type: 'tool-start', ...place, id: 'a', name: 'f', kind: 'function' },
        { type: 'tool-delta', ...place, input: '{}' },
        { type: 'tool-end', ...place },
        { type: 'choice-end', choice: 0, finish: { reason: 'stop' } },
        { type: 'response-end', usage: answer.usage },
      ]),
    )
    expect(chunks).toEqual([
      { delta: { role: 'assistant', content: null }, finish_reason: null },
      {
        delta: { tool_calls: [{ index: 0, id: 'a', type: 'function', function: { name: 'f', arguments: '' } }] },
        finish_reason: null,
      },
      { delta: { tool_calls: [{ index: 0, function: { arguments: '{}' } }] }, finish_reason: null },
      { delta: {}, finish_reason: 'tool_calls' },
      '[DONE]',
    ])
  })

  test('a failure ends the stream without [DONE]', () => {
    const error = new GatewayError('provider-overloaded', 'Too much')
    const chunks = write([...unfold(answer).slice(0, 3), { type: 'error', error }, ...unfold(answer)])
    expect(chunks.at(-1)).toMatchObject({ error: { message: 'Too much', code: '503', param: null } })
    expect(chunks).not.toContain('[DONE]')
  })

  test('events that break off end in an error', () => {
    expect(write(unfold(answer).slice(0, 3)).at(-1)).toHaveProperty('error')
  })

  test('what is written is read as the same answer, in a stream and whole', () => {
    const strip = ({ usage: { raw: _raw, ...usage }, ...rest }: typeof answer) => ({ ...rest, usage })
    const streamed = fold(run(readStream(), run(writeStream({ ...request, includeUsage: true }), unfold(answer))))
    expect(strip(streamed)).toEqual(strip(answer))
    expect(strip(readResponse(JSON.parse(JSON.stringify(writeResponse(answer)))))).toEqual(strip(answer))
  })
})
