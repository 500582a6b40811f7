import { describe, expect, test } from 'bun:test'
import { GatewayError } from '../kernel/faults.ts'
import type { JsonObject } from '../kernel/json.ts'
import { jsonArray } from '../kernel/json-array.ts'
import { sse } from '../kernel/sse.ts'
import { run } from '../kernel/transducer.ts'
import { allFormats, helloIn, textOf, upstream } from '../testing/calls.ts'
import { checkStream } from '../testing/grammar/index.ts'
import type { FormatId } from '../vocabulary/format-id.ts'
import { answerWhole, unfoldAnswer } from './answer.ts'
import type { Call } from './call.ts'
import { joinBytes, type WholeReply } from './send.ts'

async function replyIn(call: Call, format: FormatId): Promise<WholeReply> {
  const { blocks } = await upstream(call, format)
  return replyOf(format, textOf(joinBytes(blocks)))
}

function replyOf(format: FormatId, text: string): WholeReply {
  const value = JSON.parse(text) as JsonObject
  return { kind: 'whole', format, status: 200, headers: new Headers(), bytes: new TextEncoder().encode(text), value }
}

const words: { readonly [F in FormatId]: (body: JsonObject) => unknown } = {
  'openai-chat': (body) => (body as { choices?: { message: { content: string } }[] }).choices?.[0]?.message.content,
  'openai-responses': (body) =>
    (body as { output?: { type: string; content: { text: string }[] }[] }).output?.find(
      ({ type }) => type === 'message',
    )?.content[0]?.text,
  'anthropic-messages': (body) => (body as { content?: { text: string }[] }).content?.[0]?.text,
  gemini: (body) =>
    (body as { candidates?: { content: { parts: { text: string }[] } }[] }).candidates?.[0]?.content.parts[0]?.text,
}

const pairs = allFormats.flatMap((from) => allFormats.map((to) => [from, to] as const))

describe.each(pairs)('a whole answer of %s for a caller of %s', (from, to) => {
  test(from === to ? 'is the provider’s own bytes' : 'is written in the caller’s format', async () => {
    const call = helloIn(to)
    const reply = await replyIn(call, from)
    const { bytes, usage } = answerWhole(call, reply)
    if (from === to) expect(bytes).toBe(reply.bytes)
    expect(words[to](JSON.parse(textOf(bytes)))).toBe('You said: hello')
    expect(usage).toMatchObject({ input: 2, output: 3, source: 'provider' })
  })

  test('becomes a legal stream where one was asked for', async () => {
    const call = helloIn(to, { stream: true })
    const { bytes, usage } = unfoldAnswer(call, await replyIn(helloIn(to), from))
    expect(checkStream[to](run(sse.read(), [bytes]))).toEqual([])
    expect(textOf(bytes)).toContain('You said: hello')
    expect(usage?.output).toBe(3)
  })
})

test('a whole answer becomes a JSON array where the stream is to be one', async () => {
  const call = helloIn('gemini', { stream: true })
  const { bytes } = unfoldAnswer(call, await replyIn(helloIn('gemini'), 'openai-chat'), jsonArray)
  const members = JSON.parse(textOf(bytes)) as JsonObject[]
  expect(checkStream.gemini(members.map((member) => ({ data: JSON.stringify(member) })))).toEqual([])
})

test('an answer that is none of its format is garbled, and never an empty answer', () => {
  for (const from of allFormats)
    for (const to of allFormats.filter((format) => format !== from))
      expect(() => answerWhole(helloIn(to), replyOf(from, '{"unexpected":true}'))).toThrow(GatewayError)
})
