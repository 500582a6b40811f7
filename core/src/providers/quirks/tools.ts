import { GatewayError } from '../../kernel/faults.ts'
import { isArray, isObject, type Json, type JsonObject } from '../../kernel/json.ts'
import type { Quirk } from '../provider.ts'
import { askAlso } from './messages.ts'
import { eachFunction, mapChanged, omit, withField } from './walk.ts'

/** `required` has another name: `any`. */
export const requiredIsAny: Quirk = {
  kind: 'rewrite',
  touches: ['tool_choice'],
  effect: 'same',
  why: 'names tool_choice "required" "any"',
  body: (body) => withField(body, 'tool_choice', body.tool_choice === 'required' ? 'any' : body.tool_choice),
}

/** Fails what cannot be forced. */
export const choiceAutoOrNone: Quirk = {
  kind: 'rewrite',
  touches: ['tool_choice'],
  why: 'takes tool_choice "auto" and "none" only',
  body: (body) => {
    const choice = body.tool_choice
    if (choice === undefined || choice === null || choice === 'auto' || choice === 'none') return body
    throw new GatewayError(
      'unsupported',
      'The provider takes `tool_choice` "auto" and "none" only: it cannot be made to call a tool.',
      {
        param: 'tool_choice',
      },
    )
  },
}

/** Asks in words for the tool call that cannot be forced. */
export const askForTool: Quirk = {
  kind: 'rewrite',
  touches: ['tool_choice'],
  effect: 'emulated',
  why: 'has no tool_choice "required": the model is asked in words to call a tool',
  body: (body) =>
    body.tool_choice === 'required'
      ? askAlso({ ...body, tool_choice: 'auto' }, 'Answer by calling one of the tools you have been given.')
      : body,
}

/** Leaves `strict` out of tool declarations. */
export const dropStrict: Quirk = {
  kind: 'rewrite',
  touches: ['tools'],
  why: 'rejects strict in tools: arguments are not held to the schema',
  body: eachFunction((declared) => omit(declared, ['strict'])),
}

/** Leaves every `additionalProperties` out of the schemas of tools. */
export const dropAdditionalProperties: Quirk = {
  kind: 'rewrite',
  touches: ['tools'],
  why: 'cannot compile schemas with additionalProperties',
  body: eachFunction((declared) => withParameters(declared, (schema) => withoutAdditional(schema))),
}

function withoutAdditional(value: Json): Json {
  if (isArray(value)) return mapChanged(value, withoutAdditional)
  if (!isObject(value)) return value
  const kept = typeof value.additionalProperties === 'boolean' ? omit(value, ['additionalProperties']) : value
  return mapMembers(kept, withoutAdditional)
}

/** References written out at most: definitions that use each other twice would grow without end. */
const mostReferences = 2000

/** Writes out `$ref`s into `$defs` or `definitions` in the schemas of tools; a schema within itself stays a reference. */
export const inlineReferences: Quirk = {
  kind: 'rewrite',
  touches: ['tools'],
  effect: 'same',
  why: 'does not follow $ref in schemas',
  body: eachFunction((declared) => withParameters(declared, inlined)),
}

function inlined(schema: JsonObject): JsonObject {
  const open = new Set<string>()
  let left = mostReferences
  let referred = false
  const expand = (value: Json): Json => {
    if (isArray(value)) return mapChanged(value, expand)
    if (!isObject(value)) return value
    const name =
      typeof value.$ref === 'string' ? /^#\/(?:\$defs|definitions)\/([^/]+)$/.exec(value.$ref)?.[1] : undefined
    if (name === undefined) return mapMembers(value, expand)
    const target = definition(schema, name)
    if (target === undefined) return value
    if (open.has(name) || left-- <= 0) {
      referred = true
      return value
    }
    open.add(name)
    const { $ref: _ref, ...beside } = value
    const made = expand({ ...target, ...beside })
    open.delete(name)
    return made
  }
  const made = expand(omit(schema, ['$defs', 'definitions']))
  if (!isObject(made)) return schema
  // what is still referred to must still be defined
  return referred ? { ...made, $defs: { ...asDefinitions(schema.definitions), ...asDefinitions(schema.$defs) } } : made
}

function definition(schema: JsonObject, name: string): JsonObject | undefined {
  const found = asDefinitions(schema.$defs)[name] ?? asDefinitions(schema.definitions)[name]
  return isObject(found) ? found : undefined
}

function asDefinitions(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {}
}

function withParameters(declared: JsonObject, change: (schema: JsonObject) => Json): JsonObject {
  if (!isObject(declared.parameters)) return declared
  const parameters = change(declared.parameters)
  return parameters === declared.parameters ? declared : { ...declared, parameters }
}

function mapMembers(value: JsonObject, change: (member: Json) => Json): JsonObject {
  let changed = false
  const out = Object.entries(value).map(([name, member]) => {
    const made = member === undefined ? member : change(member)
    if (made !== member) changed = true
    return [name, made] as const
  })
  return changed ? Object.fromEntries(out) : value
}
