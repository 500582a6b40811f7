import type { JsonObject } from '../../../kernel/json.ts'
import type { ModelProfile } from '../../../models/profile.ts'
import type {
  AssistantMessage,
  Message,
  SystemMessage,
  ToolMessage,
  UserMessage,
} from '../../../vocabulary/messages.ts'
import type { AssistantPart, TextPart, ToolResultPart } from '../../../vocabulary/parts.ts'
import { type ToolNames, toolNames } from '../../tool-names.ts'
import { mediaNote, toolInput, writeThinking } from './assistant.ts'
import { format, type Notes, ownValue, unsupported, writeCache } from './fields.ts'
import { writeMedia } from './media.ts'
import { plainText, writeText } from './text.ts'

/** One turn on the wire. Results of tools stand before all else in a user's turn, calls of tools after all else in ours. */
interface Turn {
  readonly role: 'user' | 'assistant' | 'system'
  readonly first: JsonObject[]
  readonly last: JsonObject[]
  /** further members, of instructions between turns */
  readonly more?: JsonObject
}

interface Writing {
  readonly profile: ModelProfile
  readonly names: ToolNames
  readonly ids: ToolNames
  readonly notes: Notes
}

/** The conversation as Anthropic takes it, with what other parts of the request must know of it. */
export interface Conversation {
  readonly system: JsonObject[]
  readonly messages: JsonObject[]
  /** wire names of the tools that were called */
  readonly called: ReadonlySet<string>
  /** the last turn answers tools, and the call was not begun with thinking */
  readonly unthoughtCall: boolean
}

export function writeMessages(
  messages: readonly Message[],
  names: ToolNames,
  about: { profile: ModelProfile; notes: Notes },
) {
  // a call's id must match ^[a-zA-Z0-9_-]+$ on both ends, which is the rule for names too
  const writing: Writing = { ...about, names, ids: toolNames(undefined, { maxLength: 256 }) }
  const isSystem = (message: Message): message is SystemMessage =>
    message.role === 'system' || message.role === 'developer'
  const found = messages.findIndex((message) => !isSystem(message))
  const lead = found < 0 ? messages.length : found
  const system = messages
    .slice(0, lead)
    .filter(isSystem)
    .flatMap((message, at) => writeLeading(message, at, writing))
  const turns: Turn[] = []
  messages.slice(lead).forEach((message, at) => {
    const path = `messages.${lead + at}`
    addTurn(turns, writeTurn(message, path, writing), { path, notes: writing.notes })
  })
  finishTurns(turns, writing)
  return { system, messages: turns.map(turnMessage), called: calledNames(turns), unthoughtCall: isUnthoughtCall(turns) }
}

function turnMessage({ role, first, last, more }: Turn): JsonObject {
  const blocks = [...first, ...last]
  return { role, content: plainText(blocks) ?? blocks, ...more }
}

function writeLeading(message: SystemMessage, at: number, writing: Writing): JsonObject[] {
  const path = `messages.${at}`
  if (at > 0) writing.notes.adjusted(path, 'it became part of the one system prompt that Anthropic has.')
  else noteRole(message, path, writing)
  const own = ownValue(message.native)?.content
  return Array.isArray(own) ? own : writeTexts(message.content, path, writing)
}

function noteRole(message: SystemMessage, path: string, { notes }: Writing): void {
  if (message.role === 'developer') notes.adjusted(`${path}.role`, 'Anthropic has one role for instructions, system.')
  noteName(message.name, path, notes)
}

function noteName(name: string | undefined, path: string, notes: Notes): void {
  if (name !== undefined) notes.dropped(`${path}.name`, 'Anthropic has no names of speakers.')
}

/** Anthropic refuses blocks of empty text. */
function writeTexts(content: readonly TextPart[], path: string, { notes }: Writing): JsonObject[] {
  return content.flatMap((part, at) => writeTextPart(part, `${path}.content.${at}`, notes))
}

function writeTextPart(part: TextPart, path: string, notes: Notes): JsonObject[] {
  if (part.text === '') {
    notes.adjusted(path, 'empty text was left out, which Anthropic refuses.')
    return []
  }
  if (part.citations?.some(({ native }) => native?.format !== format))
    notes.dropped(`${path}.citations`, 'these citations are of another format.')
  return [writeText(part)]
}

type TurnWriters = {
  readonly [R in Message['role']]: (message: Extract<Message, { role: R }>, path: string, writing: Writing) => Turn
}

const writers: TurnWriters = {
  system: writeLaterSystem,
  developer: writeLaterSystem,
  user: writeUser,
  assistant: writeAssistant,
  tool: writeToolResult,
}

function writeTurn(message: Message, path: string, writing: Writing): Turn {
  return (writers[message.role] as (message: Message, path: string, writing: Writing) => Turn)(message, path, writing)
}

/** Instructions that already stood so at Anthropic stay; others become words of the user, where every model takes them. */
function writeLaterSystem(message: SystemMessage, path: string, writing: Writing): Turn {
  const own = ownValue(message.native)
  if (own && writing.profile.laterSystem !== false) {
    const { role: _role, content, ...more } = own
    const blocks = Array.isArray(content) ? content : message.content.map(writeText)
    return { role: 'system', first: blocks, last: [], more }
  }
  noteName(message.name, path, writing.notes)
  writing.notes.adjusted(path, 'instructions after the start became words of the user.')
  return { role: 'user', first: [], last: writeTexts(message.content, path, writing) }
}

function writeUser(message: UserMessage, path: string, writing: Writing): Turn {
  noteName(message.name, path, writing.notes)
  const blocks = message.content.flatMap((part, at) => writeInput(part, `${path}.content.${at}`, writing.notes))
  return { role: 'user', first: [], last: blocks }
}

function writeInput(part: ToolResultPart, path: string, notes: Notes): JsonObject[] {
  if (part.type === 'text') return writeTextPart(part, path, notes)
  if (part.type === 'media') return [writeMedia(part, path, notes)]
  const value = ownValue(part)
  if (!value) throw unsupported(path, `content that only ${part.format} knows cannot go to Anthropic.`)
  return [value]
}

function writeToolResult(message: ToolMessage, path: string, { ids, notes }: Writing): Turn {
  const content = writeResultContent(message, path, notes)
  const callId = ids.wire(message.callId)
  if (callId !== message.callId) notes.adjusted(`${path}.callId`, `the call's id is ${callId} at Anthropic.`)
  const block: JsonObject = {
    type: 'tool_result',
    tool_use_id: callId,
    ...(content !== undefined && { content }),
    ...(message.isError !== undefined && { is_error: message.isError }),
    ...writeCache(message.cache),
    ...ownValue(message.native),
  }
  return { role: 'user', first: [block], last: [] }
}

/** A result may be the empty string, though no block of it may be empty. */
function writeResultContent({ content }: ToolMessage, path: string, notes: Notes): string | JsonObject[] | undefined {
  const [only] = content
  if (content.length === 1 && only?.type === 'text' && only.text === '' && !only.cache) return ''
  const blocks = content.flatMap((part, at) => writeInput(part, `${path}.content.${at}`, notes))
  return plainText(blocks) ?? (blocks.length > 0 ? blocks : undefined)
}

function writeAssistant(message: AssistantMessage, path: string, writing: Writing): Turn {
  noteName(message.name, path, writing.notes)
  const blocks = message.content.flatMap((part, at) => writeSaid(part, `${path}.content.${at}`, writing))
  const from = blocks.findLastIndex((block) => block.type !== 'tool_use') + 1
  return { role: 'assistant', first: blocks.slice(0, from), last: blocks.slice(from) }
}

type SaidWriters = {
  readonly [T in AssistantPart['type']]: (
    part: Extract<AssistantPart, { type: T }>,
    path: string,
    writing: Writing,
  ) => JsonObject[]
}

const said: SaidWriters = {
  text: (part, path, { notes }) => writeTextPart(part, path, notes),
  reasoning: (part, path, { notes }) => {
    if (part.opaque?.format === format) return [writeThinking(part)]
    notes.dropped(path, 'Anthropic takes back only thinking that it signed itself.')
    return []
  },
  'tool-call': (part, path, { names, ids, notes }) => {
    const { input, wrapped } = toolInput(part)
    if (wrapped) notes.adjusted(`${path}.input`, 'the input is no JSON object; Anthropic gets it wrapped in one.')
    if (part.opaque) notes.dropped(`${path}.opaque`, 'this seal is of another format.')
    const name = names.wire(part.name, part.namespace)
    const id = ids.wire(part.id)
    if (name !== part.name) notes.adjusted(`${path}.name`, `the tool is called ${name} at Anthropic.`)
    if (id !== part.id) notes.adjusted(`${path}.id`, `the call's id is ${id} at Anthropic.`)
    return [{ type: 'tool_use', id, name, input, ...writeCache(part.cache), ...ownValue(part.native) }]
  },
  refusal: (part, path, { notes }) => {
    notes.adjusted(path, 'a refusal is text at Anthropic.')
    return part.text === '' ? [] : [{ type: 'text', text: part.text }]
  },
  media: (part, path, { notes }) => {
    if (part.transcript === undefined)
      throw unsupported(path, `Anthropic takes no ${part.kind} in an assistant's turn; send it in a user's turn.`)
    notes.adjusted(path, 'the transcript stands for the recording.')
    return [{ type: 'text', text: mediaNote(part) }]
  },
  native: (part, path, { notes }) => {
    const value = ownValue(part)
    if (value) return [value]
    notes.dropped(path, `only ${part.format} knows this piece.`)
    return []
  },
}

function writeSaid(part: AssistantPart, path: string, writing: Writing): JsonObject[] {
  return (said[part.type] as (part: AssistantPart, path: string, writing: Writing) => JsonObject[])(part, path, writing)
}

/** Joins neighbours of one role: the results of a call must all stand in the one turn behind it. */
function addTurn(turns: Turn[], turn: Turn, { path, notes }: { path: string; notes: Notes }): void {
  if (turn.first.length + turn.last.length === 0) {
    notes.dropped(path, 'nothing of the message was left to send.')
    return
  }
  const before = turns.at(-1)
  if (!before || before.role !== turn.role || turn.role === 'system') {
    turns.push(turn)
    return
  }
  const inOrder = turn.role === 'user' && before.last.length === 0
  if (!inOrder) notes.adjusted(path, `it was joined with the ${turn.role}'s turn before it.`)
  before.first.push(...turn.first)
  before.last.push(...turn.last)
}

/** A conversation starts with the user, and where the model takes no prefill it ends with the user. */
function finishTurns(turns: Turn[], { profile, notes }: Writing): void {
  const first = turns[0]
  if (first?.role !== 'user') {
    notes.emulated('messages', 'a user turn was put first, as Anthropic demands.')
    turns.unshift(say('Continue.'))
  }
  const last = turns.at(-1)
  if (last?.role !== 'assistant') return
  trimEnd(last, notes)
  if (profile.prefill === false) {
    notes.emulated('messages', 'the model does not continue an answer by itself, so the user asks it to.')
    turns.push(say('Continue.'))
  } else if (last.first.length + last.last.length === 0) turns.pop()
}

const say = (text: string): Turn => ({ role: 'user', first: [], last: [{ type: 'text', text }] })

/** Text to be continued may not end in white space. */
function trimEnd(turn: Turn, notes: Notes): void {
  const block = turn.last.length === 0 ? turn.first.at(-1) : undefined
  if (block?.type !== 'text' || typeof block.text !== 'string') return
  const text = block.text.trimEnd()
  if (text === block.text) return
  notes.adjusted('messages', 'white space at the end of the answer to be continued was cut, which Anthropic refuses.')
  turn.first.pop()
  if (text !== '') turn.first.push({ ...block, text })
}

function calledNames(turns: readonly Turn[]): Set<string> {
  const names = new Set<string>()
  for (const { role, first, last } of turns) {
    if (role !== 'assistant') continue
    for (const { type, name } of [...first, ...last])
      if (type === 'tool_use' && typeof name === 'string') names.add(name)
  }
  return names
}

function isUnthoughtCall(turns: readonly Turn[]): boolean {
  const [call, answer] = turns.slice(-2)
  if (call?.role !== 'assistant' || !answer?.first.some(({ type }) => type === 'tool_result')) return false
  const blocks = [...call.first, ...call.last]
  const type = blocks[0]?.type
  return blocks.some((block) => block.type === 'tool_use') && type !== 'thinking' && type !== 'redacted_thinking'
}
