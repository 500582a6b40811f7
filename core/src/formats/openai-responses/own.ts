import { GatewayError } from '../../kernel/faults.ts'
import { asString, isArray, isObject, type Json, type JsonObject, leftovers } from '../../kernel/json.ts'
import type { FormatId } from '../../vocabulary/format-id.ts'
import type { Opaque } from '../../vocabulary/parts.ts'
import type { Warning } from '../../vocabulary/warnings.ts'

/** This format's name. */
export const own = 'openai-responses'

/** Material of one format, as the vocabulary keeps it. */
interface Native {
  readonly format: FormatId
  readonly value: JsonObject
}

/** Keeps fields that only this format knows; nothing when there are none. */
export function keepNative(fields: JsonObject | undefined): { native?: Native } {
  return fields ? { native: { format: own, value: fields } } : {}
}

/** The fields that this format kept, back again. */
export function nativeFields(native: Native | undefined): JsonObject {
  return native?.format === own ? native.value : {}
}

/** The members beyond the known ones, without those that say nothing. */
export function extras(value: JsonObject, known: ReadonlySet<string>): JsonObject | undefined {
  const more = leftovers(value, known)
  if (!more) return undefined
  const said = Object.entries(more).filter(([, member]) => member !== undefined && member !== null)
  return said.length > 0 ? Object.fromEntries(said) : undefined
}

/** The error for a request field that is not what it must be. */
export function malformed(path: string, expected: string): GatewayError {
  return new GatewayError('invalid-request', `\`${path}\` must be ${expected}.`, { param: path })
}

/** The error for what the target cannot take and what must not be left out. */
export function unsupported(path: string, why: string): GatewayError {
  return new GatewayError('unsupported', why, { param: path })
}

export function requireObject(value: Json | undefined, path: string): JsonObject {
  if (!isObject(value)) throw malformed(path, 'an object')
  return value
}

export function requireArray(value: Json | undefined, path: string): readonly Json[] {
  if (!isArray(value)) throw malformed(path, 'an array')
  return value
}

export function requireText(value: Json | undefined, path: string): string {
  if (typeof value !== 'string') throw malformed(path, 'a string')
  return value
}

/** Collects what a translation could not carry. */
export interface Notes {
  readonly warnings: readonly Warning[]
  note(kind: Warning['kind'], path: string, why: string): void
}

export function takeNotes(): Notes {
  const warnings: Warning[] = []
  return { warnings, note: (kind, path, why) => void warnings.push({ kind, path, why }) }
}

/**
 * Ids of items that we made up end up in callers' histories; this mark tells them from a provider's own, which would be looked up
 * there. `plain` marks reasoning whose summary is the thought itself.
 */
const marks = { own: 'tp', plain: 'tpp' } as const

export function makeId(prefix: string, stem: string, index: number, mark: keyof typeof marks = 'own'): string {
  return `${prefix}_${marks[mark]}_${stem}_${index}`
}

const made = /^[a-z]+_(tpp?)_[A-Za-z0-9]*_\d+$/

/** A provider's own item id; undefined for one that we made up. */
export function foreignId(value: Json | undefined): string | undefined {
  const id = asString(value)
  return id === undefined || id === '' || made.test(id) ? undefined : id
}

/** What kind of item an id names that we made up (`msg`, `rs`, `fc`); undefined for a provider's own. */
export function madeKind(id: Json | undefined): string | undefined {
  const text = asString(id)
  return text !== undefined && made.test(text) ? text.slice(0, text.indexOf('_')) : undefined
}

/** Whether this is the id of reasoning whose one summary paragraph is the thought itself. */
export function isPlainThought(id: Json | undefined): boolean {
  return asString(id)?.match(made)?.[1] === marks.plain
}

const formats: Readonly<Record<FormatId, true>> = {
  'openai-chat': true,
  'openai-responses': true,
  'anthropic-messages': true,
  gemini: true,
}
const sealed = /^tp1:(thought|call):([a-z-]+):(signature|redacted|encrypted):([\s\S]*)$/

/** What a seal belongs to: the reasoning item that carries it, or the tool call behind that item. */
export type SealOf = 'thought' | 'call'

/** Sealed material as `encrypted_content`. That of another format is labelled, so that it finds its way back when the caller replays it. */
export function writeSeal(opaque: Opaque, of: SealOf): string {
  if (opaque.format === own && opaque.kind === 'encrypted' && of === 'thought') return opaque.value
  return `tp1:${of}:${opaque.format}:${opaque.kind}:${opaque.value}`
}

export function readSeal(value: Json | undefined): { of: SealOf; opaque: Opaque } | undefined {
  const text = asString(value)
  if (!text) return undefined
  const [, of, format, kind, inner] = text.startsWith('tp1:') ? (sealed.exec(text) ?? []) : []
  if (of === undefined || !(`${format}` in formats))
    return { of: 'thought', opaque: { format: own, kind: 'encrypted', value: text } }
  return { of: of as SealOf, opaque: { format: format as FormatId, kind: kind as Opaque['kind'], value: inner ?? '' } }
}
