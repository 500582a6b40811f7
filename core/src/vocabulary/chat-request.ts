import type { JsonObject } from '../kernel/json.ts'
import type { FormatId } from './format-id.ts'
import type { Message } from './messages.ts'
import type { CacheMark } from './parts.ts'

/** A tool that the caller runs, described by a JSON schema. */
export interface FunctionTool {
  readonly type: 'function'
  readonly name: string
  readonly description?: string
  /** JSON schema of the arguments; absent means no arguments are described */
  readonly parameters?: JsonObject
  readonly strict?: boolean
  /** the namespace that groups it (OpenAI Responses); calls are resolved by (namespace, name) */
  readonly namespace?: string
  readonly cache?: CacheMark
  /** fields that its own format knows beyond these (`defer_loading`, `input_examples`, …) */
  readonly native?: { readonly format: FormatId; readonly value: JsonObject }
}

/** A tool whose input is free text, perhaps bound by a grammar. */
export interface CustomTool {
  readonly type: 'custom'
  readonly name: string
  readonly description?: string
  readonly grammar?: { readonly syntax: 'lark' | 'regex'; readonly definition: string }
  /** the namespace that groups it (OpenAI Responses) */
  readonly namespace?: string
  readonly cache?: CacheMark
  readonly native?: { readonly format: FormatId; readonly value: JsonObject }
}

/** A tool that the provider runs (web search, code execution, …), as its format declares it. */
export interface NativeTool {
  readonly type: 'native'
  readonly format: FormatId
  readonly value: JsonObject
}

export type Tool = FunctionTool | CustomTool | NativeTool

export type ToolChoice =
  | { readonly type: 'auto' | 'none' | 'required' }
  | { readonly type: 'tool'; readonly name: string; readonly kind?: 'function' | 'custom' }
  | { readonly type: 'allowed'; readonly mode: 'auto' | 'required'; readonly names: readonly string[] }

/** The shape that the answer must have. */
export type OutputShape =
  | { readonly type: 'text' }
  | { readonly type: 'json' }
  | {
      readonly type: 'json-schema'
      readonly schema: JsonObject
      readonly name?: string
      readonly description?: string
      readonly strict?: boolean
    }

export type Effort = 'none' | 'minimal' | 'low' | 'medium' | 'high' | 'xhigh' | 'max'

/** How much the model may think, in whichever of the three currencies the caller named. */
export interface ReasoningRequest {
  /** disabled: not at all · adaptive: the model decides · enabled: yes, within `budgetTokens` if given */
  readonly mode?: 'enabled' | 'adaptive' | 'disabled'
  readonly effort?: Effort
  readonly budgetTokens?: number
  /** what the caller wants to see of it: OpenAI `auto|concise|detailed`, Anthropic display, Gemini includeThoughts as `auto` / `omitted` */
  readonly summary?: 'auto' | 'concise' | 'detailed' | 'omitted'
}

/** What is asked of a chat model, in no one's wire format. Absent means the caller did not say. */
export interface ChatRequest {
  readonly model: string
  readonly messages: readonly Message[]
  readonly stream?: boolean
  /** whether the caller asked for usage at the end of a stream (OpenAI chat only; other formats always send it) */
  readonly includeUsage?: boolean
  readonly tools?: readonly Tool[]
  readonly toolChoice?: ToolChoice
  readonly parallelTools?: boolean
  readonly output?: OutputShape
  readonly reasoning?: ReasoningRequest
  readonly maxOutputTokens?: number
  readonly stop?: readonly string[]
  readonly temperature?: number
  readonly topP?: number
  readonly topK?: number
  readonly frequencyPenalty?: number
  readonly presencePenalty?: number
  readonly seed?: number
  readonly logitBias?: Readonly<Record<string, number>>
  /** how many alternatives per token; 0 asks for the chosen token's alone */
  readonly logprobs?: number
  /** number of answers to make */
  readonly choices?: number
  readonly modalities?: readonly ('text' | 'audio' | 'image')[]
  readonly audio?: { readonly voice?: string; readonly format?: string }
  readonly verbosity?: 'low' | 'medium' | 'high'
  /** the end user on whose behalf the call is made */
  readonly user?: string
  readonly metadata?: Readonly<Record<string, string>>
  readonly serviceTier?: string
  readonly store?: boolean
  readonly safetyId?: string
  readonly promptCache?: { readonly key?: string; readonly retention?: string }
  /**
   * Top-level fields that the format they came in knows and the vocabulary does not, as they stood.
   * The same format gets them back whole; another format says in `warnings` that they were dropped.
   */
  readonly native?: { readonly format: FormatId; readonly fields: JsonObject }
}
