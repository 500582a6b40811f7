import { GatewayError, withDetail } from '../../kernel/faults.ts'
import type { Frame } from '../../kernel/framing.ts'
import { isArray, isObject, type JsonObject } from '../../kernel/json.ts'
import { readOpenaiError, readOpenaiErrorObject, writeOpenaiError } from '../openai-error.ts'

/** The body of an error answer. */
export function writeError(error: GatewayError): JsonObject {
  const unreachable = error.code === 'store-down' && error.detail.kind === undefined
  return writeOpenaiError(unreachable ? withDetail(error, { kind: 'no_db_connection' }) : error)
}

/** The frame that tells of a failure within a stream. */
export function errorFrame(error: GatewayError): Frame {
  return { data: JSON.stringify(writeError(error)) }
}

/** Reads a failing answer. */
export function readError(status: number, headers: Headers, body: Uint8Array): GatewayError {
  return readOpenaiError(status, headers, body, 'openai-chat')
}

/** The failure that a body of status 200 or a chunk tells of instead of an answer, if it does. */
export function failureIn(body: JsonObject): GatewayError | undefined {
  if (isTold(body.error) || body.object === 'error') return readOpenaiErrorObject(body)
  // OpenRouter puts the failure of a provider behind it into the choice
  const failed = isArray(body.choices)
    ? body.choices.find((choice) => isObject(choice) && isTold(choice.error))
    : undefined
  return isObject(failed) ? readOpenaiErrorObject(failed) : undefined
}

function isTold(error: unknown): boolean {
  return typeof error === 'string' ? error !== '' : isObject(error) && Object.keys(error).length > 0
}

/** A body or stream that is no answer. */
export function garbled(what: string): GatewayError {
  return new GatewayError('provider-garbled', what)
}
