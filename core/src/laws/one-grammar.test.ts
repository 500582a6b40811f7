import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { formats } from '../formats/index.ts'
import type { Frame } from '../kernel/framing.ts'
import { run } from '../kernel/transducer.ts'
import { chatEvents } from '../testing/events.ts'
import { checkStream } from '../testing/grammar/index.ts'
import { messyOpenaiChunks } from '../testing/messy-chunks.ts'
import type { ChatEvent } from '../vocabulary/chat-event.ts'
import type { ChatRequest } from '../vocabulary/chat-request.ts'
import type { FormatId } from '../vocabulary/format-id.ts'

const request: ChatRequest = { model: 'a-model', messages: [], stream: true, includeUsage: true }
const ids = Object.keys(formats) as FormatId[]

const write = (format: FormatId, events: Iterable<ChatEvent>, asked = request): Frame[] =>
  run(formats[format].server.writeStream(asked), events)

describe.each(ids)('L4 whatever happens, %s is written', (format) => {
  test('by its grammar', () => {
    fc.assert(
      fc.property(chatEvents(), (events) => {
        expect(checkStream[format](write(format, events), { includeUsage: true })).toEqual([])
      }),
      { numRuns: 1500, seed: 11 },
    )
  })

  test('by its grammar when nobody asked for usage', () => {
    const { includeUsage: _, ...silent } = request
    fc.assert(
      fc.property(chatEvents(), (events) => {
        expect(checkStream[format](write(format, events, silent))).toEqual([])
      }),
      { numRuns: 200, seed: 12 },
    )
  })

  test('by its grammar from the chunks of look-alikes', () => {
    fc.assert(
      fc.property(messyOpenaiChunks(), (chunks) => {
        const events = run(formats['openai-chat'].client.readStream(), chunks)
        expect(checkStream[format](write(format, events), { includeUsage: true })).toEqual([])
      }),
      { numRuns: 1000, seed: 13 },
    )
  })

  test('by its grammar from what every other format wrote', () => {
    fc.assert(
      fc.property(chatEvents(), fc.constantFrom(...ids), (events, source) => {
        const again = run(formats[source].client.readStream(), write(source, events))
        expect(checkStream[format](write(format, again), { includeUsage: true })).toEqual([])
      }),
      { numRuns: 400, seed: 14 },
    )
  })
})
