import { callOf } from 'turnpike-core/internal/client/call'
import { compile } from 'turnpike-core/internal/client/compile'
import { isGatewayError } from 'turnpike-core/internal/kernel/faults'
import { asString, type JsonObject, parseObject } from 'turnpike-core/internal/kernel/json'
import type { FormatId } from 'turnpike-core/internal/vocabulary/format-id'
import { z } from 'zod'
import { mask, masked } from '../../../registry/secrets.ts'
import type { Who } from '../../desk.ts'
import { anyObject, invalid } from '../../shapes.ts'
import { subjectOf } from './subject.ts'

export const rawBody = z.object({ call_type: z.string(), request_body: anyObject })

/** LiteLLM's names of calls, and the format that their bodies are in. */
const formats: Readonly<Record<string, FormatId>> = {
  completion: 'openai-chat',
  acompletion: 'openai-chat',
  responses: 'openai-responses',
  aresponses: 'openai-responses',
  anthropic_messages: 'anthropic-messages',
}

/** Headers whose values say nothing that is not public. */
const plainHeaders = /^(?:content-type|accept|anthropic-version|anthropic-beta)$/

/** What would go over the wire for a call, without sending it and without any secret. */
export function rawRequest(body: z.infer<typeof rawBody>, who: Pick<Who, 'caller' | 'house'>): JsonObject {
  const format = Object.hasOwn(formats, body.call_type) ? formats[body.call_type] : undefined
  if (!format) throw invalid('call_type', `call_type must be one of ${Object.keys(formats).join(', ')}.`)
  const model = asString(body.request_body.model)
  if (model === undefined) throw invalid('request_body.model', 'request_body.model is missing: name the model to call.')
  const { deployment } = subjectOf(model, who)
  try {
    const bytes = new TextEncoder().encode(JSON.stringify(body.request_body))
    const compiled = compile(callOf({ format, bytes }), deployment)
    const headers = Object.entries(compiled.headers).map(([name, value]) => [
      name,
      plainHeaders.test(name) ? value : mask,
    ])
    return {
      raw_request_api_base: compiled.url.split(/[?#]/, 1)[0]?.replace(/\/\/[^/@]*@/, '//') ?? null,
      raw_request_body: masked(parseObject(new TextDecoder().decode(compiled.body)) ?? {}, who.house.sealing),
      raw_request_headers: Object.fromEntries(headers),
      error: null,
    }
  } catch (thrown) {
    if (!isGatewayError(thrown)) throw thrown
    return { raw_request_api_base: null, raw_request_body: null, raw_request_headers: null, error: thrown.message }
  }
}
