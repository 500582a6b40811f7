import type { JsonObject } from '../kernel/json.ts'
import type { FormatId } from './format-id.ts'
import type { AssistantPart } from './parts.ts'
import type { Usage } from './usage.ts'

/** Why the model stopped, in one set of words. */
export type FinishReason =
  | 'stop'
  | 'stop-sequence'
  | 'length'
  | 'context-length'
  | 'tool-calls'
  | 'content-filter'
  | 'refusal'
  | 'pause'
  | 'error'
  | 'other'

export interface Finish {
  readonly reason: FinishReason
  /** the provider's own word */
  readonly raw?: string
  /** the stop sequence that was met, where the provider says */
  readonly sequence?: string
}

/** One token's log probability (natural log) with its likeliest alternatives. */
export interface TokenLogprob {
  readonly token: string
  readonly logprob: number
  readonly bytes?: readonly number[]
  readonly top?: readonly { readonly token: string; readonly logprob: number; readonly bytes?: readonly number[] }[]
}

export interface Choice {
  readonly index: number
  readonly content: readonly AssistantPart[]
  readonly finish: Finish
  readonly logprobs?: readonly TokenLogprob[]
}

/** A whole answer, in no one's wire format. */
export interface ChatResponse {
  readonly id: string
  readonly model: string
  /** seconds since 1970 */
  readonly createdAt: number
  readonly choices: readonly Choice[]
  readonly usage: Usage
  readonly serviceTier?: string
  /** top-level fields only its own format knows, as they stood */
  readonly native?: { readonly format: FormatId; readonly fields: JsonObject }
}
