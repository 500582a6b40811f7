import type { GatewayError } from '../kernel/faults.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { Finish, TokenLogprob } from './chat-response.ts'
import type { FormatId } from './format-id.ts'
import type { Citation, MediaPart, Opaque } from './parts.ts'
import type { Usage } from './usage.ts'

/**
 * One step of a streamed answer. Parts are keyed by (`choice`, `part`): `part` counts the parts of a choice from 0 in the order
 * in which they start, and several may be open at once. Each part starts once, ends once, and its deltas lie between.
 */
export type ChatEvent =
  | {
      readonly type: 'response-start'
      readonly id: string
      readonly model: string
      readonly createdAt: number
      readonly serviceTier?: string
      readonly native?: { readonly format: FormatId; readonly fields: JsonObject }
    }
  | {
      readonly type: 'text-start'
      readonly choice: number
      readonly part: number
      readonly native?: { readonly format: FormatId; readonly value: JsonObject }
    }
  | { readonly type: 'text-delta'; readonly choice: number; readonly part: number; readonly text: string }
  | { readonly type: 'text-citation'; readonly choice: number; readonly part: number; readonly citation: Citation }
  | { readonly type: 'text-end'; readonly choice: number; readonly part: number }
  | { readonly type: 'reasoning-start'; readonly choice: number; readonly part: number; readonly id?: string }
  | {
      readonly type: 'reasoning-delta'
      readonly choice: number
      readonly part: number
      readonly text: string /** index of the summary paragraph, where the format keeps them apart */
      readonly paragraph?: number
    }
  | { readonly type: 'reasoning-end'; readonly choice: number; readonly part: number; readonly opaque?: Opaque }
  | {
      readonly type: 'tool-start'
      readonly choice: number
      readonly part: number
      readonly id: string
      readonly name: string
      readonly kind: 'function' | 'custom'
      readonly itemId?: string
      readonly namespace?: string
      readonly opaque?: Opaque
      readonly native?: { readonly format: FormatId; readonly value: JsonObject }
    }
  | { readonly type: 'tool-delta'; readonly choice: number; readonly part: number; readonly input: string }
  | { readonly type: 'tool-end'; readonly choice: number; readonly part: number }
  | { readonly type: 'refusal-start'; readonly choice: number; readonly part: number }
  | { readonly type: 'refusal-delta'; readonly choice: number; readonly part: number; readonly text: string }
  | { readonly type: 'refusal-end'; readonly choice: number; readonly part: number }
  | { readonly type: 'media'; readonly choice: number; readonly part: number; readonly media: MediaPart }
  | {
      readonly type: 'native'
      readonly choice: number
      readonly part: number
      readonly format: FormatId
      readonly value: JsonObject
    }
  | { readonly type: 'logprobs'; readonly choice: number; readonly logprobs: readonly TokenLogprob[] }
  | { readonly type: 'choice-end'; readonly choice: number; readonly finish: Finish }
  | { readonly type: 'usage' /** cumulative, as far as the provider has told */; readonly usage: Usage }
  | { readonly type: 'ping' }
  | { readonly type: 'error'; readonly error: GatewayError }
  | {
      readonly type: 'response-end'
      readonly usage: Usage
      /** the tier that served the call, where the provider tells it only at the end */
      readonly serviceTier?: string
      readonly native?: { readonly format: FormatId; readonly fields: JsonObject }
    }

/** The member of the union with this name. */
export type ChatEventOf<T extends ChatEvent['type']> = Extract<ChatEvent, { readonly type: T }>

const contentTypes: ReadonlySet<ChatEvent['type']> = new Set<ChatEvent['type']>([
  'text-delta',
  'reasoning-delta',
  'reasoning-end',
  'tool-start',
  'refusal-delta',
  'media',
  'native',
  'choice-end',
])

/** Whether this event is an answer's first real sign of life: everything before it is preamble and can be held back. */
export function bearsContent(event: ChatEvent): boolean {
  return contentTypes.has(event.type)
}
