import { GatewayError } from 'turnpike-core/internal/kernel/faults'
import { isObject, type JsonObject } from 'turnpike-core/internal/kernel/json'
import { nearest } from '../config/nearest.ts'
import type { RouteCall } from '../pipeline/route.ts'

/** A body or query that cannot be taken: 400 naming the field. */
export function invalid(param: string, message: string): GatewayError {
  return new GatewayError('invalid-request', message, { param, kind: 'bad_request_error' })
}

/** No such key: 404. */
export function keyNotFound(why = 'Key not found in database'): GatewayError {
  return new GatewayError('not-found', why, { param: 'key', kind: 'not_found_error' })
}

/** The body as a JSON object whose every member is known. */
export function readBody(call: RouteCall, known: Iterable<string>): JsonObject {
  const body = parse(call.body)
  const names = new Set(known)
  for (const name of Object.keys(body)) if (!names.has(name)) throw unknownField(name, names)
  return body
}

function parse(bytes: Uint8Array | undefined): JsonObject {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    throw new GatewayError('invalid-json', 'The request body is not valid JSON.', { param: 'request_body' })
  }
  if (!isObject(value)) throw invalid('request_body', 'The request body must be a JSON object.')
  return value
}

function unknownField(name: string, known: ReadonlySet<string>): GatewayError {
  const shown = name.slice(0, 100)
  const near = nearest(shown, known)
  const hint = near === undefined ? `Known fields: ${[...known].sort().join(', ')}.` : `Did you mean ${near}?`
  return invalid(shown, `Unknown field ${shown}. ${hint}`)
}

/** A whole number of the query within bounds. */
export function wholeQuery(
  query: URLSearchParams,
  name: string,
  [least, usual, most]: readonly [number, number, number],
): number {
  const text = query.get(name)
  if (text === null || text === '') return usual
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (value >= least && value <= most) return value
  throw invalid(name, `${name} must be a whole number from ${least} to ${most}.`)
}

/** A switch of the query, as Python writes it or as the web does. */
export function switchQuery(query: URLSearchParams, name: string, usual: boolean): boolean {
  const text = query.get(name)?.toLowerCase()
  if (text === undefined || text === '') return usual
  if (['true', '1', 'yes', 'on'].includes(text)) return true
  if (['false', '0', 'no', 'off'].includes(text)) return false
  throw invalid(name, `${name} must be true or false.`)
}

/** Who a change is put down to: the header that LiteLLM's clients send, else the one administrator there is. */
export function changedBy(call: RouteCall): string {
  const given = call.request.headers.get('litellm-changed-by')
  return given !== null && /^[\x20-\x7e]{1,128}$/.test(given) ? given : 'default_user_id'
}
