import { type Call, callOf } from '../client/call.ts'
import type { RequestPath } from '../formats/format.ts'
import type { FormatId } from '../vocabulary/format-id.ts'

const encoder = new TextEncoder()

/** A call as it comes to the door, from a body as text or as a value. */
export function callFrom(format: FormatId, body: string | object, path?: RequestPath): Call {
  const bytes = encoder.encode(typeof body === 'string' ? body : JSON.stringify(body))
  return callOf({ format, bytes, ...(path && { path }) })
}

/** One user message in each format. */
export function helloIn(format: FormatId, more: { stream?: boolean; text?: string } = {}): Call {
  const { stream = false, text = 'hello' } = more
  const messages = [{ role: 'user', content: text }]
  const bodies: { readonly [F in FormatId]: object } = {
    'openai-chat': { model: 'm', stream, messages },
    'openai-responses': { model: 'm', stream, input: text },
    'anthropic-messages': { model: 'm', stream, max_tokens: 50, messages },
    gemini: { contents: [{ role: 'user', parts: [{ text }] }] },
  }
  return callFrom(format, bodies[format], format === 'gemini' ? { model: 'm', stream } : {})
}

/** The bytes as text. */
export function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}

export const allFormats: readonly FormatId[] = ['openai-chat', 'openai-responses', 'anthropic-messages', 'gemini']
