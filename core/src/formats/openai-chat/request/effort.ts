import { compact, type JsonObject } from '../../../kernel/json.ts'
import type { ModelProfile } from '../../../models/profile.ts'
import type { ChatRequest, Effort, ReasoningRequest } from '../../../vocabulary/chat-request.ts'
import type { Writing } from './tools.ts'

type EffortWriting = Writing & { readonly profile: ModelProfile }

const scale: readonly Effort[] = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max']

/** Writes how much the model shall think, in the currency that it takes. */
export function writeReasoningWish(
  { reasoning }: ChatRequest,
  writing: EffortWriting,
  native: JsonObject | undefined,
): JsonObject {
  const { profile, warn } = writing
  if (!reasoning) return native ? { thinking: native } : {}
  if (profile.thinking === 'none') {
    warn('dropped', 'reasoning', 'the model does not think')
    return {}
  }
  if (profile.thinking === 'budget' || profile.thinking === 'adaptive') return writeThinking(reasoning, native, writing)
  if (reasoning.summary !== undefined) warn('dropped', 'reasoning.summary', 'the format cannot ask for summaries')
  const effort = effortOf(reasoning, writing)
  return effort === undefined ? {} : { reasoning_effort: nearest(effort, writing) }
}

/** LiteLLM's `thinking`, which endpoints of models with a thinking budget take. */
function writeThinking(reasoning: ReasoningRequest, native: JsonObject | undefined, writing: Writing): JsonObject {
  const { mode, effort, budgetTokens, summary } = reasoning
  const display = summary === 'omitted' ? 'omitted' : summary === 'auto' ? 'summarized' : undefined
  if (summary !== undefined && (display === undefined || mode === undefined))
    writing.warn('dropped', 'reasoning.summary', 'the format cannot ask for this summary')
  const type = mode ?? (budgetTokens === undefined ? undefined : 'enabled')
  return {
    ...(effort !== undefined && { reasoning_effort: effort }),
    ...((type !== undefined || native) && {
      thinking: compact({ ...native, type, budget_tokens: budgetTokens, ...(mode !== undefined && { display }) }),
    }),
  }
}

/** Budgets as words, at the thresholds that LiteLLM uses (https://docs.litellm.ai/docs/reasoning_content). */
const thresholds: readonly (readonly [number, Effort])[] = [
  [10_000, 'high'],
  [5000, 'medium'],
  [2000, 'low'],
]

function effortOf(reasoning: ReasoningRequest, { profile, warn }: EffortWriting): Effort | undefined {
  const { mode, effort, budgetTokens } = reasoning
  const known = (profile.efforts?.length ?? 0) > 0
  if (effort !== undefined) {
    if (mode !== undefined || budgetTokens !== undefined)
      warn('adjusted', 'reasoning', 'the effort alone says how much to think')
    return effort
  }
  if (mode === 'disabled') {
    warn(known ? 'adjusted' : 'dropped', 'reasoning.mode', 'the format has no switch for thinking, only efforts')
    return known ? 'none' : undefined
  }
  if (budgetTokens === undefined) {
    if (mode !== undefined) warn('adjusted', 'reasoning.mode', 'the model decides how much it thinks')
    return undefined
  }
  // models that take `minimal` are newer than those that take efforts at all
  const word = thresholds.find(([least]) => budgetTokens >= least)?.[1] ?? (known ? 'minimal' : 'low')
  warn('adjusted', 'reasoning.budgetTokens', `the nearest effort, ${word}, stands for the budget`)
  return word
}

/** The nearest effort that the model takes, the weaker of two. */
function nearest(effort: Effort, { profile, warn }: EffortWriting): string {
  const taken = profile.efforts ?? []
  if (taken.length === 0 || taken.includes(effort)) return effort
  const wanted = scale.indexOf(effort)
  const distance = (word: string): number => {
    const at = scale.indexOf(word as Effort)
    return at < 0 ? Number.POSITIVE_INFINITY : Math.abs(at - wanted)
  }
  const best = taken.reduce((near, word) => (distance(word) < distance(near) ? word : near))
  warn('adjusted', 'reasoning.effort', `the model takes ${taken.join(', ')}: ${best} is nearest to ${effort}`)
  return best
}
