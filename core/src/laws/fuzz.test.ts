import { describe, expect, test } from 'bun:test'
import { formats } from '../formats/index.ts'
import { isGatewayError } from '../kernel/faults.ts'
import { isObject, type Json, type JsonObject, parseObject } from '../kernel/json.ts'
import { scanEnvelope } from '../kernel/scan.ts'
import { chain, run } from '../kernel/transducer.ts'
import { mutateBytes, mutateJson, rolls } from '../testing/mutations.ts'
import { samplesOf } from '../testing/samples.ts'
import type { FormatId } from '../vocabulary/format-id.ts'

const ids = Object.keys(formats) as FormatId[]
const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** Mutations per format and kind; all formats together make 100,000. */
const counts = { requestBytes: 5000, requestJson: 9000, response: 6000, stream: 3000, frames: 2000 }

/** Runs it; a GatewayError is an answer, anything else is a crash that is told with what caused it. */
function survives(what: () => unknown, cause: () => string): void {
  try {
    what()
  } catch (error) {
    if (isGatewayError(error)) return
    throw new Error(`crashed on ${cause().slice(0, 2000)}`, { cause: error })
  }
}

const small = <T>(list: readonly T[], size: (item: T) => number): readonly T[] =>
  list.filter((item) => size(item) < 3000)
const sizeOf = (value: JsonObject): number => JSON.stringify(value).length

describe.each(ids)('%s meets anything without crashing', (id) => {
  const { client, server, framing } = formats[id]
  const samples = samplesOf(id)
  const requests = small(samples.requests, sizeOf)
  const responses = small(samples.responses, sizeOf)
  const streams = small(samples.streams, (bytes) => bytes.length)

  function readWhole(bytes: Uint8Array): void {
    scanEnvelope(bytes)
    const body = parseObject(decoder.decode(bytes))
    if (body) server.readRequest(body, { model: 'path-model' })
  }

  test('requests with broken bytes', () => {
    const roll = rolls(101)
    for (let n = 0; n < counts.requestBytes; n++) {
      const bytes = mutateBytes(encoder.encode(JSON.stringify(requests[n % requests.length])), roll)
      survives(
        () => readWhole(bytes),
        () => decoder.decode(bytes),
      )
    }
  })

  test('requests of odd values, read and written again in every format', () => {
    const roll = rolls(102)
    let read = 0
    for (let n = 0; n < counts.requestJson; n++) {
      const body = mutateJson(requests[n % requests.length] as Json, roll)
      if (!isObject(body)) continue
      survives(
        () => {
          const { value } = server.readRequest(body, { model: 'path-model' })
          read++
          const target = ids[n % ids.length] as FormatId
          formats[target].client.writeRequest(value, { model: 'm' })
        },
        () => JSON.stringify(body),
      )
    }
    expect(read).toBeGreaterThan(500)
  })

  test('answers of odd values, read and written again in every format', () => {
    const roll = rolls(103)
    let read = 0
    for (let n = 0; n < counts.response; n++) {
      const body = mutateJson(responses[n % responses.length] as Json, roll)
      if (!isObject(body)) continue
      survives(
        () => {
          const response = client.readResponse(body)
          read++
          formats[ids[n % ids.length] as FormatId].server.writeResponse(response, { model: 'm', messages: [] })
        },
        () => JSON.stringify(body),
      )
    }
    expect(read).toBeGreaterThan(500)
  })

  test('streams with broken bytes', () => {
    const roll = rolls(104)
    for (let n = 0; n < counts.stream; n++) {
      const bytes = mutateBytes(streams[n % streams.length] as Uint8Array, roll)
      survives(
        () => run(chain(framing.read(), client.readStream()), [bytes]),
        () => decoder.decode(bytes),
      )
    }
  })

  test('streams of odd values, read and written again in every format', () => {
    const roll = rolls(105)
    for (let n = 0; n < counts.frames; n++) {
      const frames = run(framing.read(), [streams[n % streams.length] as Uint8Array])
      const at = roll(frames.length)
      const odd = frames.map((frame, index) => {
        const value = index === at ? parseObject(frame.data) : undefined
        return value ? { ...frame, data: JSON.stringify(mutateJson(value, roll)) } : frame
      })
      const target = formats[ids[n % ids.length] as FormatId]
      survives(
        () => run(chain(client.readStream(), target.server.writeStream({ model: 'm', messages: [] })), odd),
        () => JSON.stringify(odd),
      )
    }
  })
})
