import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { GatewayError } from '../../kernel/faults.ts'
import type { Frame } from '../../kernel/framing.ts'
import { type JsonObject, parseObject } from '../../kernel/json.ts'
import { sse } from '../../kernel/sse.ts'
import { chain, run } from '../../kernel/transducer.ts'
import { checkAnthropicMessagesStream } from '../../testing/grammar/anthropic-messages.ts'
import type { ChatEvent } from '../../vocabulary/chat-event.ts'
import type { ChatRequest } from '../../vocabulary/chat-request.ts'
import type { ChatResponse } from '../../vocabulary/chat-response.ts'
import { fold } from '../../vocabulary/fold.ts'
import type { AssistantPart, Citation, Opaque } from '../../vocabulary/parts.ts'
import { unfold } from '../../vocabulary/unfold.ts'
import { noUsage, usageOf } from '../../vocabulary/usage.ts'
import { readStream } from './stream.ts'
import { writeStream } from './stream-writer.ts'
import { meter } from './wire/usage.ts'

const request: ChatRequest = { model: 'm', messages: [] }
const names = ['text', 'tools', 'thinking', 'search', 'overloaded'] as const
const bytesOf = (name: string) => Bun.file(new URL(`./fixtures/${name}.sse`, import.meta.url)).bytes()
const fixtures = new Map(await Promise.all(names.map(async (name) => [name, await bytesOf(name)] as const)))
const bytes = (name: (typeof names)[number]) => fixtures.get(name) ?? new Uint8Array()

const readBytes = (...cuts: Uint8Array[]): ChatEvent[] => run(chain(sse.read(), readStream()), cuts)
const write = (events: readonly ChatEvent[]): Frame[] => run(writeStream(request), events)
const values = (frames: readonly Frame[]) => frames.map(({ data }) => parseObject(data) ?? {})
const withoutRaw = ({ usage: { raw: _raw, ...usage }, ...response }: ChatResponse) => ({ ...response, usage })

describe('reading a stream', () => {
  test.each(names)('%s reads the same however its bytes are cut', (name) => {
    const all = bytes(name)
    const whole = readBytes(all)
    for (let at = 1; at < all.length; at++) {
      const cut = readBytes(all.subarray(0, at), all.subarray(at))
      expect(Bun.deepEquals(cut, whole)).toBe(true)
    }
    expect(readBytes(...Array.from(all, (byte) => Uint8Array.of(byte)))).toEqual(whole)
  })

  test('text', () => {
    const events = readBytes(bytes('text'))
    expect(events.map(({ type }) => type)).toContain('ping')
    expect(withoutRaw(fold(events))).toEqual({
      id: 'msg_01Fixture',
      model: 'claude-sonnet-4-5',
      createdAt: 0,
      choices: [
        {
          index: 0,
          content: [{ type: 'text', text: 'Grüße, 世界 🌍!' }],
          finish: { reason: 'stop', raw: 'end_turn' },
        },
      ],
      usage: usageOf({ fresh: 25, output: 15 }),
    })
  })

  test('calls of tools keep every fragment, and a call without input has an empty object', () => {
    const [choice] = fold(readBytes(bytes('tools'))).choices
    expect(choice?.content.slice(1)).toEqual([
      {
        type: 'tool-call',
        kind: 'function',
        id: 'toolu_01A',
        name: 'get_weather',
        input: '{"city": "Köln", "unit": "c"}',
      },
      { type: 'tool-call', kind: 'function', id: 'toolu_01B', name: 'get_time', input: '{}' },
    ])
    expect(choice?.finish).toEqual({ reason: 'tool-calls', raw: 'tool_use' })
  })

  test('thinking keeps its seals, and usage its buckets', () => {
    const { choices, usage, serviceTier } = fold(readBytes(bytes('thinking')))
    const seal = { format: 'anthropic-messages' } as const
    expect(choices[0]?.content.slice(0, 2)).toEqual([
      {
        type: 'reasoning',
        text: '27 is 3 × 9, 453 is 3 × 151.',
        opaque: { ...seal, kind: 'signature', value: 'EqQBCgIYAhIM1gbcDa9GJwZA2b3hGgxB' },
      },
      { type: 'reasoning', text: '', opaque: { ...seal, kind: 'redacted', value: 'EmwKAhgBEgy3va3pzix/LafPsn4a' } },
    ])
    expect(usage).toMatchObject({
      input: 2310,
      fresh: 10,
      cacheRead: 2000,
      cacheWrite5m: 100,
      cacheWrite1h: 200,
      output: 64,
      reasoning: 40,
    })
    expect(serviceTier).toBe('standard')
  })

  test('server tools stay whole, and later figures replace earlier ones', () => {
    const { choices, usage } = fold(readBytes(bytes('search')))
    const content = choices[0]?.content ?? []
    expect(content[0]).toMatchObject({
      type: 'native',
      value: { type: 'server_tool_use', input: { query: 'weather in Paris' } },
    })
    expect(content[2]).toMatchObject({
      text: 'It is 18 °C in Paris',
      citations: [{ kind: 'url', url: 'https://example.com/paris' }],
    })
    expect(usage).toMatchObject({ fresh: 10_682, output: 510, calls: { web_search: 1 } })
  })

  test('an error event ends it, named by its type', () => {
    const last = readBytes(bytes('overloaded')).at(-1)
    expect(last).toMatchObject({
      type: 'error',
      error: { code: 'provider-overloaded', status: 529, message: 'Overloaded' },
    })
  })

  test('every early end is an error, and none is silent', () => {
    const all = bytes('tools')
    for (let at = 0; at < all.length - 40; at += 7) {
      const events = readBytes(all.subarray(0, at))
      expect(events.at(-1)).toMatchObject({ type: 'error', error: { code: 'provider-garbled' } })
      expect(events.filter(({ type }) => type === 'error' || type === 'response-end')).toHaveLength(1)
    }
  })

  test('unknown events, unknown deltas and missing starts do no harm', () => {
    const frame = (value: JsonObject): Frame => ({ data: JSON.stringify(value) })
    const events = run(readStream(), [
      frame({ type: 'message_start', message: { id: 'm', usage: { input_tokens: 1 } } }),
      frame({ type: 'weather_report', sunny: true }),
      frame({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'a' } }),
      frame({ type: 'content_block_delta', index: 0, delta: { type: 'mood_delta', mood: 'good' } }),
      frame({ type: 'content_block_start', index: 1, content_block: { type: 'compaction', content: null } }),
      frame({ type: 'content_block_delta', index: 1, delta: { type: 'compaction_delta', content: 'short' } }),
      frame({
        type: 'message_delta',
        delta: { stop_reason: 'end_turn', container: { id: 'c' } },
        usage: { output_tokens: 2 },
        context_management: { applied_edits: [] },
      }),
      frame({ type: 'message_stop' }),
      frame({ type: 'ping' }),
    ])
    const { choices, native } = fold(events)
    expect(choices[0]?.content).toEqual([
      { type: 'text', text: 'a' },
      { type: 'native', format: 'anthropic-messages', value: { type: 'compaction', content: 'short' } },
    ])
    expect(native?.fields).toEqual({ container: { id: 'c' }, context_management: { applied_edits: [] } })
    expect(events.at(-1)?.type).toBe('response-end')
  })

  test('the meter sees the same usage as the reader', () => {
    for (const name of ['text', 'tools', 'thinking', 'search'] as const) {
      const counter = meter()
      for (const value of values(run(sse.read(), [bytes(name)]))) counter.read(value)
      expect(counter.usage()).toEqual(fold(readBytes(bytes(name))).usage)
      expect(counter.final()).toBe(true)
    }
  })
})

const word = fc.string({ minLength: 1, maxLength: 8, unit: 'grapheme' })
const seal = (kind: Opaque['kind']) => word.map((value): Opaque => ({ format: 'anthropic-messages', kind, value }))
const citation: fc.Arbitrary<Citation> = word.map((title) => ({
  kind: 'document',
  title,
  native: { format: 'anthropic-messages', value: { type: 'char_location', document_title: title, document_index: 0 } },
}))
const native = (value: JsonObject): AssistantPart => ({ type: 'native', format: 'anthropic-messages', value })
const part: fc.Arbitrary<AssistantPart> = fc.oneof(
  word.map((text): AssistantPart => ({ type: 'text', text })),
  fc.tuple(word, citation).map(([text, cited]): AssistantPart => ({ type: 'text', text, citations: [cited] })),
  fc
    .tuple(fc.string({ maxLength: 5 }), seal('signature'))
    .map(([text, opaque]): AssistantPart => ({ type: 'reasoning', text, opaque })),
  seal('redacted').map((opaque): AssistantPart => ({ type: 'reasoning', text: '', opaque })),
  word.map((text): AssistantPart => ({ type: 'reasoning', text })),
  fc.tuple(word, word, fc.dictionary(word, word, { maxKeys: 3 })).map(
    ([id, name, input]): AssistantPart => ({
      type: 'tool-call',
      kind: 'function',
      id,
      name,
      input: JSON.stringify(input),
    }),
  ),
  word.map((query) => native({ type: 'server_tool_use', id: 's', name: 'web_search', input: { query } })),
  word.map((url) => native({ type: 'web_search_tool_result', tool_use_id: 's', content: [{ url }] })),
)
const count = fc.nat({ max: 9999 })
const usage = fc
  .record({
    fresh: count,
    cacheRead: count,
    cacheWrite5m: count,
    cacheWrite1h: count,
    output: count,
    reasoning: fc.nat({ max: 9 }),
  })
  .map((parts) => usageOf(parts))
const answer: fc.Arbitrary<ChatResponse> = fc.record({ content: fc.array(part, { maxLength: 6 }), usage }).map(
  ({ content, usage }): ChatResponse => ({
    id: 'msg_1',
    model: 'claude',
    createdAt: 0,
    choices: [{ index: 0, content, finish: { reason: 'pause', raw: 'pause_turn' } }],
    usage,
    native: {
      format: 'anthropic-messages',
      fields: { container: { id: 'c' }, context_management: { a: 1 }, other: 2 },
    },
  }),
)

/** The events of each part in their order, and the parts' starts in theirs, but all else shuffled together. */
function interleave(events: readonly ChatEvent[], dice: readonly number[]): ChatEvent[] {
  const lanes = new Map<number, ChatEvent[]>()
  for (const event of events) if ('part' in event) lanes.set(event.part, [...(lanes.get(event.part) ?? []), event])
  const waiting = [...lanes.values()]
  const running: ChatEvent[][] = []
  const out: ChatEvent[] = []
  for (let turn = 0; waiting.length + running.length > 0; turn++) {
    const roll = dice[turn % dice.length] ?? 0
    const lane = roll % (running.length + 1)
    const next = waiting[0]
    if (next && lane === running.length) running.push(waiting.shift() ?? [])
    const chosen = running[Math.min(lane, running.length - 1)]
    const event = chosen?.shift()
    if (event) out.push(event)
    if (chosen?.length === 0) running.splice(running.indexOf(chosen), 1)
  }
  return out
}

const rolls = fc.array(fc.nat({ max: 60 }), { minLength: 1, maxLength: 40 })

describe('writing a stream', () => {
  test('L1: fold(readStream(writeStream(unfold(y)))) = y', () => {
    fc.assert(
      fc.property(answer, (response) => {
        const back = fold(run(readStream(), write(unfold(response))))
        expect(withoutRaw(back)).toEqual(withoutRaw(response))
      }),
    )
  })

  test('L4: parts that overlap come out one after another, by the grammar, with nothing lost', () => {
    fc.assert(
      fc.property(answer, rolls, (response, dice) => {
        const all = unfold(response)
        const frames = write([...all.slice(0, 1), ...interleave(all, dice), ...all.slice(-2)])
        expect(checkAnthropicMessagesStream(frames)).toEqual([])
        expect(withoutRaw(fold(run(readStream(), frames)))).toEqual(withoutRaw(response))
      }),
    )
  })

  test('L4: whatever comes, in whatever order, what goes out keeps the grammar', () => {
    const place = fc.record({ choice: fc.constantFrom(0, 0, 0, 1), part: fc.nat({ max: 3 }) })
    const failure = new GatewayError('provider-failed', 'down')
    const odd: fc.Arbitrary<ChatEvent> = place.chain((at) =>
      fc.constantFrom<ChatEvent>(
        { type: 'response-start', id: 'x', model: 'm', createdAt: 0 },
        { type: 'text-start', ...at },
        { type: 'text-delta', ...at, text: 'a' },
        { type: 'text-delta', ...at, text: '' },
        { type: 'text-citation', ...at, citation: { kind: 'url', url: 'https://e.com' } },
        { type: 'text-end', ...at },
        { type: 'reasoning-start', ...at },
        { type: 'reasoning-delta', ...at, text: 'r', paragraph: at.part },
        { type: 'reasoning-end', ...at, opaque: { format: 'anthropic-messages', kind: 'signature', value: 's' } },
        { type: 'reasoning-end', ...at, opaque: { format: 'anthropic-messages', kind: 'redacted', value: 's' } },
        { type: 'tool-start', ...at, id: 'c', name: 'f', kind: 'function' },
        { type: 'tool-start', ...at, id: 'c', name: 'f', kind: 'custom' },
        { type: 'tool-delta', ...at, input: '{}' },
        { type: 'tool-end', ...at },
        { type: 'refusal-start', ...at },
        { type: 'refusal-delta', ...at, text: 'no' },
        { type: 'refusal-end', ...at },
        { type: 'media', ...at, media: { type: 'media', kind: 'audio', source: { type: 'file', id: 'f' } } },
        { type: 'native', ...at, format: 'gemini', value: { type: 'x' } },
        { type: 'native', ...at, format: 'anthropic-messages', value: { type: 'mcp_tool_result' } },
        { type: 'logprobs', choice: 0, logprobs: [] },
        { type: 'usage', usage: noUsage },
        { type: 'ping' },
        { type: 'choice-end', choice: at.choice, finish: { reason: 'stop' } },
        { type: 'error', error: failure },
        { type: 'response-end', usage: noUsage },
      ),
    )
    const most = fc.array(odd, { maxLength: 40 })
    const tame = most.map((events) => events.filter(({ type }) => type !== 'error' && type !== 'response-end'))
    fc.assert(
      fc.property(fc.oneof(most, tame), (events) => {
        expect(checkAnthropicMessagesStream(write(events))).toEqual([])
      }),
      { numRuns: 600 },
    )
  })

  const start: ChatEvent = { type: 'response-start', id: 'x', model: 'm', createdAt: 0 }
  const at = { choice: 0, part: 0 }
  const types = (frames: Frame[]) => frames.map(({ event }) => event)

  test('input tokens told before the first word stand in message_start, the final figures in message_delta', () => {
    const frames = values(
      write([
        start,
        { type: 'usage', usage: usageOf({ fresh: 7, cacheRead: 3 }) },
        { type: 'text-start', ...at },
        { type: 'choice-end', choice: 0, finish: { reason: 'stop-sequence', sequence: '#' } },
        { type: 'response-end', usage: usageOf({ fresh: 7, cacheRead: 3, output: 2 }) },
      ]),
    )
    expect(frames).toMatchObject([
      { type: 'message_start', message: { usage: { input_tokens: 7, cache_read_input_tokens: 3, output_tokens: 0 } } },
      {
        type: 'message_delta',
        delta: { stop_reason: 'stop_sequence', stop_sequence: '#' },
        usage: { output_tokens: 2 },
      },
      { type: 'message_stop' },
    ])
  })

  test('a failure is one error frame and the last', () => {
    const error = new GatewayError('provider-overloaded', 'Overloaded')
    const frames = write([start, { type: 'text-start', ...at }, { type: 'error', error }, { type: 'ping' }])
    expect(types(frames)).toEqual(['message_start', 'error'])
    expect(values(frames).at(-1)).toEqual({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } })
  })

  test('an end without an answer is an error, even when nothing came at all', () => {
    expect(types(write([]))).toEqual(['error'])
    expect(types(write([start, { type: 'text-start', ...at }]))).toEqual(['message_start', 'error'])
  })

  test('pings pass only between start and stop', () => {
    const end: ChatEvent = { type: 'response-end', usage: noUsage }
    const frames = write([{ type: 'ping' }, start, { type: 'ping' }, end, { type: 'ping' }])
    expect(types(frames)).toEqual(['message_start', 'ping', 'message_delta', 'message_stop'])
  })

  test('the first fragment of a call that follows text is never lost', () => {
    const frames = write([
      start,
      { type: 'text-start', choice: 0, part: 0 },
      { type: 'text-delta', choice: 0, part: 0, text: 'so' },
      { type: 'tool-start', choice: 0, part: 1, id: 'c', name: 'f', kind: 'function' },
      { type: 'tool-delta', choice: 0, part: 1, input: '{"a":' },
      { type: 'text-end', choice: 0, part: 0 },
      { type: 'tool-delta', choice: 0, part: 1, input: '1}' },
      { type: 'tool-end', choice: 0, part: 1 },
      { type: 'choice-end', choice: 0, finish: { reason: 'stop' } },
      { type: 'response-end', usage: noUsage },
    ])
    const json = values(frames).map(({ delta }) => (delta as JsonObject | undefined)?.partial_json ?? '')
    expect(json.join('')).toBe('{"a":1}')
    expect(values(frames).at(-2)).toMatchObject({ delta: { stop_reason: 'tool_use' } })
  })
})
