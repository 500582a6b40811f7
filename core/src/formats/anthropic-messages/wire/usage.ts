import { asNumber, asObject, asString, isArray, isObject, type Json, type JsonObject } from '../../../kernel/json.ts'
import { type Usage, usageOf } from '../../../vocabulary/usage.ts'
import type { UsageMeter } from '../../format.ts'

/**
 * Anthropic's usage (https://platform.claude.com/docs/en/api/messages#usage): `input_tokens` are those neither read from
 * nor written to the cache. Compaction is billed beside the totals and stands in `iterations`.
 */
export function readUsage(raw: JsonObject): Usage {
  const { cacheWrite5m, cacheWrite1h } = readCacheWrites(raw)
  const compaction = sumCompaction(raw.iterations)
  return usageOf({
    fresh: (asNumber(raw.input_tokens) ?? 0) + compaction.input,
    cacheRead: asNumber(raw.cache_read_input_tokens) ?? 0,
    cacheWrite5m,
    cacheWrite1h,
    output: (asNumber(raw.output_tokens) ?? 0) + compaction.output,
    reasoning: asNumber(asObject(raw.output_tokens_details)?.thinking_tokens) ?? 0,
    calls: readCalls(asObject(raw.server_tool_use)),
    source: 'provider',
    raw,
  })
}

/** A stream may tell the split first and the total last: the total is believed, and what the split does not place was for 5 minutes. */
function readCacheWrites(raw: JsonObject) {
  const split = asObject(raw.cache_creation)
  const hour = asNumber(split?.ephemeral_1h_input_tokens) ?? 0
  const total = asNumber(raw.cache_creation_input_tokens) ?? hour + (asNumber(split?.ephemeral_5m_input_tokens) ?? 0)
  const cacheWrite1h = Math.min(hour, total)
  return { cacheWrite1h, cacheWrite5m: total - cacheWrite1h }
}

function sumCompaction(iterations: Json | undefined): { input: number; output: number } {
  const steps = isArray(iterations) ? iterations.filter(isObject) : []
  const sum = { input: 0, output: 0 }
  // after a fallback to another model the totals hold everything
  if (steps.some(({ type }) => type === 'fallback_message')) return sum
  for (const step of steps) {
    if (step.type !== 'compaction') continue
    sum.input += asNumber(step.input_tokens) ?? 0
    sum.output += asNumber(step.output_tokens) ?? 0
  }
  return sum
}

function readCalls(served: JsonObject | undefined): Record<string, number> {
  const calls: Record<string, number> = {}
  for (const [name, value] of Object.entries(served ?? {})) {
    const count = asNumber(value)
    if (count && name.endsWith('_requests')) calls[name.slice(0, -'_requests'.length)] = count
  }
  return calls
}

/** Anthropic has no buckets of their own for sound and pictures: they count among the fresh tokens. */
export function writeUsage(usage: Usage, serviceTier?: string): JsonObject {
  const calls = Object.entries(usage.calls).map(([name, count]) => [`${name}_requests`, count])
  return {
    input_tokens: usage.fresh + usage.audioIn + usage.imageIn,
    cache_creation_input_tokens: usage.cacheWrite5m + usage.cacheWrite1h,
    cache_read_input_tokens: usage.cacheRead,
    ...(usage.cacheWrite5m + usage.cacheWrite1h > 0 && {
      cache_creation: {
        ephemeral_5m_input_tokens: usage.cacheWrite5m,
        ephemeral_1h_input_tokens: usage.cacheWrite1h,
      },
    }),
    output_tokens: usage.output,
    ...(usage.reasoning > 0 && { output_tokens_details: { thinking_tokens: usage.reasoning } }),
    ...(calls.length > 0 && { server_tool_use: Object.fromEntries(calls) }),
    ...(serviceTier !== undefined && { service_tier: serviceTier }),
  }
}

/** The figures told so far with later ones laid over: they are cumulative, an explicit zero is a value, and null says nothing. */
export function mergeUsage(before: JsonObject | undefined, later: JsonObject | undefined): JsonObject | undefined {
  if (!later) return before
  const told = Object.entries(later).filter(([, value]) => value !== null && value !== undefined)
  return { ...before, ...Object.fromEntries(told) }
}

/** Reads usage from a whole body, or from `message_start` (input; its output is a placeholder) and `message_delta` (all, cumulative). */
export function meter(): UsageMeter {
  let raw: JsonObject | undefined
  let final = false
  return {
    read(value) {
      const opening = value.type === 'message_start'
      const told = asObject(opening ? asObject(value.message)?.usage : value.usage)
      raw = mergeUsage(raw, told)
      if (told && !opening && asNumber(told.output_tokens) !== undefined) final = true
    },
    usage: () => raw && readUsage(raw),
    final: () => final,
    serviceTier: () => asString(raw?.service_tier),
  }
}
