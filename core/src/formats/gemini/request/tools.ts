import { GatewayError } from '../../../kernel/faults.ts'
import { isObject, type Json, type JsonObject, leftovers, type MutableJsonObject } from '../../../kernel/json.ts'
import type { ChatRequest, FunctionTool, Tool, ToolChoice } from '../../../vocabulary/chat-request.ts'
import type { ToolNames } from '../../tool-names.ts'
import { fromOpenApi } from '../schema.ts'
import {
  camel,
  formatId,
  invalid,
  listAt,
  objectAt,
  orAbsent,
  stringAt,
  stringsAt,
  type Warnings,
  warn,
} from '../wire.ts'

/** `tools`: functions one by one, Google's own tools as they stand. */
export function readTools(list: readonly Json[]): Tool[] {
  return list.flatMap((given, at) => {
    const path = `tools[${at}]`
    if (!isObject(given)) throw invalid(path, 'an object is expected')
    const { functionDeclarations: _, ...others } = camel(given)
    const functions = (listAt(camel(given), 'functionDeclarations', path) ?? []).map((value, place) =>
      readFunction(value, `${path}.functionDeclarations[${place}]`),
    )
    const own: Tool[] =
      Object.keys(others).length > 0 ? [{ type: 'native', format: formatId, value: asItStood(given) }] : []
    return [...functions, ...own]
  })
}

function asItStood(tool: JsonObject): JsonObject {
  const out: MutableJsonObject = {}
  for (const [key, value] of Object.entries(tool))
    if (value !== null && key !== 'functionDeclarations' && key !== 'function_declarations') out[key] = value
  return out
}

const declared = new Set(['name', 'description', 'parameters', 'parametersJsonSchema'])

function readFunction(given: Json, path: string): FunctionTool {
  if (!isObject(given)) throw invalid(path, 'an object is expected')
  const declaration = camel(given)
  const name = stringAt(declaration, 'name', path)
  if (name === undefined || name === '') throw invalid(`${path}.name`, 'a name is expected')
  const description = stringAt(declaration, 'description', path)
  const parameters = readParameters(declaration, path)
  const rest = leftovers(declaration, declared)
  return {
    type: 'function',
    name,
    ...(description !== undefined && { description }),
    ...(parameters && { parameters }),
    ...(rest && { native: { format: formatId, value: rest } }),
  }
}

function readParameters(declaration: JsonObject, path: string): JsonObject | undefined {
  const { parameters, parametersJsonSchema } = declaration
  if (objectAt(declaration, 'parametersJsonSchema', path)) return parametersJsonSchema as JsonObject
  return objectAt(declaration, 'parameters', path) && fromOpenApi(parameters as JsonObject)
}

/** `toolConfig`: what is said of choosing, whether the arguments must keep to their schemas, and what only Google knows. */
export function readToolConfig(given: JsonObject): {
  choice?: ToolChoice
  strict: boolean
  rest: JsonObject | undefined
} {
  const config = camel(given)
  const calling = objectAt(config, 'functionCallingConfig', 'toolConfig')
  if (!calling) return { strict: false, rest: orAbsent(config) }
  const path = 'toolConfig.functionCallingConfig'
  const { functionCallingConfig: _, ...others } = config
  const mode = stringAt(calling, 'mode', path)?.toUpperCase() ?? 'AUTO'
  const names = stringsAt(calling, 'allowedFunctionNames', path)
  const unknown = leftovers(calling, new Set(['mode', 'allowedFunctionNames']))
  const choice = readChoice(mode, names && names.length > 0 ? names : undefined, path)
  const rest = orAbsent({ ...others, ...(unknown && { functionCallingConfig: unknown }) })
  return { choice, strict: mode === 'VALIDATED' && choice.type === 'auto', rest }
}

function readChoice(mode: string, names: readonly string[] | undefined, path: string): ToolChoice {
  const [name] = names ?? []
  if (mode === 'NONE') return { type: 'none' }
  if (mode === 'ANY') {
    if (!names || name === undefined) return { type: 'required' }
    return names.length === 1 ? { type: 'tool', name } : { type: 'allowed', mode: 'required', names }
  }
  if (mode === 'AUTO' || mode === 'VALIDATED' || mode === 'MODE_UNSPECIFIED')
    return names ? { type: 'allowed', mode: 'auto', names } : { type: 'auto' }
  throw invalid(`${path}.mode`, 'one of AUTO, ANY, NONE, VALIDATED is expected')
}

/** The tools as Google has them: all functions in one entry, each of Google's own in an entry of its own. */
export function writeTools(tools: readonly Tool[], names: ToolNames, warnings: Warnings): JsonObject[] {
  const functionDeclarations: JsonObject[] = []
  const out: JsonObject[] = []
  for (const [at, tool] of tools.entries()) {
    const path = `tools.${at}`
    if (tool.type === 'native') {
      if (tool.format === formatId) out.push(tool.value)
      else
        throw new GatewayError('unsupported', `${path}: Gemini cannot run a tool that only ${tool.format} knows.`, {
          param: path,
        })
      continue
    }
    if (functionDeclarations.length === 0) out.push({ functionDeclarations })
    else if (tools[at - 1]?.type === 'native') warn(warnings, 'adjusted', path, 'Gemini takes all functions together')
    functionDeclarations.push(writeFunction(tool, path, names, warnings))
  }
  return out
}

function writeFunction(
  tool: Exclude<Tool, { type: 'native' }>,
  path: string,
  names: ToolNames,
  warnings: Warnings,
): JsonObject {
  const description = tool.description !== undefined && { description: tool.description }
  if (tool.cache) warn(warnings, 'dropped', `${path}.cache`, 'Gemini has no prompt-cache breakpoints')
  if (tool.type === 'custom') {
    warn(warnings, 'emulated', path, 'free text is asked for as the argument `input` of a function')
    return { name: names.wire(tool.name), ...description, parametersJsonSchema: inputSchema(tool.grammar) }
  }
  const name = names.wire(tool.name, tool.namespace)
  if (name !== tool.name)
    warn(warnings, 'adjusted', `${path}.name`, `Gemini does not take this name; \`${name}\` is sent`)
  const own = tool.native?.format === formatId ? tool.native.value : undefined
  if (tool.native && !own) warn(warnings, 'dropped', `${path}.native`, `only ${tool.native.format} knows it`)
  return { name, ...description, ...(tool.parameters && { parametersJsonSchema: tool.parameters }), ...own }
}

function inputSchema(grammar: { syntax: string; definition: string } | undefined): JsonObject {
  const description = grammar && { description: `Keeps to this ${grammar.syntax} grammar:\n${grammar.definition}` }
  return { type: 'object', properties: { input: { type: 'string', ...description } }, required: ['input'] }
}

/** `functionCallingConfig`; undefined when nothing is said. Google refuses one without functions. */
export function writeChoice(request: ChatRequest, names: ToolNames, warnings: Warnings): JsonObject | undefined {
  const { tools = [], toolChoice } = request
  const functions = tools.filter((tool) => tool.type !== 'native')
  if (functions.length === 0) {
    if (toolChoice) warn(warnings, 'dropped', 'toolChoice', 'there are no functions to choose from')
    return undefined
  }
  const strict = writeStrict(tools, toolChoice, warnings)
  if (!toolChoice) return strict ? { mode: 'VALIDATED' } : undefined
  const wires = (list: readonly string[]): string[] => list.map((name) => names.wire(name))
  switch (toolChoice.type) {
    case 'auto':
      return { mode: strict ? 'VALIDATED' : 'AUTO' }
    case 'none':
      return { mode: 'NONE' }
    case 'required':
      return { mode: 'ANY' }
    case 'tool':
      return { mode: 'ANY', allowedFunctionNames: wires([toolChoice.name]) }
    case 'allowed':
      if (toolChoice.names.length === 0) warn(warnings, 'adjusted', 'toolChoice', 'an empty list of names allows all')
      else if (toolChoice.mode === 'required' && toolChoice.names.length === 1)
        warn(warnings, 'adjusted', 'toolChoice', 'one required name is asked for as the tool to call')
      // AUTO takes no list of names, VALIDATED does: https://ai.google.dev/gemini-api/docs/function-calling#function_calling_modes
      return {
        mode: toolChoice.mode === 'required' ? 'ANY' : 'VALIDATED',
        allowedFunctionNames: wires(toolChoice.names),
      }
  }
}

/** Google keeps arguments to their schemas for all functions or none: mode VALIDATED, when the model may choose freely. */
function writeStrict(tools: readonly Tool[], choice: ToolChoice | undefined, warnings: Warnings): boolean {
  const functions = tools.filter((tool) => tool.type === 'function')
  const all = functions.length > 0 && functions.every(({ strict }) => strict === true)
  const free = !choice || choice.type === 'auto'
  if (all && free) {
    if (!choice) warn(warnings, 'adjusted', 'toolChoice', 'strict functions are asked for by the mode VALIDATED')
    return true
  }
  for (const [at, tool] of tools.entries())
    if (tool.type === 'function' && tool.strict !== undefined)
      warn(warnings, 'dropped', `tools.${at}.strict`, 'Gemini is strict with all functions or with none')
  return false
}
