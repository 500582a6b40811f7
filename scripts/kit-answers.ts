import { asArray, asObject, isObject, type Json, type JsonObject } from '../core/src/kernel/json.ts'
import { differences } from '../core/src/testing/comparison/differences.ts'
import type { ChatResponse } from '../core/src/vocabulary/chat-response.ts'
import type { FormatId } from '../core/src/vocabulary/format-id.ts'
import type { Usage } from '../core/src/vocabulary/usage.ts'

/** What differs between an answer as read and what it meant. */
export function compareAnswer(answer: ChatResponse, derived: JsonObject, format: FormatId): string[] {
  const parts = answer.choices[0]?.content ?? []
  const joined = (type: 'text' | 'reasoning' | 'refusal') =>
    parts.map((part) => (part.type === type ? part.text : '')).join('')
  const bare = (text: string) => text.replace(/\s+/g, '')
  const said = (type: 'text' | 'reasoning' | 'refusal', expected: Json | undefined) =>
    typeof expected !== 'string' || bare(joined(type)) === bare(expected)
      ? []
      : [`${type} is ${JSON.stringify(joined(type).slice(0, 40))} instead of ${JSON.stringify(expected.slice(0, 40))}`]
  return [
    ...said('text', derived.text),
    ...said('reasoning', derived.reasoning),
    ...said('refusal', derived.refusal),
    ...compareCalls(answer, derived),
    ...compareFinish(answer, derived, format),
    ...compareUsage(answer.usage, derived, 'usage'),
  ]
}

function compareCalls(answer: ChatResponse, derived: JsonObject): string[] {
  const expected = asArray(derived.tool_calls).filter(isObject)
  const calls = (answer.choices[0]?.content ?? []).flatMap((part) => (part.type === 'tool-call' ? [part] : []))
  if (calls.length !== expected.length) return [`${calls.length} tool calls instead of ${expected.length}`]
  return calls.flatMap((call, at) => {
    const other = expected[at] ?? {}
    const named = call.name === other.name && (typeof other.id !== 'string' || other.id === call.id)
    return named && sameArguments(call.input, other.arguments)
      ? []
      : [`tool call ${at} is ${call.name} ${call.input.slice(0, 60)}`]
  })
}

function sameArguments(input: string, expected: Json | undefined): boolean {
  if (expected === null || expected === undefined) return input === '' || input === '{}' || input === 'null'
  if (typeof expected === 'string' && input === expected) return true
  try {
    return differences(input === '' ? {} : JSON.parse(input), expected).length === 0
  } catch {
    return false
  }
}

const finishes: Readonly<Record<FormatId, Readonly<Record<string, readonly string[]>>>> = {
  'openai-chat': {
    stop: ['stop', 'tool-calls', 'refusal'],
    eos: ['stop'],
    length: ['length'],
    tool_calls: ['tool-calls'],
    function_call: ['tool-calls'],
    content_filter: ['content-filter'],
  },
  'openai-responses': {
    completed: ['stop', 'tool-calls', 'refusal'],
    incomplete: ['length', 'content-filter'],
    failed: ['error'],
  },
  'anthropic-messages': {
    end_turn: ['stop'],
    tool_use: ['tool-calls'],
    max_tokens: ['length'],
    stop_sequence: ['stop-sequence'],
    refusal: ['refusal'],
    pause_turn: ['pause'],
  },
  gemini: {
    STOP: ['stop', 'tool-calls'],
    MAX_TOKENS: ['length'],
    SAFETY: ['content-filter'],
    RECITATION: ['content-filter'],
    MODEL_ARMOR: ['content-filter'],
  },
}

function compareFinish(answer: ChatResponse, derived: JsonObject, format: FormatId): string[] {
  const expected = finishes[format][String(derived.finish)]
  const reason = answer.choices[0]?.finish.reason
  return !expected || (reason && expected.includes(reason))
    ? []
    : [`finish is ${reason} instead of ${String(derived.finish)}`]
}

/** What differs between counted and recorded usage; `what` names the one in the reasons. */
export function compareUsage(usage: Usage | undefined, derived: JsonObject, what: string): string[] {
  const expected = asObject(derived.usage_norm)
  if (!expected) return []
  if (!usage) return [`${what} is missing`]
  const ours: Readonly<Record<string, number>> = {
    input_total: usage.input,
    output_total: usage.output,
    cache_read: usage.cacheRead,
    cache_write: usage.cacheWrite5m + usage.cacheWrite1h,
    reasoning: usage.reasoning,
  }
  // where the vendor's total shows that its parts leave something out (hidden thought, audio), the total is right
  const total = asObject(derived.usage_raw)?.total_tokens
  if (total === usage.input + usage.output) return []
  return Object.entries(ours)
    .filter(([key, value]) => typeof expected[key] === 'number' && expected[key] !== value)
    .map(([key, value]) => `${what}.${key} is ${value} instead of ${String(expected[key])}`)
}
