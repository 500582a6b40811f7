import type { RequestPath } from '../formats/format.ts'
import { formatOf } from '../formats/index.ts'
import { GatewayError } from '../kernel/faults.ts'
import type { JsonObject } from '../kernel/json.ts'
import { type Envelope, memberOf, scanEnvelope } from '../kernel/scan.ts'
import type { ChatRequest } from '../vocabulary/chat-request.ts'
import type { FormatId } from '../vocabulary/format-id.ts'
import type { Read } from '../vocabulary/warnings.ts'

/** A request as bytes that can be understood: nothing is parsed beyond the envelope until somebody asks. */
export interface Call {
  readonly format: FormatId
  /** the model as the caller names it */
  readonly model: string
  readonly stream: boolean
  readonly envelope: Envelope
  /** headers of the caller that mean something to the vendor of this format */
  readonly vendorHeaders: Readonly<Record<string, string>>
  /** one top-level field, parsed */
  field(name: string): unknown
  /** the whole body, parsed; do not change it */
  body(): JsonObject
  /** the whole request in the vocabulary */
  request(): Read<ChatRequest>
}

/** What arrives at the door of a surface. */
export interface Arrival {
  readonly format: FormatId
  readonly bytes: Uint8Array
  readonly path?: RequestPath
  readonly vendorHeaders?: Readonly<Record<string, string>>
}

/** Reads the envelope. Throws `invalid-json` or `invalid-request` for a body that is no request of this format. */
export function callOf({ format, bytes, path = {}, vendorHeaders = {} }: Arrival): Call {
  const envelope = scanEnvelope(bytes)
  const model = path.model ?? field('model')
  if (typeof model !== 'string' || model === '')
    throw new GatewayError(
      'invalid-request',
      'The field `model` is missing: name the model to call, for example "gpt-4o".',
      { param: 'model' },
    )
  const stream = path.stream ?? field('stream')
  if (stream !== undefined && stream !== null && typeof stream !== 'boolean')
    throw new GatewayError('invalid-request', 'The field `stream` must be true or false.', { param: 'stream' })

  function field(name: string): unknown {
    return memberOf(envelope, name)
  }
  let body: JsonObject | undefined
  let request: Read<ChatRequest> | undefined
  const call: Call = {
    format,
    model,
    stream: stream === true,
    envelope,
    vendorHeaders,
    field,
    body: () => (body ??= parse(envelope)),
    request: () =>
      (request ??= formatOf(format).server.readRequest(call.body(), { ...path, model, stream: stream === true })),
  }
  return call
}

function parse({ text, bytes }: Envelope): JsonObject {
  try {
    return JSON.parse(text ?? new TextDecoder().decode(bytes)) as JsonObject
  } catch {
    throw new GatewayError(
      'invalid-json',
      'The request body is not valid JSON: a string has an illegal escape or control character.',
    )
  }
}

const vendorHeader =
  /^(anthropic-|openai-(?!organization|project)|x-goog-(?!api-key|user-project)|x-claude-|x-codex-|x-client-request-id$|(?:session|thread|conversation)[-_]id$|originator$)/

/** Whatever the prefix: a header so named may hold a credential (`x-goog-iam-authorization-token`). */
const credentialName = /key|token|secret|password|credential|authori[sz]ation|cookie/

/** First letters of such headers: most others are told by theirs. */
const vendorLetters: ReadonlySet<string> = new Set(['a', 'o', 'x', 's', 't', 'c'])

/** The caller's headers that a provider of the same format is meant to see; never a credential. */
export function vendorHeadersOf(headers: Headers): Record<string, string> {
  const out: Record<string, string> = {}
  headers.forEach((value, name) => {
    if (vendorLetters.has(name[0] ?? '') && vendorHeader.test(name) && !credentialName.test(name)) out[name] = value
  })
  return out
}
