import { asString, isArray, type Json, type JsonObject } from '../../../kernel/json.ts'
import type { AssistantMessage, Message, ToolMessage } from '../../../vocabulary/messages.ts'
import type { AssistantPart, TextPart, UserPart } from '../../../vocabulary/parts.ts'
import { readPart } from '../content.ts'
import { type ItemReader, itemReader, messageExtras, typeOf } from '../items.ts'
import {
  extras,
  foreignId,
  keepNative,
  madeKind,
  malformed,
  type Notes,
  own,
  requireArray,
  requireObject,
  requireText,
  unsupported,
} from '../own.ts'

/** What the caller says first of all, then the input's items as messages. */
export function readInput(input: Json | undefined, instructions: string | undefined, notes: Notes): Message[] {
  const messages: Message[] = []
  if (instructions !== undefined) messages.push({ role: 'system', content: [{ type: 'text', text: instructions }] })
  if (typeof input === 'string') messages.push({ role: 'user', content: [{ type: 'text', text: input }] })
  else if (input !== undefined && input !== null) readItems(requireArray(input, 'input'), messages, notes)
  return messages
}

/** A model's turn while its items are still coming. */
interface Turn {
  readonly items: ItemReader
  readonly content: AssistantPart[]
  id?: string
}

function readItems(items: readonly Json[], messages: Message[], notes: Notes): void {
  let turn: Turn | undefined
  const close = (): void => {
    if (turn && turn.content.length > 0) messages.push(closeTurn(turn))
    turn = undefined
  }
  for (const [at, value] of items.entries()) {
    const path = `input[${at}]`
    const item = requireObject(value, path)
    if (isLost(item, path, notes)) continue
    const message = readOwnMessage(item, path, messages.length === 0 && !turn)
    if (message) {
      close()
      messages.push(message)
      continue
    }
    checkItem(item, path)
    turn ??= { items: itemReader(), content: [] }
    addItem(turn, item)
  }
  close()
}

/**
 * Callers who count on stored answers send the ids of items instead of the items. What we made up ids for is stored nowhere: a
 * thought may be missed, what was said may not.
 */
function isLost(item: JsonObject, path: string, notes: Notes): boolean {
  const kind = typeOf(item) === 'item_reference' ? madeKind(item.id) : undefined
  if (kind === undefined) return false
  if (kind !== 'rs')
    throw unsupported(
      path,
      `${path} refers to an item of an earlier answer, which is not kept: send the item itself (clients do so when \`store\` is false).`,
    )
  notes.note('dropped', path, 'it refers to reasoning of an earlier answer, which is not kept')
  return true
}

function closeTurn({ content, id }: Turn): AssistantMessage {
  return { role: 'assistant', content, ...(id !== undefined && { id }) }
}

/** The first message's id is the turn's; a later message keeps its own where its text begins. */
function addItem(turn: Turn, item: JsonObject): void {
  const parts = turn.items.read(item)
  const id = typeOf(item) === 'message' ? foreignId(item.id) : undefined
  const first = parts[0]
  const later = turn.content.some(({ type }) => type === 'text' || type === 'refusal')
  if (id !== undefined && !later) {
    turn.id = id
    if (first?.type === 'text' && first.native) parts[0] = { ...first, ...keepNative(withoutId(first.native.value)) }
  } else if (id !== undefined && first?.type === 'text')
    parts[0] = { ...first, ...keepNative({ id, ...first.native?.value }) }
  turn.content.push(...parts)
}

function withoutId({ id: _, ...rest }: JsonObject): JsonObject {
  return rest
}

/** Results that the caller brings of tools that only this format knows. */
const results: ReadonlySet<string> = new Set([
  'computer_call_output',
  'local_shell_call_output',
  'shell_call_output',
  'apply_patch_call_output',
  'mcp_approval_response',
  'additional_tools',
])

/** An item that is not of the model's turn, as a message of its own. */
function readOwnMessage(item: JsonObject, path: string, leads: boolean): Message | undefined {
  const type = typeOf(item)
  if (type === 'function_call_output' || type === 'custom_tool_call_output') return readResult(item, path)
  const native = results.has(type) || (type === 'tool_search_output' && item.execution === 'client')
  if (native) return { role: 'user', content: [{ type: 'native', format: own, value: item }] }
  if (type !== 'message' || item.role === 'assistant') return undefined
  const content = readContent(item.content, `${path}.content`)
  const id = asString(item.id)
  const about = keepNative({ ...(id !== undefined && { id }), ...messageExtras(item) })
  const parts = about.native && Object.keys(about.native.value).length > 0 ? mark(content, about) : content
  if (item.role === 'user') return { role: 'user', content: parts }
  if (item.role !== 'system' && item.role !== 'developer')
    throw malformed(`${path}.role`, 'one of user, assistant, system, developer')
  const texts = parts.map((part, at) => requireTextPart(part, `${path}.content[${at}]`))
  // a leading system message of one text would go back as `instructions`
  const ambiguous = leads && item.role === 'system' && texts.length === 1
  return { role: item.role, content: texts, ...(ambiguous && keepNative({ type: 'message' })) }
}

/** What is said of a message beyond its content lies with its first text. */
function mark(content: readonly UserPart[], about: Pick<TextPart, 'native'>): UserPart[] {
  const at = content.findIndex(({ type }) => type === 'text')
  return content.map((part, index) => (index === at && part.type === 'text' ? { ...part, ...about } : part))
}

function requireTextPart(part: UserPart, path: string): TextPart {
  if (part.type !== 'text') throw malformed(path, 'text: system and developer messages take nothing else')
  return part
}

/** Content as a text or a list of parts. */
function readContent(value: Json | undefined, path: string): UserPart[] {
  if (typeof value === 'string') return [{ type: 'text', text: value }]
  if (!isArray(value)) throw malformed(path, 'a string or an array')
  return value.map((part, at) => readPart(requireObject(part, `${path}[${at}]`), `${path}[${at}]`))
}

const resultFields: ReadonlySet<string> = new Set(['type', 'id', 'call_id', 'output', 'status'])

function readResult(item: JsonObject, path: string): ToolMessage {
  return {
    role: 'tool',
    callId: requireText(item.call_id, `${path}.call_id`),
    ...(item.type === 'custom_tool_call_output' && { kind: 'custom' }),
    content: readContent(item.output, `${path}.output`),
    ...keepNative(extras(item, resultFields)),
  }
}

type Check = (item: JsonObject, path: string) => void

const checks: Readonly<Record<string, Check>> = {
  message(item, path) {
    if (typeof item.content === 'string') return
    for (const [at, part] of requireArray(item.content, `${path}.content`).entries())
      checkSaid(requireObject(part, `${path}.content[${at}]`), `${path}.content[${at}]`)
  },
  function_call(item, path) {
    requireText(item.call_id, `${path}.call_id`)
    requireText(item.name, `${path}.name`)
    requireText(item.arguments, `${path}.arguments`)
  },
  custom_tool_call(item, path) {
    requireText(item.call_id, `${path}.call_id`)
    requireText(item.name, `${path}.name`)
    requireText(item.input, `${path}.input`)
  },
  reasoning(item, path) {
    if (item.summary !== undefined && item.summary !== null) requireArray(item.summary, `${path}.summary`)
  },
}

function checkSaid(part: JsonObject, path: string): void {
  if (part.type === 'refusal') requireText(part.refusal, `${path}.refusal`)
  else if (part.type === 'output_text' || part.type === 'input_text' || part.type === 'text')
    requireText(part.text, `${path}.text`)
  else throw malformed(`${path}.type`, 'output_text or refusal in a message of the assistant')
}

/** Items of the model's turn are read tolerantly, so what a caller must not get wrong is checked first. */
function checkItem(item: JsonObject, path: string): void {
  const type = typeOf(item)
  if (Object.hasOwn(checks, type)) checks[type]?.(item, path)
}
