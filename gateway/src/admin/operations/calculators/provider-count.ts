import { callOf } from 'turnpike-core/internal/client/call'
import { compile, formatFor } from 'turnpike-core/internal/client/compile'
import { formatOf } from 'turnpike-core/internal/formats/index'
import { asNumber, type JsonObject, parseObject } from 'turnpike-core/internal/kernel/json'
import type { Deployment } from 'turnpike-core/internal/router/deployment'
import type { ChatRequest } from 'turnpike-core/internal/vocabulary/chat-request'
import type { FormatId } from 'turnpike-core/internal/vocabulary/format-id'
import type { Who } from '../../desk.ts'

/** How a format asks for a count: where, with which of a call's members, and where the answer has it. */
interface Counting {
  readonly from: RegExp
  readonly to: string
  readonly body: (call: JsonObject) => JsonObject
  readonly tokens: (answer: JsonObject) => number | undefined
}

const countings: Readonly<Partial<Record<FormatId, Counting>>> = {
  // https://docs.anthropic.com/en/api/messages-count-tokens
  'anthropic-messages': {
    from: /\/messages$/,
    to: '/messages/count_tokens',
    body: ({ model, messages, system, tools }) => ({ model, messages, system, tools }),
    tokens: ({ input_tokens }) => asNumber(input_tokens),
  },
  // https://ai.google.dev/api/tokens
  gemini: {
    from: /:generateContent$/,
    to: ':countTokens',
    body: ({ contents }) => ({ contents }),
    tokens: ({ totalTokens }) => asNumber(totalTokens),
  },
}

/** Milliseconds for the provider's own count before ours has to do. */
const patienceMs = 10_000

const encoder = new TextEncoder()

/** The provider's own count; undefined where its format has none, or it does not answer. */
export async function providerCount(
  request: ChatRequest,
  deployment: Deployment,
  { house, call: { request: asked } }: Pick<Who, 'house' | 'call'>,
): Promise<number | undefined> {
  const format = deployment.mock === undefined ? formatFor('openai-chat', deployment) : undefined
  const counting = format && countings[format]
  if (!counting) return undefined
  try {
    const written = formatOf(format).client.writeRequest({ ...request, model: deployment.model }, deployment.profile)
    const bytes = encoder.encode(JSON.stringify({ ...written.value, model: deployment.model }))
    const { url, headers, body } = compile(
      callOf({ format, bytes, path: { model: deployment.model, stream: false } }),
      deployment,
    )
    const sent = counting.body(parseObject(new TextDecoder().decode(body)) ?? {})
    const response = await house.fetch(url.replace(counting.from, counting.to), {
      method: 'POST',
      headers: headers as Record<string, string>,
      body: encoder.encode(JSON.stringify(sent)),
      redirect: 'manual',
      signal: AbortSignal.any([asked.signal, AbortSignal.timeout(patienceMs)]),
    })
    if (response.ok) return counting.tokens((await response.json()) as JsonObject)
    await response.body?.cancel()
    return undefined
  } catch {
    return undefined
  }
}
