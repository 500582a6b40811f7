import { GatewayError } from '../../../kernel/faults.ts'
import { asObject, asString, isObject, type Json, type JsonObject, leftovers } from '../../../kernel/json.ts'
import type { CacheMark } from '../../../vocabulary/parts.ts'
import type { Warning } from '../../../vocabulary/warnings.ts'

export const format = 'anthropic-messages'

/** Material of this format that the vocabulary has no words for, as it stood. */
export type Own = { readonly format: typeof format; readonly value: JsonObject }

export function own(value: JsonObject): Own {
  return { format, value }
}

/** The value, when it is this format's own. */
export function ownValue(native: { readonly format: string; readonly value: JsonObject } | undefined) {
  return native?.format === format ? native.value : undefined
}

/** `native` for the members of a block that nobody reads; nothing when there are none. */
export function rest(block: JsonObject, known: ReadonlySet<string>): { native?: Own } {
  const value = leftovers(block, known)
  return value ? { native: own(value) } : {}
}

export function malformed(path: string, wanted: string): GatewayError {
  return new GatewayError('invalid-request', `${path}: ${wanted}`, { param: path })
}

export function unsupported(path: string, why: string): GatewayError {
  return new GatewayError('unsupported', `${path}: ${why}`, { param: path })
}

/** An optional member of one JSON type; null counts as absent. */
export function optional<T>(
  body: JsonObject,
  key: string,
  read: (value: unknown) => T | undefined,
  wanted: string,
): T | undefined {
  const value = body[key]
  if (value === undefined || value === null) return undefined
  const found = read(value)
  if (found === undefined) throw malformed(key, `must be ${wanted}.`)
  return found
}

export function needObject(value: Json | undefined, path: string): JsonObject {
  if (!isObject(value)) throw malformed(path, 'must be an object.')
  return value
}

/** A prompt-cache mark (https://platform.claude.com/docs/en/build-with-claude/prompt-caching). */
export function readCache(block: JsonObject): { cache?: CacheMark } {
  const control = asObject(block.cache_control)
  if (!control) return {}
  const ttl = asString(control.ttl)
  return { cache: ttl === '5m' || ttl === '1h' ? { ttl } : {} }
}

export function writeCache(cache: CacheMark | undefined): { cache_control?: JsonObject } {
  if (!cache) return {}
  return { cache_control: { type: 'ephemeral', ...(cache.ttl !== undefined && { ttl: cache.ttl }) } }
}

/** Gathers what a translation could not carry. */
export interface Notes {
  readonly warnings: readonly Warning[]
  dropped(path: string, why: string): void
  adjusted(path: string, why: string): void
  emulated(path: string, why: string): void
}

export function takeNotes(): Notes {
  const warnings: Warning[] = []
  const add = (kind: Warning['kind']) => (path: string, why: string) => void warnings.push({ kind, path, why })
  return { warnings, dropped: add('dropped'), adjusted: add('adjusted'), emulated: add('emulated') }
}
