/** Any JSON value as `JSON.parse` yields it. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject

/** A JSON object; a member that is `undefined` is absent on the wire. */
export interface JsonObject {
  readonly [key: string]: Json | undefined
}

/** A JSON object under construction. */
export type MutableJsonObject = { [key: string]: Json | undefined }

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function isArray(value: unknown): value is readonly Json[] {
  return Array.isArray(value)
}

/** The value when it is a string, else undefined. */
export function asString(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** The value when it is a finite number, else undefined. */
export function asNumber(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

/** The value when it is a boolean, else undefined. */
export function asBoolean(value: unknown): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined
}

/** The value when it is an object, else undefined. */
export function asObject(value: unknown): JsonObject | undefined {
  return isObject(value) ? value : undefined
}

/** The value when it is an array, else an empty one. */
export function asArray(value: unknown): readonly Json[] {
  return isArray(value) ? value : []
}

/** Parses text to an object; undefined when it is anything else. Never throws. */
export function parseObject(text: string): JsonObject | undefined {
  try {
    return asObject(JSON.parse(text))
  } catch {
    return undefined
  }
}

/** A copy without the members that are undefined, so that absent stays absent in comparisons and on the wire. */
export function compact<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const out: Record<string, unknown> = {}
  for (const [key, member] of Object.entries(value)) if (member !== undefined) out[key] = member
  return out as { [K in keyof T]: Exclude<T[K], undefined> }
}

/** The members of `value` whose names are not in `known`; undefined when there are none. */
export function leftovers(value: JsonObject, known: ReadonlySet<string>): JsonObject | undefined {
  let out: MutableJsonObject | undefined
  for (const key of Object.keys(value)) {
    if (known.has(key)) continue
    out ??= {}
    out[key] = value[key]
  }
  return out
}
