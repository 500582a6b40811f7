import { asArray, isObject, type Json, type JsonObject, type MutableJsonObject } from '../../kernel/json.ts'

/** Maps an array and gives the array itself back when no item changed, so that an unchanged body stays the same value. */
export function mapChanged<T>(items: readonly T[], change: (item: T, index: number) => T): readonly T[] {
  let changed = false
  const out = items.map((item, index) => {
    const made = change(item, index)
    if (made !== item) changed = true
    return made
  })
  return changed ? out : items
}

/** The body with another value in one field; the body itself when it is the value it has. */
export function withField(body: MutableJsonObject, field: string, value: Json | undefined): MutableJsonObject {
  return body[field] === value ? body : { ...body, [field]: value }
}

/** Changes each message of a body. */
export function eachMessage(
  change: (message: JsonObject) => JsonObject,
): (body: MutableJsonObject) => MutableJsonObject {
  return (body) =>
    withField(
      body,
      'messages',
      unlessAbsent(body.messages, (messages) => mapChanged(messages, (item) => (isObject(item) ? change(item) : item))),
    )
}

/** Changes the `function` of each tool of a body. */
export function eachFunction(
  change: (declared: JsonObject) => JsonObject,
): (body: MutableJsonObject) => MutableJsonObject {
  const changeTool = (tool: Json): Json => {
    if (!isObject(tool) || !isObject(tool.function)) return tool
    const made = change(tool.function)
    return made === tool.function ? tool : { ...tool, function: made }
  }
  return (body) =>
    withField(
      body,
      'tools',
      unlessAbsent(body.tools, (tools) => mapChanged(tools, changeTool)),
    )
}

function unlessAbsent(value: Json | undefined, change: (items: readonly Json[]) => readonly Json[]): Json | undefined {
  return Array.isArray(value) ? change(asArray(value)) : value
}

/** An object without some members; the object itself when it has none of them. */
export function omit(value: JsonObject, names: readonly string[]): JsonObject {
  if (!names.some((name) => value[name] !== undefined)) return value
  return Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name)))
}
