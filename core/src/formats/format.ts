import type { GatewayError } from '../kernel/faults.ts'
import type { Frame, Framing } from '../kernel/framing.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { Transducer } from '../kernel/transducer.ts'
import type { ModelProfile } from '../models/profile.ts'
import type { FormatId } from '../vocabulary/format-id.ts'
import type { EventOf, Operation, RequestOf, ResponseOf } from '../vocabulary/operations.ts'
import type { Usage } from '../vocabulary/usage.ts'
import type { Read } from '../vocabulary/warnings.ts'
import type { NameRule } from './tool-names.ts'

/** What a request's path says beyond its body (Gemini names the model and streaming there). */
export interface RequestPath {
  readonly model?: string
  readonly stream?: boolean
}

/**
 * One wire format, both halves: the server half reads requests and writes responses, the client half writes requests and reads
 * responses. A format knows the model's profile and never the provider's name, URL or credential.
 */
export interface Format<Op extends Operation> {
  readonly id: FormatId
  readonly operation: Op
  readonly framing: Framing
  readonly wire: WireTraits
  readonly server: ServerCodec<Op>
  readonly client: ClientCodec<Op>
}

/** What shared code must know of a format to leave its bytes alone. */
export interface WireTraits {
  /** where the model's name stands */
  readonly modelIn: 'body' | 'path'
  /** stands in every frame that tells usage */
  readonly usageMark: string
  /** what it takes as a tool's name */
  readonly toolNames: NameRule
  /** whether it knows tools whose input is free text */
  readonly customTools: boolean
  /** request fields that only this vendor can honour (content that it holds, servers that it calls) and whose loss would change what is asked */
  readonly vendorOnly?: readonly string[]
  /** how a stream is asked for its usage, in a format that does not tell it unasked */
  readonly usageSwitch?: { readonly field: string; isOn(value: unknown): boolean; on(value: unknown): JsonObject }
}

/** The half that faces callers. `readRequest` throws `invalid-request` naming the field for what is malformed. */
export interface ServerCodec<Op extends Operation> {
  readRequest(body: JsonObject, path: RequestPath): Read<RequestOf<Op>>
  /** the request is at hand because some formats echo it */
  writeResponse(response: ResponseOf<Op>, request: RequestOf<Op>): JsonObject
  /** a legal stream whatever the events: one start, one end, legal nesting; an `error` event ends it in the format's own way */
  writeStream(request: RequestOf<Op>): Transducer<EventOf<Op>, Frame>
  /** the body of an error answer; its status is `error.status` */
  writeError(error: GatewayError): JsonObject
  /** the frame that tells of a failure in a stream whose earlier bytes we did not write */
  errorFrame(error: GatewayError): Frame
}

/** The half that faces providers. `readResponse` throws `provider-garbled` for a body that is no answer. */
export interface ClientCodec<Op extends Operation> {
  /** the URL path behind the provider's versioned root, with its query */
  path(model: string, stream: boolean): string
  writeRequest(request: RequestOf<Op>, profile: ModelProfile): Read<JsonObject>
  readResponse(body: JsonObject): ResponseOf<Op>
  /** tolerant of what providers get wrong; an error event in the stream comes out as an `error` event */
  readStream(): Transducer<Frame, EventOf<Op>>
  readError(status: number, headers: Headers, body: Uint8Array): GatewayError
  /** reads the usage out of a whole body or of a stream's frames without reading the rest */
  meter(): UsageMeter
}

/** Gathers usage from parsed bodies or frames, in order. */
export interface UsageMeter {
  read(value: JsonObject): void
  /** what the provider has told so far; undefined when nothing */
  usage(): Usage | undefined
  /** whether the usage told so far is the final one */
  final(): boolean
  /** the tier that the provider says it served the call at, which decides the price */
  serviceTier?(): string | undefined
}
