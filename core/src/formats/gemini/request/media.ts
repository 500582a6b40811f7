import { asString, type JsonObject } from '../../../kernel/json.ts'
import type { MediaPart, MediaSource } from '../../../vocabulary/parts.ts'
import { camel } from '../wire.ts'

type Kind = MediaPart['kind']

/** Media types by file extension (https://ai.google.dev/gemini-api/docs/file-input-methods). */
const byExtension: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  webp: 'image/webp',
  gif: 'image/gif',
  heic: 'image/heic',
  heif: 'image/heif',
  wav: 'audio/wav',
  mp3: 'audio/mpeg',
  aac: 'audio/aac',
  ogg: 'audio/ogg',
  flac: 'audio/flac',
  m4a: 'audio/mp4',
  mp4: 'video/mp4',
  mpeg: 'video/mpeg',
  mov: 'video/quicktime',
  avi: 'video/x-msvideo',
  webm: 'video/webm',
  wmv: 'video/x-ms-wmv',
  pdf: 'application/pdf',
  txt: 'text/plain',
  html: 'text/html',
  css: 'text/css',
  csv: 'text/csv',
  md: 'text/markdown',
  xml: 'text/xml',
  json: 'application/json',
}

const byKind: Readonly<Record<Kind, string>> = {
  image: 'image/jpeg',
  audio: 'audio/mpeg',
  video: 'video/mp4',
  document: 'application/pdf',
}

const youtube = /^https?:\/\/(?:www\.|m\.)?(?:youtube\.com|youtu\.be)\//i

/** Image, audio and video by their media type; all else is a document. */
export function kindOf(mediaType: string): Kind {
  const family = mediaType.slice(0, mediaType.indexOf('/')).toLowerCase()
  return family === 'image' || family === 'audio' || family === 'video' ? family : 'document'
}

function fromExtension(uri: string): string | undefined {
  const path = uri.split(/[?#]/, 1)[0] ?? ''
  return byExtension[/\.([a-z0-9]+)$/i.exec(path)?.[1]?.toLowerCase() ?? '']
}

/** The media type that is sent for an address whose type nobody named; a YouTube address is sent without. */
function guess(uri: string, kind: Kind): string | undefined {
  if (youtube.test(uri)) return undefined
  const known = fromExtension(uri)
  return known !== undefined && kindOf(known) === kind ? known : byKind[kind]
}

/**
 * A medium out of `inlineData` or `fileData`; undefined for what is neither or whose kind cannot be told. A media type that the
 * writing half would guess anyway is not kept, so that an address without one comes back without one.
 */
export function readMedia(part: JsonObject): MediaPart | undefined {
  const blob = part.inlineData ?? part.fileData
  if (typeof blob !== 'object' || blob === null || Array.isArray(blob)) return undefined
  const { mimeType, data, fileUri, displayName } = camel(blob as JsonObject)
  const name = asString(displayName)
  const named = name !== undefined && { name }
  if (part.inlineData !== undefined) {
    if (typeof mimeType !== 'string' || typeof data !== 'string') return undefined
    return { type: 'media', kind: kindOf(mimeType), source: inlineSource(mimeType, data), ...named }
  }
  if (typeof fileUri !== 'string') return undefined
  const type = asString(mimeType) ?? fromExtension(fileUri) ?? (youtube.test(fileUri) ? 'video/*' : undefined)
  if (type === undefined) return undefined
  const kind = kindOf(type)
  const mediaType = mimeType === undefined || mimeType === guess(fileUri, kind) ? {} : { mediaType: type }
  const source: MediaSource = /^[a-z][a-z0-9+.-]*:\/\//i.test(fileUri)
    ? { type: 'url', url: fileUri, ...mediaType }
    : { type: 'file', id: fileUri, ...mediaType }
  return { type: 'media', kind, source, ...named }
}

/** Plain text that travels as bytes is read as text: other formats have no use for its base64. */
function inlineSource(mediaType: string, data: string): MediaSource {
  const text = mediaType === 'text/plain' ? decodeText(data) : undefined
  return text === undefined ? { type: 'base64', mediaType, data } : { type: 'text', mediaType, text }
}

function decodeText(data: string): string | undefined {
  try {
    const bytes = Uint8Array.from(atob(data), (char) => char.charCodeAt(0))
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

function encodeText(text: string): string {
  let binary = ''
  for (const byte of new TextEncoder().encode(text)) binary += String.fromCharCode(byte)
  return btoa(binary)
}

/** The medium as a part: bytes inline, addresses and ids as `fileData`. */
export function writeMedia({ source, kind }: MediaPart): JsonObject {
  switch (source.type) {
    case 'base64':
      return { inlineData: { mimeType: source.mediaType, data: source.data } }
    case 'text':
      return { inlineData: { mimeType: source.mediaType, data: encodeText(source.text) } }
    default: {
      const fileUri = source.type === 'url' ? source.url : source.id
      const mimeType = source.mediaType ?? guess(fileUri, kind)
      return { fileData: { ...(mimeType !== undefined && { mimeType }), fileUri } }
    }
  }
}
