import { GatewayError } from 'turnpike-core/internal/kernel/faults'
import { isObject, type JsonObject } from 'turnpike-core/internal/kernel/json'
import { type NanoUsd, nanoUsd } from 'turnpike-core/internal/kernel/money'
import { z } from 'zod'
import { nearest } from '../config/nearest.ts'
import { readDuration } from '../vocabulary/duration.ts'

/** Dollars, read as nano-dollars. Negative, infinite and textual amounts are refused. */
export const dollars = z
  .number()
  .min(0)
  .max(9_000_000)
  .transform((usd): NanoUsd => nanoUsd(usd))
  .describe('US dollars')

/** A length of time as LiteLLM writes it. */
export const duration = z
  .string()
  .refine((text) => readDuration(text) !== undefined, 'must be a whole number and s, m, h, d, w or mo, like 30d')
  .describe('<int>s|m|h|d|w|mo')

/** Names, ids, free text. */
export const text = z.string().max(4096)
export const id = z.string().min(1).max(256)
export const names = z.array(z.string().min(1).max(512)).max(10_000)
export const whole = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER)
export const anyObject = z.record(z.string(), z.unknown()).transform((value) => value as JsonObject)
export const anything = z.unknown()

/** A moment, as ISO 8601 or a date, read as milliseconds since 1970. */
export const moment = z
  .string()
  .refine(
    (text) => Number.isFinite(Date.parse(text)),
    'must be a date or time, like 2026-10-05 or 2026-10-05T12:00:00Z',
  )
  .transform((text) => Date.parse(zoned(text)))

/** What says no zone is UTC. */
function zoned(text: string): string {
  const bare = text.trim().replace(' ', 'T')
  return /T/.test(bare) && !/(Z|[+-]\d\d:?\d\d)$/i.test(bare) ? `${bare}Z` : bare
}

/** Dollars in a query. */
export const queryDollars = z.coerce
  .number()
  .min(0)
  .max(9_000_000)
  .transform((usd): NanoUsd => nanoUsd(usd))

/** A whole number and a switch of a query, where everything is text. */
export const queryWhole = z.coerce.number().int().min(0)
export const querySwitch = z
  .string()
  .refine(
    (text) => ['true', 'false', '1', '0', 'yes', 'no', 'on', 'off'].includes(text.toLowerCase()),
    'must be true or false',
  )
  .transform((text) => ['true', '1', 'yes', 'on'].includes(text.toLowerCase()))

/** `page` and a size under the name that the route gives it. */
export const page = queryWhole.min(1).optional()
export const pageSize = queryWhole.min(1).max(500).optional()

/** Reads a value by a shape: 400 naming the field. Without a shape nothing is read; what a query has beyond its shape is passed over. */
export function readShape(
  schema: z.ZodObject | undefined,
  source: () => unknown,
  strict = true,
): { readonly value: unknown; readonly named: ReadonlySet<string> } {
  if (!schema) return { value: undefined, named: new Set() }
  const given = objectOf(source)
  const known = new Set(Object.keys(schema.shape))
  if (strict) for (const name of Object.keys(given)) if (!known.has(name)) throw unknownField(name, known)
  const read = schema.safeParse(given)
  if (read.success) return { value: read.data, named: new Set(Object.keys(given)) }
  const [issue] = read.error.issues
  const path = (issue?.path ?? []).join('.') || 'request_body'
  throw invalid(path, `${path}: ${issue?.message ?? 'is not valid'}`)
}

function objectOf(source: () => unknown): JsonObject {
  let value: unknown
  try {
    value = source()
  } catch {
    throw new GatewayError('invalid-json', 'The request body is not valid JSON.', { param: 'request_body' })
  }
  if (!isObject(value)) throw invalid('request_body', 'The request body must be a JSON object.')
  return value
}

/** A body or query that cannot be taken: 400 naming the field. */
export function invalid(param: string, message: string): GatewayError {
  return new GatewayError('invalid-request', message, { param, kind: 'bad_request_error' })
}

function unknownField(name: string, known: ReadonlySet<string>): GatewayError {
  const shown = name.slice(0, 100)
  const near = nearest(shown, known)
  const hint = near === undefined ? `Known fields: ${[...known].sort().join(', ')}.` : `Did you mean ${near}?`
  return invalid(shown, `Unknown field ${shown}. ${hint}`)
}
