import { GatewayError } from '../../../kernel/faults.ts'
import { type JsonObject, type MutableJsonObject, parseObject } from '../../../kernel/json.ts'
import type { ModelProfile } from '../../../models/profile.ts'
import type {
  AssistantMessage,
  Message,
  SystemMessage,
  ToolMessage,
  UserMessage,
} from '../../../vocabulary/messages.ts'
import type { MediaPart, ToolResultPart, UserPart } from '../../../vocabulary/parts.ts'
import type { ToolNames } from '../../tool-names.ts'
import { formatId, signatureBypass, type Warnings, warn } from '../wire.ts'
import { writeMedia } from './media.ts'
import { writeModelParts } from './parts.ts'

interface Turn {
  readonly role: 'user' | 'model'
  readonly parts: MutableJsonObject[]
  /** who spoke last in it */
  last: Message['role']
}

/** What is known while the turns are written. */
interface Script {
  readonly turns: Turn[]
  readonly calls: ReadonlyMap<string, { readonly name: string; readonly order: number }>
  readonly names: ToolNames
  readonly profile: ModelProfile
  readonly warnings: Warnings
}

/** The conversation as Google has it: instructions apart, then turns of `user` and `model`, neighbours of one role joined. */
export function writeContents(
  messages: readonly Message[],
  about: Pick<Script, 'names' | 'profile' | 'warnings'>,
): { systemInstruction?: JsonObject; contents: JsonObject[] } {
  const first = messages.findIndex(({ role }) => role !== 'system' && role !== 'developer')
  const lead = first < 0 ? messages.length : first
  const script: Script = { ...about, turns: [], calls: callsOf(messages, about.names) }
  const systemInstruction = writeSystem(messages.slice(0, lead) as SystemMessage[], about.warnings)
  for (let at = lead; at < messages.length; ) at = writeMessage(messages, at, script)
  const contents = script.turns.filter(({ parts }) => parts.length > 0).map(({ role, parts }) => ({ role, parts }))
  if (contents.length === 0) {
    warn(about.warnings, 'adjusted', 'messages', 'Gemini wants a turn of the user; a blank one is sent')
    contents.push({ role: 'user', parts: [{ text: ' ' }] })
  }
  if (about.profile.thinking === 'level') signFirstCalls(contents, about.warnings)
  return { ...(systemInstruction && { systemInstruction }), contents }
}

function callsOf(messages: readonly Message[], names: ToolNames): Script['calls'] {
  const calls = new Map<string, { name: string; order: number }>()
  for (const message of messages)
    if (message.role === 'assistant')
      for (const part of message.content)
        if (part.type === 'tool-call')
          calls.set(part.id, { name: names.wire(part.name, part.namespace), order: calls.size })
  return calls
}

/** Gemini 3 refuses a step whose first call is unsigned (https://ai.google.dev/gemini-api/docs/thought-signatures). */
function signFirstCalls(contents: readonly { parts: MutableJsonObject[] }[], warnings: Warnings): void {
  const unsigned = contents
    .map(({ parts }) => parts.find(({ functionCall }) => functionCall !== undefined))
    .filter((call) => call !== undefined && call.thoughtSignature === undefined)
  for (const call of unsigned) if (call) call.thoughtSignature = signatureBypass
  if (unsigned.length > 0)
    warn(warnings, 'emulated', 'messages', "calls without their thought signature bear Google's bypass")
}

function writeSystem(messages: readonly SystemMessage[], warnings: Warnings): JsonObject | undefined {
  const parts = messages.flatMap((message, at) => writeInstructions(message, `messages.${at}`, warnings))
  if (messages.length > 1) warn(warnings, 'adjusted', 'messages', 'the leading instructions are sent as one')
  return parts.length > 0 ? { parts } : undefined
}

function writeInstructions(
  { role, content, name }: SystemMessage,
  path: string,
  warnings: Warnings,
): MutableJsonObject[] {
  if (role === 'developer') warn(warnings, 'adjusted', `${path}.role`, 'Gemini knows one kind of instructions')
  if (name !== undefined) warn(warnings, 'dropped', `${path}.name`, 'Gemini takes no names of speakers')
  return content.flatMap((part, at) => writeText(part, `${path}.content.${at}`, warnings))
}

/** Adds one message (or a whole run of tool results) to the turns; gives the index of the next. */
function writeMessage(messages: readonly Message[], at: number, script: Script): number {
  const message = messages[at]
  const path = `messages.${at}`
  if (!message) return at + 1
  if (message.role === 'tool') return writeResults(messages, at, script)
  if (message.role === 'assistant') writeAssistant(message, path, script)
  else if (message.role === 'user') writeUser(message, path, script)
  else {
    warn(
      script.warnings,
      'adjusted',
      path,
      'Gemini takes instructions only in front; these are sent as words of the user',
    )
    join(script, 'user', 'user', writeInstructions(message, path, script.warnings))
  }
  return at + 1
}

function join({ turns }: Script, role: Turn['role'], speaker: Message['role'], parts: MutableJsonObject[]): boolean {
  const turn = turns.at(-1)
  if (turn?.role !== role) {
    turns.push({ role, parts, last: speaker })
    return false
  }
  const same = turn.last === speaker
  turn.parts.push(...parts)
  turn.last = speaker
  return same
}

function writeUser({ content, name }: UserMessage, path: string, script: Script): void {
  const { warnings } = script
  if (name !== undefined) warn(warnings, 'dropped', `${path}.name`, 'Gemini takes no names of speakers')
  const parts = content.flatMap((part, at) => writeUserPart(part, `${path}.content.${at}`, script))
  if (content.length === 0) warn(warnings, 'dropped', path, 'Gemini takes no empty turn')
  if (join(script, 'user', 'user', parts))
    warn(warnings, 'adjusted', path, 'it is sent in one turn with the words of the user before it')
}

function writeAssistant({ content, name, id }: AssistantMessage, path: string, script: Script): void {
  const { warnings, names } = script
  if (name !== undefined) warn(warnings, 'dropped', `${path}.name`, 'Gemini takes no names of speakers')
  if (id !== undefined) warn(warnings, 'dropped', `${path}.id`, 'Gemini gives turns no ids')
  for (const [at, part] of content.entries())
    if (part.type === 'native' && part.format !== formatId) throw foreign(part.format, `${path}.content.${at}`)
  const parts = writeModelParts(content, { names, warnings, path: `${path}.content` })
  const said = parts.filter((part) => part.text !== '' || part.thoughtSignature !== undefined)
  if (said.length < parts.length || parts.length === 0) warn(warnings, 'dropped', path, 'Gemini takes no empty text')
  if (join(script, 'model', 'assistant', said))
    warn(warnings, 'adjusted', path, 'it is sent in one turn with the words of the model before it')
}

function foreign(format: string, param: string): GatewayError {
  return new GatewayError('unsupported', `${param}: Gemini cannot take a part that only ${format} knows.`, { param })
}

function writeText(part: { text: string; cache?: object }, path: string, warnings: Warnings): MutableJsonObject[] {
  if (part.cache) warn(warnings, 'dropped', `${path}.cache`, 'Gemini has no prompt-cache breakpoints')
  if (part.text !== '') return [{ text: part.text }]
  warn(warnings, 'dropped', path, 'Gemini takes no empty text')
  return []
}

function writeUserPart(part: UserPart, path: string, { profile, warnings }: Script): MutableJsonObject[] {
  if (part.type === 'text') {
    if (part.citations) warn(warnings, 'dropped', `${path}.citations`, 'Gemini takes no citations in a conversation')
    return writeText(part, path, warnings)
  }
  if (part.type === 'media') return [writeUserMedia(part, path, { profile, warnings })]
  if (part.format !== formatId) throw foreign(part.format, path)
  return [{ ...part.value }]
}

const details = new Set(['low', 'medium', 'high', 'ultra_high'])

function writeUserMedia(
  part: MediaPart,
  path: string,
  { profile, warnings }: Pick<Script, 'profile' | 'warnings'>,
): MutableJsonObject {
  const { detail } = part
  for (const field of ['name', 'context', 'citable', 'transcript', 'cache'] as const)
    if (part[field] !== undefined) warn(warnings, 'dropped', `${path}.${field}`, 'Gemini takes the medium alone')
  // https://ai.google.dev/gemini-api/docs/media-resolution: per part on Gemini 3 and later
  const level = profile.thinking === 'level' && detail !== undefined && details.has(detail) ? detail : undefined
  if (detail !== undefined && level === undefined)
    warn(warnings, 'dropped', `${path}.detail`, 'this model has no resolution per medium')
  const wire = writeMedia(part)
  return level === undefined
    ? { ...wire }
    : { ...wire, mediaResolution: { level: `MEDIA_RESOLUTION_${level.toUpperCase()}` } }
}

/** A run of tool results as one turn of the user, in the order of the calls; gives the index behind it. */
function writeResults(messages: readonly Message[], from: number, script: Script): number {
  const run: { message: ToolMessage; path: string; order: number }[] = []
  let at = from
  for (let message = messages[at]; message?.role === 'tool'; message = messages[++at]) {
    const order = script.calls.get(message.callId)?.order ?? Number.MAX_SAFE_INTEGER
    run.push({ message, path: `messages.${at}`, order })
  }
  run.sort((a, b) => a.order - b.order)
  const results: MutableJsonObject[] = []
  const beside: MutableJsonObject[] = []
  for (const { message, path } of run) results.push(writeResult(message, path, script, beside))
  join(script, 'user', 'tool', [...results, ...beside])
  return at
}

function writeResult(
  message: ToolMessage,
  path: string,
  script: Script,
  beside: MutableJsonObject[],
): MutableJsonObject {
  const { warnings, calls, names, profile } = script
  if (message.kind === 'custom') warn(warnings, 'emulated', path, 'it is sent as the result of a function')
  if (message.cache) warn(warnings, 'dropped', `${path}.cache`, 'Gemini has no prompt-cache breakpoints')
  const inside: JsonObject[] = []
  for (const [at, part] of message.content.entries()) {
    const place = `${path}.content.${at}`
    if (part.type === 'text') continue
    if (part.type === 'native') {
      if (part.format !== formatId) throw foreign(part.format, place)
      inside.push(part.value)
    } else if (profile.thinking === 'level' && part.source.type !== 'url' && part.source.type !== 'file')
      // https://ai.google.dev/gemini-api/docs/function-calling#multimodal: Gemini 3 and later
      inside.push(writeUserMedia(part, place, { profile: { model: '' }, warnings }))
    else {
      warn(warnings, 'adjusted', place, 'it is sent behind the result, in the same turn')
      beside.push(writeUserMedia(part, place, { profile, warnings }))
    }
  }
  const name = calls.get(message.callId)?.name ?? names.wire(message.name ?? 'unknown_tool')
  const response = writeTold(message, path, warnings)
  return { functionResponse: { id: message.callId, name, response, ...(inside.length > 0 && { parts: inside }) } }
}

/** What the tool told, as an object: a JSON object as it is, all else as `result`, or as `error` when it failed. */
function writeTold({ content, isError }: ToolMessage, path: string, warnings: Warnings): JsonObject {
  const texts = content.filter((part) => part.type === 'text')
  checkOrder(content, path, warnings)
  if (texts.length > 1) warn(warnings, 'adjusted', path, 'its texts are sent as one')
  for (const { cache } of texts)
    if (cache) warn(warnings, 'dropped', `${path}.cache`, 'Gemini has no prompt-cache breakpoints')
  const text = texts.map((part) => part.text).join('\n')
  if (isError) return { error: text }
  if (texts.length === 0) return {}
  return plainObject(text) ?? { result: text }
}

function checkOrder(content: readonly ToolResultPart[], path: string, warnings: Warnings): void {
  const firstOther = content.findIndex(({ type }) => type !== 'text')
  if (firstOther >= 0 && content.slice(firstOther).some(({ type }) => type === 'text'))
    warn(warnings, 'adjusted', path, 'its texts are sent before its media')
}

/** The object that the text is; not when it looks like one of our own shells, or has numbers that would lose digits. */
function plainObject(text: string): JsonObject | undefined {
  const value = text.trimStart().startsWith('{') ? parseObject(text) : undefined
  if (!value) return undefined
  const keys = Object.keys(value)
  const shell =
    keys.length === 0 || (keys.length === 1 && (typeof value.result === 'string' || typeof value.error === 'string'))
  return shell || (/\d{16}/.test(text) && JSON.stringify(value) !== text.trim()) ? undefined : value
}
