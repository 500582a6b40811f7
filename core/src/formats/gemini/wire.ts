import { GatewayError } from '../../kernel/faults.ts'
import { isArray, isObject, type Json, type JsonObject, type MutableJsonObject } from '../../kernel/json.ts'
import type { FormatId } from '../../vocabulary/format-id.ts'
import type { Opaque } from '../../vocabulary/parts.ts'
import type { Warning } from '../../vocabulary/warnings.ts'

export const formatId = 'gemini' satisfies FormatId

/** What Google takes as a function's name (https://ai.google.dev/api/caching#FunctionDeclaration). */
export const nameRule = { maxLength: 64, pattern: /^[a-zA-Z_][a-zA-Z0-9_.:-]*$/ }

/**
 * Stands for a thought signature that is lost: a call that another model made, or a client that dropped it
 * (https://ai.google.dev/gemini-api/docs/thought-signatures#faqs).
 */
export const signatureBypass = 'skip_thought_signature_validator'

/** A list to which the writing half adds what it could not carry. */
export type Warnings = Warning[]

export function warn(warnings: Warnings, kind: Warning['kind'], path: string, why: string): void {
  warnings.push({ kind, path, why })
}

/** The error for a request that Google's own API would refuse to parse; `path` is in Google's notation. */
export function invalid(path: string, what: string): GatewayError {
  return new GatewayError('invalid-request', `${path}: ${what}`, { param: path })
}

/** The object with its keys in camelCase, nulls left out: proto3 JSON takes both spellings, and null for absent. */
export function camel(value: JsonObject): JsonObject {
  const out: MutableJsonObject = {}
  for (const [key, member] of Object.entries(value)) {
    if (member === null || member === undefined) continue
    out[key.includes('_') ? key.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()) : key] = member
  }
  return out
}

const below = (path: string, key: string): string => (path === '' ? key : `${path}.${key}`)

/** The member as an object in camelCase; undefined when absent, an error when it is anything else. */
export function objectAt(owner: JsonObject, key: string, path: string): JsonObject | undefined {
  const value = owner[key]
  if (value === undefined) return undefined
  if (!isObject(value)) throw invalid(below(path, key), 'an object is expected')
  return camel(value)
}

export function stringAt(owner: JsonObject, key: string, path: string): string | undefined {
  const value = owner[key]
  if (value === undefined || typeof value === 'string') return value
  throw invalid(below(path, key), 'a string is expected')
}

/** The member as a number; proto3 JSON also takes numbers in quotes. */
export function numberAt(owner: JsonObject, key: string, path: string): number | undefined {
  const value = owner[key]
  if (value === undefined) return undefined
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  if (typeof number === 'number' && Number.isFinite(number)) return number
  throw invalid(below(path, key), 'a number is expected')
}

export function booleanAt(owner: JsonObject, key: string, path: string): boolean | undefined {
  const value = owner[key]
  if (value === undefined || typeof value === 'boolean') return value
  throw invalid(below(path, key), 'true or false is expected')
}

export function listAt(owner: JsonObject, key: string, path: string): readonly Json[] | undefined {
  const value = owner[key]
  if (value === undefined || isArray(value)) return value
  throw invalid(below(path, key), 'a list is expected')
}

export function stringsAt(owner: JsonObject, key: string, path: string): readonly string[] | undefined {
  return listAt(owner, key, path)?.map((value, at) => {
    if (typeof value === 'string') return value
    throw invalid(`${below(path, key)}[${at}]`, 'a string is expected')
  })
}

/** Google's signature as the vocabulary keeps it. */
export function signatureOf(part: JsonObject): Opaque | undefined {
  const value = part.thoughtSignature
  if (typeof value !== 'string' || value === '') return undefined
  return { format: formatId, kind: 'signature', value }
}

/** The signature when it is one of Google's. */
export function ownSignature(opaque: Opaque | undefined): string | undefined {
  return opaque?.format === formatId && opaque.kind === 'signature' ? opaque.value : undefined
}

/** The parts that have members, else undefined: so that an empty section stays absent. */
export function orAbsent<T extends object>(value: T): T | undefined {
  return Object.keys(value).length > 0 ? value : undefined
}
