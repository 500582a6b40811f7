import type { JsonObject } from '../kernel/json.ts'
import type { FormatId } from './format-id.ts'

/** A prompt-cache breakpoint on the part, tool or message that carries it. */
export interface CacheMark {
  readonly ttl?: '5m' | '1h'
}

export interface TextPart {
  readonly type: 'text'
  readonly text: string
  readonly cache?: CacheMark
  readonly citations?: readonly Citation[]
  /** fields of the item that this part opens which only its own format knows (OpenAI Responses `phase`); marks where an item begins */
  readonly native?: { readonly format: FormatId; readonly value: JsonObject }
}

/** Where a medium's bytes are. `data` is base64; `text` is plain text standing in for a document. */
export type MediaSource =
  | { readonly type: 'base64'; readonly mediaType: string; readonly data: string }
  | { readonly type: 'url'; readonly url: string; readonly mediaType?: string }
  | { readonly type: 'file'; readonly id: string; readonly mediaType?: string }
  | { readonly type: 'text'; readonly text: string; readonly mediaType: string }

/** An image, a recording, a film or a document (PDF, text file). */
export interface MediaPart {
  readonly type: 'media'
  readonly kind: 'image' | 'audio' | 'video' | 'document'
  readonly source: MediaSource
  /** file name or document title */
  readonly name?: string
  /** background about a document that is not cited (Anthropic `context`) */
  readonly context?: string
  /** whether the model is asked to cite this document */
  readonly citable?: boolean
  /** OpenAI image detail: auto, low, high, original */
  readonly detail?: string
  /** words spoken, for audio that a model made */
  readonly transcript?: string
  readonly cache?: CacheMark
  /** fields that its own format knows beyond these, as they stood */
  readonly native?: { readonly format: FormatId; readonly value: JsonObject }
}

/** Material that only its issuer can read: goes back to the same wire format unchanged, or is dropped with a warning. */
export interface Opaque {
  readonly format: FormatId
  /** signature: seals readable reasoning · redacted, encrypted: reasoning hidden from us */
  readonly kind: 'signature' | 'redacted' | 'encrypted'
  readonly value: string
}

/** What the model thought. `text` is empty when all of it is opaque. */
export interface ReasoningPart {
  readonly type: 'reasoning'
  readonly text: string
  /** separate summary paragraphs where the format keeps them apart; joined they are `text` */
  readonly summary?: readonly string[]
  /** the item's id in a format that has one (OpenAI Responses `rs_…`) */
  readonly id?: string
  readonly opaque?: Opaque
}

/** A call of a tool that the caller runs. */
export interface ToolCallPart {
  readonly type: 'tool-call'
  /** joins the call with its result */
  readonly id: string
  readonly name: string
  /** function: `input` is JSON text as the model wrote it · custom: free text */
  readonly kind: 'function' | 'custom'
  readonly input: string
  /** the item's own id where it differs from the call's (OpenAI Responses `fc_…`) */
  readonly itemId?: string
  /** the namespace that the tool was declared in (OpenAI Responses) */
  readonly namespace?: string
  /** sealed thought that must come back with the call (Gemini `thoughtSignature`) */
  readonly opaque?: Opaque
  readonly cache?: CacheMark
  /** fields that its own format knows beyond these, as they stood */
  readonly native?: { readonly format: FormatId; readonly value: JsonObject }
}

export interface RefusalPart {
  readonly type: 'refusal'
  readonly text: string
}

/** A piece that one format alone knows (a server-side tool's call or result, …), as it stood there. */
export interface NativePart {
  readonly type: 'native'
  readonly format: FormatId
  readonly value: JsonObject
}

/** Where a statement comes from. Indices count characters of the cited text part. */
export interface Citation {
  readonly kind: 'url' | 'document' | 'file'
  readonly url?: string
  readonly title?: string
  readonly start?: number
  readonly end?: number
  readonly citedText?: string
  /** the citation as its format wrote it, so that the same format gets it back whole */
  readonly native?: { readonly format: FormatId; readonly value: JsonObject }
}

export type UserPart = TextPart | MediaPart | NativePart
export type ToolResultPart = TextPart | MediaPart | NativePart
export type AssistantPart = TextPart | ReasoningPart | ToolCallPart | MediaPart | RefusalPart | NativePart
