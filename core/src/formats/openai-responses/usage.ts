import { asArray, asNumber, asObject, asString, isObject, type Json, type JsonObject } from '../../kernel/json.ts'
import { type Usage, usageOf } from '../../vocabulary/usage.ts'
import type { UsageMeter } from '../format.ts'

/** Hosted tools that are billed by the call, by the type of their items: https://platform.openai.com/docs/pricing#built-in-tools */
const billed: Readonly<Record<string, string>> = {
  web_search_call: 'web_search',
  file_search_call: 'file_search',
  code_interpreter_call: 'code_interpreter',
  image_generation_call: 'image_generation',
  computer_call: 'computer',
}

/** How often each hosted tool was called, by the items of the answer. */
export function countCalls(items: readonly Json[]): Record<string, number> {
  const calls: Record<string, number> = {}
  for (const item of items) {
    const name = isObject(item) ? billed[asString(item.type) ?? ''] : undefined
    if (name !== undefined) calls[name] = (calls[name] ?? 0) + 1
  }
  return calls
}

/** https://platform.openai.com/docs/api-reference/responses/object#responses-object-usage */
export function readUsage(value: JsonObject, calls: Readonly<Record<string, number>>): Usage {
  const input = asObject(value.input_tokens_details) ?? {}
  const output = asObject(value.output_tokens_details) ?? {}
  return usageOf({
    input: asNumber(value.input_tokens) ?? 0,
    cacheRead: asNumber(input.cached_tokens) ?? 0,
    cacheWrite5m: asNumber(input.cache_write_tokens) ?? 0,
    audioIn: asNumber(input.audio_tokens) ?? 0,
    imageIn: asNumber(input.image_tokens) ?? 0,
    output: asNumber(value.output_tokens) ?? 0,
    reasoning: asNumber(output.reasoning_tokens) ?? 0,
    audioOut: asNumber(output.audio_tokens) ?? 0,
    calls,
    raw: value,
  })
}

export function writeUsage(usage: Usage): JsonObject {
  const written = usage.cacheWrite5m + usage.cacheWrite1h
  return {
    input_tokens: usage.input,
    input_tokens_details: {
      cached_tokens: usage.cacheRead,
      ...(written > 0 && { cache_write_tokens: written }),
      ...(usage.audioIn > 0 && { audio_tokens: usage.audioIn }),
      ...(usage.imageIn > 0 && { image_tokens: usage.imageIn }),
    },
    output_tokens: usage.output,
    output_tokens_details: {
      reasoning_tokens: usage.reasoning,
      ...(usage.audioOut > 0 && { audio_tokens: usage.audioOut }),
    },
    total_tokens: usage.input + usage.output,
  }
}

const terminal: ReadonlySet<Json | undefined> = new Set([
  'response.completed',
  'response.incomplete',
  'response.failed',
])

/** Reads usage out of a whole body, or out of the events that carry the response. */
export function meter(): UsageMeter {
  let usage: Usage | undefined
  let final = false
  let tier: string | undefined
  const items: Json[] = []
  return {
    read(value) {
      if (value.type === 'response.output_item.done') items.push(value.item ?? null)
      const response = asObject(value.response) ?? value
      final ||= terminal.has(value.type) || (value.type === undefined && asObject(value.usage) !== undefined)
      tier = asString(response.service_tier) ?? tier
      const told = asObject(response.usage)
      if (!told) return
      const output = asArray(response.output)
      usage = readUsage(told, countCalls(output.length > 0 ? output : items))
    },
    usage: () => usage,
    final: () => final && usage !== undefined,
    serviceTier: () => tier,
  }
}
