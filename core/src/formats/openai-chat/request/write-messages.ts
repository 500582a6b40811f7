import type { Json, JsonObject } from '../../../kernel/json.ts'
import type { ModelProfile } from '../../../models/profile.ts'
import type {
  AssistantMessage,
  Message,
  SystemMessage,
  ToolMessage,
  UserMessage,
} from '../../../vocabulary/messages.ts'
import type { AssistantPart, MediaPart, ReasoningPart, TextPart, ToolCallPart } from '../../../vocabulary/parts.ts'
import { openDetails, writeCallSeal } from '../parts/reasoning.ts'
import { unsupported } from './fields.ts'
import { cacheMember, type Writing, wireName } from './tools.ts'
import { writeMedia } from './write-media.ts'

/** What the writers of messages share. */
export interface MessageWriting extends Writing {
  readonly profile: ModelProfile
  /** media that their own role cannot hold, to be said by the user behind the tool results */
  readonly pending: JsonObject[]
}

/** Writes `messages`. Media that a tool or the model made follow in a user message, since only users may show media. */
export function writeMessages(messages: readonly Message[], writing: MessageWriting): JsonObject[] {
  const out: JsonObject[] = []
  const flush = (): void => {
    if (writing.pending.length > 0) out.push({ role: 'user', content: writing.pending.splice(0) })
  }
  messages.forEach((message, at) => {
    if (message.role !== 'tool') flush()
    out.push(writers[message.role](message as never, `messages.${at}`, writing))
  })
  flush()
  return out
}

type MessageWriters = {
  [R in Message['role']]: (
    message: Extract<Message, { role: R | 'system' | 'developer' }> & { role: R },
    path: string,
    writing: MessageWriting,
  ) => JsonObject
}

const writers: MessageWriters = {
  system: writeSystem,
  developer: writeSystem,
  user: writeUser,
  assistant: writeAssistant,
  tool: writeToolResult,
}

const nameMember = (message: { readonly name?: string }): JsonObject =>
  message.name === undefined ? {} : { name: message.name }

function writeSystem(message: SystemMessage, path: string, writing: MessageWriting): JsonObject {
  const role = writing.profile.systemRole ?? message.role
  if (role !== message.role) writing.warn('adjusted', `${path}.role`, `the model takes instructions as ${role}`)
  const parts = message.content.map((part, at) => writeText(part, `${path}.content.${at}`, writing))
  return { role, content: plainest(parts), ...nameMember(message) }
}

/** One bare text as a string, as every endpoint takes it; else the list. */
function plainest(parts: readonly JsonObject[]): Json {
  const [first] = parts
  if (first === undefined) return ''
  return parts.length === 1 && first.type === 'text' && first.cache_control === undefined
    ? (first.text as string)
    : parts
}

function writeText(part: TextPart, path: string, writing: Writing): JsonObject {
  if (part.citations?.length) writing.warn('dropped', `${path}.citations`, 'requests in this format cannot cite')
  return { type: 'text', text: part.text, ...cacheMember(part, path, writing) }
}

function writeUser(message: UserMessage, path: string, writing: MessageWriting): JsonObject {
  const parts = message.content.map((part, at) => {
    const place = `${path}.content.${at}`
    if (part.type === 'text') return writeText(part, place, writing)
    return part.type === 'media' ? writeMedia(part, place, writing) : writeNative(part, place)
  })
  return { role: 'user', content: plainest(parts), ...nameMember(message) }
}

function writeNative(part: { format: string; value: JsonObject }, path: string): JsonObject {
  return part.format === 'openai-chat'
    ? part.value
    : unsupported(path, `only the format ${part.format} knows this part`)
}

function writeToolResult(message: ToolMessage, path: string, writing: MessageWriting): JsonObject {
  const parts: JsonObject[] = []
  message.content.forEach((part, at) => {
    const place = `${path}.content.${at}`
    if (part.type === 'text') parts.push(writeText(part, place, writing))
    else if (part.type === 'native') parts.push(writeNative(part, place))
    else parts.push(...showLater(part, { place, origin: `the tool call ${message.callId}` }, writing))
  })
  if (message.isError) {
    writing.warn('adjusted', `${path}.isError`, 'the format has no mark for errors: the text says it')
    parts.unshift({ type: 'text', text: 'Error: ' })
  }
  return {
    role: 'tool',
    tool_call_id: message.callId,
    content: plainest(message.isError ? [merged(parts)] : parts),
    ...nameMember(message),
    ...cacheMember(message, path, writing),
  }
}

/** The texts as one; used only where a prefix is put in front. */
function merged(parts: readonly JsonObject[]): JsonObject {
  return { type: 'text', text: parts.map((part) => (typeof part.text === 'string' ? part.text : '')).join('') }
}

/** Puts a medium off to the next user message and says so where it stood. */
function showLater(
  part: MediaPart,
  { place, origin }: { place: string; origin: string },
  writing: MessageWriting,
): JsonObject[] {
  const written = writeMedia(part, place, writing)
  if (written.type === 'text') return [written]
  writing.warn('emulated', place, 'the medium follows in a user message: this role takes text only')
  writing.pending.push({ type: 'text', text: `The ${part.kind} from ${origin}:` }, written)
  return [{ type: 'text', text: `(The ${part.kind} follows in the next user message.)` }]
}

function writeAssistant(message: AssistantMessage, path: string, writing: MessageWriting): JsonObject {
  const of = <T extends AssistantPart['type']>(type: T) =>
    message.content.flatMap((part, at) =>
      part.type === type ? [[part as Extract<AssistantPart, { type: T }>, `${path}.content.${at}`] as const] : [],
    )
  const calls = of('tool-call').map(([call, place]) => writeCall(call, place, writing))
  const media = of('media')
  const texts = message.content.flatMap((part, at) => writeSaid(part, `${path}.content.${at}`, writing))
  const refusal = of('refusal').map(([part]) => part.text)
  const audio = media.find(([part]) => part.kind === 'audio' && part.source.type === 'file')?.[0].source
  const silent = calls.length > 0 || refusal.length > 0 || audio !== undefined
  return {
    role: 'assistant',
    content: texts.length === 0 && silent ? null : plainest(texts),
    ...(refusal.length > 0 && { refusal: refusal.join('') }),
    ...(audio?.type === 'file' && { audio: { id: audio.id } }),
    ...writeThought(of('reasoning'), calls.length > 0, writing),
    ...(calls.length > 0 && { tool_calls: calls }),
    ...nameMember(message),
  }
}

/** What of a part goes into `content`. */
function writeSaid(part: AssistantPart, path: string, writing: MessageWriting): JsonObject[] {
  if (part.type === 'text') return [writeText(part, path, writing)]
  if (part.type === 'native') return [writeNative(part, path)]
  if (part.type !== 'media' || (part.kind === 'audio' && part.source.type === 'file')) return []
  if (part.transcript === undefined) return showLater(part, { place: path, origin: 'the assistant' }, writing)
  writing.warn('adjusted', path, 'the transcript stands for the recording')
  return [{ type: 'text', text: part.transcript }]
}

function writeCall(call: ToolCallPart, path: string, writing: MessageWriting): JsonObject {
  const name = wireName(call, path, writing)
  const mark = cacheMember(call, path, writing)
  if (call.kind === 'custom') return { id: call.id, type: 'custom', custom: { name, input: call.input }, ...mark }
  if (call.input === '') writing.warn('adjusted', `${path}.input`, 'no arguments are an empty object')
  return {
    id: call.id,
    type: 'function',
    function: { name, arguments: call.input || '{}' },
    ...writeSeal(call, path, writing),
    ...mark,
  }
}

function writeSeal(call: ToolCallPart, path: string, writing: MessageWriting): JsonObject {
  if (!call.opaque) return {}
  const { profile } = writing
  // a seal is of use to Gemini only, and others refuse fields they do not know
  if (call.opaque.format === 'gemini' && (profile.thinking === 'level' || profile.formats?.includes('gemini')))
    return writeCallSeal(call.opaque)
  writing.warn('dropped', `${path}.opaque`, `only ${call.opaque.format} can read it`)
  return {}
}

/**
 * Earlier reasoning. Within a tool loop DeepSeek and Moonshot want it back (https://api-docs.deepseek.com/guides/thinking_mode);
 * elsewhere the models do not read it, and several endpoints refuse the field.
 */
function writeThought(
  parts: readonly (readonly [ReasoningPart, string])[],
  inLoop: boolean,
  writing: MessageWriting,
): JsonObject {
  const { thinking } = writing.profile
  const wanted = inLoop && thinking !== 'none' && thinking !== 'effort'
  const details = parts.flatMap(([part]) => openDetails(part.opaque))
  for (const [{ text, opaque, summary, id }, path] of parts) {
    const sealed = opaque !== undefined && opaque.format !== 'openai-chat'
    if (sealed) writing.warn('dropped', `${path}.opaque`, `only ${opaque.format} can read it`)
    if (text !== '' && !wanted && details.length === 0)
      writing.warn('dropped', path, 'the endpoint does not read earlier reasoning')
    if (wanted && (summary || id !== undefined))
      writing.warn('adjusted', path, 'the format keeps neither the id nor the paragraphs of reasoning')
  }
  const text = wanted ? parts.map(([part]) => part.text).join('') : ''
  if (wanted && parts.length > 1) writing.warn('adjusted', parts[1]?.[1] ?? '', 'the format keeps one reasoning text')
  return {
    ...(text !== '' && { reasoning_content: text }),
    ...(details.length > 0 && { reasoning_details: details }),
  }
}
