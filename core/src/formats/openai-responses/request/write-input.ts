import type { JsonObject } from '../../../kernel/json.ts'
import type {
  AssistantMessage,
  Message,
  SystemMessage,
  ToolMessage,
  UserMessage,
} from '../../../vocabulary/messages.ts'
import type { AssistantPart, ReasoningPart, TextPart, ToolCallPart } from '../../../vocabulary/parts.ts'
import type { ToolNames } from '../../tool-names.ts'
import {
  type Writing as ContentWriting,
  isContentType,
  writeAnnotation,
  writeAnnotations,
  writePart,
} from '../content.ts'
import { nativeFields, own, unsupported, writeSeal } from '../own.ts'
import { errorPrefix } from './fields.ts'

/** What writing messages needs beside them. */
interface Writing extends ContentWriting {
  readonly names: ToolNames
}

/** Messages as `instructions` and `input`. */
export function writeInput(messages: readonly Message[], writing: Writing): JsonObject {
  const [first] = messages
  const instructions = first && instructionsOf(first)
  const customCalls = new Set(
    messages.flatMap(({ role, content }) => (role === 'assistant' ? content : [])).flatMap(customId),
  )
  const input = messages.flatMap((message, at) => {
    if (at === 0 && instructions !== undefined) return []
    const path = `messages.${at}`
    if ('name' in message && message.name !== undefined && message.role !== 'tool')
      writing.notes.note('dropped', `${path}.name`, 'messages bear no names in the Responses format')
    if (message.role === 'user') return writeUser(message, path, writing)
    if (message.role === 'assistant') return writeAssistant(message, path, writing)
    if (message.role === 'tool') return [writeResult(message, path, { ...writing, customCalls })]
    return [writeSystem(message, path, writing)]
  })
  return { ...(instructions !== undefined && { instructions }), input }
}

const customId = (part: AssistantPart): string[] =>
  part.type === 'tool-call' && part.kind === 'custom' ? [part.id] : []

/** The text of a system message that leads and is nothing but one text. */
function instructionsOf(message: Message): string | undefined {
  if (message.role !== 'system' || message.content.length !== 1 || message.name !== undefined) return undefined
  const [part] = message.content
  const marked = message.native?.format === own || part?.native?.format === own
  return marked ? undefined : part?.text
}

function writeSystem({ role, content, native }: SystemMessage, path: string, { profile, notes }: Writing): JsonObject {
  const spoken = profile.systemRole ?? role
  if (spoken !== role) notes.note('adjusted', `${path}.role`, `the model takes instructions as ${spoken}`)
  const about = Object.assign({}, ...content.map((part) => nativeFields(part.native)), nativeFields(native))
  return { type: 'message', role: spoken, content: content.map(({ text }) => ({ type: 'input_text', text })), ...about }
}

/** A user's message is one item, but for native parts that are items themselves. */
function writeUser({ content }: UserMessage, path: string, writing: Writing): JsonObject[] {
  const items: JsonObject[] = []
  let open: JsonObject[] | undefined
  for (const [at, part] of content.entries()) {
    const written = writePart(part, `${path}.content.${at}`, writing)
    if (part.type === 'native' && !isContentType(part.value.type)) {
      items.push(written)
      open = undefined
      continue
    }
    if (!open) {
      open = []
      items.push({ type: 'message', role: 'user', content: open, ...aboutOf(content) })
    }
    open.push(written)
  }
  return content.length === 0 ? [{ type: 'message', role: 'user', content: [] }] : items
}

function aboutOf(content: UserMessage['content']): JsonObject {
  const first = content.find((part): part is TextPart => part.type === 'text')
  return nativeFields(first?.native)
}

/** An assistant's turn as items: neighbouring texts share a message, everything else is an item of its own. */
function writeAssistant({ content, id }: AssistantMessage, path: string, writing: Writing): JsonObject[] {
  const items: JsonObject[] = []
  let open: JsonObject[] | undefined
  let named = id === undefined
  for (const [at, part] of content.entries()) {
    const place = `${path}.content.${at}`
    if (part.type !== 'text' && part.type !== 'refusal') {
      const item = writeItem(part, place, writing)
      if (item) items.push(item)
      if (item) open = undefined
      continue
    }
    const about = part.type === 'text' ? nativeFields(part.native) : {}
    if (!open || Object.keys(about).length > 0) {
      open = []
      items.push({ type: 'message', ...(!named && { id }), role: 'assistant', content: open, ...about })
      named = true
    }
    open.push(part.type === 'text' ? writeSaid(part, place, writing) : { type: 'refusal', refusal: part.text })
  }
  return items
}

function writeSaid({ text, citations }: TextPart, path: string, { notes }: Writing): JsonObject {
  const annotations = writeAnnotations(citations)
  if (citations?.some((citation) => !writeAnnotation(citation)))
    notes.note('dropped', `${path}.citations`, 'the Responses format cites URLs and its own files only')
  return { type: 'output_text', text, ...(annotations.length > 0 && { annotations }) }
}

type Item = Exclude<AssistantPart, { type: 'text' | 'refusal' }>

function writeItem(part: Item, path: string, writing: Writing): JsonObject | undefined {
  if (part.type === 'reasoning') return writeThought(part, path, writing)
  if (part.type === 'tool-call') return writeCall(part, path, writing)
  if (part.type === 'native') {
    if (part.format === own) return part.value
    writing.notes.note('dropped', path, `only ${part.format} knows this part`)
    return undefined
  }
  if (part.transcript === undefined)
    throw unsupported(path, `An assistant's ${part.kind} cannot be sent in the Responses format.`)
  writing.notes.note('adjusted', path, 'what was spoken goes as its transcript')
  return { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: part.transcript }] }
}

/** Reasoning goes back only where its issuer knows it again: by its seal, or by the id under which it is stored. */
function writeThought(part: ReasoningPart, path: string, { notes }: Writing): JsonObject | undefined {
  const { opaque, id, text, summary } = part
  if (opaque ? opaque.format !== own : id === undefined) {
    notes.note(
      'dropped',
      path,
      opaque ? `only ${opaque.format} can read this reasoning` : 'reasoning that is not sealed is not taken back',
    )
    return undefined
  }
  return {
    type: 'reasoning',
    ...(id !== undefined && { id }),
    summary: (summary ?? []).map((paragraph) => ({ type: 'summary_text', text: paragraph })),
    ...(!summary && text !== '' && { content: [{ type: 'reasoning_text', text }] }),
    ...(opaque && { encrypted_content: writeSeal(opaque, 'thought') }),
  }
}

function writeCall(part: ToolCallPart, path: string, { notes, names }: Writing): JsonObject {
  const { id, name, kind, input, itemId, namespace, opaque } = part
  if (opaque) notes.note('dropped', `${path}.opaque`, `only ${opaque.format} can read the seal of this call`)
  const common = {
    ...(itemId !== undefined && { id: itemId }),
    call_id: id,
    name: namespace === undefined ? names.wire(name) : name,
    ...(namespace !== undefined && { namespace }),
  }
  const more = nativeFields(part.native)
  if (kind === 'custom') return { type: 'custom_tool_call', ...common, input, ...more }
  return { type: 'function_call', ...common, arguments: input === '' ? '{}' : input, ...more }
}

interface ResultWriting extends Writing {
  /** ids of calls of custom tools, for results that do not say of what kind they are */
  readonly customCalls: ReadonlySet<string>
}

function writeResult(message: ToolMessage, path: string, { customCalls, ...writing }: ResultWriting): JsonObject {
  const { callId, kind, content, isError, native } = message
  const custom = (kind ?? (customCalls.has(callId) ? 'custom' : 'function')) === 'custom'
  if (isError) writing.notes.note('adjusted', `${path}.isError`, 'the failure is told in the text of the result')
  const said = isError ? [{ type: 'text', text: errorPrefix } as const, ...content] : content
  const [only] = content
  const plain = content.length === 0 || (content.length === 1 && only?.type === 'text')
  const output = plain
    ? said.map((part) => (part.type === 'text' ? part.text : '')).join('')
    : said.map((part, at) => writePart(part, `${path}.content.${isError ? at - 1 : at}`, writing))
  return {
    type: custom ? 'custom_tool_call_output' : 'function_call_output',
    call_id: callId,
    output,
    ...nativeFields(native),
  }
}
