import { asArray, asNumber, asString, isObject, type Json, type JsonObject } from '../../kernel/json.ts'
import type { ModelProfile } from '../../models/profile.ts'
import type { TokenLogprob } from '../../vocabulary/chat-response.ts'
import type { Citation, MediaPart, MediaSource, TextPart, UserPart } from '../../vocabulary/parts.ts'
import { extras, keepNative, malformed, type Notes, nativeFields, own, requireText, unsupported } from './own.ts'

/** https://platform.openai.com/docs/api-reference/responses/create#responses-create-input */
type PartReader = (part: JsonObject, path: string) => UserPart

const readText: PartReader = (part, path) => {
  const citations = asArray(part.annotations).filter(isObject).map(readAnnotation)
  return {
    type: 'text',
    text: requireText(part.text, `${path}.text`),
    ...(citations.length > 0 && { citations }),
  }
}

const partReaders: Readonly<Record<string, PartReader>> = {
  input_text: readText,
  output_text: readText,
  text: readText,
  refusal: (part, path) => ({ type: 'text', text: requireText(part.refusal, `${path}.refusal`) }),
  input_image: readImage,
  input_file: readFile,
  input_audio: readAudio,
}

/** Whether a native piece is content of a message rather than an item of its own. */
export function isContentType(type: Json | undefined): boolean {
  return typeof type === 'string' && /^(?:input_|computer_(?!call))/.test(type)
}

/** A content part of an input message or a tool's output. */
export function readPart(part: JsonObject, path: string): UserPart {
  const type = asString(part.type) ?? ''
  const reader = Object.hasOwn(partReaders, type) ? partReaders[type] : undefined
  if (reader) return reader(part, path)
  // kinds of input newer than this table stay as they are
  if (isContentType(type)) return { type: 'native', format: own, value: part }
  throw malformed(`${path}.type`, `one of ${Object.keys(partReaders).join(', ')}`)
}

const imageFields: ReadonlySet<string> = new Set(['type', 'image_url', 'file_id', 'detail'])

function readImage(part: JsonObject, path: string): MediaPart {
  const url = asString(part.image_url) ?? (isObject(part.image_url) ? asString(part.image_url.url) : undefined)
  const id = asString(part.file_id)
  if (url === undefined && id === undefined) throw malformed(path, 'an image with `image_url` or `file_id`')
  const detail = asString(part.detail)
  return {
    type: 'media',
    kind: 'image',
    source: url !== undefined ? readUrl(url) : { type: 'file', id: id ?? '' },
    ...(detail !== undefined && { detail }),
    ...keepNative(extras(part, imageFields)),
  }
}

const fileFields: ReadonlySet<string> = new Set(['type', 'file_data', 'file_url', 'file_id', 'filename'])

function readFile(part: JsonObject, path: string): MediaPart {
  const source = readFileSource(part)
  if (!source) throw malformed(path, 'a file with `file_data`, `file_url` or `file_id`')
  const name = asString(part.filename)
  const named = name !== undefined && name !== '' && name !== defaultName(source.mediaType)
  return {
    type: 'media',
    kind: 'document',
    source,
    ...(named && { name }),
    ...keepNative(extras(part, fileFields)),
  }
}

function readFileSource(part: JsonObject): MediaSource | undefined {
  const bytes = asString(part.file_data)
  if (bytes?.startsWith('data:')) return readUrl(bytes)
  if (bytes) return { type: 'base64', mediaType: 'application/pdf', data: bytes }
  const url = asString(part.file_url)
  if (url) return { type: 'url', url }
  const id = asString(part.file_id)
  return id ? { type: 'file', id } : undefined
}

function readAudio(part: JsonObject, path: string): MediaPart {
  const audio = isObject(part.input_audio) ? part.input_audio : part
  const data = requireText(audio.data, `${path}.input_audio.data`)
  const format = requireText(audio.format, `${path}.input_audio.format`)
  return { type: 'media', kind: 'audio', source: { type: 'base64', mediaType: audioType(format), data } }
}

const audioType = (format: string) => (format === 'mp3' ? 'audio/mpeg' : `audio/${format}`)
const audioFormats: Readonly<Record<string, string>> = {
  'audio/mpeg': 'mp3',
  'audio/mp3': 'mp3',
  'audio/wav': 'wav',
  'audio/x-wav': 'wav',
  'audio/wave': 'wav',
}

/** A data URL with base64 is taken apart; any other URL stays one. */
function readUrl(url: string): MediaSource {
  const comma = url.startsWith('data:') ? url.indexOf(',') : -1
  const head = comma < 0 ? '' : url.slice(5, comma)
  if (!head.endsWith(';base64')) return { type: 'url', url }
  const mediaType = head.slice(0, -7) || 'text/plain'
  return { type: 'base64', mediaType, data: url.slice(comma + 1) }
}

const extensions: Readonly<Record<string, string>> = { 'text/plain': 'txt', 'text/markdown': 'md' }

/** The file name that stands in where the caller gave none: OpenAI refuses `file_data` without one. */
function defaultName(mediaType = 'application/pdf'): string {
  return `document.${extensions[mediaType] ?? mediaType.split('/')[1] ?? 'bin'}`
}

/** What writing needs to know beside the part itself. */
export interface Writing {
  readonly notes: Notes
  readonly profile: ModelProfile
}

/** A part of a user's message or a tool's result as content of this format. */
export function writePart(part: UserPart, path: string, writing: Writing): JsonObject {
  if (part.type === 'text') return { type: 'input_text', text: part.text }
  if (part.type === 'media') return writeMedia(part, path, writing)
  if (part.format === own) return part.value
  throw unsupported(path, `A part that only ${part.format} knows cannot be sent in the Responses format.`)
}

const needs: { readonly [K in MediaPart['kind']]: NonNullable<ModelProfile['reads']>[number] } = {
  image: 'image',
  audio: 'audio',
  video: 'video',
  document: 'pdf',
}

function writeMedia(part: MediaPart, path: string, { notes, profile }: Writing): JsonObject {
  const { kind, source } = part
  if (kind === 'document' && source.type === 'text') return writeTextDocument(part, source.text, path, notes)
  if (profile.reads && !profile.reads.includes(needs[kind]))
    throw unsupported(path, `The model \`${profile.model}\` does not read ${kind} parts.`)
  if (source.type !== 'base64' && source.mediaType !== undefined)
    notes.note(
      'dropped',
      `${path}.source.mediaType`,
      'the Responses format takes no media type beside a URL or file id',
    )
  if (part.citable) notes.note('dropped', `${path}.citable`, 'the Responses format does not cite documents on demand')
  if (part.context !== undefined)
    notes.note('dropped', `${path}.context`, 'the Responses format knows no background of a document')
  if (kind === 'image') return { ...writeImage(part, path), ...nativeFields(part.native) }
  if (kind === 'document') return { ...writeFile(part, path), ...nativeFields(part.native) }
  const format = source.type === 'base64' ? audioFormats[source.mediaType] : undefined
  if (kind === 'audio' && source.type === 'base64')
    return { type: 'input_audio', input_audio: { data: source.data, format: format ?? source.mediaType.slice(6) } }
  throw unsupported(path, `The Responses format takes no ${kind} as ${source.type}.`)
}

function writeTextDocument({ name, context }: MediaPart, text: string, path: string, notes: Notes): JsonObject {
  notes.note('adjusted', path, 'a text document goes as text: the Responses format takes files as bytes only')
  return { type: 'input_text', text: [name, context, text].filter((piece) => piece !== undefined).join('\n\n') }
}

function writeImage({ source, detail }: MediaPart, path: string): JsonObject {
  const more = detail !== undefined && { detail }
  if (source.type === 'base64') return { type: 'input_image', image_url: dataUrl(source), ...more }
  if (source.type === 'url') return { type: 'input_image', image_url: source.url, ...more }
  if (source.type === 'file') return { type: 'input_image', file_id: source.id, ...more }
  throw unsupported(path, 'The Responses format takes no image as text.')
}

function writeFile({ source, name }: MediaPart, path: string): JsonObject {
  if (source.type === 'base64')
    return { type: 'input_file', filename: name ?? defaultName(source.mediaType), file_data: dataUrl(source) }
  const more = name !== undefined && { filename: name }
  if (source.type === 'url') return { type: 'input_file', file_url: source.url, ...more }
  if (source.type === 'file') return { type: 'input_file', file_id: source.id, ...more }
  throw unsupported(path, 'The Responses format takes files as bytes, URLs or ids.')
}

const dataUrl = ({ mediaType, data }: { mediaType: string; data: string }) => `data:${mediaType};base64,${data}`

const citationFields: ReadonlySet<string> = new Set(['type', 'url', 'title', 'start_index', 'end_index'])

/** https://platform.openai.com/docs/api-reference/responses/object#responses-object-output */
export function readAnnotation(value: JsonObject): Citation {
  const url = asString(value.url)
  const start = asNumber(value.start_index)
  const end = asNumber(value.end_index)
  const title = asString(value.title) || asString(value.filename)
  const mapped = value.type === 'url_citation' && !extras(value, citationFields)
  // an empty range says nothing: it stands where a citation has none
  const ranged = start !== undefined && end !== undefined && end > start
  return {
    kind: url !== undefined ? 'url' : 'file',
    ...(url !== undefined && { url }),
    ...(title && { title }),
    ...(ranged && { start, end }),
    ...(!mapped && { native: { format: own, value } }),
  }
}

/** The citation in this format's words; undefined when it has none for it. */
export function writeAnnotation({ url, title, start, end, native }: Citation): JsonObject | undefined {
  if (native?.format === own) return native.value
  if (url === undefined) return undefined
  return { type: 'url_citation', url, title: title ?? '', start_index: start ?? 0, end_index: end ?? 0 }
}

export function writeAnnotations(citations: TextPart['citations']): JsonObject[] {
  return (citations ?? []).map(writeAnnotation).filter((annotation) => annotation !== undefined)
}

export function readLogprobs(value: Json | undefined): TokenLogprob[] {
  return asArray(value).filter(isObject).map(readLogprob)
}

function readLogprob(value: JsonObject): TokenLogprob {
  const top = asArray(value.top_logprobs).filter(isObject).map(readToken)
  return { ...readToken(value), ...(top.length > 0 && { top }) }
}

function readToken(value: JsonObject): { token: string; logprob: number; bytes?: readonly number[] } {
  const bytes = asArray(value.bytes).filter((byte) => typeof byte === 'number')
  return {
    token: asString(value.token) ?? '',
    logprob: asNumber(value.logprob) ?? 0,
    ...(bytes.length > 0 && { bytes }),
  }
}

export function writeLogprob({ token, logprob, bytes, top }: TokenLogprob): JsonObject {
  return {
    token,
    logprob,
    bytes: bytes ?? [],
    top_logprobs: (top ?? []).map((one) => ({ token: one.token, logprob: one.logprob, bytes: one.bytes ?? [] })),
  }
}
