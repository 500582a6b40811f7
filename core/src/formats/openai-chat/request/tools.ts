import {
  asObject,
  asString,
  compact,
  isArray,
  isObject,
  type Json,
  type JsonObject,
  leftovers,
} from '../../../kernel/json.ts'
import type { ChatRequest, CustomTool, FunctionTool, Tool, ToolChoice } from '../../../vocabulary/chat-request.ts'
import type { Warning } from '../../../vocabulary/warnings.ts'
import type { ToolNames } from '../../tool-names.ts'
import { readCache, writeCache } from '../wire.ts'
import {
  optionalArray,
  optionalBoolean,
  optionalObject,
  optionalString,
  refuse,
  requiredObject,
  requiredString,
  unsupported,
} from './fields.ts'

const outerKeys = new Set(['type', 'function', 'custom', 'cache_control'])
const functionKeys = new Set(['name', 'description', 'parameters', 'strict'])
const flatKeys = new Set([...outerKeys, ...functionKeys, 'input_schema'])

/** Reads `tools` and the deprecated `functions`; flat and Anthropic-shaped tools, which Cursor mixes in, are read as well. */
export function readTools(body: JsonObject): readonly Tool[] | undefined {
  const tools = optionalArray(body.tools, 'tools')?.map((tool, at) => readTool(tool, `tools[${at}]`))
  const functions = optionalArray(body.functions, 'functions')?.map((declared, at) => {
    const path = `functions[${at}]`
    return readFunction({ declared: requiredObject(declared, path), outer: {} }, path)
  })
  return tools && functions ? [...tools, ...functions] : (tools ?? functions)
}

function readTool(value: Json, path: string): Tool {
  const tool = requiredObject(value, path)
  const type = optionalString(tool.type, `${path}.type`)
  // other kinds are hosted tools, even those that name a function (Moonshot's `builtin_function`)
  if (type !== undefined && type !== 'function' && type !== 'custom')
    return { type: 'native', format: 'openai-chat', value: tool }
  const nested = optionalObject(tool.function, `${path}.function`)
  if (nested) return readFunction({ declared: nested, outer: tool }, `${path}.function`)
  if (type === 'custom' && tool.input_schema === undefined) return readCustom(tool, path)
  return readFlat(tool, path)
}

function readFlat(tool: JsonObject, path: string): FunctionTool {
  if (typeof tool.name !== 'string') refuse(`${path}.function`, 'an object with the name of the function')
  const rest = leftovers(tool, flatKeys)
  const parameters = tool.parameters ?? tool.input_schema
  return {
    ...readFunction({ declared: compact({ ...tool, parameters }), outer: {} }, path),
    ...readCache(tool),
    ...(rest && { native: { format: 'openai-chat', value: rest } }),
  }
}

function readFunction({ declared, outer }: { declared: JsonObject; outer: JsonObject }, path: string): FunctionTool {
  const inner = outer === declared || Object.keys(outer).length === 0 ? undefined : leftovers(declared, functionKeys)
  const rest = leftovers(outer, outerKeys)
  const native = rest || inner ? { ...rest, ...(inner && { function: inner }) } : undefined
  return compact({
    type: 'function' as const,
    name: requiredString(declared.name, `${path}.name`),
    description: optionalString(declared.description, `${path}.description`),
    parameters: optionalObject(declared.parameters, `${path}.parameters`),
    strict: optionalBoolean(declared.strict, `${path}.strict`),
    cache: readCache(outer).cache,
    native: native && { format: 'openai-chat' as const, value: native },
  })
}

function readCustom(tool: JsonObject, path: string): CustomTool {
  const declared = optionalObject(tool.custom, `${path}.custom`) ?? tool
  const format = asObject(declared.format)
  const grammar = asObject(format?.grammar) ?? (format?.type === 'grammar' ? format : undefined)
  const syntax = grammar?.syntax
  if (grammar && syntax !== 'lark' && syntax !== 'regex')
    refuse(`${path}.custom.format.grammar.syntax`, 'lark or regex')
  return compact({
    type: 'custom' as const,
    name: requiredString(declared.name, `${path}.custom.name`),
    description: optionalString(declared.description, `${path}.custom.description`),
    grammar:
      grammar && (syntax === 'lark' || syntax === 'regex')
        ? { syntax, definition: requiredString(grammar.definition, `${path}.custom.format.grammar.definition`) }
        : undefined,
    cache: readCache(tool).cache,
  })
}

const modes: Readonly<Record<string, 'auto' | 'none' | 'required'>> = {
  auto: 'auto',
  none: 'none',
  required: 'required',
  any: 'required',
}

/** Reads `tool_choice`, else the deprecated `function_call`; undefined for a kind that only its provider knows. */
export function readToolChoice(body: JsonObject): ToolChoice | undefined {
  const path = body.tool_choice === undefined || body.tool_choice === null ? 'function_call' : 'tool_choice'
  const choice = body[path]
  if (choice === undefined || choice === null) return undefined
  if (typeof choice === 'string') return { type: modes[choice] ?? refuse(path, 'none, auto, required or a tool') }
  if (!isObject(choice)) return refuse(path, 'a string or an object')
  if (choice.type === 'allowed_tools') return readAllowed(asObject(choice.allowed_tools) ?? choice)
  const mode = modes[asString(choice.type) ?? '']
  if (mode) return { type: mode }
  return readNamed(choice)
}

function readNamed(choice: JsonObject): ToolChoice | undefined {
  const name = nameOf(choice)
  if (name === undefined) return undefined
  return { type: 'tool', name, ...(choice.type === 'custom' && { kind: 'custom' }) }
}

function nameOf(tool: JsonObject): string | undefined {
  return asString(asObject(tool.function)?.name) ?? asString(asObject(tool.custom)?.name) ?? asString(tool.name)
}

function readAllowed(allowed: JsonObject): ToolChoice {
  const tools = isArray(allowed.tools) ? allowed.tools.filter(isObject) : []
  const names = tools.flatMap((tool) => nameOf(tool) ?? [])
  return { type: 'allowed', mode: allowed.mode === 'required' ? 'required' : 'auto', names }
}

/** What the writers of a request share. */
export interface Writing {
  readonly names: ToolNames
  /** whether this model's endpoint takes `cache_control` */
  readonly caches: boolean
  warn(kind: Warning['kind'], path: string, why: string): void
}

/** The name that stands on the wire for a tool; a warning where it is another than the caller's. */
export function wireName(
  tool: { readonly name: string; readonly namespace?: string },
  path: string,
  writing: Writing,
): string {
  const name = writing.names.wire(tool.name, tool.namespace)
  if (name !== tool.name) writing.warn('adjusted', `${path}.name`, `it is called ${name} on the wire`)
  if (tool.namespace !== undefined) writing.warn('adjusted', `${path}.namespace`, 'it is part of the name on the wire')
  return name
}

/** The `cache_control` member where the endpoint takes it; else a warning. */
export function cacheMember(
  part: { readonly cache?: { readonly ttl?: '5m' | '1h' } },
  path: string,
  writing: Writing,
): JsonObject {
  if (!part.cache) return {}
  if (writing.caches) return { cache_control: writeCache(part.cache) }
  writing.warn('dropped', `${path}.cache`, 'the endpoint does not take cache marks')
  return {}
}

/** The `tools` member. */
export function writeTools(tools: readonly Tool[], writing: Writing): JsonObject[] {
  return tools.map((tool, at) => writers[tool.type](tool as never, `tools.${at}`, writing))
}

type ToolWriters = {
  [T in Tool['type']]: (tool: Extract<Tool, { type: T }>, path: string, writing: Writing) => JsonObject
}

const writers: ToolWriters = {
  function: (tool, path, writing) => {
    const native = tool.native?.format === 'openai-chat' ? tool.native.value : undefined
    if (tool.native && !native)
      writing.warn('dropped', `${path}.native`, `only ${tool.native.format} knows these fields`)
    return {
      type: 'function',
      ...native,
      function: compact({
        ...asObject(native?.function),
        name: wireName(tool, path, writing),
        description: tool.description,
        parameters: tool.parameters,
        strict: tool.strict,
      }),
      ...cacheMember(tool, path, writing),
    }
  },
  custom: (tool, path, writing) => ({
    type: 'custom',
    custom: compact({
      name: wireName(tool, path, writing),
      description: tool.description,
      format: tool.grammar && { type: 'grammar', grammar: { ...tool.grammar } },
    }),
    ...cacheMember(tool, path, writing),
  }),
  native: (tool, path) => {
    if (tool.format !== 'openai-chat') unsupported(path, `it is a hosted tool of the format ${tool.format}`)
    return tool.value
  },
}

/** The `tool_choice` member. */
export function writeToolChoice(choice: ToolChoice, request: ChatRequest, writing: Writing): Json {
  if (choice.type === 'tool') return reference(choice, request, writing)
  if (choice.type !== 'allowed') return choice.type
  const tools = choice.names.map((name) => reference({ name }, request, writing))
  return { type: 'allowed_tools', allowed_tools: { mode: choice.mode, tools } }
}

/** Names a tool as the choice wants it: by its kind and its name on the wire. */
function reference(
  choice: { readonly name: string; readonly kind?: 'function' | 'custom' },
  request: ChatRequest,
  writing: Writing,
): JsonObject {
  const tool = request.tools?.find((each) => each.type !== 'native' && each.name === choice.name)
  const kind = choice.kind ?? (tool?.type === 'custom' ? 'custom' : 'function')
  const { name } = choice
  return {
    type: kind,
    [kind]: {
      name: tool?.type === 'function' ? wireName({ ...tool, name }, 'toolChoice', writing) : writing.names.wire(name),
    },
  }
}
