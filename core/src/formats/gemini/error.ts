import { GatewayError } from '../../kernel/faults.ts'
import type { Frame } from '../../kernel/framing.ts'
import { asArray, asNumber, asString, isArray, isObject, type Json, type JsonObject } from '../../kernel/json.ts'
import { recognise, retryAfterMs } from '../recognition.ts'
import { formatId } from './wire.ts'

/** Google's word for a status (https://ai.google.dev/gemini-api/docs/troubleshooting, https://google.aip.dev/193). */
const words: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  402: 'RESOURCE_EXHAUSTED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  405: 'UNIMPLEMENTED',
  408: 'DEADLINE_EXCEEDED',
  409: 'ABORTED',
  426: 'FAILED_PRECONDITION',
  429: 'RESOURCE_EXHAUSTED',
  499: 'CANCELLED',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
}

const known = new Set([...Object.values(words), 'INTERNAL', 'OUT_OF_RANGE', 'ALREADY_EXISTS', 'DATA_LOSS', 'UNKNOWN'])

function wordOf({ status, detail }: GatewayError): string {
  if (detail.vendorType !== undefined && known.has(detail.vendorType)) return detail.vendorType
  return words[status] ?? (status < 500 ? 'INVALID_ARGUMENT' : 'INTERNAL')
}

/** The failure as Google's APIs tell it, with the wait and the field at fault as details where they are known. */
export function writeError(error: GatewayError): JsonObject {
  const { param } = error.detail
  const details: JsonObject[] = []
  if (param !== undefined)
    details.push({
      '@type': 'type.googleapis.com/google.rpc.BadRequest',
      fieldViolations: [{ field: param, description: error.message }],
    })
  if (error.retryAfterMs !== undefined)
    details.push({ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: `${error.retryAfterMs / 1000}s` })
  const told = { code: error.status, message: error.message, status: wordOf(error) }
  return { error: { ...told, ...(details.length > 0 && { details }) } }
}

/** A stream that fails says so in one last frame. */
export function errorFrame(error: GatewayError): Frame {
  return { data: JSON.stringify(writeError(error)) }
}

interface Told {
  readonly code?: number
  readonly message: string
  readonly status?: string
  readonly reason?: string
  readonly retryMs?: number
}

function read(error: JsonObject): Told {
  const details = asArray(error.details).filter((detail) => isObject(detail))
  const find = (key: string): string | undefined =>
    details.map((detail) => asString(detail[key])).find((value) => value !== undefined)
  const code = asNumber(error.code)
  const status = asString(error.status)
  const reason = find('reason')
  const retryMs = durationMs(find('retryDelay'))
  return {
    message: asString(error.message) ?? 'The provider failed without saying why.',
    ...(code !== undefined && { code }),
    ...(status !== undefined && { status }),
    ...(reason !== undefined && { reason }),
    ...(retryMs !== undefined && { retryMs }),
  }
}

/** A protobuf duration: `34s`, `34.4s`. */
function durationMs(text: string | undefined): number | undefined {
  const seconds = /^(\d+(?:\.\d+)?)s$/.exec(text ?? '')?.[1]
  return seconds === undefined ? undefined : Math.round(Number(seconds) * 1000)
}

/** The object with `error`, also where Google wraps it in a list, as it does for streams. */
function errorIn(body: Json | undefined): JsonObject | undefined {
  const first = isArray(body) ? body[0] : body
  if (!isObject(first)) return undefined
  if (isObject(first.error)) return first.error
  return typeof first.error === 'string' ? { message: first.error } : undefined
}

function build(told: Told, status: number, rest: GatewayError['detail'] = {}): GatewayError {
  const { message, reason, retryMs } = told
  const code = recognise({
    status,
    message,
    ...(told.status !== undefined && { type: told.status }),
    ...(reason !== undefined && { code: reason }),
  })
  return new GatewayError(code, message, {
    ...(status >= 400 && { status }),
    ...(told.status !== undefined && { vendorType: told.status }),
    ...(reason !== undefined && { vendorCode: reason }),
    ...rest,
    ...(retryMs !== undefined && { retryAfterMs: retryMs }),
  })
}

/** The failure that a body or a frame of an answer tells of; undefined when it tells of none. */
export function bodyError(body: Json): GatewayError | undefined {
  const error = errorIn(body)
  const told = error && read(error)
  return told && build(told, told.code ?? 0)
}

/** The failure that an HTTP answer tells of (https://google.aip.dev/193). */
export function readError(status: number, headers: Headers, body: Uint8Array): GatewayError {
  const text = new TextDecoder().decode(body)
  const error = errorIn(parse(text))
  const told = error ? read(error) : { message: text.trim().slice(0, 2000) || `The provider answered ${status}.` }
  const wait = retryAfterMs(headers)
  return build(told, status, {
    upstream: { format: formatId, status, headers, body },
    ...(wait !== undefined && { retryAfterMs: wait }),
  })
}

function parse(text: string): Json | undefined {
  // some proxies answer with the stream's own framing around the error
  const bare = text.startsWith('data:') ? text.slice(5) : text
  try {
    return JSON.parse(bare) as Json
  } catch {
    return undefined
  }
}
