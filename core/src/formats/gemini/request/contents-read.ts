import { isObject, type Json, type JsonObject } from '../../../kernel/json.ts'
import type { Message, SystemMessage, ToolMessage } from '../../../vocabulary/messages.ts'
import type { AssistantPart, MediaPart, ToolResultPart, UserPart } from '../../../vocabulary/parts.ts'
import { camel, formatId, invalid, listAt, objectAt, stringAt, type Warnings, warn } from '../wire.ts'
import { readMedia } from './media.ts'
import { readModelPart } from './parts.ts'

/** A call that has been made and its place; results without an id are matched to the calls of their name in order. */
interface Call {
  readonly id: string
  readonly name: string
  answered: boolean
}

interface History {
  readonly messages: Message[]
  readonly calls: Call[]
  readonly warnings: Warnings
}

/** The conversation in `contents`. Calls without an id get one from their place, the same each time the history is sent. */
export function readContents(contents: readonly Json[], warnings: Warnings): Message[] {
  const history: History = { messages: [], calls: [], warnings }
  for (const [turn, value] of contents.entries()) {
    const path = `contents[${turn}]`
    if (!isObject(value)) throw invalid(path, 'an object with `role` and `parts` is expected')
    const content = camel(value)
    const parts = readParts(content, path)
    const role = stringAt(content, 'role', path) ?? 'user'
    if (role === 'model') readModelTurn(parts, turn, history)
    else if (role === 'user' || role === 'function') readUserTurn(parts, turn, history)
    else throw invalid(`${path}.role`, `\`user\` or \`model\` is expected, not \`${role}\``)
  }
  return history.messages
}

interface WirePart {
  readonly raw: JsonObject
  /** the same in camelCase */
  readonly part: JsonObject
  readonly path: string
}

function readParts(content: JsonObject, path: string): WirePart[] {
  return (listAt(content, 'parts', path) ?? []).map((raw, at) => {
    const place = `${path}.parts[${at}]`
    if (!isObject(raw)) throw invalid(place, 'an object is expected')
    const part = camel(raw)
    checkPart(part, place)
    return { raw, part, path: place }
  })
}

/** Refuses what Google's parser would refuse, in the fields that are translated. */
function checkPart(part: JsonObject, path: string): void {
  stringAt(part, 'text', path)
  stringAt(part, 'thoughtSignature', path)
  const blob = objectAt(part, 'inlineData', path)
  if (blob && (typeof blob.mimeType !== 'string' || typeof blob.data !== 'string'))
    throw invalid(`${path}.inlineData`, '`mimeType` and `data` (base64) are expected')
  const file = objectAt(part, 'fileData', path)
  if (file && typeof file.fileUri !== 'string') throw invalid(`${path}.fileData`, '`fileUri` is expected')
  const call = objectAt(part, 'functionCall', path)
  if (call) {
    if (typeof call.name !== 'string') throw invalid(`${path}.functionCall.name`, 'a string is expected')
    stringAt(call, 'id', `${path}.functionCall`)
    objectAt(call, 'args', `${path}.functionCall`)
  }
  const result = objectAt(part, 'functionResponse', path)
  if (result) {
    if (typeof result.name !== 'string') throw invalid(`${path}.functionResponse.name`, 'a string is expected')
    stringAt(result, 'id', `${path}.functionResponse`)
    objectAt(result, 'response', `${path}.functionResponse`)
  }
  const { thought: _thought, thoughtSignature, ...content } = part
  if (Object.keys(content).length === 0 && thoughtSignature === undefined)
    throw invalid(path, 'one of `text`, `inlineData`, `fileData`, `functionCall`, `functionResponse` is expected')
}

function readModelTurn(parts: readonly WirePart[], turn: number, { messages, calls }: History): void {
  let made = 0
  const content = parts
    .flatMap(({ raw }) => readModelPart(raw, () => `call_${turn}_${made++}`))
    .filter((part) => part.type !== 'text' || part.text !== '')
  for (const part of content)
    if (part.type === 'tool-call') calls.push({ id: part.id, name: part.name, answered: false })
  const before = messages.at(-1)
  if (before?.role !== 'assistant') messages.push({ role: 'assistant', content })
  else messages[messages.length - 1] = { role: 'assistant', content: goOn(before.content, content) }
}

/** Google's SDKs keep each chunk of a stream as a turn of its own: together they are one, and their texts one text. */
function goOn(before: readonly AssistantPart[], after: readonly AssistantPart[]): AssistantPart[] {
  const last = before.at(-1)
  const [first, ...rest] = after
  if (last?.type === 'text' && first?.type === 'text')
    return [...before.slice(0, -1), { type: 'text', text: last.text + first.text }, ...rest]
  if (last?.type === 'reasoning' && first?.type === 'reasoning' && !last.opaque)
    return [...before.slice(0, -1), { ...first, text: last.text + first.text }, ...rest]
  return [...before, ...after]
}

function readUserTurn(parts: readonly WirePart[], turn: number, history: History): void {
  let said: UserPart[] = []
  const flush = (): void => {
    if (said.length > 0) history.messages.push({ role: 'user', content: said })
    said = []
  }
  for (const wire of parts) {
    if (isObject(wire.part.functionResponse)) {
      flush()
      history.messages.push(readResult(camel(wire.part.functionResponse), wire.path, turn, history))
    } else said.push(readUserPart(wire, history.warnings))
  }
  if (parts.length === 0) history.messages.push({ role: 'user', content: [] })
  flush()
}

/** The words of `mediaResolution` (https://ai.google.dev/gemini-api/docs/media-resolution). */
const resolution = /^MEDIA_RESOLUTION_(LOW|MEDIUM|HIGH|ULTRA_HIGH)$/

function readUserPart({ raw, part, path }: WirePart, warnings: Warnings): UserPart {
  if (part.thoughtSignature !== undefined)
    warn(warnings, 'dropped', `${path}.thoughtSignature`, 'only what a model said bears a signature')
  if (typeof part.text === 'string') return { type: 'text', text: part.text }
  const { mediaResolution, thought: _thought, thoughtSignature: _signature, ...content } = part
  const level = isObject(mediaResolution) ? resolution.exec(String(mediaResolution.level))?.[1] : undefined
  const plain = Object.keys(content).length === 1 && (mediaResolution === undefined || level !== undefined)
  const media = plain ? readMedia(content) : undefined
  if (!media) return { type: 'native', format: formatId, value: raw }
  return level === undefined ? media : { ...media, detail: level.toLowerCase() }
}

function readResult(
  result: JsonObject,
  path: string,
  turn: number,
  { messages, calls, warnings }: History,
): ToolMessage {
  const name = String(result.name)
  const call =
    typeof result.id === 'string'
      ? calls.find(({ id }) => id === result.id)
      : calls.find((earlier) => earlier.name === name && !earlier.answered)
  if (call) call.answered = true
  for (const lost of ['willContinue', 'scheduling'])
    if (result[lost] !== undefined)
      warn(warnings, 'dropped', `${path}.functionResponse.${lost}`, 'it has no place in a finished turn')
  const parts = (listAt(result, 'parts', `${path}.functionResponse`) ?? []).map(readResultPart)
  const told = readTold(isObject(result.response) ? result.response : {})
  return {
    role: 'tool',
    callId: typeof result.id === 'string' ? result.id : (call?.id ?? `call_${turn}_r${messages.length}`),
    // a call that bears the name already says it
    ...(call?.name !== name && { name }),
    content: [...told.content, ...parts],
    ...(told.isError && { isError: true }),
  }
}

/** `{result: text}` and `{error: text}` are the shells that the writing half puts around what is no object; all else is data. */
function readTold(response: JsonObject): { content: ToolResultPart[]; isError?: true } {
  const [key, ...others] = Object.keys(response)
  const value = key === undefined ? undefined : response[key]
  if (key === undefined) return { content: [] }
  if (others.length === 0 && typeof value === 'string') {
    if (key === 'result') return { content: [{ type: 'text', text: value }] }
    if (key === 'error') return { content: [{ type: 'text', text: value }], isError: true }
  }
  return { content: [{ type: 'text', text: JSON.stringify(response) }] }
}

function readResultPart(raw: Json): ToolResultPart {
  const value = isObject(raw) ? raw : {}
  const media: MediaPart | undefined = readMedia(camel(value))
  return media ?? { type: 'native', format: formatId, value }
}

/** `systemInstruction`: a text, or a content whose parts are all texts. */
export function readSystem(given: Json | undefined): SystemMessage[] {
  if (given === undefined) return []
  if (typeof given === 'string') return [{ role: 'system', content: [{ type: 'text', text: given }] }]
  if (!isObject(given)) throw invalid('systemInstruction', 'a content with `parts` is expected')
  const parts = readParts(camel(given), 'systemInstruction')
  const content = parts.map(({ part, path }) => {
    if (typeof part.text !== 'string') throw invalid(path, 'instructions are text')
    return { type: 'text', text: part.text } as const
  })
  return content.length > 0 ? [{ role: 'system', content }] : []
}
