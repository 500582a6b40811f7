import { asBoolean, asObject, asString, isArray, type Json, type JsonObject } from '../../../kernel/json.ts'
import type { ModelProfile } from '../../../models/profile.ts'
import type { ChatRequest, Tool, ToolChoice } from '../../../vocabulary/chat-request.ts'
import type { ToolNames } from '../../tool-names.ts'
import { malformed, type Notes, needObject, own, ownValue, readCache, rest, unsupported, writeCache } from './fields.ts'
import { fitSchema } from './schema.ts'

const toolKnown = new Set(['type', 'name', 'description', 'input_schema', 'cache_control', 'strict'])

/** https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview; a tool with a type of its own is Anthropic's. */
export function readTools(tools: Json | undefined): Tool[] | undefined {
  if (tools === undefined || tools === null) return undefined
  if (!isArray(tools)) throw malformed('tools', 'must be a list.')
  return tools.map((tool, at) => readTool(needObject(tool, `tools.${at}`), `tools.${at}`))
}

function readTool(tool: JsonObject, path: string): Tool {
  if (tool.type !== undefined && tool.type !== null && tool.type !== 'custom') return { type: 'native', ...own(tool) }
  const name = asString(tool.name)
  if (name === undefined || name === '') throw malformed(`${path}.name`, 'must be a string.')
  const description = asString(tool.description)
  const parameters = asObject(tool.input_schema)
  const strict = asBoolean(tool.strict)
  if (tool.input_schema !== undefined && !parameters) throw malformed(`${path}.input_schema`, 'must be a JSON schema.')
  return {
    type: 'function',
    name,
    ...(description !== undefined && { description }),
    ...(parameters && { parameters }),
    ...(strict !== undefined && { strict }),
    ...readCache(tool),
    ...rest(tool, toolKnown),
  }
}

/** Adds what `tool_choice` says: the choice itself, and whether calls may come in parallel. */
export function readToolChoice(value: Json | undefined): { toolChoice?: ToolChoice; parallelTools?: boolean } {
  if (value === undefined || value === null) return {}
  const choice = needObject(value, 'tool_choice')
  const alone = asBoolean(choice.disable_parallel_tool_use)
  return { toolChoice: readChoice(choice), ...(alone !== undefined && { parallelTools: !alone }) }
}

function readChoice(choice: JsonObject): ToolChoice {
  switch (choice.type) {
    case 'auto':
    case 'none':
      return { type: choice.type }
    case 'any':
      return { type: 'required' }
    case 'tool':
      if (typeof choice.name === 'string') return { type: 'tool', name: choice.name }
      throw malformed('tool_choice.name', 'must be a string.')
    default:
      throw malformed('tool_choice.type', 'must be one of auto, any, tool, none.')
  }
}

interface Writing {
  readonly names: ToolNames
  readonly profile: ModelProfile
  readonly notes: Notes
}

/** The request's tools and choice; a history of calls needs its tools defined, even when the caller offers none. */
export function writeTools(request: ChatRequest, called: ReadonlySet<string>, writing: Writing): JsonObject {
  const { toolChoice, parallelTools } = request
  const offered = request.tools ?? []
  const written = offered.map((tool, at) => writeTool(tool, `tools.${at}`, writing))
  const tools = written.filter((tool) => isAllowed(tool, toolChoice, writing))
  if (tools.length > 0) {
    const choice = writeChoice(toolChoice, parallelTools, writing)
    return { tools, ...(choice && { tool_choice: choice }) }
  }
  if (toolChoice && toolChoice.type !== 'none')
    writing.notes.dropped('toolChoice', 'there are no tools to choose from.')
  return called.size === 0 ? { ...(request.tools && { tools }) } : rememberTools(called, writing.notes)
}

function rememberTools(called: ReadonlySet<string>, notes: Notes): JsonObject {
  notes.emulated('tools', 'Anthropic wants the tools defined that the history calls.')
  const tools = [...called].map((name) => ({ name, input_schema: { type: 'object' } }))
  return { tools, tool_choice: { type: 'none' } }
}

function isAllowed(tool: JsonObject, choice: ToolChoice | undefined, { names, notes }: Writing): boolean {
  if (choice?.type !== 'allowed' || choice.names.some((name) => names.wire(name) === tool.name)) return true
  notes.adjusted('toolChoice', `the tool ${asString(tool.name)} is not sent, since it may not be called.`)
  return false
}

function writeChoice(
  choice: ToolChoice | undefined,
  parallel: boolean | undefined,
  { names }: Writing,
): JsonObject | undefined {
  const alone = parallel === undefined ? {} : { disable_parallel_tool_use: !parallel }
  if (!choice) return parallel === false ? { type: 'auto', ...alone } : undefined
  switch (choice.type) {
    case 'none':
      return { type: 'none' }
    case 'tool':
      return { type: 'tool', name: names.wire(choice.name), ...alone }
    case 'allowed':
      return { type: choice.mode === 'required' ? 'any' : 'auto', ...alone }
    default:
      return { type: choice.type === 'required' ? 'any' : 'auto', ...alone }
  }
}

/** Whether the choice forces a call, which Anthropic does not join with thinking. */
export function isForced(choice: ToolChoice | undefined): boolean {
  return (
    choice?.type === 'required' || choice?.type === 'tool' || (choice?.type === 'allowed' && choice.mode === 'required')
  )
}

function writeTool(tool: Tool, path: string, writing: Writing): JsonObject {
  if (tool.type === 'native') {
    const value = ownValue(tool)
    if (value) return value
    throw unsupported(path, `this tool is one that only ${tool.format} runs; Anthropic has tools of its own.`)
  }
  return tool.type === 'custom' ? emulateCustom(tool, path, writing) : writeFunction(tool, path, writing)
}

function writeFunction(
  tool: Extract<Tool, { type: 'function' }>,
  path: string,
  { names, profile, notes }: Writing,
): JsonObject {
  const name = names.wire(tool.name, tool.namespace)
  if (name !== tool.name) notes.adjusted(`${path}.name`, `the tool is called ${name} at Anthropic.`)
  const strict = profile.structuredOutput === false ? undefined : tool.strict
  if (strict !== tool.strict) notes.dropped(`${path}.strict`, 'the model cannot be held to a schema.')
  if (tool.native && !ownValue(tool.native))
    notes.dropped(`${path}.native`, `only ${tool.native.format} knows these fields.`)
  return {
    name,
    ...(tool.description !== undefined && { description: tool.description }),
    input_schema: writeParameters(tool, strict === true, { path, notes }),
    ...(strict !== undefined && { strict }),
    ...writeCache(tool.cache),
    ...ownValue(tool.native),
  }
}

/** The root must say that it is an object. */
function writeParameters(
  { parameters }: Extract<Tool, { type: 'function' }>,
  strict: boolean,
  { path, notes }: { path: string; notes: Notes },
): JsonObject {
  if (!parameters) return { type: 'object', ...(strict && { additionalProperties: false }) }
  const typed = parameters.type === 'object' ? parameters : { type: 'object', ...parameters }
  const fitted = strict ? fitSchema(typed) : typed
  if (fitted !== parameters && JSON.stringify(fitted) !== JSON.stringify(parameters))
    notes.adjusted(`${path}.parameters`, 'the schema was brought into the form that Anthropic takes.')
  return fitted
}

/** A tool with free input becomes one whose only argument is that input. */
function emulateCustom(tool: Extract<Tool, { type: 'custom' }>, path: string, { names, notes }: Writing): JsonObject {
  notes.emulated(path, 'Anthropic has no tools with free input: it is one string argument, `input`.')
  const grammar =
    tool.grammar && `The input must match this ${tool.grammar.syntax} grammar:\n${tool.grammar.definition}`
  const input = { type: 'string', ...(grammar !== undefined && { description: grammar }) }
  return {
    name: names.wire(tool.name),
    ...(tool.description !== undefined && { description: tool.description }),
    input_schema: { type: 'object', properties: { input }, required: ['input'], additionalProperties: false },
    ...writeCache(tool.cache),
  }
}
