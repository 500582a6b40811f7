import type { ChatRequest, Tool } from '../../vocabulary/chat-request.ts'
import type { FormatId } from '../../vocabulary/format-id.ts'
import type { Message } from '../../vocabulary/messages.ts'
import type { AssistantPart, MediaPart, ToolResultPart, UserPart } from '../../vocabulary/parts.ts'
import type { Warning } from '../../vocabulary/warnings.ts'

/**
 * The request as far as formats must give it back: what is left out here either goes without saying (a default said aloud, an
 * item's own id, the name of a called tool next to its call, the type of a file behind a URL) or belongs to one format alone.
 */
export function restated(request: ChatRequest, format: FormatId, bounded: boolean): unknown {
  const { includeUsage, parallelTools, maxOutputTokens, output, tools, toolChoice, ...rest } = request
  const openai = format === 'openai-chat' || format === 'openai-responses'
  return {
    ...rest,
    ...(format === 'openai-chat' && { includeUsage }),
    ...(parallelTools === false && { parallelTools }),
    ...(output?.type !== 'text' && { output }),
    // Messages requires a bound: one that nobody asked for is filled in
    ...((format !== 'anthropic-messages' || bounded) && { maxOutputTokens }),
    tools: tools?.map(restatedTool),
    toolChoice: openai || toolChoice?.type !== 'tool' ? toolChoice : { ...toolChoice, kind: undefined },
    messages: request.messages.map(restatedMessage),
  }
}

/** A schema that says only "an object" says nothing. */
function restatedTool(tool: Tool): unknown {
  if (tool.type !== 'function' || JSON.stringify(tool.parameters) !== '{"type":"object"}') return tool
  return { ...tool, parameters: undefined }
}

function restatedMessage(message: Message): unknown {
  const parts: readonly (AssistantPart | UserPart | ToolResultPart)[] = message.content
  const content = parts.flatMap<unknown>((part) => {
    if (part.type === 'text' && part.text === '') return []
    if (part.type === 'media') return [restatedMedia(part)]
    if (part.type !== 'tool-call') return [part]
    const { itemId: _, ...call } = part
    return [call]
  })
  if (message.role !== 'tool') return { ...message, content }
  const { name: _, ...rest } = message
  return { ...rest, content }
}

function restatedMedia(part: MediaPart): MediaPart {
  if (part.source.type === 'base64' || part.source.type === 'text') return part
  const { mediaType: _, ...source } = part.source
  return { ...part, source }
}

/** What one loss may change elsewhere: an emulated shape adds words, a narrowed choice takes tools away. */
const consequences: Readonly<Record<string, string>> = { output: 'messages', toolChoice: 'tools', tools: 'toolChoice' }

/** Warnings as wide as what they tell of: a lost seal may be the whole part, an error may be told in words, a join is two messages. */
export function widened(warnings: readonly Warning[], request: ChatRequest): Warning[] {
  const natives = new Set(Object.keys(request.native?.fields ?? {}))
  const marks = pathsOf(request, 'cache')
  return warnings.flatMap((warning) => {
    if (warning.path === 'cache') return marks.map((path) => ({ ...warning, path }))
    const path = warning.path
      .replace(/\.(opaque|isError|input)$/, '')
      .replace(/^(reasoning|toolChoice|output)\..*/, '$1')
      .replace(/^(tools\.\d+)\.(name|namespace)$/, '$1')
    const joined = /^messages\.(\d+)$/.exec(path)
    const also = [
      ...(joined && Number(joined[1]) > 0 ? [`messages.${Number(joined[1]) - 1}`] : []),
      ...(natives.has(path.replace(/^native\.(fields\.)?/, '')) ? ['native'] : []),
      ...(consequences[path] === undefined ? [] : [consequences[path]]),
    ]
    return [path, ...also].map((wide) => ({ ...warning, path: wide }))
  })
}

/** Where a member of this name stands in the request. */
function pathsOf(value: unknown, name: string, path = ''): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, member]) => {
    const here = path === '' ? key : `${path}.${key}`
    return key === name ? [here] : pathsOf(member, name, here)
  })
}
