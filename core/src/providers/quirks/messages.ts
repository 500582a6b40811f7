import { asArray, isArray, isObject, type Json, type JsonObject, type MutableJsonObject } from '../../kernel/json.ts'
import type { Quirk } from '../provider.ts'
import { eachMessage, mapChanged, omit, withField } from './walk.ts'

/** Joins content that is a list of text parts alone into one string; content with media stays a list. */
export const joinText: Quirk = {
  kind: 'rewrite',
  touches: ['messages'],
  effect: 'same',
  why: 'takes text content as a string only',
  body: eachMessage((message) => {
    const parts = message.content
    if (!isArray(parts)) return message
    const texts = parts.map((part) =>
      isObject(part) && part.type === 'text' && typeof part.text === 'string' ? part.text : undefined,
    )
    return texts.includes(undefined) ? message : { ...message, content: texts.join('') }
  }),
}

/** Leaves members out of messages; `unless` names roles that keep them, `effect: 'same'` says that nobody misses them. */
export function dropMessageFields(
  fields: readonly string[],
  { unless = [], effect }: { unless?: readonly string[]; effect?: 'same' } = {},
): Quirk {
  return {
    kind: 'rewrite',
    touches: ['messages'],
    ...(effect && { effect }),
    why: `rejects ${fields.join(', ')} in messages`,
    body: eachMessage((message) => (unless.includes(String(message.role)) ? message : omit(message, fields))),
  }
}

/** Leaves out prompt-cache marks (Anthropic's `cache_control`), which the vendor rejects, from messages, their parts and tools. */
export const dropCacheMarks: Quirk = {
  kind: 'rewrite',
  touches: ['messages', 'tools'],
  effect: 'same',
  why: 'rejects cache_control; it caches prompts by itself or not at all',
  body: (body) => {
    const bare = eachMessage((message) => {
      const kept = omit(message, ['cache_control'])
      if (!isArray(kept.content)) return kept
      const content = mapChanged(kept.content, (part) => (isObject(part) ? omit(part, ['cache_control']) : part))
      return content === kept.content ? kept : { ...kept, content }
    })(body)
    if (!isArray(bare.tools)) return bare
    return withField(
      bare,
      'tools',
      mapChanged(bare.tools, (tool) => (isObject(tool) ? omit(tool, ['cache_control']) : tool)),
    )
  },
}

/** Leaves null members out of messages of some roles (all when none are named). */
export function dropNulls(...roles: readonly string[]): Quirk {
  return {
    kind: 'rewrite',
    touches: ['messages'],
    effect: 'same',
    why: 'rejects null in messages',
    body: eachMessage((message) => {
      if (roles.length > 0 && !roles.includes(String(message.role))) return message
      const nulls = Object.keys(message).filter((name) => message[name] === null)
      return nulls.length === 0 ? message : omit(message, nulls)
    }),
  }
}

/** Leaves out assistant messages that say nothing and call nothing. */
export const dropEmptyAssistant: Quirk = {
  kind: 'rewrite',
  touches: ['messages'],
  effect: 'same',
  why: 'rejects empty assistant messages',
  body: (body) => {
    const messages = asArray(body.messages)
    const kept = messages.filter((message) => !isEmptyAssistant(message))
    return kept.length === messages.length ? body : { ...body, messages: kept }
  },
}

function isEmptyAssistant(message: Json): boolean {
  if (!isObject(message) || message.role !== 'assistant' || asArray(message.tool_calls).length > 0) return false
  const { content } = message
  return content === undefined || content === null || content === '' || (isArray(content) && content.length === 0)
}

/** Marks a closing assistant message as the beginning of the answer, which the vendor wants said. */
export const markPrefix: Quirk = {
  kind: 'rewrite',
  touches: ['messages'],
  effect: 'same',
  why: 'continues a closing assistant message only when it is marked prefix: true',
  body: (body) => {
    const messages = asArray(body.messages)
    const last = messages.at(-1)
    if (
      !isObject(last) ||
      last.role !== 'assistant' ||
      last.prefix !== undefined ||
      asArray(last.tool_calls).length > 0
    )
      return body
    return { ...body, messages: [...messages.slice(0, -1), { ...last, prefix: true }] }
  },
}

/** Gives video files the part that the server knows for them: `video_url`. */
export const videoUrls: Quirk = {
  kind: 'rewrite',
  touches: ['messages'],
  effect: 'same',
  why: 'takes videos as video_url parts, not as files',
  body: eachMessage((message) => {
    if (!isArray(message.content)) return message
    const content = mapChanged(message.content, (part) => (isObject(part) ? videoPart(part) : part))
    return content === message.content ? message : { ...message, content }
  }),
}

function videoPart(part: JsonObject): JsonObject {
  const file = part.type === 'file' && isObject(part.file) ? part.file : undefined
  const url = [file?.file_data, file?.file_id].find((value) => typeof value === 'string')
  if (file === undefined || url === undefined) return part
  const isVideo =
    String(file.format ?? '').startsWith('video/') ||
    /^data:video\/|^https?:[^?#]+\.(?:mp4|webm|mov|mkv|avi|mpe?g)(?:[?#]|$)/i.test(url)
  return isVideo ? { type: 'video_url', video_url: { url } } : part
}

/** Writes tool-call ids as nine letters and digits, the same id always the same way. */
export const nineCharacterIds: Quirk = {
  kind: 'rewrite',
  touches: ['messages'],
  effect: 'same',
  why: 'takes tool-call ids of exactly nine letters and digits',
  body: eachMessage((message) => {
    const calls = isArray(message.tool_calls)
      ? mapChanged(message.tool_calls, (call) => (isObject(call) ? withId(call, 'id') : call))
      : undefined
    const own = withId(message, 'tool_call_id')
    return calls === undefined || calls === message.tool_calls ? own : { ...own, tool_calls: calls }
  }),
}

function withId(holder: JsonObject, field: string): JsonObject {
  const id = holder[field]
  return typeof id !== 'string' || /^[A-Za-z0-9]{9}$/.test(id) ? holder : { ...holder, [field]: nineCharacters(id) }
}

/** Two FNV-1a hashes in base 36, of each the digits that vary most. */
function nineCharacters(id: string): string {
  const hash = (seed: number): string => {
    let sum = seed
    for (let at = 0; at < id.length; at++) sum = Math.imul(sum ^ id.charCodeAt(at), 0x01000193) >>> 0
    return sum.toString(36).padStart(7, '0')
  }
  return hash(0x811c9dc5).slice(-5) + hash(0x9747b28c).slice(-4)
}

/** The body with one more user message. */
export function askAlso(body: MutableJsonObject, content: string): MutableJsonObject {
  return { ...body, messages: [...asArray(body.messages), { role: 'user', content }] }
}
