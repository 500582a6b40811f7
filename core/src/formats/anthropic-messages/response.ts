import { GatewayError } from '../../kernel/faults.ts'
import { asArray, asObject, asString, isArray, isObject, type JsonObject, leftovers } from '../../kernel/json.ts'
import type { ChatRequest } from '../../vocabulary/chat-request.ts'
import type { ChatResponse, Finish, FinishReason } from '../../vocabulary/chat-response.ts'
import type { AssistantPart } from '../../vocabulary/parts.ts'
import { mediaNote, newId, readAssistantBlock, toolInput, writeThinking } from './wire/assistant.ts'
import { format, ownValue, writeCache } from './wire/fields.ts'
import { writeCitation } from './wire/text.ts'
import { readUsage, writeUsage } from './wire/usage.ts'

/** https://platform.claude.com/docs/en/build-with-claude/handling-stop-reasons */
const reasons: Readonly<Record<string, FinishReason>> = {
  end_turn: 'stop',
  stop_sequence: 'stop-sequence',
  max_tokens: 'length',
  tool_use: 'tool-calls',
  pause_turn: 'pause',
  refusal: 'refusal',
  model_context_window_exceeded: 'context-length',
  compaction: 'other',
}

const stopReasons: Readonly<Record<FinishReason, string>> = {
  stop: 'end_turn',
  'stop-sequence': 'stop_sequence',
  length: 'max_tokens',
  'context-length': 'model_context_window_exceeded',
  'tool-calls': 'tool_use',
  'content-filter': 'refusal',
  refusal: 'refusal',
  pause: 'pause_turn',
  error: 'end_turn',
  other: 'end_turn',
}

export function readFinish(body: JsonObject): Finish {
  const raw = asString(body.stop_reason)
  const sequence = asString(body.stop_sequence)
  return {
    reason: (raw !== undefined ? reasons[raw] : undefined) ?? 'other',
    ...(raw !== undefined && { raw }),
    ...(sequence !== undefined && { sequence }),
  }
}

/** Some providers finish with `stop` after a tool call; a client of Anthropic's runs tools only on `tool_use`. */
export function writeFinish(finish: Finish, content: { readonly called: boolean; readonly refused: boolean }) {
  const { reason, raw, sequence } = finish
  const said = raw !== undefined && reasons[raw] === reason ? raw : undefined
  const unsaid = reason === 'stop' || reason === 'other'
  const stop_reason = content.refused
    ? 'refusal'
    : (said ?? (content.called && unsaid ? 'tool_use' : stopReasons[reason]))
  return { stop_reason, stop_sequence: sequence ?? null }
}

const known = new Set(['id', 'type', 'role', 'model', 'content', 'stop_reason', 'stop_sequence', 'usage'])

/** Fields of a message that only this format knows; null says nothing. */
export function readNative(value: JsonObject | undefined, read: ReadonlySet<string> = known): JsonObject | undefined {
  const more = Object.entries((value && leftovers(value, read)) ?? {}).filter(([, member]) => member !== null)
  return more.length > 0 ? Object.fromEntries(more) : undefined
}

/** The format has no time of making: `createdAt` is 0, which is to say unknown. */
export function readResponse(body: JsonObject): ChatResponse {
  if (!isArray(body.content))
    throw new GatewayError('provider-garbled', 'The provider answered with no message: `content` is missing.')
  const usage = asObject(body.usage) ?? {}
  const serviceTier = asString(usage.service_tier)
  const fields = readNative(body)
  return {
    id: asString(body.id) ?? '',
    model: asString(body.model) ?? '',
    createdAt: 0,
    choices: [
      {
        index: 0,
        content: asArray(body.content).filter(isObject).map(readAssistantBlock),
        finish: readFinish(body),
      },
    ],
    usage: readUsage(usage),
    ...(serviceTier !== undefined && { serviceTier }),
    ...(fields && { native: { format, fields } }),
  }
}

/** The first choice as a message: the format has room for one. */
export function writeResponse(response: ChatResponse, _request?: ChatRequest): JsonObject {
  const choice = response.choices[0]
  const content = choice?.content ?? []
  const marks = {
    called: content.some(({ type }) => type === 'tool-call'),
    refused: content.some(({ type }) => type === 'refusal'),
  }
  return {
    id: response.id || newId('msg'),
    type: 'message',
    role: 'assistant',
    model: response.model,
    content: content.flatMap(writePart),
    ...writeFinish(choice?.finish ?? { reason: 'other' }, marks),
    usage: writeUsage(response.usage, response.serviceTier),
    ...(response.native?.format === format && response.native.fields),
  }
}

type Writers = { readonly [T in AssistantPart['type']]: (part: Extract<AssistantPart, { type: T }>) => JsonObject[] }

const writers: Writers = {
  text: (part) => {
    const citations = (part.citations ?? []).map(writeCitation).filter((value) => value !== undefined)
    if (part.text === '' && citations.length === 0) return []
    return [{ type: 'text', text: part.text, ...(citations.length > 0 && { citations }), ...writeCache(part.cache) }]
  },
  reasoning: (part) => {
    const block = writeThinking(part)
    return block.thinking === '' && block.signature === '' ? [] : [block]
  },
  'tool-call': (part) => [
    {
      type: 'tool_use',
      id: part.id || newId('toolu'),
      name: part.name,
      input: toolInput(part).input,
      ...ownValue(part.native),
    },
  ],
  refusal: (part) => (part.text === '' ? [] : [{ type: 'text', text: part.text }]),
  media: (part) => [{ type: 'text', text: mediaNote(part) }],
  native: (part) => {
    const value = ownValue(part)
    return value ? [value] : []
  },
}

function writePart(part: AssistantPart): JsonObject[] {
  return (writers[part.type] as (part: AssistantPart) => JsonObject[])(part)
}
