import { type FaultCode, GatewayError } from '../../kernel/faults.ts'
import type { Frame } from '../../kernel/framing.ts'
import { asObject, asString, type JsonObject, parseObject } from '../../kernel/json.ts'
import { readOpenaiError } from '../openai-error.ts'
import { recognise, retryAfterMs } from '../recognition.ts'
import { format } from './wire/fields.ts'

/** https://platform.claude.com/docs/en/api/errors */
const statuses: Readonly<Record<string, number>> = {
  invalid_request_error: 400,
  authentication_error: 401,
  billing_error: 402,
  permission_error: 403,
  not_found_error: 404,
  request_too_large: 413,
  rate_limit_error: 429,
  api_error: 500,
  timeout_error: 504,
  overloaded_error: 529,
}

const types: Readonly<Record<FaultCode, string>> = {
  'invalid-json': 'invalid_request_error',
  'invalid-request': 'invalid_request_error',
  unsupported: 'invalid_request_error',
  'unknown-model': 'invalid_request_error',
  'too-large': 'request_too_large',
  'not-found': 'not_found_error',
  'method-not-allowed': 'invalid_request_error',
  'slow-request': 'timeout_error',
  'upgrade-refused': 'invalid_request_error',
  'missing-key': 'authentication_error',
  'invalid-key': 'authentication_error',
  'unknown-key': 'authentication_error',
  'expired-key': 'authentication_error',
  'blocked-key': 'authentication_error',
  'admin-only': 'authentication_error',
  'model-denied': 'permission_error',
  'route-denied': 'permission_error',
  'budget-exceeded': 'rate_limit_error',
  'rate-limited': 'rate_limit_error',
  'context-overflow': 'invalid_request_error',
  'content-policy': 'invalid_request_error',
  'provider-refused': 'invalid_request_error',
  'continuation-gone': 'invalid_request_error',
  'provider-auth': 'authentication_error',
  'provider-denied': 'permission_error',
  'provider-not-found': 'not_found_error',
  'provider-quota': 'rate_limit_error',
  'provider-limit': 'rate_limit_error',
  'provider-failed': 'api_error',
  'provider-overloaded': 'overloaded_error',
  'provider-unreachable': 'api_error',
  'provider-timeout': 'timeout_error',
  'provider-garbled': 'api_error',
  'no-deployment': 'rate_limit_error',
  misconfigured: 'api_error',
  'store-down': 'api_error',
  'shutting-down': 'overloaded_error',
  'client-gone': 'api_error',
  internal: 'api_error',
}

/** The error body; a provider's own word is kept where it is one of this format's. */
export function writeError(error: GatewayError): JsonObject {
  const said = error.detail.vendorType
  const type = said !== undefined && said in statuses ? said : types[error.code]
  return { type: 'error', error: { type, message: error.message } }
}

export function errorFrame(error: GatewayError): Frame {
  return { event: 'error', data: JSON.stringify(writeError(error)) }
}

/** Reads a failing answer; what is not in this format's form is read for whatever it says. */
export function readError(status: number, headers: Headers, body: Uint8Array): GatewayError {
  const value = parseObject(new TextDecoder().decode(body))
  const { type, message } = value ? readMembers(value) : {}
  if (message === undefined) return readOpenaiError(status, headers, body, format)
  const wait = retryAfterMs(headers)
  return new GatewayError(recognise({ status, message, ...(type !== undefined && { type }) }), message, {
    status,
    ...(type !== undefined && { vendorType: type }),
    ...(wait !== undefined && { retryAfterMs: wait }),
    upstream: { format, status, headers, body },
  })
}

/** Reads an `error` event, which comes after a 200: its type says which status it would have been. */
export function readErrorEvent(value: JsonObject): GatewayError {
  const { type, message = 'The provider reported a failure without an explanation.' } = readMembers(value)
  const status = statuses[type ?? ''] ?? 500
  const code = recognise({ status, message, ...(type !== undefined && { type }) })
  return new GatewayError(code, message, { status, ...(type !== undefined && { vendorType: type }) })
}

function readMembers(value: JsonObject): { type?: string; message?: string } {
  const error = asObject(value.error)
  const type = asString(error?.type)
  const message = asString(error?.message)
  return { ...(type !== undefined && { type }), ...(message !== undefined && message !== '' && { message }) }
}
