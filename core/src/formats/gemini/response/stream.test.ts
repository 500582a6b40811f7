import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { GatewayError } from '../../../kernel/faults.ts'
import type { Frame } from '../../../kernel/framing.ts'
import { type JsonObject, parseObject } from '../../../kernel/json.ts'
import { jsonArray } from '../../../kernel/json-array.ts'
import { readSse, writeSse } from '../../../kernel/sse.ts'
import { chain, run } from '../../../kernel/transducer.ts'
import type { ChatEvent } from '../../../vocabulary/chat-event.ts'
import { fold } from '../../../vocabulary/fold.ts'
import { usageOf } from '../../../vocabulary/usage.ts'
import { readStream, writeStream } from '../stream.ts'

const bytes = new Uint8Array(await Bun.file(new URL('../fixtures/stream.sse', import.meta.url)).arrayBuffer())
const reader = () => chain(readSse(), readStream())
const frame = (value: object): Frame => ({ data: JSON.stringify(value) })
const read = (...values: object[]): ChatEvent[] => run(readStream(), values.map(frame))
const said = (parts: object[], more: object = {}) => ({
  responseId: 'r',
  candidates: [{ content: { parts }, ...more }],
})
const write = (events: readonly ChatEvent[]): JsonObject[] =>
  run(writeStream(), events).map(({ data }) => parseObject(data)!)
const types = (events: readonly ChatEvent[]) => events.map(({ type }) => type)

describe('reading a stream', () => {
  test('it tells one answer: thoughts, a cited text, two calls', () => {
    const { usage, native, ...response } = fold(run(reader(), [bytes]))
    expect(response).toEqual({
      id: 'kZx7aOvQ',
      model: 'gemini-3-flash-preview',
      createdAt: 0,
      serviceTier: 'standard',
      choices: [
        {
          index: 0,
          content: [
            { type: 'reasoning', text: 'The user asks for the weather — twice.' },
            {
              type: 'text',
              text: 'Ich schaue für dich nach 🌦.',
              citations: [{ kind: 'url', url: 'https://wetter.example/', title: 'Wetter', start: 4, end: 14 }],
            },
            {
              type: 'tool-call',
              id: 'call_kZx7aOvQ_0',
              name: 'get_weather',
              kind: 'function',
              input: '{"city":"Köln"}',
              opaque: { format: 'gemini', kind: 'signature', value: 'c2lnbmF0dXJl' },
            },
            { type: 'tool-call', id: 'own-id', name: 'get_weather', kind: 'function', input: '{"city":"Bonn"}' },
          ],
          finish: { reason: 'tool-calls', raw: 'STOP' },
        },
      ],
    })
    expect(usage).toMatchObject({
      input: 40,
      fresh: 24,
      cacheRead: 16,
      output: 33,
      reasoning: 12,
      calls: { web_search: 1 },
    })
    expect(native?.fields.candidates).toMatchObject([{ index: 0, groundingMetadata: { webSearchQueries: ['wetter'] } }])
  })

  test('wherever its bytes are cut it reads the same', () => {
    const whole = run(reader(), [bytes])
    for (let at = 1; at < bytes.length; at++)
      if (!Bun.deepEquals(run(reader(), [bytes.subarray(0, at), bytes.subarray(at)]), whole))
        throw new Error(`cut at ${at}`)
    expect(types(whole).filter((type) => type === 'response-end')).toHaveLength(1)
  })

  test('the same frames in a JSON array read the same', () => {
    const frames = run(readSse(), [bytes])
    const array = run(jsonArray.write(), frames)
    expect(run(chain(jsonArray.read(), readStream()), array)).toEqual(run(readStream(), frames))
  })

  test('a stream that ends without any reason has not ended well', () => {
    const events = read(said([{ text: 'a' }]))
    expect(types(events)).toEqual(['response-start', 'text-start', 'text-delta', 'error'])
    expect(events.at(-1)).toMatchObject({
      error: { code: 'provider-garbled', message: 'the stream ended before the answer was complete' },
    })
    expect(types(read())).toEqual(['error'])
  })

  test('an error in the stream is the last event', () => {
    const error = { code: 429, message: 'Resource exhausted', status: 'RESOURCE_EXHAUSTED' }
    const events = read(said([{ text: 'a' }]), { error }, said([{ text: 'b' }], { finishReason: 'STOP' }))
    expect(events.at(-1)).toMatchObject({
      type: 'error',
      error: { code: 'provider-limit', detail: { vendorType: 'RESOURCE_EXHAUSTED' } },
    })
    expect(types(run(readStream(), [{ data: JSON.stringify([{ error }]) }]))).toEqual(['error'])
    expect(types(run(readStream(), [{ data: '{' }]))).toEqual(['error'])
  })

  test('a refused prompt is an answer that was filtered', () => {
    const { choices, native } = fold(read({ promptFeedback: { blockReason: 'SAFETY' } }))
    expect(choices).toEqual([{ index: 0, content: [], finish: { reason: 'content-filter', raw: 'SAFETY' } }])
    expect(native?.fields).toEqual({ promptFeedback: { blockReason: 'SAFETY' } })
  })

  test('the reason may come before the last usage, and with every chunk', () => {
    const { choices, usage } = fold(
      read(said([{ text: 'a' }], { finishReason: 'STOP' }), said([{ text: 'b' }], { finishReason: 'STOP' }), {
        candidates: [],
        usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 1 },
      }),
    )
    expect(choices).toEqual([
      { index: 0, content: [{ type: 'text', text: 'ab' }], finish: { reason: 'stop', raw: 'STOP' } },
    ])
    expect([usage.input, usage.output]).toEqual([3, 1])
  })

  test('the signature in an empty last chunk stands behind the text', () => {
    const { choices } = fold(
      read(said([{ text: 'a' }]), said([{ text: '', thoughtSignature: 'AA==' }], { finishReason: 'STOP' })),
    )
    expect(choices[0]?.content).toEqual([
      { type: 'text', text: 'a' },
      { type: 'reasoning', text: '', opaque: { format: 'gemini', kind: 'signature', value: 'AA==' } },
    ])
  })

  test('arguments that come in pieces are put together', () => {
    const call = (functionCall: object, more: object = {}) => said([{ functionCall, ...more }])
    const piece = (partialArgs: object[]) => call({ partialArgs, willContinue: true })
    const { choices } = fold(
      read(
        call({ name: 'book', willContinue: true }, { thoughtSignature: 'AA==' }),
        piece([{ jsonPath: '$.to.city', stringValue: 'Bo', willContinue: true }]),
        piece([
          { jsonPath: '$.to.city', stringValue: 'ston' },
          { jsonPath: "$.to['zip code']", nullValue: 'NULL_VALUE' },
        ]),
        piece([
          { jsonPath: '$.days[0]', numberValue: 2 },
          { jsonPath: '$.days[1]', numberValue: 3 },
        ]),
        call({}),
        call({ name: 'ping', args: {} }),
        said([], { finishReason: 'STOP' }),
      ),
    )
    expect(choices[0]?.content).toMatchObject([
      { name: 'book', input: '{"to":{"city":"Boston","zip code":null},"days":[2,3]}', opaque: { value: 'AA==' } },
      { name: 'ping', input: '{}' },
    ])
  })
})

const start: ChatEvent = { type: 'response-start', id: 'r', model: 'm', createdAt: 0 }
const end: ChatEvent = { type: 'response-end', usage: usageOf({ input: 3, output: 2 }) }
const finish: ChatEvent = { type: 'choice-end', choice: 0, finish: { reason: 'tool-calls' } }

describe('writing a stream', () => {
  test('a call is told once it is whole, and the last frame has the reason and the usage', () => {
    const at = { choice: 0, part: 0 }
    const frames = write([
      start,
      { type: 'tool-start', ...at, id: 'c', name: 'f', kind: 'function' },
      { type: 'tool-delta', ...at, input: '{"a"' },
      { type: 'tool-delta', ...at, input: ':1}' },
      { type: 'tool-end', ...at },
      finish,
      end,
    ])
    expect(frames).toEqual([
      {
        candidates: [
          { content: { role: 'model', parts: [{ functionCall: { id: 'c', name: 'f', args: { a: 1 } } }] }, index: 0 },
        ],
        modelVersion: 'm',
        responseId: 'r',
      },
      {
        candidates: [{ content: { role: 'model', parts: [{ text: '' }] }, finishReason: 'STOP', index: 0 }],
        usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 2, totalTokenCount: 5 },
        modelVersion: 'm',
        responseId: 'r',
      },
    ])
  })

  test('a call whose arguments broke off is not handed out', () => {
    const at = { choice: 0, part: 0 }
    const open: ChatEvent[] = [
      start,
      { type: 'tool-start', ...at, id: 'c', name: 'f', kind: 'function' },
      { type: 'tool-delta', ...at, input: '{"a"' },
    ]
    const nameless = open.map((event) => (event.type === 'tool-start' ? { ...event, name: '' } : event))
    const whole: ChatEvent = { type: 'tool-delta', ...at, input: ':1}' }
    expect(write([...nameless, whole, finish, end])).toHaveLength(1)
    const cut: ChatEvent = { type: 'choice-end', choice: 0, finish: { reason: 'length' } }
    expect(write([...open, finish, end])).toMatchObject([{ candidates: [{ finishReason: 'MALFORMED_FUNCTION_CALL' }] }])
    expect(write([...open, cut, end])).toMatchObject([{ candidates: [{ finishReason: 'MAX_TOKENS' }] }])
  })

  test('what comes for a part that is not in front waits for its turn', () => {
    const text = (part: number, text: string): ChatEvent => ({ type: 'text-delta', choice: 0, part, text })
    const frames = write([
      start,
      { type: 'text-start', choice: 0, part: 0 },
      { type: 'text-start', choice: 0, part: 1 },
      text(1, 'c'),
      text(0, 'a'),
      text(0, 'b'),
      { type: 'text-end', choice: 0, part: 0 },
      text(1, 'd'),
      { type: 'text-end', choice: 0, part: 1 },
      finish,
      end,
    ])
    expect(fold(run(readStream(), frames.map(frame))).choices[0]?.content).toEqual([{ type: 'text', text: 'abcd' }])
  })

  test('an error is one last frame, and so is an answer that breaks off', () => {
    const error = new GatewayError('provider-overloaded', 'too many')
    const failed = write([start, { type: 'error', error }, finish, end])
    expect(failed).toEqual([{ error: { code: 503, message: 'too many', status: 'UNAVAILABLE' } }])
    expect(write([start])).toMatchObject([{ error: { code: 502, status: 'INTERNAL' } }])
  })
})

/** What Google's stream may be: content, then one last frame with every reason; or content, then one error. */
function check(frames: readonly JsonObject[]): void {
  const finished = new Map<number, number>()
  for (const [at, { error, candidates, usageMetadata }] of frames.entries()) {
    const last = at === frames.length - 1
    if (error !== undefined) expect([last, candidates]).toEqual([true, undefined])
    else if (last) expect(usageMetadata).toHaveProperty('totalTokenCount')
    else expect(usageMetadata).toBeUndefined()
    for (const { index, finishReason, content, groundingMetadata } of (candidates ?? []) as readonly JsonObject[]) {
      if (finishReason !== undefined) finished.set(index as number, (finished.get(index as number) ?? 0) + 1)
      expect(finishReason !== undefined).toBe(last)
      for (const part of ((content as JsonObject | undefined)?.parts ?? []) as readonly JsonObject[])
        expect(
          Object.keys(part).filter((key) => key === 'text' || key === 'functionCall' || key === 'inlineData'),
        ).toHaveLength(1)
      expect(content ?? groundingMetadata).toBeDefined()
    }
  }
  expect([...finished.values()].every((count) => count === 1)).toBe(true)
  expect(frames.length).toBeGreaterThan(0)
}

const place = fc.record({ choice: fc.nat(1), part: fc.nat(3) })
const placed = (more: Record<string, fc.Arbitrary<unknown>>) =>
  fc.tuple(place, fc.record(more)).map(([at, rest]) => ({ ...at, ...rest }) as unknown as ChatEvent)
const word = fc.constantFrom('', 'a', '{"a":', '1}', 'ö🌍')
const events: fc.Arbitrary<ChatEvent> = fc.oneof(
  fc.constant(start),
  ...(['text', 'reasoning', 'refusal', 'tool'] as const).flatMap((kind) => [
    placed({
      type: fc.constant(`${kind}-start`),
      id: fc.constant('i'),
      name: fc.constant('f'),
      kind: fc.constantFrom('function', 'custom'),
    }),
    placed({ type: fc.constant(`${kind}-delta`), text: word, input: word }),
    placed({
      type: fc.constant(`${kind}-end`),
      opaque: fc.constantFrom(undefined, { format: 'gemini', kind: 'signature', value: 'AA==' }),
    }),
  ]),
  placed({
    type: fc.constant('text-citation'),
    citation: fc.constant({ kind: 'url', url: 'https://a.example', start: 0, end: 9 }),
  }),
  placed({
    type: fc.constant('media'),
    media: fc.constant({
      type: 'media',
      kind: 'image',
      source: { type: 'base64', mediaType: 'image/png', data: 'AA==' },
    }),
  }),
  placed({ type: fc.constant('native'), format: fc.constant('openai-chat'), value: fc.constant({}) }),
  placed({ type: fc.constant('choice-end'), finish: fc.constantFrom({ reason: 'stop' }, { reason: 'length' }) }),
  fc.constant<ChatEvent>({ type: 'ping' }),
  fc.constant<ChatEvent>({ type: 'error', error: new GatewayError('provider-failed', 'oh') }),
  fc.constant(end),
)

test('whatever the order of events, the stream is legal', () => {
  fc.assert(
    fc.property(fc.array(events, { maxLength: 40 }), fc.boolean(), (list, ends) => {
      const frames = write(ends ? [...list, end] : list)
      check(frames)
      const again = run(chain(readSse(), readStream()), run(writeSse(), frames.map(frame)))
      expect(types(again).filter((type) => type === 'response-end' || type === 'error')).toHaveLength(1)
    }),
    { numRuns: 400 },
  )
})
