import { asArray, asString, isArray, isObject, type JsonObject } from '../../../kernel/json.ts'
import type { Citation, TextPart } from '../../../vocabulary/parts.ts'
import { own, ownValue, readCache, writeCache } from './fields.ts'

export function readText(block: JsonObject): TextPart {
  const citations = asArray(block.citations).filter(isObject).map(readCitation)
  return {
    type: 'text',
    text: asString(block.text) ?? '',
    ...readCache(block),
    ...(citations.length > 0 && { citations }),
  }
}

/** Citations that another format made are left out: this one's point into documents and search results by its own keys. */
export function writeText(part: TextPart): JsonObject {
  const citations = (part.citations ?? []).map(({ native }) => ownValue(native)).filter((value) => value !== undefined)
  return {
    type: 'text',
    text: part.text,
    ...(citations.length > 0 && { citations }),
    ...writeCache(part.cache),
  }
}

/** The text of blocks that are nothing but text. */
export function plainText(blocks: readonly JsonObject[]): string | undefined {
  const [block] = blocks
  if (blocks.length !== 1 || block?.type !== 'text' || Object.keys(block).length !== 2) return undefined
  return asString(block.text)
}

/** A string stands for one text block everywhere in this format. */
export function blocksOf(content: unknown): readonly unknown[] {
  return isArray(content) ? content : [{ type: 'text', text: content }]
}

/** https://platform.claude.com/docs/en/build-with-claude/citations */
export function readCitation(value: JsonObject): Citation {
  const title = asString(value.title) ?? asString(value.document_title)
  const source = asString(value.url) ?? asString(value.source)
  const url = source !== undefined && /^https?:/i.test(source) ? source : undefined
  const citedText = asString(value.cited_text)
  return {
    kind: url === undefined ? 'document' : 'url',
    ...(url !== undefined && { url }),
    ...(title !== undefined && { title }),
    ...(citedText !== undefined && { citedText }),
    ...(isOurs(value) ? {} : { native: own(value) }),
  }
}

/** A web citation without its key was made up by `writeCitation`; its issuer would refuse it. */
function isOurs(value: JsonObject): boolean {
  return value.type === 'web_search_result_location' && !value.encrypted_index
}

/** A citation in an answer; undefined for one of another format that has no address. */
export function writeCitation(citation: Citation): JsonObject | undefined {
  const value = ownValue(citation.native)
  if (value || citation.url === undefined) return value
  return {
    type: 'web_search_result_location',
    url: citation.url,
    title: citation.title ?? null,
    cited_text: citation.citedText ?? '',
    encrypted_index: '',
  }
}
