import { asObject, asString, isArray, isObject, type Json, type JsonObject } from '../../../kernel/json.ts'
import type { MediaPart, NativePart, TextPart } from '../../../vocabulary/parts.ts'
import { readCache, readUrl } from '../wire.ts'
import { optionalString, refuse, requiredObject, requiredString, unnamedFile } from './fields.ts'

type Part = TextPart | MediaPart | NativePart
type Kind = MediaPart['kind']

/** Reads a message's content: a string, or a list of parts. An empty string is no part at all. */
export function readContent(message: JsonObject, path: string): readonly Part[] {
  const { content } = message
  if (content === undefined || content === null || content === '') return []
  const parts =
    typeof content === 'string'
      ? [{ type: 'text', text: content } as const]
      : isArray(content)
        ? content.map((part, at) => readPart(part, `${path}.content[${at}]`))
        : refuse(`${path}.content`, 'a string or an array of parts')
  return markLast(parts, readCache(message))
}

/** A mark on the whole message is one on its last part. */
function markLast(parts: readonly Part[], mark: ReturnType<typeof readCache>): readonly Part[] {
  const last = parts.at(-1)
  if (!mark.cache || !last || last.type === 'native' || last.cache) return parts
  return [...parts.slice(0, -1), { ...last, ...mark }]
}

/** The same where the role takes text only. */
export function readTexts(message: JsonObject, path: string): readonly TextPart[] {
  return readContent(message, path).map((part, at) =>
    part.type === 'text' ? part : refuse(`${path}.content[${at}].type`, 'text in this role'),
  )
}

/** Reads one content part; a type that is not known here is kept as it stands for endpoints that do. */
export function readPart(value: Json, path: string): Part {
  const part = requiredObject(value, path)
  const type = part.type === undefined && typeof part.text === 'string' ? 'text' : part.type
  if (typeof type !== 'string' && type !== null) refuse(`${path}.type`, 'the name of a kind of part')
  const reader = typeof type === 'string' && Object.hasOwn(readers, type) ? readers[type] : undefined
  return reader ? { ...reader(part, path), ...readCache(part) } : { type: 'native', format: 'openai-chat', value: part }
}

const readText = (part: JsonObject, path: string): TextPart => ({
  type: 'text',
  text: requiredString(part.text, `${path}.text`),
})

const readers: Readonly<Record<string, (part: JsonObject, path: string) => TextPart | MediaPart>> = {
  text: readText,
  guarded_text: readText,
  input_text: readText,
  output_text: readText,
  image_url: (part, path) => readAddressed('image', part.image_url, `${path}.image_url`),
  video_url: (part, path) => readAddressed('video', part.video_url, `${path}.video_url`),
  audio_url: (part, path) => readAddressed('audio', part.audio_url, `${path}.audio_url`),
  document_url: (part, path) => {
    const name = optionalString(part.document_name, `${path}.document_name`)
    return {
      ...readAddressed('document', part.document_url, `${path}.document_url`),
      ...(name !== undefined && { name }),
    }
  },
  input_audio: (part, path) => readAudio(part.input_audio, `${path}.input_audio`),
  file: (part, path) => readFile(requiredObject(part.file, `${path}.file`), `${path}.file`),
  document: readDocument,
}

/** `{url, detail?, format?}`, or the URL alone as several clients send it. */
function readAddressed(kind: Kind, value: Json | undefined, path: string): MediaPart {
  if (typeof value === 'string') return { type: 'media', kind, source: readUrl(value) }
  if (!isObject(value)) return refuse(path, 'an object with a url')
  const url = requiredString(value.url, `${path}.url`)
  const detail = optionalString(value.detail, `${path}.detail`)
  return {
    type: 'media',
    kind,
    source: readUrl(url, asString(value.format)),
    ...(detail !== undefined && { detail }),
  }
}

const audioTypes: Readonly<Record<string, string>> = { mp3: 'audio/mpeg', wav: 'audio/wav', m4a: 'audio/mp4' }

/** `{data, format}`; Mistral takes the bytes or an address as a bare string. */
function readAudio(value: Json | undefined, path: string): MediaPart {
  const audio = typeof value === 'string' ? { data: value } : requiredObject(value, path)
  const data = requiredString(audio.data, `${path}.data`)
  const format = optionalString((audio as JsonObject).format, `${path}.format`) ?? 'mp3'
  const mediaType = audioTypes[format] ?? `audio/${format}`
  const addressed = /^(?:https?|data):/i.test(data)
  const source = addressed ? readUrl(data) : ({ type: 'base64', mediaType, data } as const)
  return { type: 'media', kind: 'audio', source }
}

const fileTypes: Readonly<Record<string, string>> = {
  pdf: 'application/pdf',
  txt: 'text/plain',
  md: 'text/markdown',
  csv: 'text/csv',
  html: 'text/html',
  json: 'application/json',
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  webp: 'image/webp',
  mp3: 'audio/mpeg',
  wav: 'audio/wav',
  mp4: 'video/mp4',
}

function readFile(file: JsonObject, path: string): MediaPart {
  const name = optionalString(file.filename, `${path}.filename`)
  const format = optionalString(file.format, `${path}.format`)
  const data = optionalString(file.file_data, `${path}.file_data`)
  const id = optionalString(file.file_id, `${path}.file_id`)
  const mediaType = format ?? fileTypes[name?.split('.').at(-1)?.toLowerCase() ?? '']
  const named = name !== undefined && name !== unnamedFile ? { name } : {}
  const kind = kindOf(mediaType)
  if (data !== undefined) {
    const source = /^(?:https?|data|gs|s3):/i.test(data)
      ? readUrl(data, mediaType)
      : ({ type: 'base64', mediaType: mediaType ?? 'application/pdf', data } as const)
    return { type: 'media', kind: kindOf(source.mediaType ?? mediaType), source, ...named }
  }
  if (id === undefined) return refuse(path, 'an object with file_data or file_id')
  // LiteLLM takes an address here as well
  const source = /^(?:https?|gs|s3):/i.test(id) ? readUrl(id, format) : ({ type: 'file', id } as const)
  const typed = source.type === 'file' && format !== undefined ? { ...source, mediaType: format } : source
  return { type: 'media', kind, source: typed, ...named }
}

function kindOf(mediaType: string | undefined): Kind {
  const family = mediaType?.split('/')[0]
  return family === 'image' || family === 'audio' || family === 'video' ? family : 'document'
}

/** LiteLLM's document part, which has Anthropic's shape (https://docs.anthropic.com/en/docs/build-with-claude/citations). */
function readDocument(part: JsonObject, path: string): MediaPart {
  const source = requiredObject(part.source, `${path}.source`)
  const name = optionalString(part.title, `${path}.title`)
  const context = optionalString(part.context, `${path}.context`)
  const citable = asObject(part.citations)?.enabled
  return {
    type: 'media',
    kind: 'document',
    source: readSource(source, `${path}.source`),
    ...(name !== undefined && { name }),
    ...(context !== undefined && { context }),
    ...(typeof citable === 'boolean' && { citable }),
  }
}

function readSource(source: JsonObject, path: string): MediaPart['source'] {
  const mediaType = optionalString(source.media_type, `${path}.media_type`)
  const data = () => requiredString(source.data, `${path}.data`)
  switch (source.type) {
    case 'base64':
      return { type: 'base64', mediaType: mediaType ?? 'application/pdf', data: data() }
    case 'text':
      return { type: 'text', mediaType: mediaType ?? 'text/plain', text: data() }
    case 'url':
      return readUrl(requiredString(source.url, `${path}.url`), mediaType)
    case 'file':
      return { type: 'file', id: requiredString(source.file_id, `${path}.file_id`) }
    default:
      return refuse(`${path}.type`, 'base64, text, url or file')
  }
}
