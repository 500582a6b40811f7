import { asBoolean, asString, isArray, isObject, type Json, type JsonObject, leftovers } from '../../../kernel/json.ts'
import type { Message, SystemMessage, ToolMessage } from '../../../vocabulary/messages.ts'
import type { AssistantPart, ToolResultPart, UserPart } from '../../../vocabulary/parts.ts'
import { readAssistantBlock } from './assistant.ts'
import { malformed, type Notes, needObject, own, readCache, rest } from './fields.ts'
import { readMedia } from './media.ts'
import { blocksOf, readText } from './text.ts'

type Block = JsonObject & { readonly type: string }

/** The members without which a block means nothing. */
const required: Readonly<Record<string, readonly string[]>> = {
  text: ['text'],
  thinking: ['thinking'],
  redacted_thinking: ['data'],
  tool_use: ['id', 'name'],
  tool_result: ['tool_use_id'],
}

function readBlocks(content: Json | undefined, path: string): Block[] {
  if (typeof content !== 'string' && !isArray(content))
    throw malformed(path, 'must be a string or a list of content blocks.')
  return blocksOf(content).map((block, at) => checkBlock(block as Json, `${path}.${at}`))
}

function checkBlock(value: Json, path: string): Block {
  const block = needObject(value, path)
  const type = asString(block.type)
  if (type === undefined) throw malformed(`${path}.type`, 'must name the kind of content block.')
  for (const key of required[type] ?? [])
    if (typeof block[key] !== 'string') throw malformed(`${path}.${key}`, 'must be a string.')
  if (type === 'tool_use' && block.input !== undefined && !isObject(block.input))
    throw malformed(`${path}.input`, 'must be an object.')
  return { ...block, type }
}

/** The system prompt as one message; its blocks stay apart, because order and cache marks hang on them. */
export function readSystem(system: Json | undefined): SystemMessage[] {
  if (system === undefined || system === null || system === '') return []
  const message = readSystemBlocks(readBlocks(system, 'system'))
  return message.content.length > 0 || message.native ? [message] : []
}

function readSystemBlocks(blocks: readonly Block[]): SystemMessage {
  const content = blocks.filter(({ type }) => type === 'text').map(readText)
  const others = content.length < blocks.length
  return { role: 'system', content, ...(others && { native: own({ content: blocks }) }) }
}

const systemKnown = new Set(['content'])

/** Instructions between turns (https://platform.claude.com/docs/en/build-with-claude/mid-conversation-system-messages). */
function readLaterSystem(message: JsonObject, path: string): SystemMessage {
  const { native, ...read } = readSystemBlocks(readBlocks(message.content, `${path}.content`))
  return { ...read, native: own({ ...leftovers(message, systemKnown), ...native?.value }) }
}

export function readMessages(messages: Json | undefined, notes: Notes): Message[] {
  if (!isArray(messages) || messages.length === 0)
    throw malformed('messages', 'must be a list of at least one message.')
  return messages.flatMap((value, at) => {
    const path = `messages.${at}`
    const message = needObject(value, path)
    const read = turns[asString(message.role) ?? '']
    if (!read) throw malformed(`${path}.role`, 'must be one of user, assistant, system.')
    return read(message, path, notes)
  })
}

const turns: Readonly<Record<string, (message: JsonObject, path: string, notes: Notes) => Message[]>> = {
  user: readUser,
  assistant: (message, path, notes) => {
    reportRest(message, path, notes)
    const blocks = readBlocks(message.content, `${path}.content`)
    const content = blocks.map((block, at) => readAssistantPart(block, `${path}.content.${at}`))
    return [{ role: 'assistant', content }]
  },
  system: (message, path) => [readLaterSystem(message, path)],
}

const messageKnown = new Set(['role', 'content'])

function reportRest(message: JsonObject, path: string, notes: Notes): void {
  for (const key of Object.keys(leftovers(message, messageKnown) ?? {}))
    notes.dropped(`${path}.${key}`, 'no format can carry this field of a message.')
}

function readAssistantPart(block: Block, path: string): AssistantPart {
  return isMedia(block) ? readMedia(block, path) : readAssistantBlock(block)
}

const isMedia = ({ type }: Block): boolean => type === 'image' || type === 'document'

/** Results of tools come first, each a message of its own, whatever their place among the turn's blocks. */
function readUser(message: JsonObject, path: string, notes: Notes): Message[] {
  reportRest(message, path, notes)
  const results: Message[] = []
  const content: UserPart[] = []
  readBlocks(message.content, `${path}.content`).forEach((block, at) => {
    const place = `${path}.content.${at}`
    if (block.type === 'tool_result') results.push(readToolResult(block, place))
    else content.push(readUserPart(block, place))
  })
  return content.length > 0 || results.length === 0 ? [...results, { role: 'user', content }] : results
}

function readUserPart(block: Block, path: string): UserPart & ToolResultPart {
  if (block.type === 'text') return readText(block)
  return isMedia(block) ? readMedia(block, path) : { type: 'native', ...own(block) }
}

const resultKnown = new Set(['type', 'tool_use_id', 'content', 'is_error', 'cache_control'])

function readToolResult(block: Block, path: string): ToolMessage {
  const content =
    block.content === undefined || block.content === null ? [] : readBlocks(block.content, `${path}.content`)
  const isError = asBoolean(block.is_error)
  return {
    role: 'tool',
    callId: asString(block.tool_use_id) ?? '',
    content: content.map((inner, at) => readUserPart(inner, `${path}.content.${at}`)),
    ...(isError !== undefined && { isError }),
    ...readCache(block),
    ...rest(block, resultKnown),
  }
}
