import { isArray, isObject, type Json, type JsonObject, type MutableJsonObject } from '../../../kernel/json.ts'

/** https://platform.claude.com/docs/en/build-with-claude/structured-outputs#json-schema-limitations */
const formats: ReadonlySet<Json | undefined> = new Set([
  'date-time',
  'time',
  'date',
  'duration',
  'email',
  'hostname',
  'uri',
  'ipv4',
  'ipv6',
  'uuid',
])

/** Keywords that the grammar cannot hold a model to: they go on as words. */
const spoken: ReadonlySet<string> = new Set([
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
  'minLength',
  'maxLength',
  'maxItems',
  'uniqueItems',
  'minProperties',
  'maxProperties',
  'not',
])

/** Members that hold schemas by name. */
const named: ReadonlySet<string> = new Set(['properties', '$defs', 'definitions'])
/** Members that hold values, not schemas. */
const values: ReadonlySet<string> = new Set(['enum', 'const', 'default', 'examples', 'required'])

/**
 * The schema in the part of JSON Schema that Anthropic compiles for structured outputs and strict tools: objects are closed,
 * `oneOf` is `anyOf`, and bounds become part of the description. A schema that already fits comes back equal.
 */
export function fitSchema(schema: JsonObject): JsonObject {
  const out: MutableJsonObject = {}
  const words: string[] = []
  for (const [key, value] of Object.entries(schema)) {
    if (value === undefined) continue
    if (isSpoken(key, value)) words.push(`${key}: ${JSON.stringify(value)}`)
    else out[key === 'oneOf' ? 'anyOf' : key] = fitMember(key, value)
  }
  if (out.type === 'object' || isObject(out.properties)) out.additionalProperties = false
  if (words.length > 0) {
    const before = typeof schema.description === 'string' ? `${schema.description}\n` : ''
    out.description = `${before}(${words.join(', ')})`
  }
  return out
}

function isSpoken(key: string, value: Json): boolean {
  if (key === 'format') return !formats.has(value)
  if (key === 'minItems') return value !== 0 && value !== 1
  return spoken.has(key)
}

function fitMember(key: string, value: Json): Json {
  if (values.has(key)) return value
  if (named.has(key) && isObject(value)) {
    const entries = Object.entries(value).map(([name, member]) => [name, isObject(member) ? fitSchema(member) : member])
    return Object.fromEntries(entries)
  }
  if (isArray(value)) return value.map((member) => (isObject(member) ? fitSchema(member) : member))
  return isObject(value) ? fitSchema(value) : value
}
