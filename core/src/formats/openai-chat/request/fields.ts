import { GatewayError } from '../../../kernel/faults.ts'
import { isArray, isObject, type Json, type JsonObject } from '../../../kernel/json.ts'

/** Refuses a malformed request, naming the field and what would be right. */
export function refuse(path: string, wanted: string): never {
  throw new GatewayError('invalid-request', `Invalid value for '${path}': it must be ${wanted}.`, { param: path })
}

/** Refuses what the format cannot say and what cannot be left out without changing the meaning. */
export function unsupported(path: string, why: string): never {
  throw new GatewayError('unsupported', `'${path}' cannot be sent to this model: ${why}.`, { param: path })
}

const absent = (value: Json | undefined): value is undefined | null => value === undefined || value === null

/** A member that is a string when it is there; null counts as absent. */
export function optionalString(value: Json | undefined, path: string): string | undefined {
  if (absent(value)) return undefined
  return typeof value === 'string' ? value : refuse(path, 'a string')
}

export function requiredString(value: Json | undefined, path: string): string {
  return typeof value === 'string' ? value : refuse(path, 'a string')
}

export function optionalNumber(value: Json | undefined, path: string): number | undefined {
  if (absent(value)) return undefined
  return typeof value === 'number' ? value : refuse(path, 'a number')
}

export function optionalBoolean(value: Json | undefined, path: string): boolean | undefined {
  if (absent(value)) return undefined
  return typeof value === 'boolean' ? value : refuse(path, 'true or false')
}

export function optionalObject(value: Json | undefined, path: string): JsonObject | undefined {
  if (absent(value)) return undefined
  return isObject(value) ? value : refuse(path, 'an object')
}

export function requiredObject(value: Json | undefined, path: string): JsonObject {
  return isObject(value) ? value : refuse(path, 'an object')
}

export function optionalArray(value: Json | undefined, path: string): readonly Json[] | undefined {
  if (absent(value)) return undefined
  return isArray(value) ? value : refuse(path, 'an array')
}

/** The names that the writers give a nameless schema and a nameless file, because OpenAI wants one; the readers take them for none. */
export const unnamedSchema = 'unnamed_schema'
export const unnamedFile = 'unnamed.pdf'
