import { type FaultCode, type FaultDetail, GatewayError } from '../kernel/faults.ts'
import { asNumber, asObject, asString, isArray, isObject, type Json, type JsonObject } from '../kernel/json.ts'
import type { FormatId } from '../vocabulary/format-id.ts'
import { recognise, retryAfterMs } from './recognition.ts'

/**
 * The word in `error.type` per failure, as OpenAI and LiteLLM use them
 * (https://platform.openai.com/docs/guides/error-codes, https://docs.litellm.ai/docs/exception_mapping).
 */
const types: Readonly<Record<FaultCode, string>> = {
  'invalid-json': 'invalid_request_error',
  'invalid-request': 'invalid_request_error',
  unsupported: 'invalid_request_error',
  'unknown-model': 'invalid_request_error',
  'too-large': 'invalid_request_error',
  'not-found': 'not_found_error',
  'method-not-allowed': 'invalid_request_error',
  'slow-request': 'timeout_error',
  'upgrade-refused': 'invalid_request_error',
  'missing-key': 'auth_error',
  'invalid-key': 'auth_error',
  'unknown-key': 'token_not_found_in_db',
  'expired-key': 'expired_key',
  'blocked-key': 'auth_error',
  'admin-only': 'auth_error',
  'model-denied': 'key_model_access_denied',
  'route-denied': 'auth_error',
  'budget-exceeded': 'budget_exceeded',
  'rate-limited': 'throttling_error',
  'context-overflow': 'invalid_request_error',
  'content-policy': 'invalid_request_error',
  'provider-refused': 'invalid_request_error',
  'continuation-gone': 'invalid_request_error',
  'provider-auth': 'authentication_error',
  'provider-denied': 'permission_error',
  'provider-not-found': 'not_found_error',
  'provider-quota': 'insufficient_quota',
  'provider-limit': 'throttling_error',
  'provider-failed': 'internal_server_error',
  'provider-overloaded': 'overloaded_error',
  'provider-unreachable': 'internal_server_error',
  'provider-timeout': 'timeout_error',
  'provider-garbled': 'internal_server_error',
  'no-deployment': 'throttling_error',
  misconfigured: 'internal_server_error',
  'store-down': 'auth_provider_unavailable',
  'shutting-down': 'internal_server_error',
  'client-gone': 'invalid_request_error',
  internal: 'internal_server_error',
}

/** The word that OpenAI's formats use for this failure in `error.type`. */
export function openaiErrorType(error: GatewayError): string {
  return error.detail.kind ?? error.detail.vendorType ?? types[error.code]
}

/** The body of an error answer in OpenAI's formats. */
export function writeOpenaiError(error: GatewayError): JsonObject {
  return {
    error: {
      message: error.message,
      type: openaiErrorType(error),
      param: error.detail.param ?? null,
      code: error.detail.vendorCode ?? String(error.status),
    },
  }
}

/** What an error body says, wherever it says it. */
interface Said {
  readonly message?: string | undefined
  readonly type?: string | undefined
  readonly code?: string | undefined
  readonly param?: string | undefined
}

/** Reads a failing answer of a provider that speaks an OpenAI format, or of a proxy in front of it that answered in its own way. */
export function readOpenaiError(status: number, headers: Headers, body: Uint8Array, format: FormatId): GatewayError {
  const said = readSaid(new TextDecoder().decode(body))
  const message = said.message || `The provider answered with status ${status} and no explanation.`
  const wait = retryAfterMs(headers)
  return openaiFault({ ...said, message }, status, {
    upstream: { format, status, headers, body },
    ...(wait !== undefined && { retryAfterMs: wait }),
  })
}

/** Reads an error object that stands inside an answer or a stream: `{message, type?, code?, param?}`, bare or under `error`. */
export function readOpenaiErrorObject(value: JsonObject): GatewayError {
  const said = readValue(value) ?? {}
  const message = said.message || 'The provider reported a failure without an explanation.'
  return openaiFault({ ...said, message }, statusOf(said), {})
}

function openaiFault(said: Said & { readonly message: string }, status: number, more: FaultDetail): GatewayError {
  const { message, type, code, param } = said
  const fault = recognise({ status, message, ...(type !== undefined && { type }), ...(code !== undefined && { code }) })
  return new GatewayError(fault, message, {
    status,
    ...(type !== undefined && { vendorType: type }),
    ...(code !== undefined && { vendorCode: code }),
    ...(param !== undefined && { param }),
    ...more,
  })
}

const statuses: Readonly<Record<string, number>> = {
  invalid_request_error: 400,
  invalid_prompt: 400,
  authentication_error: 401,
  permission_error: 403,
  not_found_error: 404,
  rate_limit_error: 429,
  rate_limit_exceeded: 429,
  insufficient_quota: 429,
  overloaded_error: 503,
  server_is_overloaded: 503,
  timeout_error: 504,
}

/** The status that an error inside a stream would have had as an answer. */
function statusOf({ type, code }: Said): number {
  const number = Number(code)
  if (Number.isInteger(number) && number >= 400 && number < 600) return number
  return statuses[code ?? ''] ?? statuses[type ?? ''] ?? 500
}

const longest = 500

function readSaid(text: string): Said {
  try {
    const said = readValue(JSON.parse(text))
    if (said?.message !== undefined) return said
  } catch {
    // not JSON: the text itself is all there is
  }
  return { message: readText(text) }
}

/** A page's text without its markup. */
function readText(text: string): string {
  const plain = /<(?:!doctype|html|head|body)\b/i.test(text)
    ? text.replace(/<(script|style)\b[\s\S]*?<\/\1>/gi, ' ').replace(/<[^>]*>/g, ' ')
    : text
  return plain.replace(/\s+/g, ' ').trim().slice(0, longest)
}

function readValue(value: Json | undefined): Said | undefined {
  if (typeof value === 'string') return { message: value }
  // Google's compatible endpoint wraps its error object in an array
  if (isArray(value)) return readValue(value[0])
  if (!isObject(value)) return undefined
  if (typeof value.error === 'string') return { ...readMembers(value), message: asString(value.message) ?? value.error }
  if (isObject(value.error) || isArray(value.error)) return { ...readMembers(value), ...readValue(value.error) }
  if (value.detail !== undefined && value.message === undefined) return readDetail(value.detail)
  return readMembers(value)
}

function readMembers(value: JsonObject): Said {
  const code = asString(value.code) ?? asNumber(value.code)?.toString()
  const message = asString(value.message) ?? asString(asObject(value.message)?.message)
  const type = asString(value.type)
  const param = asString(value.param)
  return {
    ...(message !== undefined && { message }),
    ...(type !== undefined && type !== 'error' && { type }),
    ...(code !== undefined && { code }),
    ...(param !== undefined && { param }),
  }
}

/** FastAPI's `detail`: a text, an object, or a list of what is wrong where (https://fastapi.tiangolo.com/tutorial/handling-errors/). */
function readDetail(detail: Json): Said | undefined {
  if (!isArray(detail)) return readValue(detail)
  const faults = detail.filter(isObject)
  const places = faults.map(({ loc }) => (isArray(loc) ? loc.filter((step) => step !== 'body').join('.') : ''))
  const message = faults
    .map(({ msg }, at) => [places[at], asString(msg)].filter(Boolean).join(': '))
    .join('; ')
    .slice(0, longest)
  return { message, ...(places[0] && { param: places[0] }) }
}
