import { asArray, asObject, asString, isArray, isObject, type Json, type JsonObject } from '../../../kernel/json.ts'
import type { Opaque, ReasoningPart } from '../../../vocabulary/parts.ts'

/**
 * How reasoning stands in messages of this format: `reasoning_content` (DeepSeek, LiteLLM), `reasoning` (Groq, OpenRouter),
 * `thinking_blocks` (LiteLLM, for Anthropic's signatures) and `reasoning_details` (OpenRouter, sealed material of any vendor).
 */
export function readReasoning(message: JsonObject): ReasoningPart[] {
  const blocks = asArray(message.thinking_blocks).flatMap(readThinkingBlock)
  if (blocks.length > 0) return blocks
  const details = asArray(message.reasoning_details).filter(isObject)
  const opaque = sealDetails(details)
  const text = reasoningText(message) || details.map(detailText).join('')
  return text !== '' || opaque ? [{ type: 'reasoning', text, ...(opaque && { opaque }) }] : []
}

/** The plain reasoning text of a message or delta, under whichever name. */
export function reasoningText(message: JsonObject): string {
  const { reasoning_content: content, reasoning } = message
  if (typeof content === 'string' && content !== '') return content
  return asString(reasoning) ?? ''
}

/** Mistral's thinking: text, or a list of text parts (https://docs.mistral.ai/capabilities/reasoning). */
export function thinkingText(value: Json | undefined): string {
  if (typeof value === 'string') return value
  return isArray(value) ? value.map((part) => asString(asObject(part)?.text) ?? '').join('') : ''
}

/** One member of `thinking_blocks`. */
export function readThinkingBlock(value: Json): ReasoningPart[] {
  const block = asObject(value)
  if (block?.type === 'redacted_thinking') {
    const data = asString(block.data) ?? ''
    return [{ type: 'reasoning', text: '', opaque: { format: 'anthropic-messages', kind: 'redacted', value: data } }]
  }
  if (block?.type !== 'thinking') return []
  const text = asString(block.thinking) ?? ''
  const signature = asString(block.signature)
  if (text === '' && !signature) return []
  return [{ type: 'reasoning', text, ...(signature && { opaque: signatureOf(signature) }) }]
}

export function signatureOf(value: string): Opaque {
  return { format: 'anthropic-messages', kind: 'signature', value }
}

/** The text that one of OpenRouter's details shows (https://openrouter.ai/docs/use-cases/reasoning-tokens). */
export function detailText(detail: JsonObject): string {
  return asString(detail.text) ?? asString(detail.summary) ?? ''
}

/** OpenRouter's details as something to give back whole, when any of them is sealed; open text needs no seal. */
export function sealDetails(details: readonly JsonObject[]): Opaque | undefined {
  if (!details.some((detail) => detail.signature || detail.data)) return undefined
  return { format: 'openai-chat', kind: 'encrypted', value: JSON.stringify(details) }
}

/** Joins the fragments in which a stream brings details: those of one index are one. */
export function mergeDetails(details: readonly JsonObject[]): JsonObject[] {
  const merged: JsonObject[] = []
  for (const detail of details) {
    const at = merged.findIndex((known) => known.type === detail.type && known.index === detail.index)
    const known = merged[at]
    if (!known || detail.index === undefined) merged.push(detail)
    else merged[at] = { ...known, ...withoutNulls(detail), ...joined(known, detail) }
  }
  return merged
}

function withoutNulls(detail: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(detail).filter(([, value]) => value !== null))
}

function joined(known: JsonObject, detail: JsonObject): JsonObject {
  const keys = ['text', 'summary'].filter((key) => typeof known[key] === 'string' && typeof detail[key] === 'string')
  return Object.fromEntries(keys.map((key) => [key, `${known[key]}${detail[key]}`]))
}

/** The members that carry reasoning in a message: the text for all, the seals for whoever can use them. */
export function writeReasoning(parts: readonly ReasoningPart[]): JsonObject {
  const text = parts.map((part) => part.text).join('')
  const blocks = parts.flatMap(writeThinkingBlock)
  const details = parts.flatMap((part) => openDetails(part.opaque))
  const sealed = parts.some((part) => part.opaque?.format === 'anthropic-messages')
  return {
    ...(text !== '' && { reasoning_content: text }),
    ...(sealed && { thinking_blocks: blocks }),
    ...(details.length > 0 && { reasoning_details: details }),
  }
}

/** A reasoning part as a member of `thinking_blocks`. */
export function writeThinkingBlock({ text, opaque }: ReasoningPart): JsonObject[] {
  const value = opaque?.format === 'anthropic-messages' ? opaque.value : undefined
  if (opaque?.kind === 'redacted' && value !== undefined) return [{ type: 'redacted_thinking', data: value }]
  if (text === '' && value === undefined) return []
  return [{ type: 'thinking', thinking: text, ...(value !== undefined && { signature: value }) }]
}

/** The details that `sealDetails` sealed. */
export function openDetails(opaque: Opaque | undefined): JsonObject[] {
  if (opaque?.format !== 'openai-chat') return []
  try {
    const details: unknown = JSON.parse(opaque.value)
    return isArray(details) ? details.filter(isObject) : []
  } catch {
    return []
  }
}

/** Gemini's seal on a call: at Google's endpoint, or where LiteLLM puts it. */
export function readCallSeal(call: JsonObject): { opaque?: Opaque } {
  const google = asObject(asObject(call.extra_content)?.google)
  const extra = asObject(call.provider_specific_fields) ?? asObject(asObject(call.function)?.provider_specific_fields)
  const value = asString(google?.thought_signature) ?? asString(extra?.thought_signature)
  return value === undefined ? {} : { opaque: { format: 'gemini', kind: 'signature', value } }
}

/** https://ai.google.dev/gemini-api/docs/thought-signatures */
export function writeCallSeal(opaque: Opaque | undefined): JsonObject {
  if (opaque?.format !== 'gemini') return {}
  return { extra_content: { google: { thought_signature: opaque.value } } }
}
