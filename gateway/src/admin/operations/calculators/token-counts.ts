import { formatOf } from 'turnpike-core/internal/formats/index'
import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import { estimateTokens } from 'turnpike-core/internal/models/estimate'
import type { ChatRequest } from 'turnpike-core/internal/vocabulary/chat-request'
import type { FormatId } from 'turnpike-core/internal/vocabulary/format-id'
import { z } from 'zod'
import { estimateRequest } from '../../../pipeline/estimate-request.ts'
import type { Who } from '../../desk.ts'
import { anyObject, id, invalid } from '../../shapes.ts'
import { providerCount } from './provider-count.ts'
import { subjectOf } from './subject.ts'

/** LiteLLM's `TokenCountRequest`: a prompt, messages of OpenAI or Anthropic, or contents of Google. */
export const countBody = z.object({
  model: id,
  prompt: z.string().nullish(),
  messages: z.array(anyObject).nullish(),
  contents: z.array(anyObject).nullish(),
  tools: z.array(anyObject).nullish(),
  system: z.union([z.string(), z.array(anyObject), anyObject]).nullish(),
})

/** What is to be counted, with absent for null. */
export interface Counted {
  readonly prompt?: string | undefined
  readonly messages?: readonly JsonObject[] | undefined
  readonly contents?: readonly JsonObject[] | undefined
  readonly tools?: readonly JsonObject[] | undefined
  readonly system?: string | readonly JsonObject[] | JsonObject | undefined
}

/** Counts tokens without calling the model: by the provider where that is asked for and it can, else by estimate. */
export async function countTokens(
  body: z.infer<typeof countBody>,
  ask: boolean,
  who: Pick<Who, 'caller' | 'house' | 'call'>,
): Promise<JsonObject> {
  const counted = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null)) as Counted
  if (counted.prompt === undefined && counted.messages === undefined && counted.contents === undefined)
    throw invalid('messages', 'There is nothing to count: send prompt, messages or contents.')
  const { deployment, served } = subjectOf(body.model, who)
  const request = requestOf(counted, body.model)
  const exact = ask && served && request ? await providerCount(request, deployment, who) : undefined
  return {
    total_tokens: exact ?? (request ? estimateRequest(request) : estimateTokens(counted.prompt ?? '')),
    request_model: body.model,
    model_used: deployment.model,
    tokenizer_type: exact === undefined ? 'turnpike_estimate' : `${deployment.provider.name}_api`,
    original_response: null,
    error: false,
    error_message: null,
    status_code: null,
  }
}

/** About how many tokens these come to. */
export function estimateMessages(counted: Counted): number {
  const request = requestOf(counted, 'any')
  return request ? estimateRequest(request) : estimateTokens(counted.prompt ?? '')
}

/** The request in the vocabulary; undefined for a bare prompt. */
function requestOf(counted: Counted, model: string): ChatRequest | undefined {
  const { messages, contents, tools, system } = counted
  const read = (format: FormatId, body: JsonObject): ChatRequest =>
    formatOf(format).server.readRequest({ model, ...body }, { model, stream: false }).value
  const given = tools === undefined ? {} : { tools }
  if (contents !== undefined)
    return read('gemini', {
      contents,
      ...given,
      ...(system !== undefined && { systemInstruction: instruction(system) }),
    })
  if (messages === undefined) return undefined
  if (system !== undefined || tools?.some((tool) => tool.input_schema !== undefined))
    return read('anthropic-messages', {
      max_tokens: 1,
      messages,
      ...given,
      ...(system !== undefined && { system: system as string }),
    })
  return read('openai-chat', { messages, ...given })
}

function instruction(system: NonNullable<Counted['system']>): JsonObject {
  return typeof system === 'string' ? { parts: [{ text: system }] } : (system as JsonObject)
}
