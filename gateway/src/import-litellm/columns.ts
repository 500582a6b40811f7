import { isArray, isObject, type Json, type JsonObject, parseObject } from 'turnpike-core/internal/kernel/json'
import type { Stored } from '../store/aggregate.ts'

/** Names longer than this cannot be found by in an index. */
const longestName = 512

/** A column's text; undefined when it is empty, or too long to be a name. */
export function text(row: JsonObject, column: string): string | undefined {
  const value = row[column]
  return typeof value === 'string' && value !== '' && value.length <= longestName ? value : undefined
}

export function texts(row: JsonObject, column: string): readonly string[] {
  const value = row[column]
  return isArray(value) ? value.filter((entry): entry is string => typeof entry === 'string' && entry !== '') : []
}

/** A JSON column; some versions wrote the JSON as a text. */
export function object(row: JsonObject, column: string): JsonObject {
  const value = row[column]
  if (typeof value === 'string') return parseObject(value) ?? {}
  return isObject(value) ? value : {}
}

export function textMap(row: JsonObject, column: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(object(row, column)).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  )
}

export function flag(row: JsonObject, column: string): boolean {
  return row[column] === true
}

/** Milliseconds since 1970. LiteLLM's columns have no zone and mean UTC. */
export function moment(row: JsonObject, column: string): number | undefined {
  const value = row[column]
  if (typeof value !== 'string') return undefined
  const time = Date.parse(/(?:Z|[+-]\d\d(?::?\d\d)?)$/i.test(value) ? value : `${value.replace(' ', 'T')}Z`)
  return Number.isFinite(time) ? time : undefined
}

/** Whether a value asks for nothing: absent, null, false or empty. Zero says something: a limit of none. */
export function saysNothing(value: Json | undefined): boolean {
  if (value === undefined || value === null || value === '' || value === false) return true
  return isArray(value) ? value.length === 0 : isObject(value) && Object.keys(value).length === 0
}

/** An empty list means all there and none here: it is turned on the way. */
export function modelsOf(row: JsonObject): readonly string[] {
  const models = texts(row, 'models')
  return models.length === 0 ? ['all-proxy-models'] : models
}

/** A row around a value, with when and by whom it was made and changed there. */
export function stored<T>(value: T, row: JsonObject, now: number): Stored<T> {
  const createdAt = moment(row, 'created_at') ?? now
  const createdBy = text(row, 'created_by') ?? 'litellm'
  return {
    value,
    extra: {},
    createdAt,
    createdBy,
    updatedAt: moment(row, 'updated_at') ?? createdAt,
    updatedBy: text(row, 'updated_by') ?? createdBy,
  }
}
