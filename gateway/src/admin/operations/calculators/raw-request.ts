import { callOf } from 'turnpike-core/internal/client/call'
import { type Compiled, compile } from 'turnpike-core/internal/client/compile'
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

/** The format of a call by LiteLLM's name of it. Throws 400 for other names. */
export function formatOfCall(type: string): FormatId {
  const format = Object.hasOwn(formats, type) ? formats[type] : undefined
  if (!format) throw invalid('call_type', `call_type must be one of ${Object.keys(formats).join(', ')}.`)
  return format
}

/** Where a call would go and with which headers: no query, no login and no secret. */
export function sentView({ url, headers }: Pick<Compiled, 'url' | 'headers'>): { url: string; headers: JsonObject } {
  const shown = Object.entries(headers).map(([name, value]) => [name, plainHeaders.test(name) ? value : mask])
  return {
    url: url.split(/[?#]/, 1)[0]?.replace(/\/\/[^/@]*@/, '//') ?? '',
    headers: Object.fromEntries(shown) as JsonObject,
  }
}

/** What would go over the wire for a call, without sending it and without any secret. */
export function rawRequest(body: z.infer<typeof rawBody>, who: Pick<Who, 'caller' | 'house'>): JsonObject {
  const format = formatOfCall(body.call_type)
  const model = asString(body.request_body.model)
  if (model === undefined) throw invalid('request_body.model', 'request_body.model is missing: name the model to call.')
  const { deployment } = subjectOf(model, who)
  try {
    const bytes = new TextEncoder().encode(JSON.stringify(body.request_body))
    const compiled = compile(callOf({ format, bytes }), deployment)
    const { url, headers } = sentView(compiled)
    return {
      raw_request_api_base: url,
      raw_request_body: masked(parseObject(new TextDecoder().decode(compiled.body)) ?? {}, who.house.sealing),
      raw_request_headers: headers,
      error: null,
    }
  } catch (thrown) {
    if (!isGatewayError(thrown)) throw thrown
    return { raw_request_api_base: null, raw_request_body: null, raw_request_headers: null, error: thrown.message }
  }
}
