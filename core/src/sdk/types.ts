import type { JsonObject } from '../kernel/json.ts'

/** What steers a call without being part of the request. */
export interface CallOptions {
  /** the key for this call, instead of the environment's */
  readonly api_key?: string
  /** root URL as the vendor documents it */
  readonly api_base?: string
  /** the same by OpenAI's name; `api_base` counts where both are given */
  readonly base_url?: string
  readonly api_version?: string
  /** model names to try when the first fails, in order */
  readonly fallbacks?: readonly string[]
  /** further tries per model after a failure that another try may mend; default 2 */
  readonly num_retries?: number
  /** seconds until the whole call is given up */
  readonly timeout?: number
  /** leave out what the model is known to refuse */
  readonly drop_params?: boolean
  /** fields set in the provider's request whatever else is said */
  readonly extra_body?: JsonObject
  readonly extra_headers?: Readonly<Record<string, string>>
  /** answer with this text without calling anybody; `litellm.RateLimitError` and its kin throw */
  readonly mock_response?: string
  readonly signal?: AbortSignal
}

/** OpenAI's chat request (https://platform.openai.com/docs/api-reference/chat/create) with the options of the call. */
export interface CompletionParams extends CallOptions {
  /** `provider/model`, or a name whose provider is known: `gpt-4o`, `claude-sonnet-4-5`, `gemini-2.5-pro` */
  readonly model: string
  readonly messages: readonly ChatMessage[]
  readonly stream?: boolean | undefined
  readonly [field: string]: unknown
}

/** OpenAI's Responses request (https://platform.openai.com/docs/api-reference/responses/create) with the options of the call. */
export interface ResponsesParams extends CallOptions {
  readonly model: string
  readonly input: string | readonly unknown[]
  readonly stream?: boolean | undefined
  readonly [field: string]: unknown
}

/** A chat message in OpenAI's shape. */
export interface ChatMessage {
  readonly role: 'system' | 'developer' | 'user' | 'assistant' | 'tool' | 'function'
  readonly content?: string | readonly unknown[] | null
  readonly [field: string]: unknown
}

/** A tool call in OpenAI's shape. */
export interface ToolCall {
  readonly id: string
  readonly type: 'function' | 'custom'
  readonly function: { readonly name: string; readonly arguments: string }
}

export interface TokenUsage {
  readonly prompt_tokens: number
  readonly completion_tokens: number
  readonly total_tokens: number
  readonly prompt_tokens_details?: { readonly cached_tokens?: number; readonly audio_tokens?: number }
  readonly completion_tokens_details?: { readonly reasoning_tokens?: number; readonly audio_tokens?: number }
}

/** A whole answer in OpenAI's shape. */
export interface ChatCompletion {
  readonly id: string
  readonly object: 'chat.completion'
  /** seconds since 1970 */
  readonly created: number
  readonly model: string
  readonly choices: readonly {
    readonly index: number
    readonly finish_reason: string
    readonly message: {
      readonly role: 'assistant'
      readonly content: string | null
      readonly tool_calls?: readonly ToolCall[]
      readonly reasoning_content?: string
      readonly refusal?: string | null
    }
  }[]
  readonly usage?: TokenUsage
  readonly [field: string]: unknown
}

/** One chunk of a streamed answer in OpenAI's shape. */
export interface ChatCompletionChunk {
  readonly id: string
  readonly object: 'chat.completion.chunk'
  readonly created: number
  readonly model: string
  readonly choices: readonly {
    readonly index: number
    readonly finish_reason: string | null
    readonly delta: {
      readonly role?: 'assistant'
      readonly content?: string | null
      readonly tool_calls?: readonly {
        readonly index: number
        readonly id?: string
        readonly function?: { readonly name?: string; readonly arguments?: string }
      }[]
      readonly reasoning_content?: string
    }
  }[]
  readonly usage?: TokenUsage | null
  readonly [field: string]: unknown
}
