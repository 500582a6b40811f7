import { formatOf } from '../formats/index.ts'
import { GatewayError } from '../kernel/faults.ts'
import { asString } from '../kernel/json.ts'
import type { ChatRequest, NativeTool } from '../vocabulary/chat-request.ts'
import type { FormatId } from '../vocabulary/format-id.ts'
import type { Read, Warning } from '../vocabulary/warnings.ts'
import type { Call } from './call.ts'
import type { Target } from './target.ts'

/** Refuses fields that only the vendor of the caller's format can honour, where leaving them out would change what is asked. */
export function refuseVendorOnly(call: Call, target: Target): void {
  for (const name of formatOf(call.format).wire.vendorOnly ?? []) {
    const value = call.envelope.members.has(name) ? call.field(name) : undefined
    if (value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0)) continue
    throw new GatewayError(
      'unsupported',
      `The field \`${name}\` means something only to a provider that speaks this format; \`${target.model}\` is called in another.`,
      { param: name },
    )
  }
}

/**
 * Tools that the provider itself would run (web search, code execution) are its format's own. Elsewhere they are refused by name, or
 * left out with a warning where the deployment or the caller says `drop_params`.
 */
export function withoutForeignTools(request: ChatRequest, call: Call, to: FormatId, target: Target): Read<ChatRequest> {
  const foreign = (request.tools ?? []).filter((tool) => tool.type === 'native' && tool.format !== to) as NativeTool[]
  const [first] = foreign
  if (!first) return { value: request, warnings: [] }
  const { tools = [], toolChoice, ...rest } = request
  const kept = tools.filter((tool) => !foreign.includes(tool as NativeTool))
  const insists = kept.length === 0 && toolChoice !== undefined && !['auto', 'none'].includes(toolChoice.type)
  if (!(target.dropParams || dropsParams(call)) || insists) throw notRunHere(first, to, target)
  return {
    value: { ...rest, ...(kept.length > 0 && { tools: kept, ...(toolChoice && { toolChoice }) }) },
    warnings: foreign.map(dropped),
  }
}

function dropsParams(call: Call): boolean {
  return call.envelope.members.has('drop_params') && call.field('drop_params') === true
}

function dropped(tool: NativeTool): Warning {
  return { kind: 'dropped', path: `tools.${labelOf(tool)}`, why: `only ${tool.format} providers run this tool` }
}

function notRunHere(tool: NativeTool, to: FormatId, target: Target): GatewayError {
  const label = labelOf(tool)
  return new GatewayError(
    'unsupported',
    `The tool \`${label}\` is run by providers of the format ${tool.format} only; \`${target.model}\` is called in ${to}. Leave it out, or set drop_params: true to have such tools left out.`,
    { param: 'tools' },
  )
}

/** What a hosted tool is called: its type, its name, or the one member that Google's have. */
function labelOf({ value }: NativeTool): string {
  return asString(value.type) ?? asString(value.name) ?? Object.keys(value)[0] ?? 'tool'
}
