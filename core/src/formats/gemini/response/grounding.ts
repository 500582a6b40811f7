import {
  asArray,
  asNumber,
  asObject,
  asString,
  isObject,
  type Json,
  type JsonObject,
  type MutableJsonObject,
} from '../../../kernel/json.ts'
import type { Citation, TextPart } from '../../../vocabulary/parts.ts'
import { camel, orAbsent } from '../wire.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** Google counts bytes of UTF-8, the vocabulary characters. */
function charsAt(bytes: Uint8Array, offset: number): number {
  return decoder.decode(bytes.subarray(0, offset)).length
}

function bytesAt(text: string, offset: number): number {
  return encoder.encode(text.slice(0, offset)).length
}

/** A citation and the part of the candidate's content that Google says it is in. */
export interface Placed {
  readonly part: number | undefined
  /** made when the text is known */
  citation(text: string): Citation
}

/** `groundingMetadata` as citations: one for each source of each stretch of text (https://ai.google.dev/api/generate-content#GroundingSupport). */
export function readGrounding(given: JsonObject): Placed[] {
  const { groundingChunks, groundingSupports } = camel(given)
  const chunks = asArray(groundingChunks)
  return asArray(groundingSupports).flatMap((entry) => {
    const support = isObject(entry) ? camel(entry) : {}
    const segment = camel(asObject(support.segment) ?? {})
    return asArray(support.groundingChunkIndices).flatMap((index) => {
      const source = readChunk(chunks[asNumber(index) ?? -1])
      if (!source) return []
      return [
        {
          part: asNumber(segment.partIndex),
          citation: (text: string) => ({ ...source, ...readSegment(segment, text) }),
        },
      ]
    })
  })
}

/** The citations of a text that is complete, each once: Google may tell the same ones with every chunk. */
export function citationsIn(text: string, placed: readonly Placed[]): Citation[] {
  const found = new Map<string, Citation>()
  for (const place of placed) {
    const citation = place.citation(text)
    found.set(JSON.stringify(citation), citation)
  }
  return [...found.values()]
}

function readChunk(given: Json | undefined): Citation | undefined {
  const chunk = isObject(given) ? camel(given) : {}
  const web = asObject(chunk.web) ?? asObject(chunk.maps)
  const context = asObject(chunk.retrievedContext)
  const found = web ?? context
  if (!found) return undefined
  const { uri, title, text } = camel(found)
  return {
    kind: web ? 'url' : 'document',
    ...(typeof uri === 'string' && { url: uri }),
    ...(typeof title === 'string' && { title }),
    ...(context && typeof text === 'string' && { citedText: text }),
  }
}

/** The stretch in characters; left out when the bytes are not where the segment says they are. */
function readSegment(segment: JsonObject, text: string): { start?: number; end?: number } {
  const end = asNumber(segment.endIndex)
  if (end === undefined) return {}
  const start = asNumber(segment.startIndex) ?? 0
  const bytes = encoder.encode(text)
  if (start > end || end > bytes.length) return {}
  const said = asString(segment.text)
  if (said !== undefined && decoder.decode(bytes.subarray(start, end)) !== said) return {}
  return { start: charsAt(bytes, start), end: charsAt(bytes, end) }
}

const plainWeb = new Set(['uri', 'title'])
const plainContext = new Set(['uri', 'title', 'text'])

const only = (value: JsonObject, keys: ReadonlySet<string>): boolean => Object.keys(value).every((key) => keys.has(key))

/** What of `groundingMetadata` the citations do not say; the whole when they do not say all of its sources. */
export function groundingRest(given: JsonObject): JsonObject | undefined {
  const { groundingChunks, groundingSupports, ...rest } = camel(given)
  const used = new Set(
    asArray(groundingSupports).flatMap((support) =>
      isObject(support) ? [...asArray(camel(support).groundingChunkIndices)] : [],
    ),
  )
  const chunks = asArray(groundingChunks)
  const told =
    asArray(groundingSupports).every(
      (support) => isObject(support) && only(camel(support), new Set(['segment', 'groundingChunkIndices'])),
    ) &&
    chunks.every((given, at) => {
      const chunk = isObject(given) ? camel(given) : {}
      const { web, retrievedContext } = chunk
      const plain = isObject(web)
        ? only(camel(web), plainWeb)
        : isObject(retrievedContext) && only(camel(retrievedContext), plainContext)
      return plain && Object.keys(chunk).length === 1 && used.has(at)
    })
  return told ? orAbsent(rest) : given
}

/** Citations as `groundingMetadata`; `part` is each text's place in the candidate's content. */
export function writeGrounding(texts: readonly { part: number | undefined; text: TextPart }[]): JsonObject | undefined {
  const groundingChunks: JsonObject[] = []
  const groundingSupports: JsonObject[] = []
  const places = new Map<string, number>()
  for (const { part, text } of texts)
    for (const citation of text.citations ?? []) {
      const chunk = writeChunk(citation)
      const key = JSON.stringify(chunk)
      const index = places.get(key) ?? groundingChunks.push(chunk) - 1
      places.set(key, index)
      const segment = writeSegment(citation, text.text, part)
      groundingSupports.push({ ...(segment && { segment }), groundingChunkIndices: [index] })
    }
  return groundingSupports.length > 0 ? { groundingChunks, groundingSupports } : undefined
}

function writeChunk({ kind, url, title, citedText }: Citation): JsonObject {
  const place = { ...(url !== undefined && { uri: url }), ...(title !== undefined && { title }) }
  if (kind === 'url') return { web: place }
  return { retrievedContext: { ...place, ...(citedText !== undefined && { text: citedText }) } }
}

function writeSegment({ start, end }: Citation, text: string, part: number | undefined): JsonObject | undefined {
  const segment: MutableJsonObject = {}
  if (part !== undefined && part > 0) segment.partIndex = part
  if (end !== undefined) {
    const from = bytesAt(text, start ?? 0)
    if (from > 0) segment.startIndex = from
    segment.endIndex = bytesAt(text, end)
    segment.text = text.slice(start ?? 0, end)
  }
  return orAbsent(segment)
}
