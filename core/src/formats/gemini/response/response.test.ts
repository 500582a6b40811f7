import { describe, expect, test } from 'bun:test'
import { GatewayError } from '../../../kernel/faults.ts'
import type { JsonObject } from '../../../kernel/json.ts'
import type { ChatResponse } from '../../../vocabulary/chat-response.ts'
import type { AssistantPart } from '../../../vocabulary/parts.ts'
import { usageOf } from '../../../vocabulary/usage.ts'
import fixture from '../fixtures/response.json' with { type: 'json' }
import { readResponse, writeResponse } from '../response.ts'
import { meterUsage, readUsage, writeUsage } from './usage.ts'

const read = (body: object): ChatResponse => readResponse(body as JsonObject)
const answer = (content: readonly AssistantPart[], more: Partial<ChatResponse> = {}): ChatResponse => ({
  id: 'r1',
  model: 'gemini-3-pro',
  createdAt: 0,
  choices: [{ index: 0, content, finish: { reason: 'stop', raw: 'STOP' } }],
  usage: usageOf({ input: 10, output: 5 }),
  ...more,
})
const candidateOf = (body: JsonObject) =>
  (body.candidates as { content: { parts: JsonObject[] }; finishReason: string }[])[0]!

describe('reading an answer', () => {
  test('parts, signatures, code and pictures are all there, in order', () => {
    const { choices, id, createdAt } = read(fixture)
    expect(choices[0]?.content.map(({ type }) => type)).toEqual([
      'reasoning',
      'native',
      'native',
      'text',
      'reasoning',
      'media',
    ])
    expect(choices[0]?.logprobs?.[0]?.top).toHaveLength(2)
    expect([id, createdAt]).toEqual(['mP9saQ', 1767323045])
  })

  test('the buckets of usage add up, with cached sound and pictures counted once', () => {
    const { raw: _, ...usage } = read(fixture).usage
    expect(usage).toEqual({
      input: 1050,
      fresh: 150,
      cacheRead: 600,
      cacheReadAudio: 100,
      cacheReadImage: 200,
      cacheWrite5m: 0,
      cacheWrite1h: 0,
      audioIn: 150,
      imageIn: 150,
      output: 50,
      reasoning: 20,
      audioOut: 0,
      calls: {},
      source: 'provider',
    })
  })

  test('modalities that exceed the prompt never make the buckets exceed it', () => {
    const promptTokensDetails = [
      { modality: 'IMAGE', tokenCount: 90 },
      { modality: 'AUDIO', tokenCount: 90 },
    ]
    const usage = readUsage({ promptTokenCount: 100, cachedContentTokenCount: 60, promptTokensDetails })
    expect([usage.input, usage.fresh, usage.audioIn, usage.imageIn]).toEqual([100, 0, 40, 0])
  })

  test('sound and pictures that were cached are set apart within what was, and never exceed it', () => {
    const promptTokensDetails = [
      { modality: 'TEXT', tokenCount: 20 },
      { modality: 'IMAGE', tokenCount: 30 },
      { modality: 'AUDIO', tokenCount: 50 },
    ]
    const cached = (...cacheTokensDetails: JsonObject[]) =>
      readUsage({ promptTokenCount: 100, cachedContentTokenCount: 60, promptTokensDetails, cacheTokensDetails })
    const audio = { modality: 'AUDIO', tokenCount: 40 }
    const usage = cached(audio, { modality: 'IMAGE', tokenCount: 10 })
    expect(usage).toMatchObject({ cacheRead: 60, cacheReadAudio: 40, cacheReadImage: 10, audioIn: 10, imageIn: 20 })
    expect(cached(audio, { modality: 'IMAGE', tokenCount: 30 })).toMatchObject({
      cacheReadAudio: 40,
      cacheReadImage: 20,
    })
    expect(cached({ modality: 'TEXT', tokenCount: 60 })).not.toHaveProperty('cacheReadAudio')
    const { raw: _, ...given } = usage
    const { raw: _raw, ...back } = readUsage(writeUsage(given))
    expect(back).toEqual(given)
  })

  test('calls without an id get one of their own, and the answer ends for them', () => {
    const part = (name: string) => ({ functionCall: { name, args: { a: 1 } } })
    const candidates = [{ content: { parts: [part('f'), part('f')] }, finishReason: 'STOP' }]
    const [choice] = read({ candidates, responseId: 'ab/c' }).choices
    expect(choice?.content.map((call) => call.type === 'tool-call' && call.id)).toEqual(['call_abc_0', 'call_abc_1'])
    expect(choice?.finish).toEqual({ reason: 'tool-calls', raw: 'STOP' })
  })

  test.each([
    ['MAX_TOKENS', 'length'],
    ['SAFETY', 'content-filter'],
    ['MALFORMED_FUNCTION_CALL', 'error'],
    ['SOMETHING_NEW', 'other'],
    [1, 'stop'],
  ])('%s is %s, and Google’s own word is kept', (finishReason, reason) => {
    const [choice] = read({ candidates: [{ content: {}, finishReason }] }).choices
    expect(choice?.finish).toEqual({ reason, raw: finishReason === 1 ? 'STOP' : finishReason } as never)
  })

  test('a refused prompt is an answer that was filtered', () => {
    const body = { promptFeedback: { blockReason: 'PROHIBITED_CONTENT' }, usageMetadata: { promptTokenCount: 4 } }
    const response = read(body)
    expect(response.choices).toEqual([
      { index: 0, content: [], finish: { reason: 'content-filter', raw: 'PROHIBITED_CONTENT' } },
    ])
    expect(writeResponse(response)).toMatchObject({ promptFeedback: body.promptFeedback })
    expect(writeResponse(response).candidates).toBeUndefined()
  })

  test('grounding becomes citations, counted in characters', () => {
    const text = 'Größe 🌍: Erde'
    const grounding = {
      groundingChunks: [{ web: { uri: 'https://a.example', title: 'A' } }],
      groundingSupports: [{ segment: { startIndex: 8, endIndex: 12, text: '🌍' }, groundingChunkIndices: [0] }],
      webSearchQueries: ['erde', ''],
    }
    const response = read({
      candidates: [{ content: { parts: [{ text }] }, groundingMetadata: grounding }],
      usageMetadata: {},
    })
    const citations = [{ kind: 'url', url: 'https://a.example', title: 'A', start: 6, end: 8 }]
    expect(response.choices[0]?.content).toEqual([{ type: 'text', text, citations } as never])
    expect(response.usage.calls).toEqual({ web_search: 1 })
    expect(writeResponse(response)).toMatchObject({ candidates: [{ groundingMetadata: grounding }] })
  })

  test('an error in the body is thrown, and what is no answer is garbled', () => {
    const error = { code: 503, message: 'The model is overloaded.', status: 'UNAVAILABLE' }
    expect(() => read({ error })).toThrow('overloaded')
    expect(() => read({ hello: 1 })).toThrow(GatewayError)
    expect(read({ candidates: [], usageMetadata: 0 }).usage.input).toBe(0)
  })
})

describe('writing an answer', () => {
  test('what was read is written and read again the same', () => {
    const first = read(fixture)
    const again = read(writeResponse(first))
    const bare = ({ usage: { raw: _, ...usage }, ...rest }: ChatResponse) => ({ ...rest, usage })
    // Google's count of what tools brought in is within the prompt after that
    expect(bare(again)).toEqual(bare(first))
    expect(candidateOf(writeResponse(first)).content.parts).toEqual(fixture.candidates[0]!.content.parts as never)
  })

  test('reasoning is a thought, a refusal is text, and a signature of others stays away', () => {
    const opaque = { format: 'anthropic-messages', kind: 'signature', value: 'x' } as const
    const body = writeResponse(
      answer([
        { type: 'reasoning', text: 'hm', opaque },
        { type: 'refusal', text: 'no' },
      ]),
    )
    expect(candidateOf(body).content.parts).toEqual([{ text: 'hm', thought: true }, { text: 'no' }])
  })

  test('a time that is no date is left out', () => {
    expect(writeResponse(answer([], { createdAt: 9e15 })).createTime).toBeUndefined()
    expect(writeResponse(answer([], { createdAt: 1767323045 })).createTime).toBe('2026-01-02T03:04:05.000Z')
  })

  test('of two signatures behind a text none is lost', () => {
    const seal = (value: string) =>
      ({ type: 'reasoning', text: '', opaque: { format: 'gemini', kind: 'signature', value } }) as const
    const body = writeResponse(answer([{ type: 'text', text: 'a' }, seal('AA=='), seal('BB==')]))
    expect(candidateOf(body).content.parts).toEqual([
      { text: 'a', thoughtSignature: 'AA==' },
      { text: '', thought: true, thoughtSignature: 'BB==' },
    ])
  })

  test('a call whose arguments broke off is not handed out', () => {
    const call = { type: 'tool-call', id: 'c', name: 'f', kind: 'function', input: '{"a":' } as const
    const body = writeResponse(answer([{ type: 'text', text: 'ok' }, call]))
    expect(candidateOf(body)).toMatchObject({
      content: { parts: [{ text: 'ok' }] },
      finishReason: 'MALFORMED_FUNCTION_CALL',
    })
  })

  test.each([
    ['length', 'max_tokens', 'MAX_TOKENS'],
    ['content-filter', 'RECITATION', 'RECITATION'],
    ['content-filter', 'STOP', 'SAFETY'],
    ['tool-calls', undefined, 'STOP'],
    ['pause', undefined, 'OTHER'],
  ] as const)('%s with the word %s is told as %s', (reason, raw, word) => {
    const finish = { reason, ...(raw !== undefined && { raw }) }
    expect(candidateOf(writeResponse(answer([], { choices: [{ index: 0, content: [], finish }] }))).finishReason).toBe(
      word,
    )
  })

  test('citations from elsewhere are told as grounding and come back', () => {
    const citations = [
      { kind: 'url', url: 'https://a.example', title: 'A', start: 0, end: 2 },
      { kind: 'document', title: 'Notes', citedText: 'so it is', start: 3, end: 5 },
      { kind: 'url', url: 'https://a.example', title: 'A' },
    ] as const
    const given = answer([
      { type: 'reasoning', text: 'hm' },
      { type: 'text', text: 'öä üß', citations },
      { type: 'text', text: 'xy', citations: citations.slice(0, 1) },
    ])
    const { usage: _usage, ...rest } = read(writeResponse(given))
    const { usage: _, ...expected } = given
    expect(rest).toEqual(expected)
  })
})

describe('metering', () => {
  test('the last word on each count stands, and it is final once the answer is', () => {
    const meter = meterUsage()
    meter.read({ usageMetadata: { promptTokenCount: 9, trafficType: 'ON_DEMAND' } })
    expect([meter.usage()?.input, meter.final()]).toEqual([9, false])
    meter.read({ candidates: [{ finishReason: 'STOP' }] })
    expect(meter.final()).toBe(false)
    meter.read({ usageMetadata: { promptTokenCount: 9, candidatesTokenCount: 3, thoughtsTokenCount: 2 } })
    expect([meter.usage()?.output, meter.usage()?.raw?.trafficType, meter.final()]).toEqual([5, 'ON_DEMAND', true])
  })

  test('nothing told is no usage', () => {
    const meter = meterUsage()
    meter.read({ candidates: [{ content: { parts: [{ text: 'a' }] } }] })
    expect(meter.usage()).toBeUndefined()
  })
})
