import { asBoolean, asObject, asString, isArray, isObject, type JsonObject } from '../../../kernel/json.ts'
import type { MediaPart, MediaSource, NativePart } from '../../../vocabulary/parts.ts'
import { malformed, type Notes, own, ownValue, readCache, rest, unsupported, writeCache } from './fields.ts'

const known = new Set(['type', 'source', 'title', 'context', 'citations', 'cache_control'])

/** An image or document block. A document made of blocks that are not all text stays as it is. */
export function readMedia(block: JsonObject, path: string): MediaPart | NativePart {
  const source = asObject(block.source)
  if (!source) throw malformed(`${path}.source`, 'must be an object with a type.')
  const read = readSource(source, `${path}.source`)
  if (!read) return { type: 'native', ...own(block) }
  const name = asString(block.title)
  const context = asString(block.context)
  const citable = asBoolean(asObject(block.citations)?.enabled)
  const more = rest(block, known)
  return {
    type: 'media',
    kind: block.type === 'image' ? 'image' : 'document',
    source: read,
    ...(name !== undefined && { name }),
    ...(context !== undefined && { context }),
    ...(citable !== undefined && { citable }),
    ...readCache(block),
    ...(source.type === 'content' ? { native: own({ ...more.native?.value, source }) } : more),
  }
}

/** https://platform.claude.com/docs/en/api/messages (image and document sources) */
function readSource(source: JsonObject, path: string): MediaSource | undefined {
  const text = (key: string): string => {
    const value = asString(source[key])
    if (value === undefined) throw malformed(`${path}.${key}`, 'must be a string.')
    return value
  }
  switch (source.type) {
    case 'base64':
      return { type: 'base64', mediaType: text('media_type'), data: text('data') }
    case 'url':
      return { type: 'url', url: text('url') }
    case 'file':
      return { type: 'file', id: text('file_id') }
    case 'text':
      return { type: 'text', text: text('data'), mediaType: asString(source.media_type) ?? 'text/plain' }
    case 'content':
      return readContentSource(source)
    default:
      if (typeof source.type === 'string') return undefined
      throw malformed(`${path}.type`, 'must be one of base64, url, file, text, content.')
  }
}

function readContentSource({ content }: JsonObject): MediaSource | undefined {
  if (typeof content === 'string') return { type: 'text', text: content, mediaType: 'text/plain' }
  if (!isArray(content)) return undefined
  const texts = content.map((block) => (isObject(block) && block.type === 'text' ? asString(block.text) : undefined))
  if (texts.includes(undefined)) return undefined
  return { type: 'text', text: texts.join('\n\n'), mediaType: 'text/plain' }
}

/** Anthropic reads images, PDFs and plain text (https://platform.claude.com/docs/en/build-with-claude/vision, …/pdf-support). */
export function writeMedia(part: MediaPart, path: string, notes: Notes): JsonObject {
  if (part.kind === 'audio' || part.kind === 'video')
    throw unsupported(path, `Anthropic's Messages API takes no ${part.kind}; send text, images or documents.`)
  const written = part.kind === 'image' ? writeImage(part, path, notes) : writeDocument(part, path, notes)
  return { ...written, ...writeCache(part.cache), ...ownValue(part.native) }
}

function writeImage(part: MediaPart, path: string, notes: Notes): JsonObject {
  if (part.detail !== undefined && part.detail !== 'auto')
    notes.dropped(`${path}.detail`, 'Anthropic has no level of image detail.')
  for (const key of ['name', 'context', 'citable', 'transcript'] as const)
    if (part[key] !== undefined) notes.dropped(`${path}.${key}`, 'an image carries no such field at Anthropic.')
  if (part.source.type === 'text') throw unsupported(path, 'an image cannot be given as text.')
  return { type: 'image', source: writeSource(part.source, path, imageTypes) }
}

const imageTypes: ReadonlySet<string> = new Set(['image/jpeg', 'image/png', 'image/gif', 'image/webp'])
const pdf: ReadonlySet<string> = new Set(['application/pdf'])

function writeDocument(part: MediaPart, path: string, notes: Notes): JsonObject {
  return {
    type: 'document',
    source: documentText(part.source, path, notes) ?? writeSource(part.source, path, pdf),
    ...(part.name !== undefined && { title: part.name }),
    ...(part.context !== undefined && { context: part.context }),
    ...(part.citable !== undefined && { citations: { enabled: part.citable } }),
  }
}

/** Plain text goes as text, however it came. */
function documentText(source: MediaSource, path: string, notes: Notes): JsonObject | undefined {
  const mediaType = mediaTypeOf(source)
  const decoded = source.type === 'text' ? source.text : isText(mediaType) ? decodeBase64(source) : undefined
  if (decoded === undefined) return undefined
  if (mediaType !== 'text/plain')
    notes.adjusted(`${path}.source.mediaType`, `Anthropic reads ${mediaType} as text/plain.`)
  else if (source.type !== 'text') notes.adjusted(`${path}.source`, 'a text file goes to Anthropic as plain text.')
  return { type: 'text', media_type: 'text/plain', data: decoded }
}

const isText = (mediaType: string | undefined): boolean =>
  mediaType !== undefined && /^text\/|^application\/(?:json|xml|yaml|x-yaml|javascript)$/.test(mediaType)

function decodeBase64(source: MediaSource): string | undefined {
  const data = source.type === 'base64' ? source.data : source.type === 'url' ? dataUrl(source.url)?.data : undefined
  if (data === undefined) return undefined
  try {
    return new TextDecoder().decode(Uint8Array.from(atob(data), (char) => char.charCodeAt(0)))
  } catch {
    return undefined
  }
}

function dataUrl(url: string): { mediaType: string; data: string } | undefined {
  const found = /^data:([^;,]+)[^,]*;base64,(.*)$/s.exec(url)
  return found?.[1] !== undefined && found[2] !== undefined ? { mediaType: found[1], data: found[2] } : undefined
}

function mediaTypeOf(source: MediaSource): string | undefined {
  return source.mediaType ?? (source.type === 'url' ? dataUrl(source.url)?.mediaType : undefined)
}

function writeSource(source: MediaSource, path: string, types: ReadonlySet<string>): JsonObject {
  if (source.type === 'file') return { type: 'file', file_id: source.id }
  const inline = source.type === 'url' ? dataUrl(source.url) : source.type === 'base64' ? source : undefined
  if (!inline) return { type: 'url', url: source.type === 'url' ? source.url : '' }
  if (!types.has(inline.mediaType))
    throw unsupported(
      `${path}.source`,
      `Anthropic does not read ${inline.mediaType} here; it reads ${[...types].join(', ')}.`,
    )
  return { type: 'base64', media_type: inline.mediaType, data: inline.data }
}
