import { asObject, compact, isObject, type Json, type JsonObject } from '../../../kernel/json.ts'
import type {
  AssistantMessage,
  Message,
  SystemMessage,
  ToolMessage,
  UserMessage,
} from '../../../vocabulary/messages.ts'
import type { AssistantPart, TextPart, ToolCallPart } from '../../../vocabulary/parts.ts'
import type { Warning } from '../../../vocabulary/warnings.ts'
import { readCallSeal, readReasoning, thinkingText } from '../parts/reasoning.ts'
import { readAnnotation, readCache } from '../wire.ts'
import { optionalArray, optionalObject, optionalString, refuse, requiredObject, requiredString } from './fields.ts'
import { readContent, readPart, readTexts } from './read-parts.ts'

/** What earlier messages said that later ones refer to. */
interface Reading {
  readonly warnings: Warning[]
  /** calls without a result so far, for results that do not say which call they belong to */
  readonly open: ToolCallPart[]
  /** ids of calls of custom tools */
  readonly custom: Set<string>
}

/** Reads `messages`. */
export function readMessages(value: Json | undefined): { messages: readonly Message[]; warnings: readonly Warning[] } {
  const list = optionalArray(value, 'messages') ?? refuse('messages', 'an array of messages')
  const reading: Reading = { warnings: [], open: [], custom: new Set() }
  const messages = list.map((message, at) => readMessage(requiredObject(message, `messages[${at}]`), at, reading))
  return { messages, warnings: reading.warnings }
}

function readMessage(message: JsonObject, at: number, reading: Reading): Message {
  const path = `messages[${at}]`
  const role = requiredString(message.role, `${path}.role`)
  const reader = Object.hasOwn(roles, role) ? roles[role] : undefined
  if (!reader) return refuse(`${path}.role`, 'system, developer, user, assistant, tool or function')
  for (const key of Object.keys(message)) {
    if (reader.keys.has(key) || message[key] === null) continue
    reading.warnings.push({
      kind: 'dropped',
      path: `messages.${at}.${key}`,
      why: 'the field is not known in this role',
    })
  }
  return reader.read(message, path, reading)
}

interface RoleReader {
  readonly keys: ReadonlySet<string>
  readonly read: (message: JsonObject, path: string, reading: Reading) => Message
}

const keys = (names: string): ReadonlySet<string> => new Set(`role content name cache_control ${names}`.split(' '))

const roles: Readonly<Record<string, RoleReader>> = {
  system: { keys: keys(''), read: (message, path) => readSystem('system', message, path) },
  developer: { keys: keys(''), read: (message, path) => readSystem('developer', message, path) },
  user: { keys: keys(''), read: readUser },
  assistant: {
    keys: keys(
      'refusal audio tool_calls function_call reasoning_content reasoning reasoning_details thinking_blocks images annotations provider_specific_fields',
    ),
    read: readAssistant,
  },
  tool: { keys: keys('tool_call_id'), read: readToolResult },
  function: { keys: keys(''), read: readFunctionResult },
}

function nameOf(message: JsonObject, path: string): { name?: string } {
  const name = optionalString(message.name, `${path}.name`)
  return name === undefined ? {} : { name }
}

function readSystem(role: SystemMessage['role'], message: JsonObject, path: string): SystemMessage {
  return { role, content: readTexts(message, path), ...nameOf(message, path) }
}

function readUser(message: JsonObject, path: string): UserMessage {
  return { role: 'user', content: readContent(message, path), ...nameOf(message, path) }
}

function readToolResult(message: JsonObject, path: string, reading: Reading): ToolMessage {
  const callId = optionalString(message.tool_call_id, `${path}.tool_call_id`) ?? openCall(message.name, reading)
  if (callId === undefined) return refuse(`${path}.tool_call_id`, 'the id of the call that this answers')
  const at = reading.open.findIndex((call) => call.id === callId)
  if (at >= 0) reading.open.splice(at, 1)
  const { cache_control: _mark, ...unmarked } = message
  return {
    role: 'tool',
    callId,
    ...nameOf(message, path),
    ...(reading.custom.has(callId) && { kind: 'custom' }),
    content: readContent(unmarked, path),
    ...readCache(message),
  }
}

/** The call that a result without an id answers: the first open one, of this function if it names one. */
function openCall(name: Json | undefined, { open }: Reading): string | undefined {
  return (open.find((call) => call.name === name) ?? (name === undefined || name === null ? open[0] : undefined))?.id
}

/** The deprecated role, whose messages name the function and never the call. */
function readFunctionResult(message: JsonObject, path: string, reading: Reading): ToolMessage {
  const name = requiredString(message.name, `${path}.name`)
  const id = openCall(name, reading) ?? madeUpId(path)
  return readToolResult({ ...message, tool_call_id: id }, path, reading)
}

function readAssistant(message: JsonObject, path: string, reading: Reading): AssistantMessage {
  return {
    role: 'assistant',
    content: [
      ...readReasoning(message),
      ...readSaid(message, path),
      ...readRefusal(message.refusal, `${path}.refusal`),
      ...readAudio(optionalObject(message.audio, `${path}.audio`), `${path}.audio`),
      ...readImages(message, path),
      ...readCalls(message, path, reading),
    ],
    ...nameOf(message, path),
  }
}

/** The content of an assistant message; besides text it may hold refusals and Mistral's thinking. */
function readSaid(message: JsonObject, path: string): AssistantPart[] {
  const { content } = message
  const parts = Array.isArray(content)
    ? content.flatMap((part, at) => readSaidPart(part, `${path}.content[${at}]`))
    : [...readContent(message, path)]
  const citations = (optionalArray(message.annotations, `${path}.annotations`) ?? []).flatMap(
    (annotation) => readAnnotation(annotation) ?? [],
  )
  const cited = parts.find((part): part is TextPart => part.type === 'text')
  const mark = Array.isArray(content) ? readCache(message) : {}
  return parts.map((part, at) => ({
    ...part,
    ...(part === cited && citations.length > 0 && { citations }),
    ...(at === parts.length - 1 && part.type === 'text' && mark),
  }))
}

function readSaidPart(value: Json, path: string): AssistantPart[] {
  const part = asObject(value)
  if (part?.type === 'refusal') return readRefusal(part.refusal, `${path}.refusal`)
  if (part?.type === 'thinking') return [{ type: 'reasoning', text: thinkingText(part.thinking) }]
  return [readPart(value, path)]
}

function readRefusal(value: Json | undefined, path: string): AssistantPart[] {
  const text = optionalString(value, path)
  return text ? [{ type: 'refusal', text }] : []
}

/** Audio that the model made earlier is named by its id. */
function readAudio(audio: JsonObject | undefined, path: string): AssistantPart[] {
  if (!audio) return []
  return [{ type: 'media', kind: 'audio', source: { type: 'file', id: requiredString(audio.id, `${path}.id`) } }]
}

function readImages(message: JsonObject, path: string): AssistantPart[] {
  const images = optionalArray(message.images, `${path}.images`) ?? []
  return images.map((image, at) => readPart(image, `${path}.images[${at}]`))
}

/** An id for a call that came without one, the same whenever the same history is read. */
const madeUpId = (path: string): string => `call_${path.match(/\d+/g)?.join('_') ?? '0'}`

function readCalls(message: JsonObject, path: string, reading: Reading): ToolCallPart[] {
  const calls = (optionalArray(message.tool_calls, `${path}.tool_calls`) ?? []).map((call, at) =>
    readCall(requiredObject(call, `${path}.tool_calls[${at}]`), `${path}.tool_calls[${at}]`),
  )
  const legacy = optionalObject(message.function_call, `${path}.function_call`)
  if (legacy) calls.push(readCall({ function: legacy }, `${path}.function_call`))
  reading.open.push(...calls)
  for (const call of calls) if (call.kind === 'custom') reading.custom.add(call.id)
  return calls
}

function readCall(call: JsonObject, path: string): ToolCallPart {
  const custom = optionalObject(call.custom, `${path}.custom`)
  const made = custom ?? optionalObject(call.function, `${path}.function`) ?? call
  const place = custom ? `${path}.custom` : `${path}.function`
  return compact({
    type: 'tool-call' as const,
    id: optionalString(call.id, `${path}.id`) ?? madeUpId(path),
    name: optionalString(made.name, `${place}.name`) ?? '',
    kind: custom ? ('custom' as const) : ('function' as const),
    input: custom
      ? (optionalString(custom.input, `${place}.input`) ?? '')
      : readArguments(made.arguments, `${place}.arguments`),
    ...readCallSeal(call),
    ...readCache(call),
  })
}

/** JSON text; some clients and servers give the parsed object. */
function readArguments(value: Json | undefined, path: string): string {
  return isObject(value) ? JSON.stringify(value) : (optionalString(value, path) ?? '')
}
