/**
 * Turnpike as a library. Every provider in OpenAI's shapes.
 *
 * ```ts
 * import { completion, costOf } from 'turnpike-core'
 * const answer = await completion({ model: 'anthropic/claude-sonnet-4-5', messages: [{ role: 'user', content: 'Hello' }] })
 * console.log(answer.choices[0]?.message.content, costOf(answer))
 * ```
 */
import { createClient } from './sdk/client.ts'

const { completion, responses } = createClient()

export { type FaultCode, GatewayError, isGatewayError } from './kernel/faults.ts'
export { type Client, type ClientOptions, createClient, Router, type RouterParams } from './sdk/client.ts'
export { costOf, type Receipt, receiptOf } from './sdk/receipt.ts'
export type {
  CallOptions,
  ChatCompletion,
  ChatCompletionChunk,
  ChatMessage,
  CompletionParams,
  ResponsesParams,
  TokenUsage,
  ToolCall,
} from './sdk/types.ts'
export type { Usage } from './vocabulary/usage.ts'
export type { Warning } from './vocabulary/warnings.ts'
export { completion, responses }
