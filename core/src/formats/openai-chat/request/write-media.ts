import type { JsonObject } from '../../../kernel/json.ts'
import type { ModelProfile } from '../../../models/profile.ts'
import type { MediaPart } from '../../../vocabulary/parts.ts'
import { writeDataUrl } from '../wire.ts'
import { unnamedFile, unsupported } from './fields.ts'
import { cacheMember, type Writing } from './tools.ts'

interface MediaWriting extends Writing {
  readonly profile: ModelProfile
}

/** A medium as a content part of a user's message; text that stands for a document becomes a text part. */
export function writeMedia(part: MediaPart, path: string, writing: MediaWriting): JsonObject {
  if (part.citable) writing.warn('dropped', `${path}.citable`, 'the format cannot ask for citations of a document')
  if (part.context !== undefined && part.source.type !== 'text')
    writing.warn('dropped', `${path}.context`, 'the format has no place for it')
  const { source } = part
  const written =
    source.type === 'text'
      ? writeTextDocument(part, source.text, path, writing)
      : writers[part.kind](part, path, writing)
  return { ...written, ...cacheMember(part, path, writing) }
}

function writeTextDocument(part: MediaPart, text: string, path: string, writing: MediaWriting): JsonObject {
  writing.warn('emulated', path, 'the document is sent as text')
  const head = [part.name, part.context].filter((line) => line !== undefined).join('\n')
  return { type: 'text', text: head === '' ? text : `${head}\n\n${text}` }
}

const writers: { [K in MediaPart['kind']]: (part: MediaPart, path: string, writing: MediaWriting) => JsonObject } = {
  image: (part, path, writing) => {
    warnName(part, path, writing)
    return {
      type: 'image_url',
      image_url: { url: urlOf(part, path), ...(part.detail !== undefined && { detail: part.detail }) },
    }
  },
  video: (part, path, writing) => {
    const { reads } = writing.profile
    if (reads && !reads.includes('video')) unsupported(path, 'the model reads no video')
    warnName(part, path, writing)
    return { type: 'video_url', video_url: { url: urlOf(part, path) } }
  },
  audio: (part, path, writing) => {
    const { source } = part
    if (source.type !== 'base64') unsupported(path, 'audio must be given as base64')
    warnName(part, path, writing)
    return { type: 'input_audio', input_audio: { data: source.data, format: audioFormat(source.mediaType) } }
  },
  document: (part, path) => {
    const { source, name } = part
    if (source.type === 'file')
      return { type: 'file', file: { file_id: source.id, ...(name !== undefined && { filename: name }) } }
    if (source.type !== 'base64')
      unsupported(path, 'a document must be given as base64 or as a file id, not by its URL')
    return { type: 'file', file: { filename: name ?? unnamedFile, file_data: writeDataUrl(source) } }
  },
}

function warnName(part: MediaPart, path: string, writing: MediaWriting): void {
  if (part.name !== undefined) writing.warn('dropped', `${path}.name`, `the format has no name for ${part.kind} parts`)
}

function urlOf({ source, kind }: MediaPart, path: string): string {
  if (source.type === 'url') return source.url
  if (source.type === 'base64') return writeDataUrl(source)
  return unsupported(path, `the format takes no uploaded file as ${kind}`)
}

const formats: Readonly<Record<string, string>> = {
  mpeg: 'mp3',
  'x-wav': 'wav',
  wave: 'wav',
  'vnd.wave': 'wav',
  mp4: 'm4a',
}

/** The format word of an audio's media type (https://platform.openai.com/docs/guides/audio). */
function audioFormat(mediaType: string): string {
  const subtype = mediaType.split(';')[0]?.split('/')[1] ?? 'wav'
  return formats[subtype] ?? subtype
}
