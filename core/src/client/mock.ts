import { formatOf } from '../formats/index.ts'
import { type FaultCode, GatewayError } from '../kernel/faults.ts'
import { estimateTokens } from '../models/estimate.ts'
import type { ChatEvent } from '../vocabulary/chat-event.ts'
import type { ChatRequest } from '../vocabulary/chat-request.ts'
import type { ChatResponse } from '../vocabulary/chat-response.ts'
import { unfold } from '../vocabulary/unfold.ts'
import { usageOf } from '../vocabulary/usage.ts'
import { echo } from './build-target.ts'
import type { Call } from './call.ts'
import type { Compiled } from './compile.ts'
import { encodeAll } from './flow/untouched.ts'
import type { Reply } from './send.ts'

const encoder = new TextEncoder()

/** LiteLLM's words for mocks that fail. */
const failing: Readonly<Record<string, FaultCode>> = {
  'litellm.RateLimitError': 'provider-limit',
  'litellm.ContextWindowExceededError': 'context-overflow',
  'litellm.ContentPolicyViolationError': 'content-policy',
  'litellm.InternalServerError': 'provider-failed',
}

/** Answers without calling anybody: with this text, or with the caller's own words where the text is `echo`. */
export function mockReply(call: Call, text: string): { compiled: Compiled; reply: Reply } {
  const code = Object.hasOwn(failing, text) ? failing[text] : undefined
  if (code) throw new GatewayError(code, `This is a mock error (${text}).`)
  const request = call.request().value
  const response = mockResponse(request, text === echo ? lastWords(request) : text)
  const format = formatOf(call.format)
  const compiled: Compiled = {
    url: 'mock:',
    headers: {},
    body: call.envelope.bytes,
    format: call.format,
    stream: call.stream,
    warnings: [],
    untouched: true,
    hidesUsage: call.stream && format.wire.usageSwitch !== undefined && request.includeUsage !== true,
  }
  const status = { status: 200, headers: new Headers(), format: call.format }
  if (!call.stream) {
    const value = format.server.writeResponse(response, request)
    return { compiled, reply: { kind: 'whole', ...status, bytes: encoder.encode(JSON.stringify(value)), value } }
  }
  const writer = format.server.writeStream({ ...request, includeUsage: true })
  const frames = [
    ...unfold(response)
      .flatMap(byWord)
      .flatMap((event) => [...writer.push(event)]),
    ...writer.end(),
  ]
  const head = [encodeAll(format.framing.write(), frames)]
  return { compiled, reply: { kind: 'stream', ...status, head, next: async () => undefined, close: () => {} } }
}

function lastWords(request: ChatRequest): string {
  const user = request.messages.findLast((message) => message.role === 'user')
  const text = user?.content
    .map((part) => (part.type === 'text' ? part.text : ''))
    .join(' ')
    .trim()
  return text ? `Echo: ${text}` : 'Echo: (nothing was said)'
}

function mockResponse(request: ChatRequest, text: string): ChatResponse {
  const said = request.messages
    .map((message) => message.content.map((part) => ('text' in part ? part.text : '')).join(''))
    .join('\n')
  return {
    id: `mock-${crypto.randomUUID()}`,
    model: request.model,
    createdAt: Math.floor(Date.now() / 1000),
    choices: [{ index: 0, content: [{ type: 'text', text }], finish: { reason: 'stop' } }],
    usage: usageOf({ input: estimateTokens(said), output: estimateTokens(text) }),
  }
}

/** A text delta per word, so that a streamed mock streams. */
function byWord(event: ChatEvent): ChatEvent[] {
  return event.type === 'text-delta'
    ? (event.text.match(/\S+\s*|\s+/g) ?? []).map((text) => ({ ...event, text }))
    : [event]
}
