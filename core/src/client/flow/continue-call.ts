import { asArray, asNumber, asObject, type Json, type JsonObject } from '../../kernel/json.ts'
import { estimateTokens } from '../../models/estimate.ts'
import type { FormatId } from '../../vocabulary/format-id.ts'
import { type Call, callOf } from '../call.ts'

const encoder = new TextEncoder()

/** The conversation with the beginning of its answer behind it, in each format's own words. */
const begun: { readonly [F in FormatId]: (body: JsonObject, text: string) => JsonObject } = {
  'openai-chat': (body, text) => ({ messages: [...asArray(body.messages), { role: 'assistant', content: text }] }),
  'anthropic-messages': (body, text) => ({
    messages: [...asArray(body.messages), { role: 'assistant', content: text }],
  }),
  'openai-responses': (body, text) => ({
    input: [
      ...(typeof body.input === 'string' ? [{ role: 'user', content: body.input }] : asArray(body.input)),
      { role: 'assistant', content: [{ type: 'output_text', text }] },
    ],
  }),
  gemini: (body, text) => ({ contents: [...asArray(body.contents), { role: 'model', parts: [{ text }] }] }),
}

/**
 * The call that asks for the rest of an answer whose beginning is there; undefined where text alone does not say how it goes on:
 * several answers, a shape to keep, or thinking, which comes before all text.
 */
export function continuing(call: Call, text: string): Call | undefined {
  const { choices = 1, output, reasoning } = call.request().value
  const shaped = output !== undefined && output.type !== 'text'
  if (choices > 1 || shaped || (reasoning && reasoning.mode !== 'disabled' && reasoning.effort !== 'none'))
    return undefined
  const body = call.body()
  const spent = estimateTokens(text)
  // Anthropic refuses a beginning that ends with white space: https://docs.anthropic.com/en/docs/build-with-claude/prompt-engineering/prefill-claudes-response
  const more = { ...body, ...limited(body, spent), ...begun[call.format](body, text.trimEnd()) }
  const { format, model, stream, vendorHeaders } = call
  return callOf({ format, vendorHeaders, bytes: encoder.encode(JSON.stringify(more)), path: { model, stream } })
}

const limits = ['max_tokens', 'max_completion_tokens', 'max_output_tokens']

/** What is left of the answer's limit, wherever the request says it. */
function limited(body: JsonObject, spent: number): JsonObject {
  const left = (value: Json | undefined) => Math.max(1, (asNumber(value) ?? 0) - spent)
  const out = Object.fromEntries(
    limits.filter((name) => asNumber(body[name]) !== undefined).map((name) => [name, left(body[name])]),
  )
  const config = asObject(body.generationConfig)
  if (config && asNumber(config.maxOutputTokens) !== undefined)
    return { ...out, generationConfig: { ...config, maxOutputTokens: left(config.maxOutputTokens) } }
  return out
}
