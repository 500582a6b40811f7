import type { FormatId } from '../vocabulary/format-id.ts'
import { anthropicMessages } from './anthropic-messages/index.ts'
import type { Format } from './format.ts'
import { gemini } from './gemini/index.ts'
import { openaiChat } from './openai-chat/index.ts'
import { openaiResponses } from './openai-responses/index.ts'

/** Every wire format for chat, by name. */
export const formats: Readonly<Record<FormatId, Format<'chat'>>> = {
  'openai-chat': openaiChat,
  'openai-responses': openaiResponses,
  'anthropic-messages': anthropicMessages,
  gemini,
}

/** The format of this name. */
export function formatOf(id: FormatId): Format<'chat'> {
  return formats[id]
}
