import { asArray, asBoolean, asObject, asString, isObject, type Json, type JsonObject } from '../../../kernel/json.ts'
import type { CustomTool, FunctionTool, Tool, ToolChoice } from '../../../vocabulary/chat-request.ts'
import type { ToolNames } from '../../tool-names.ts'
import {
  extras,
  keepNative,
  malformed,
  type Notes,
  nativeFields,
  own,
  requireObject,
  requireText,
  unsupported,
} from '../own.ts'

type Callable = FunctionTool | CustomTool

const toolFields: ReadonlySet<string> = new Set([
  'type',
  'name',
  'description',
  'parameters',
  'strict',
  'function',
  'format',
])
const namespaceFields: ReadonlySet<string> = new Set(['type', 'name', 'tools'])

/** https://platform.openai.com/docs/api-reference/responses/create#responses-create-tools */
export function readTools(value: Json | undefined): Tool[] | undefined {
  if (value === undefined || value === null) return undefined
  if (!Array.isArray(value)) throw malformed('tools', 'an array')
  return value.flatMap((tool, at) => readTool(requireObject(tool, `tools[${at}]`), `tools[${at}]`))
}

function readTool(tool: JsonObject, path: string): Tool[] {
  const type = requireText(tool.type, `${path}.type`)
  if (type === 'function' || type === 'custom') return [readCallable(tool, path)]
  return (type === 'namespace' && readNamespace(tool, path)) || [{ type: 'native', format: own, value: tool }]
}

function readCallable(tool: JsonObject, path: string): Callable {
  return tool.type === 'custom' ? readCustom(tool, path) : readFunction(tool, path)
}

/**
 * `strict: false` and no word about it in other formats mean the same, so it is read as absent; writing says it again, because this
 * format is strict unless told otherwise (https://platform.openai.com/docs/guides/migrate-to-responses).
 */
function readFunction(tool: JsonObject, path: string): FunctionTool {
  // the chat format nests these; several clients send that here too
  const nested = asObject(tool.function) ?? {}
  const description = asString(tool.description) ?? asString(nested.description)
  const parameters = asObject(tool.parameters) ?? asObject(nested.parameters)
  const strict = asBoolean(tool.strict) ?? asBoolean(nested.strict)
  return {
    type: 'function',
    name: requireText(tool.name ?? nested.name, `${path}.name`),
    ...(description !== undefined && { description }),
    ...(parameters && { parameters }),
    ...(strict && { strict }),
    ...keepNative(extras(tool, toolFields)),
  }
}

function readCustom(tool: JsonObject, path: string): CustomTool {
  const description = asString(tool.description)
  const format = asObject(tool.format)
  const syntax = format?.syntax
  const grammar: CustomTool['grammar'] =
    format?.type === 'grammar' && (syntax === 'lark' || syntax === 'regex')
      ? { syntax, definition: requireText(format.definition, `${path}.format.definition`) }
      : undefined
  return {
    type: 'custom',
    name: requireText(tool.name, `${path}.name`),
    ...(description !== undefined && { description }),
    ...(grammar && { grammar }),
    ...keepNative(extras(tool, toolFields)),
  }
}

/** A namespace becomes its tools; the first keeps what is said of the whole. Undefined when there is nothing to call in it. */
function readNamespace(value: JsonObject, path: string): Tool[] | undefined {
  const namespace = requireText(value.name, `${path}.name`)
  const tools = asArray(value.tools).map((tool, at) => requireObject(tool, `${path}.tools[${at}]`))
  if (tools.length === 0 || tools.some(({ type }) => type !== 'function' && type !== 'custom')) return undefined
  const said = value.description === '' ? { ...value, description: undefined } : value
  const about = extras(said, namespaceFields)
  return tools.map((tool, at) => {
    const read = readCallable(tool, `${path}.tools[${at}]`)
    const fields = { ...nativeFields(read.native), ...(at === 0 && about && { namespace: about }) }
    return { ...read, namespace, ...(Object.keys(fields).length > 0 && keepNative(fields)) }
  })
}

/** What writing tools needs beside them. */
interface Writing {
  readonly notes: Notes
  readonly names: ToolNames
}

/** Tools of one namespace that stand together are declared together. */
export function writeTools(tools: readonly Tool[], writing: Writing): JsonObject[] {
  const out: JsonObject[] = []
  let open: { readonly name: string; readonly tools: JsonObject[] } | undefined
  for (const [at, tool] of tools.entries()) {
    const namespace = tool.type === 'native' ? undefined : tool.namespace
    const written = writeTool(tool, `tools.${at}`, writing)
    if (namespace !== undefined && namespace === open?.name) {
      open.tools.push(written)
      continue
    }
    open = namespace === undefined ? undefined : { name: namespace, tools: [written] }
    out.push(
      open
        ? { type: 'namespace', name: open.name, description: '', ...aboutNamespace(tool), tools: open.tools }
        : written,
    )
  }
  return out
}

function aboutNamespace(tool: Tool): JsonObject {
  return tool.type === 'native' ? {} : (asObject(nativeFields(tool.native).namespace) ?? {})
}

function writeTool(tool: Tool, path: string, { notes, names }: Writing): JsonObject {
  if (tool.type === 'native') {
    if (tool.format === own) return tool.value
    const name = asString(tool.value.name) ?? asString(tool.value.type) ?? 'hosted'
    throw unsupported(
      path,
      `The tool \`${name}\` is run by ${tool.format} and cannot be offered in the Responses format.`,
    )
  }
  if (tool.native && tool.native.format !== own)
    notes.note(
      'dropped',
      `${path}.native`,
      `only ${tool.native.format} knows ${Object.keys(tool.native.value).join(', ')}`,
    )
  const { namespace: _namespace, ...more } = nativeFields(tool.native)
  const name = tool.namespace === undefined ? names.wire(tool.name) : tool.name
  const described = { name, ...(tool.description !== undefined && { description: tool.description }) }
  if (tool.type === 'custom') return { type: 'custom', ...described, ...writeGrammar(tool), ...more }
  if (tool.strict === false)
    notes.note('adjusted', `${path}.strict`, 'a tool that is not strict is the same with and without saying so')
  return { type: 'function', ...described, parameters: tool.parameters ?? null, strict: tool.strict ?? false, ...more }
}

function writeGrammar({ grammar }: CustomTool): JsonObject {
  return grammar ? { format: { type: 'grammar', syntax: grammar.syntax, definition: grammar.definition } } : {}
}

const words: ReadonlySet<unknown> = new Set(['auto', 'none', 'required'])

/** The choice in the vocabulary's words; undefined when it names what only this format has. */
export function readToolChoice(value: Json | undefined): ToolChoice | undefined {
  if (value === 'auto' || value === 'none' || value === 'required') return { type: value }
  if (!isObject(value)) {
    if (value === undefined || value === null) return undefined
    throw malformed('tool_choice', `one of ${[...words].join(', ')}, or an object`)
  }
  const { type, name, tools, mode, ...more } = value
  if ((type === 'function' || type === 'custom') && typeof name === 'string' && Object.keys(more).length === 0)
    return { type: 'tool', name, ...(type === 'custom' && { kind: 'custom' }) }
  if (type !== 'allowed_tools') return undefined
  const allowed = asArray(tools).filter(isObject)
  const named = allowed.every((tool) => (tool.type === 'function' || tool.type === 'custom') && asString(tool.name))
  if (!named) return undefined
  return {
    type: 'allowed',
    mode: mode === 'required' ? 'required' : 'auto',
    names: allowed.map((tool) => String(tool.name)),
  }
}

export function writeToolChoice(choice: ToolChoice, tools: readonly Tool[] | undefined, names: ToolNames): Json {
  const find = (name: string) => tools?.find((tool): tool is Callable => tool.type !== 'native' && tool.name === name)
  const naming = (name: string, kind = find(name)?.type ?? 'function'): JsonObject => {
    const bare = find(name)?.namespace === undefined
    return { type: kind, name: bare ? names.wire(name) : name }
  }
  if (choice.type === 'tool') return naming(choice.name, choice.kind)
  if (choice.type === 'allowed')
    return { type: 'allowed_tools', mode: choice.mode, tools: choice.names.map((name) => naming(name)) }
  return choice.type
}
