import type { JsonObject } from '../kernel/json.ts'
import type { FormatId } from './format-id.ts'
import type { AssistantPart, CacheMark, TextPart, ToolResultPart, UserPart } from './parts.ts'

/** Instructions. Leading ones are the system prompt; later ones stand where they were said. */
export interface SystemMessage {
  readonly role: 'system' | 'developer'
  readonly content: readonly TextPart[]
  readonly name?: string
  /** what its own format says beyond the text: fields and blocks as they stood */
  readonly native?: { readonly format: FormatId; readonly value: JsonObject }
}

export interface UserMessage {
  readonly role: 'user'
  readonly content: readonly UserPart[]
  readonly name?: string
}

export interface AssistantMessage {
  readonly role: 'assistant'
  readonly content: readonly AssistantPart[]
  readonly name?: string
  /** the item's id in a format that has one (OpenAI Responses `msg_…`) */
  readonly id?: string
}

/** One tool's result. Several results to one turn are several consecutive messages, in call order. */
export interface ToolMessage {
  readonly role: 'tool'
  readonly callId: string
  /** the tool's name where the format repeats it */
  readonly name?: string
  readonly kind?: 'function' | 'custom'
  readonly content: readonly ToolResultPart[]
  readonly isError?: boolean
  readonly cache?: CacheMark
  /** fields that its own format knows beyond these, as they stood */
  readonly native?: { readonly format: FormatId; readonly value: JsonObject }
}

export type Message = SystemMessage | UserMessage | AssistantMessage | ToolMessage
