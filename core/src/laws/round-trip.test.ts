import { describe, expect, test } from 'bun:test'
import { formats } from '../formats/index.ts'
import { type GatewayError, isGatewayError } from '../kernel/faults.ts'
import type { JsonObject } from '../kernel/json.ts'
import { run } from '../kernel/transducer.ts'
import { carried, losesMedia, refuses } from '../testing/comparison/carried.ts'
import { differences, unexplained } from '../testing/comparison/differences.ts'
import { restated, widened } from '../testing/comparison/restated.ts'
import type { Conversation } from '../testing/corpus/conversation.ts'
import { corpus } from '../testing/corpus/index.ts'
import type { ChatRequest } from '../vocabulary/chat-request.ts'
import type { ChatResponse } from '../vocabulary/chat-response.ts'
import { fold } from '../vocabulary/fold.ts'
import type { FormatId } from '../vocabulary/format-id.ts'
import { unfold } from '../vocabulary/unfold.ts'
import type { Read } from '../vocabulary/warnings.ts'

const profile = { model: 'corpus-model' }
const ids = Object.keys(formats) as FormatId[]

/** What a format makes of a request, or the refusal it throws. */
function write(format: FormatId, request: ChatRequest): Read<JsonObject> | GatewayError {
  try {
    const { value, warnings } = formats[format].client.writeRequest(request, profile)
    return { value: JSON.parse(JSON.stringify(value)) as JsonObject, warnings }
  } catch (error) {
    if (isGatewayError(error)) return error
    throw error
  }
}

test('the corpus has at least 64 conversations, each of its own name', () => {
  expect(corpus.length).toBeGreaterThanOrEqual(64)
  expect(new Set(corpus.map(({ name }) => name)).size).toBe(corpus.length)
})

test('L1 fold(unfold(y)) = y', () => {
  for (const { name, response } of corpus) expect([name, fold(unfold(response))]).toEqual([name, response])
})

describe.each(ids)('L1 requests round trip through %s', (format) => {
  test.each(corpus.map(({ name, request, home }) => [name, { request, home }] as const))(
    '%s',
    (_name, { request, home }) => {
      const written = write(format, request)
      if (isGatewayError(written)) {
        expect(written.code).toBe('unsupported')
        expect(written.detail.param).toBeString()
        expect(home).not.toBe(format)
        return
      }
      const path = { model: request.model, ...(request.stream !== undefined && { stream: request.stream }) }
      const back = formats[format].server.readRequest(written.value, path).value
      const bounded = request.maxOutputTokens !== undefined
      const differing = differences(restated(request, format, bounded), restated(back, format, bounded))
      const { warnings } = written
      const left = unexplained(differing, widened(warnings, request))
      expect({ left, warnings }).toEqual({ left: [], warnings })
      if (home === format) expect(warnings.filter(({ kind }) => kind === 'dropped')).toEqual([])
    },
  )
})

/** What was read back of an answer must be the answer, as far as the format has room for it. */
function compare(back: ChatResponse, { response, home }: Conversation, format: FormatId): void {
  const atHome = home === format
  if (losesMedia(response, format)) {
    expect(JSON.stringify(back.choices).length).toBeGreaterThan(20)
    return
  }
  const expected = refuses(response, format) ? withFinishOf(response, back) : response
  expect(carried(back, format, atHome)).toEqual(carried(expected, format, atHome))
  const raw = response.choices[0]?.finish.raw
  if (atHome && raw !== undefined) expect(back.choices[0]?.finish.raw).toBe(raw)
}

/** The answer with the finish that was read back: whether a refusal told in words is also told there is the format's choice. */
function withFinishOf(response: ChatResponse, back: ChatResponse): ChatResponse {
  const choices = response.choices.map((choice, at) => ({
    ...choice,
    finish: back.choices[at]?.finish ?? choice.finish,
  }))
  return { ...response, choices }
}

/** Answers that ended in a failure are at home in their own format alone: another may tell them as an error. */
const answersFor = (format: FormatId) =>
  corpus
    .filter(({ response, home }) => home === format || response.choices[0]?.finish.reason !== 'error')
    .map((item) => [item.name, item] as const)

describe.each(ids)('L1 responses round trip through %s', (format) => {
  test.each(answersFor(format))('%s', (_name, item) => {
    const body = formats[format].server.writeResponse(item.response, item.request)
    compare(formats[format].client.readResponse(JSON.parse(JSON.stringify(body)) as JsonObject), item, format)
  })
})

describe.each(ids)('L1 streams round trip through %s', (format) => {
  test.each(answersFor(format))('%s', (_name, item) => {
    const streamed = { ...item.request, stream: true, includeUsage: true }
    const frames = run(formats[format].server.writeStream(streamed), unfold(item.response))
    compare(fold(run(formats[format].client.readStream(), frames)), item, format)
  })
})
