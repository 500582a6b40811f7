import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { GatewayError } from '../../../kernel/faults.ts'
import type { Frame } from '../../../kernel/framing.ts'
import type { JsonObject } from '../../../kernel/json.ts'
import { readSse, sseText } from '../../../kernel/sse.ts'
import { chain, run } from '../../../kernel/transducer.ts'
import { chatEvents } from '../../../testing/events.ts'
import { checkOpenaiResponsesStream } from '../../../testing/grammar/openai-responses.ts'
import type { ChatEvent } from '../../../vocabulary/chat-event.ts'
import type { ChatResponse } from '../../../vocabulary/chat-response.ts'
import { fold } from '../../../vocabulary/fold.ts'
import type { AssistantPart } from '../../../vocabulary/parts.ts'
import { unfold } from '../../../vocabulary/unfold.ts'
import { usageOf } from '../../../vocabulary/usage.ts'
import search from '../fixtures/search.json' with { type: 'json' }
import tools from '../fixtures/tools.json' with { type: 'json' }
import { openaiResponses } from '../index.ts'

const { server, client } = openaiResponses
const request = { model: 'm', messages: [] }
const bytesOf = async (name: string) =>
  new Uint8Array(await Bun.file(new URL(`../fixtures/${name}`, import.meta.url)).arrayBuffer())
const readBlocks = (blocks: Uint8Array[]) => run(chain(readSse(), client.readStream()), blocks)
const readEvents = (...events: JsonObject[]) =>
  run(
    client.readStream(),
    events.map((event) => ({ data: JSON.stringify(event) })),
  )
const written = (events: ChatEvent[]) => run(server.writeStream(request), events)
const types = (frames: Frame[]) => frames.map(({ event }) => event)
const created = { type: 'response.created', response: { id: 'resp_1', model: 'm', created_at: 1 } }
const completed = {
  type: 'response.completed',
  response: { id: 'resp_1', status: 'completed', usage: { input_tokens: 3, output_tokens: 2 } },
}

/** What must be the same on both sides; ends and usage as the wire tells them are not. */
function meaning({ usage: { raw: _raw, calls: _calls, ...usage }, choices, ...rest }: ChatResponse): unknown {
  return { ...rest, usage, choices: choices.map(({ finish, ...choice }) => ({ ...choice, finish: finish.reason })) }
}

for (const [name, body] of [
  ['tools', tools],
  ['search', search],
] as const)
  describe(`the recorded answer ${name}`, () => {
    test('reads the same wherever its bytes are cut', async () => {
      const bytes = await bytesOf(`${name}.sse`)
      const whole = readBlocks([bytes])
      for (let at = 1; at < bytes.length; at++)
        if (!Bun.deepEquals(fold(readBlocks([bytes.subarray(0, at), bytes.subarray(at)])), fold(whole)))
          throw new Error(`it reads otherwise when cut at ${at}`)
      const single = Array.from(bytes, (byte) => Uint8Array.of(byte))
      expect(readBlocks(single)).toEqual(whole)
    })

    test('means the same streamed and whole', async () => {
      expect(fold(readBlocks([await bytesOf(`${name}.sse`)]))).toEqual(client.readResponse(body))
    })

    test('goes back with every item as it was', () => {
      const back = server.writeResponse(client.readResponse(body), request)
      const anyId = (item: JsonObject) => (item.type === 'message' ? { ...item, id: expect.any(String) } : item)
      expect(back.output).toEqual((body.output as unknown as JsonObject[]).map(anyId))
      expect(back).toMatchObject({ status: body.status, incomplete_details: body.incomplete_details })
    })
  })

describe('reading a stream', () => {
  test('calls of the fixture keep ids, namespace, seal and paragraphs', () => {
    const { choices, usage, serviceTier } = client.readResponse(tools)
    expect(choices[0]?.finish).toEqual({ reason: 'tool-calls', raw: 'completed' })
    expect(choices[0]?.content[0]).toMatchObject({
      id: 'rs_fx',
      summary: ['The user wants weather.', 'Two cities, two calls.'],
      opaque: { format: 'openai-responses', kind: 'encrypted', value: 'gAAAAfixture==' },
    })
    expect(choices[0]?.content[3]).toMatchObject({ id: 'call_b', itemId: 'fc_fx2', namespace: 'weather' })
    expect(usage).toMatchObject({ input: 120, fresh: 56, cacheRead: 64, output: 80, reasoning: 32 })
    expect(serviceTier).toBe('default')
  })

  test('searches are counted, and a keepalive is a ping', async () => {
    const events = readBlocks([await bytesOf('search.sse')])
    expect(events).toContainEqual({ type: 'ping' })
    expect(fold(events).usage.calls).toEqual({ web_search: 1 })
    expect(fold(events).choices[0]?.finish).toEqual({ reason: 'length', raw: 'max_output_tokens' })
  })

  test('done events without deltas give the whole, and part of it gives the rest', () => {
    const call = { id: 'fc_1', type: 'function_call', call_id: 'c', name: 'f', arguments: '' }
    const events = readEvents(
      created,
      { type: 'response.output_item.added', output_index: 0, item: call },
      { type: 'response.function_call_arguments.delta', output_index: 0, item_id: 'fc_1', delta: '{"a"' },
      { type: 'response.function_call_arguments.done', output_index: 0, item_id: 'fc_1', arguments: '{"a":1}' },
      {
        type: 'response.output_item.done',
        output_index: 1,
        item: { id: 'm1', type: 'message', content: [{ type: 'output_text', text: 'Hi' }] },
      },
      completed,
    )
    expect(fold(events).choices[0]?.content).toMatchObject([{ input: '{"a":1}' }, { type: 'text', text: 'Hi' }])
  })

  test('deltas without id, or with another one, join by their place', () => {
    const call = (id: string) => ({ id, type: 'function_call', call_id: id, name: 'f', arguments: '' })
    const events = readEvents(
      created,
      { type: 'response.output_item.added', output_index: 0, item: call('a') },
      { type: 'response.output_item.added', output_index: 1, item: call('b') },
      { type: 'response.function_call_arguments.delta', output_index: 1, delta: '{"b":1}' },
      { type: 'response.function_call_arguments.delta', output_index: 0, item_id: 'changed', delta: '{"a":1}' },
      completed,
    )
    expect(fold(events).choices[0]?.content).toMatchObject([{ input: '{"a":1}' }, { input: '{"b":1}' }])
  })

  test('text that nobody announced is still text', () => {
    const events = readEvents(
      { type: 'response.output_text.delta', delta: 'Hel' },
      { type: 'response.output_text.delta', delta: 'lo' },
      completed,
    )
    expect(fold(events).choices[0]?.content).toEqual([{ type: 'text', text: 'Hello' }])
    expect(events[0]?.type).toBe('response-start')
  })

  test('raw thought and summary are both reasoning', () => {
    const item = { id: 'rs_9', type: 'reasoning', summary: [], content: [{ type: 'reasoning_text', text: 'Hmm.' }] }
    const events = readEvents(
      created,
      { type: 'response.reasoning_text.delta', item_id: 'rs_9', output_index: 0, delta: 'Hm' },
      { type: 'response.output_item.done', output_index: 0, item },
      completed,
    )
    expect(fold(events).choices[0]?.content).toMatchObject([{ type: 'reasoning', text: 'Hmm.' }])
  })

  test('a stream that stops early fails as garbled, once', () => {
    const events = readEvents(created, { type: 'response.output_text.delta', delta: 'Hel' })
    const errors = events.filter((event) => event.type === 'error')
    expect(errors).toHaveLength(1)
    expect(errors[0]).toMatchObject({ error: { code: 'provider-garbled' } })
  })

  test('failures are recognised by their words', () => {
    const failed = (error: JsonObject) =>
      readEvents(created, { type: 'response.failed', response: { id: 'resp_1', status: 'failed', error } }).at(-1)
    expect(failed({ code: 'context_length_exceeded', message: 'Too long.' })).toMatchObject({
      error: { code: 'context-overflow' },
    })
    expect(failed({ code: 'rate_limit_exceeded', message: 'Slow.' })).toMatchObject({
      error: { code: 'provider-limit' },
    })
    expect(readEvents({ type: 'error', code: 'insufficient_quota', message: 'Broke.' }, completed)).toMatchObject([
      { type: 'error', error: { code: 'provider-quota' } },
    ])
  })

  test('a failed body is thrown, and one that is no answer is garbled', () => {
    expect(() =>
      client.readResponse({ object: 'response', status: 'failed', error: { code: 'server_error', message: 'Oops.' } }),
    ).toThrow('Oops.')
    expect(() => client.readResponse({ hello: 1 })).toThrow('not a response object')
  })

  test('the meter reads usage from frames and bodies', () => {
    const meter = client.meter()
    meter.read(created)
    expect([meter.usage(), meter.final()]).toEqual([undefined, false])
    meter.read(completed)
    expect([meter.usage()?.input, meter.final()]).toEqual([3, true])
    const whole = client.meter()
    whole.read(search)
    expect([whole.usage()?.calls, whole.final()]).toEqual([{ web_search: 1 }, true])
  })
})

describe('writing a stream', () => {
  test('a text has the exact order of events', () => {
    const events: ChatEvent[] = [
      { type: 'response-start', id: 'resp_1', model: 'm', createdAt: 1 },
      { type: 'text-start', choice: 0, part: 0 },
      { type: 'text-delta', choice: 0, part: 0, text: 'Hi' },
      { type: 'text-citation', choice: 0, part: 0, citation: { kind: 'url', url: 'https://a.example' } },
      { type: 'text-end', choice: 0, part: 0 },
      { type: 'choice-end', choice: 0, finish: { reason: 'stop' } },
      { type: 'response-end', usage: usageOf({ input: 1, output: 1 }) },
    ]
    expect(types(written(events))).toEqual(
      `response.created response.in_progress response.output_item.added response.content_part.added response.output_text.delta
       response.output_text.annotation.added response.output_text.done response.content_part.done response.output_item.done
       response.completed`.split(/\s+/),
    )
  })

  test('whatever comes, the stream is legal', () => {
    fc.assert(
      fc.property(chatEvents(), (events) => {
        expect(checkOpenaiResponsesStream(written(events))).toEqual([])
      }),
      { numRuns: 300 },
    )
  })

  test('even events in no order at all make a legal stream', () => {
    fc.assert(
      fc.property(chatEvents(), fc.array(fc.nat(200), { maxLength: 30 }), (events, picks) => {
        const shuffled = picks.flatMap((pick) => events[pick % events.length] ?? [])
        expect(checkOpenaiResponsesStream(written(shuffled))).toEqual([])
      }),
      { numRuns: 200 },
    )
  })

  test('an error ends it once, and so does a missing end', () => {
    const start: ChatEvent = { type: 'response-start', id: 'resp_1', model: 'm', createdAt: 1 }
    const error = new GatewayError('context-overflow', 'Too long.')
    const failed = written([
      start,
      { type: 'error', error },
      { type: 'error', error },
      { type: 'text-start', choice: 0, part: 0 },
    ])
    expect(types(failed)).toEqual(['response.created', 'response.in_progress', 'response.failed'])
    expect(failed[2]?.data).toContain('"code":"context_length_exceeded"')
    expect(types(written([start])).at(-1)).toBe('response.failed')
    expect(types(written([])).at(-1)).toBe('response.failed')
  })

  test('the request is repeated in the response', () => {
    const asked = server.readRequest(
      {
        model: 'm',
        instructions: 'Short.',
        input: 'Hi',
        temperature: 0.2,
        reasoning: { effort: 'low' },
        previous_response_id: 'resp_0',
        text: { verbosity: 'low' },
      },
      {},
    ).value
    expect(server.writeResponse(answer([]), asked)).toMatchObject({
      instructions: 'Short.',
      temperature: 0.2,
      reasoning: { effort: 'low', summary: null },
      previous_response_id: 'resp_0',
      text: { format: { type: 'text' }, verbosity: 'low' },
      tools: [],
      tool_choice: 'auto',
      max_output_tokens: null,
    })
  })
})

function answer(content: readonly AssistantPart[]): ChatResponse {
  const calls = content.some(({ type }) => type === 'tool-call')
  const finish = { reason: calls ? 'tool-calls' : 'stop' } as const
  return {
    id: 'answer-1',
    model: 'm',
    createdAt: 7,
    choices: [{ index: 0, content, finish }],
    usage: usageOf({ input: 5, output: 4 }),
  }
}

describe('round trips of answers', () => {
  const call = { type: 'tool-call', id: 'c', name: 'f', kind: 'function', input: '{"a":1}' } as const
  const cases: Record<string, AssistantPart[]> = {
    'texts around a call': [
      { type: 'text', text: 'a' },
      { type: 'text', text: 'b' },
      call,
      { type: 'text', text: 'c' },
    ],
    'a message with a phase': [
      { type: 'text', text: 'Wait.', native: { format: 'openai-responses', value: { phase: 'commentary' } } },
      { type: 'text', text: 'Done.', native: { format: 'openai-responses', value: { phase: 'final_answer' } } },
    ],
    'an open thought': [
      { type: 'reasoning', text: 'Hmm.' },
      { type: 'text', text: 'So.' },
    ],
    'a raw thought with an id': [{ type: 'reasoning', text: 'Hmm.', id: 'rs_7' }],
    'a thought that another format signed': [
      { type: 'reasoning', text: 'Hmm.', opaque: { format: 'anthropic-messages', kind: 'signature', value: 'Eq:1==' } },
      call,
    ],
    'a call that another format signed': [{ ...call, opaque: { format: 'gemini', kind: 'signature', value: 'CvcB' } }],
    'a custom call in a namespace': [{ ...call, kind: 'custom', input: 'free text', namespace: 'ns', itemId: 'ctc_9' }],
    'a refusal behind a text': [
      { type: 'text', text: 'Yes,' },
      { type: 'refusal', text: 'but no.' },
    ],
    'an image': [{ type: 'media', kind: 'image', source: { type: 'base64', mediaType: 'image/png', data: 'AAAA' } }],
    'a hosted search': [
      {
        type: 'native',
        format: 'openai-responses',
        value: { type: 'web_search_call', id: 'ws_1', status: 'completed' },
      },
      {
        type: 'text',
        text: 'Found.',
        citations: [{ kind: 'url', url: 'https://a.example', title: 'A', start: 0, end: 5 }],
      },
    ],
  }
  for (const [name, content] of Object.entries(cases))
    test(`${name} comes back, whole and streamed`, () => {
      const response = answer(content)
      expect(meaning(client.readResponse(server.writeResponse(response, request)))).toEqual(meaning(response))
      const frames = run(server.writeStream(request), unfold(response))
      const bytes = new TextEncoder().encode(frames.map(sseText).join(''))
      expect(meaning(fold(readBlocks([bytes])))).toEqual(meaning(response))
      expect(checkOpenaiResponsesStream(frames)).toEqual([])
    })

  test('what a caller sends back of a foreign thought finds its way home', () => {
    const content: AssistantPart[] = cases['a thought that another format signed'] ?? []
    const { output } = server.writeResponse(answer(content), request)
    const [turn] = server.readRequest({ model: 'm', input: output ?? null }, {}).value.messages
    expect(turn?.content).toEqual(content)
  })

  test('interleaved calls are items that lie side by side', () => {
    const start = (part: number): ChatEvent => ({
      type: 'tool-start',
      choice: 0,
      part,
      id: `c${part}`,
      name: 'f',
      kind: 'function',
    })
    const delta = (part: number, input: string): ChatEvent => ({ type: 'tool-delta', choice: 0, part, input })
    const frames = written([
      start(0),
      start(1),
      delta(1, '{"b"'),
      delta(0, '{}'),
      delta(1, ':1}'),
      { type: 'response-end', usage: usageOf({}) },
    ])
    expect(checkOpenaiResponsesStream(frames)).toEqual([])
    expect(fold(run(client.readStream(), frames)).choices[0]?.content).toMatchObject([
      { id: 'c0', input: '{}' },
      { id: 'c1', input: '{"b":1}' },
    ])
  })
})
