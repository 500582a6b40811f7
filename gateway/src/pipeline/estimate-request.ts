import { estimateTokens } from 'turnpike-core/internal/models/estimate'
import type { ChatRequest } from 'turnpike-core/internal/vocabulary/chat-request'

const mediaTokens = 1000

/** About how many tokens the model would read: instructions, tools, messages; media by a flat figure each. */
export function estimateRequest(request: Pick<ChatRequest, 'tools' | 'messages'>): number {
  let media = 0
  const text = JSON.stringify({ tools: request.tools, messages: request.messages }, (_, value: unknown) => {
    if (typeof value !== 'object' || value === null || (value as { type?: unknown }).type !== 'media') return value
    media++
    return undefined
  })
  return Math.max(1, estimateTokens(text.replace(/"(?:role|content|type|text)":|[{}[\]"]/g, '')) + media * mediaTokens)
}
