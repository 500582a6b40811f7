import { asNumber, isArray, isObject, type Json, type JsonObject, type MutableJsonObject } from '../../kernel/json.ts'

/** The numbers of Google's `Type` enum, which protobuf clients send in place of its words. */
const typeNumbers = ['type_unspecified', 'string', 'number', 'integer', 'boolean', 'array', 'object', 'null']

const counts = ['minItems', 'maxItems', 'minLength', 'maxLength', 'minProperties', 'maxProperties']

/**
 * Google's OpenAPI subset (https://ai.google.dev/api/caching#Schema) as JSON Schema: types in lower case, `nullable` as a type,
 * counts as numbers. What JSON Schema knows already stays as it is.
 */
export function fromOpenApi(schema: JsonObject): JsonObject {
  const out: MutableJsonObject = {}
  for (const [given, value] of Object.entries(schema)) {
    const key = given.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
    if (value === undefined || value === null || key === 'nullable' || key === 'propertyOrdering') continue
    if (key === 'type') out.type = lowerType(value)
    else if (key === 'example') out.examples = [value]
    else if (key === 'properties' && isObject(value)) out.properties = mapValues(value, readNested)
    else if (key === 'items' || key === 'additionalProperties') out[key] = readNested(value)
    else if (key === 'anyOf' && isArray(value)) out.anyOf = value.map(readNested)
    else if (counts.includes(key)) out[key] = typeof value === 'string' ? Number(value) : value
    else out[key] = value
  }
  return schema.nullable === true ? nullable(out) : out
}

function nullable(schema: MutableJsonObject): JsonObject {
  if (typeof schema.type === 'string') schema.type = [schema.type, 'null']
  else if (isArray(schema.anyOf)) schema.anyOf = [...schema.anyOf, { type: 'null' }]
  if (isArray(schema.enum) && !schema.enum.includes(null)) schema.enum = [...schema.enum, null]
  return schema
}

const readNested = (value: Json): Json => (isObject(value) ? fromOpenApi(value) : value)

function lowerType(value: Json): Json {
  if (typeof value === 'string') return value.toLowerCase()
  if (isArray(value)) return value.map(lowerType)
  return typeNumbers[asNumber(value) ?? 0] ?? 'type_unspecified'
}

function mapValues(value: JsonObject, change: (member: Json) => Json): JsonObject {
  const out: MutableJsonObject = {}
  for (const [key, member] of Object.entries(value)) if (member !== undefined) out[key] = change(member)
  return out
}

/** What the OpenAPI subset takes over from JSON Schema as it stands. */
const kept = new Set([
  ...['title', 'description', 'default', 'required', 'pattern', 'minimum', 'maximum', 'format', 'propertyOrdering'],
  ...counts,
])

/** What is nested deeper, or comes after so many pieces, is cut to a plain object: references can multiply without end. */
const maxDepth = 32
const maxPieces = 5000

interface Place {
  readonly root: JsonObject
  /** the references on the way here: one that comes again is a circle */
  readonly seen: readonly string[]
  readonly depth: number
  readonly pieces: { count: number }
}

/**
 * A JSON schema in Google's OpenAPI subset, for models and endpoints that do not take `parametersJsonSchema`. References are put
 * in place (a circle ends in a plain object), lists of types and `oneOf` become `anyOf`, `const` an enum, `allOf` is merged; a
 * keyword that the subset lacks is left out.
 */
export function toOpenApi(schema: JsonObject): JsonObject {
  return down(schema, { root: schema, seen: [], depth: 0, pieces: { count: 0 } })
}

function down(given: JsonObject, at: Place): JsonObject {
  if (at.depth > maxDepth || at.pieces.count++ > maxPieces) return { type: 'OBJECT' }
  const resolved = resolve(given, at)
  if (!resolved) return { type: 'OBJECT', ...(typeof given.description === 'string' && pickText(given)) }
  const place = { ...resolved.place, depth: at.depth + 1 }
  const schema = mergeAll(resolved.schema, place)
  const out: MutableJsonObject = {}
  for (const [key, value] of Object.entries(schema)) if (kept.has(key) && value !== undefined) out[key] = value
  downEnum(schema, out)
  downType(schema, out, place)
  downMembers(schema, out, place)
  return out
}

const pickText = ({ description, title }: JsonObject): JsonObject => ({
  ...(title !== undefined && { title }),
  ...(description !== undefined && { description }),
})

/** Follows `$ref`; undefined when it leads in a circle or nowhere. What stands beside a reference wins over it. */
function resolve(schema: JsonObject, at: Place): { schema: JsonObject; place: Place } | undefined {
  const ref = schema.$ref
  if (typeof ref !== 'string') return { schema, place: at }
  if (at.seen.includes(ref)) return undefined
  const target = pointed(at.root, ref)
  if (!target) return undefined
  const { $ref: _, ...beside } = schema
  return resolve({ ...target, ...beside }, { ...at, seen: [...at.seen, ref] })
}

function pointed(root: JsonObject, ref: string): JsonObject | undefined {
  if (!ref.startsWith('#')) return undefined
  let here: Json | undefined = root
  for (const raw of ref.slice(1).split('/').slice(1)) {
    const step = decodeURIComponent(raw).replaceAll('~1', '/').replaceAll('~0', '~')
    here = isObject(here) ? here[step] : isArray(here) ? here[Number(step)] : undefined
  }
  return isObject(here) ? here : undefined
}

/** `allOf` as one schema: members of later ones are added, `properties` and `required` are joined. */
function mergeAll(schema: JsonObject, at: Place): JsonObject {
  if (!isArray(schema.allOf)) return schema
  const { allOf, ...rest } = schema
  let out: JsonObject = rest
  for (const member of allOf) {
    const piece = isObject(member) ? resolve(member, at)?.schema : undefined
    if (!piece) continue
    const properties = {
      ...(isObject(out.properties) && out.properties),
      ...(isObject(piece.properties) && piece.properties),
    }
    const required = [
      ...(isArray(out.required) ? out.required : []),
      ...(isArray(piece.required) ? piece.required : []),
    ]
    out = {
      ...mergeAll(piece, at),
      ...out,
      ...(Object.keys(properties).length > 0 && { properties }),
      ...(required.length > 0 && { required: [...new Set(required)] }),
    }
  }
  return out
}

function downEnum(schema: JsonObject, out: MutableJsonObject): void {
  const values = schema.const !== undefined ? [schema.const] : schema.enum
  if (!isArray(values)) return
  if (values.includes(null)) out.nullable = true
  const words = values.filter((value) => typeof value === 'string' && value !== '')
  // an enum is for strings only: https://ai.google.dev/api/caching#Schema
  if (words.length > 0 && words.length === values.filter((value) => value !== null).length) {
    out.enum = words
    out.type = 'STRING'
    out.format = 'enum'
  }
}

function downType(schema: JsonObject, out: MutableJsonObject, at: Place): void {
  const types = (isArray(schema.type) ? schema.type : [schema.type]).filter((type) => typeof type === 'string')
  if (types.includes('null') || schema.nullable === true) out.nullable = true
  const real = types.filter((type) => type !== 'null')
  const options = isArray(schema.anyOf) ? schema.anyOf : isArray(schema.oneOf) ? schema.oneOf : undefined
  if (options) downOptions(options, out, at)
  else if (real.length > 1) out.anyOf = real.map((type) => down({ ...schema, type, description: undefined }, at))
  else if (out.type === undefined)
    out.type =
      real[0]?.toUpperCase() ?? (isObject(schema.properties) ? 'OBJECT' : isObject(schema.items) ? 'ARRAY' : 'OBJECT')
  if (out.anyOf !== undefined) delete out.type
}

function downOptions(options: readonly Json[], out: MutableJsonObject, at: Place): void {
  const schemas = options.filter((option) => isObject(option))
  const real = schemas.filter((option) => option.type !== 'null')
  if (real.length < schemas.length) out.nullable = true
  const only = real[0]
  if (real.length === 1 && only)
    Object.assign(out, { ...down(only, at), ...pickText(out), ...(out.nullable && { nullable: true }) })
  else out.anyOf = real.map((option) => down(option, at))
}

function downMembers(schema: JsonObject, out: MutableJsonObject, at: Place): void {
  if (out.anyOf !== undefined) return
  if (out.type === 'OBJECT' && isObject(schema.properties) && Object.keys(schema.properties).length > 0)
    out.properties = mapValues(schema.properties, (member) =>
      isObject(member) ? down(member, at) : { type: 'OBJECT' },
    )
  if (out.properties === undefined) delete out.required
  if (out.type === 'ARRAY') out.items = isObject(schema.items) ? down(schema.items, at) : { type: 'STRING' }
  if (out.type === 'STRING' && out.format !== 'enum' && out.format !== 'date-time') delete out.format
}
