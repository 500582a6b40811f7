import type { Frame } from '../../kernel/framing.ts'
import type { FormatId } from '../../vocabulary/format-id.ts'
import { checkAnthropicMessagesStream } from './anthropic-messages.ts'
import { checkGeminiStream } from './gemini.ts'
import { checkOpenaiChatStream } from './openai-chat.ts'
import { checkOpenaiResponsesStream } from './openai-responses.ts'

/** The grammar of each format's streams: a list of violations, empty when the stream is legal. */
export const checkStream: Readonly<
  Record<FormatId, (frames: readonly Frame[], options?: { readonly includeUsage?: boolean }) => string[]>
> = {
  'openai-chat': checkOpenaiChatStream,
  'openai-responses': (frames) => checkOpenaiResponsesStream(frames),
  'anthropic-messages': (frames) => checkAnthropicMessagesStream(frames),
  gemini: (frames) => checkGeminiStream(frames),
}
