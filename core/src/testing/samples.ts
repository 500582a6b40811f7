import { formats } from '../formats/index.ts'
import { isGatewayError } from '../kernel/faults.ts'
import type { JsonObject } from '../kernel/json.ts'
import { run } from '../kernel/transducer.ts'
import type { FormatId } from '../vocabulary/format-id.ts'
import { unfold } from '../vocabulary/unfold.ts'
import { corpus } from './corpus/index.ts'

/** Wire material of one format, made from the corpus. */
export interface Samples {
  readonly requests: readonly JsonObject[]
  readonly responses: readonly JsonObject[]
  /** whole streams as bytes, in the format's own framing */
  readonly streams: readonly Uint8Array[]
}

const clean = (value: JsonObject): JsonObject => JSON.parse(JSON.stringify(value)) as JsonObject

/** Everything the format writes of the corpus; what it refuses is left out. */
export function samplesOf(id: FormatId): Samples {
  const { client, server, framing } = formats[id]
  const requests = corpus.flatMap(({ request }) => {
    try {
      return [clean(client.writeRequest(request, { model: request.model }).value)]
    } catch (error) {
      if (isGatewayError(error)) return []
      throw error
    }
  })
  return {
    requests,
    responses: corpus.map(({ request, response }) => clean(server.writeResponse(response, request))),
    streams: corpus.map(({ request, response }) => {
      const frames = run(server.writeStream({ ...request, stream: true, includeUsage: true }), unfold(response))
      const blocks = run(framing.write(), frames)
      return new Uint8Array(blocks.flatMap((block) => [...block]))
    }),
  }
}
