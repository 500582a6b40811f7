import { isArray, isObject, type Json, type JsonObject } from 'turnpike-core/internal/kernel/json'
import { type NanoUsd, nanoUsd } from 'turnpike-core/internal/kernel/money'
import { type Duration, readDuration } from '../../vocabulary/period.ts'
import { invalid } from '../wire.ts'

/** Reads a member of a body, or throws a 400 that names it. `null` and absent have been dealt with. */
export type Reader<T> = (value: Json, name: string) => T

/** A longer text in a field has no use. */
const longestText = 1024

export const text: Reader<string> = (value, name) => {
  if (typeof value === 'string' && value !== '' && value.length <= longestText) return value
  throw invalid(name, `${name} must be a text of 1 to ${longestText} characters.`)
}

export const flag: Reader<boolean> = (value, name) => {
  if (typeof value === 'boolean') return value
  throw invalid(name, `${name} must be true or false.`)
}

export const whole: Reader<number> = (value, name) => {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw invalid(name, `${name} must be a whole number, 0 or more. Received: ${shown(value)}`)
}

/** Largest amount that is taken: above it nano-dollars are no longer exact. */
const mostUsd = 9_000_000

export const money: Reader<NanoUsd> = (value, name) => {
  if (typeof value !== 'number' || !Number.isFinite(value))
    throw invalid(name, `${name} must be a number of dollars. Received: ${shown(value)}`)
  if (value < 0) throw invalid(name, `${name} cannot be negative. Received: ${shown(value)}`)
  if (value > mostUsd) throw invalid(name, `${name} cannot be more than ${mostUsd}. Received: ${shown(value)}`)
  return nanoUsd(value)
}

export const duration: Reader<Duration> = (value, name) => {
  const read = typeof value === 'string' ? readDuration(value) : undefined
  if (read) return read
  throw invalid(
    name,
    `${name} must be a whole number and one of s, m, h, d, w, mo, such as 30d. Received: ${shown(value)}`,
  )
}

export const texts: Reader<readonly string[]> = (value, name) => {
  if (isArray(value)) return value.map((entry) => text(entry, name))
  throw invalid(name, `${name} must be a list of texts.`)
}

export const object: Reader<JsonObject> = (value, name) => {
  if (isObject(value)) return value
  throw invalid(name, `${name} must be an object.`)
}

export const textMap: Reader<Readonly<Record<string, string>>> = (value, name) =>
  Object.fromEntries(
    Object.entries(object(value, name)).map(([key, entry]) => [key, text(entry ?? null, `${name}.${key}`)]),
  )

/** One of a few words. */
export function oneOf<W extends string>(words: readonly W[]): Reader<W> {
  return (value, name) => {
    const word = words.find((one) => one === value)
    if (word !== undefined) return word
    throw invalid(name, `${name} must be one of ${words.join(', ')}. Received: ${shown(value)}`)
  }
}

/** Whether a member says nothing: absent, null, false, 0, or empty. */
export function saysNothing(value: Json | undefined): boolean {
  if (value === undefined || value === null || value === false || value === 0 || value === '') return true
  if (isArray(value)) return value.length === 0
  return isObject(value) && Object.keys(value).length === 0
}

function shown(value: Json): string {
  return JSON.stringify(value).slice(0, 60)
}
