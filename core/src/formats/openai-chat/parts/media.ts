import { asObject, asString, type Json, type JsonObject } from '../../../kernel/json.ts'
import type { MediaPart } from '../../../vocabulary/parts.ts'
import { readUrl, writeDataUrl } from '../wire.ts'

/** Audio as an answer brings it: whole, or in pieces over a stream. */
export interface AudioPieces {
  id?: string
  transcript?: string
  readonly data: string[]
}

/** Adds what an `audio` member tells (https://platform.openai.com/docs/guides/audio). */
export function gatherAudio(value: Json | undefined, into: AudioPieces): void {
  const audio = asObject(value)
  if (!audio) return
  const id = asString(audio.id)
  const data = asString(audio.data)
  const transcript = asString(audio.transcript)
  if (id) into.id = id
  if (data) into.data.push(data)
  if (transcript) into.transcript = (into.transcript ?? '') + transcript
}

/** The recording; its name is the id under which OpenAI keeps it for later turns. */
export function closeAudio({ id, transcript, data }: AudioPieces): MediaPart[] {
  if (data.length === 0 && transcript === undefined) return []
  const bytes = joinBase64(data)
  return [
    {
      type: 'media',
      kind: 'audio',
      source: { type: 'base64', mediaType: audioType(bytes), data: bytes },
      ...(id !== undefined && { name: id }),
      ...(transcript !== undefined && { transcript }),
    },
  ]
}

/** Pieces that were encoded each on their own end in padding, and cannot simply be put in a row. */
function joinBase64(pieces: readonly string[]): string {
  if (pieces.every((piece, at) => at === pieces.length - 1 || (piece.length % 4 === 0 && !piece.endsWith('='))))
    return pieces.join('')
  try {
    return btoa(pieces.map((piece) => atob(piece)).join(''))
  } catch {
    return pieces.join('')
  }
}

const signatures: readonly (readonly [string, string])[] = [
  ['UklGR', 'audio/wav'],
  ['SUQz', 'audio/mpeg'],
  ['//', 'audio/mpeg'],
  ['T2dnUw', 'audio/ogg'],
  ['ZkxhQw', 'audio/flac'],
]

/** Answers do not say the format; its first bytes do, and a stream is raw samples. */
function audioType(data: string): string {
  return signatures.find(([start]) => data.startsWith(start))?.[1] ?? 'audio/pcm'
}

/** An image that an answer holds (https://openrouter.ai/docs/features/multimodal/image-generation). */
export function readImage(value: Json): MediaPart[] {
  const image = asObject(value)
  const url = asString(asObject(image?.image_url)?.url) ?? asString(image?.image_url) ?? asString(image?.url)
  return url ? [{ type: 'media', kind: 'image', source: readUrl(url) }] : []
}

/** The members that carry a medium in an answer; none for kinds that the format has no place for. */
export function writeAnswerMedia(part: MediaPart, createdAt: number): JsonObject {
  const { source } = part
  if (part.kind === 'audio' && source.type === 'base64') {
    // we keep no recordings, so this one has expired when it arrives
    const audio = { id: part.name ?? '', data: source.data, expires_at: createdAt, transcript: part.transcript ?? '' }
    return { audio }
  }
  if (part.kind !== 'image') return {}
  const url = source.type === 'url' ? source.url : source.type === 'base64' ? writeDataUrl(source) : undefined
  return url === undefined ? {} : { images: [{ type: 'image_url', image_url: { url } }] }
}
