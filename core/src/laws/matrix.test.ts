import { describe, expect, test } from 'bun:test'
import { formats } from '../formats/index.ts'
import { isGatewayError } from '../kernel/faults.ts'
import type { JsonObject } from '../kernel/json.ts'
import { isOnWire } from '../testing/comparison/presence.ts'
import { corpus } from '../testing/corpus/index.ts'
import type { ChatRequest } from '../vocabulary/chat-request.ts'
import type { FormatId } from '../vocabulary/format-id.ts'

const profile = { model: 'corpus-model' }
const ids = Object.keys(formats) as FormatId[]
const pairs = ids.flatMap((from) => ids.map((to) => [from, to] as const))

/** The body, or undefined when the format refuses the request by name. */
function write(format: FormatId, request: ChatRequest): JsonObject | undefined {
  try {
    return JSON.parse(JSON.stringify(formats[format].client.writeRequest(request, profile).value)) as JsonObject
  } catch (error) {
    if (isGatewayError(error) && error.code === 'unsupported') return undefined
    throw error
  }
}

const wordsOf = (request: ChatRequest): string[] =>
  request.messages
    .flatMap((message) => message.content as readonly { type: string; text?: string }[])
    .flatMap((part) => (part.type === 'text' && part.text && part.text.trim() !== '' ? [part.text] : []))

describe.each(pairs)('a caller of %s reaches a provider of %s', (from, to) => {
  test('with every word of every conversation', () => {
    let carried = 0
    for (const { name, request } of corpus) {
      const asked = write(from, request)
      if (!asked) continue
      const read = formats[from].server.readRequest(asked, { model: request.model }).value
      const sent = write(to, read)
      if (!sent) continue
      carried++
      const wire = JSON.stringify(sent)
      for (const words of wordsOf(request))
        expect([name, words.slice(0, 40), isOnWire(wire, words)]).toEqual([name, words.slice(0, 40), true])
    }
    expect(carried).toBeGreaterThan(corpus.length * 0.7)
  })

  test('and gets every word of every answer back', () => {
    for (const { name, request, response } of corpus) {
      // a failed answer may be told as an error, without words
      if (response.choices[0]?.finish.reason === 'error') continue
      const answered = formats[to].server.writeResponse(response, request)
      const read = formats[to].client.readResponse(JSON.parse(JSON.stringify(answered)) as JsonObject)
      const wire = JSON.stringify(formats[from].server.writeResponse(read, request))
      for (const part of response.choices[0]?.content ?? []) {
        if (part.type !== 'text' && part.type !== 'refusal') continue
        expect([name, isOnWire(wire, part.text)]).toEqual([name, true])
      }
    }
  })
})
