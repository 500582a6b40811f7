import { asNumber, asObject, asString, type Json, type JsonObject, leftovers } from '../../../kernel/json.ts'
import type { ModelProfile } from '../../../models/profile.ts'
import type { Effort, ReasoningRequest } from '../../../vocabulary/chat-request.ts'
import type { Notes } from './fields.ts'

const efforts: ReadonlySet<string> = new Set(['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'])
const isEffort = (word: string | undefined): word is Effort => word !== undefined && efforts.has(word)

const modes: Readonly<Record<string, NonNullable<ReasoningRequest['mode']>>> = {
  enabled: 'enabled',
  adaptive: 'adaptive',
  disabled: 'disabled',
}
const displays: Readonly<Record<string, NonNullable<ReasoningRequest['summary']>>> = {
  summarized: 'auto',
  omitted: 'omitted',
}
const thinkingKnown = new Set(['type', 'budget_tokens', 'display'])
const outputKnown = new Set(['effort', 'format'])

/**
 * `thinking` and `output_config.effort` (https://platform.claude.com/docs/en/build-with-claude/extended-thinking, …/effort).
 * `kept` holds what has no word in the vocabulary; an effort without thinking stays there too, because elsewhere an effort
 * asks for thinking and here it does not.
 */
export function readReasoning(thinking: Json | undefined, config: JsonObject | undefined) {
  const asked = asObject(thinking)
  const mode = modes[asString(asked?.type) ?? '']
  const budgetTokens = asNumber(asked?.budget_tokens)
  const summary = displays[asString(asked?.display) ?? '']
  const word = asString(config?.effort)
  const effort = isEffort(word) ? word : undefined
  const reasoning: ReasoningRequest = {
    ...(mode && { mode }),
    ...(effort && { effort }),
    ...(mode && budgetTokens !== undefined && { budgetTokens }),
    ...(mode && summary && { summary }),
  }
  const strange = asked && (mode ? strangeMembers(asked) : asked)
  const more = {
    ...(config && leftovers(config, outputKnown)),
    ...(word !== undefined && (!mode || !effort) && { effort: word }),
  }
  return {
    ...(Object.keys(reasoning).length > 0 && { reasoning }),
    kept: { ...(strange && { thinking: strange }), ...(Object.keys(more).length > 0 && { output_config: more }) },
  }
}

function strangeMembers(thinking: JsonObject): JsonObject | undefined {
  const display = asString(thinking.display)
  const unknown = display !== undefined && displays[display] === undefined
  const more = { ...leftovers(thinking, thinkingKnown), ...(unknown && { display }) }
  return Object.keys(more).length > 0 ? more : undefined
}

/** What decides how thinking is asked for. */
interface Asked {
  readonly reasoning: ReasoningRequest | undefined
  readonly profile: ModelProfile
  readonly maxOutputTokens: number | undefined
  /** fields of this format that the vocabulary has no words for, as `readReasoning` kept them */
  readonly kept: JsonObject
  /** why this request cannot have thinking, if so */
  readonly barred: string | undefined
  readonly notes: Notes
}

/** The fields that ask for thinking. */
interface Written {
  readonly thinking?: JsonObject
  readonly effort?: string
}

const leastBudget = 1024
const budgets: Readonly<Record<Effort, number>> = {
  none: leastBudget,
  minimal: leastBudget,
  low: leastBudget,
  medium: 2048,
  high: 4096,
  xhigh: 8192,
  max: 16_384,
}

export function writeReasoning(asked: Asked): Written {
  const { reasoning, profile, barred, notes, kept } = asked
  const strange = asObject(kept.thinking)
  if (strange && reasoning?.mode === undefined && barred === undefined) return { thinking: strange }
  if (!reasoning) return {}
  if (profile.thinking === 'none' && !isOff(reasoning)) {
    notes.dropped('reasoning', 'the model does not think.')
    return {}
  }
  const wanted = chooseThinking(asked)
  const written = barred !== undefined && isOn(wanted) ? withoutThinking(wanted, barred, notes) : wanted
  const { reasoning: back } = readReasoning(
    written.thinking,
    written.effort === undefined ? undefined : { effort: written.effort },
  )
  if (barred === undefined && !same(reasoning, back))
    notes.adjusted('reasoning', `it is asked of Anthropic as ${JSON.stringify(written)}.`)
  return strange && isOn(written) ? { ...written, thinking: { ...strange, ...written.thinking } } : written
}

const isOff = ({ mode, effort }: ReasoningRequest): boolean =>
  mode === 'disabled' || (mode === undefined && effort === 'none')

const isOn = ({ thinking }: Written): boolean => thinking !== undefined && thinking.type !== 'disabled'

function withoutThinking({ thinking: _thinking, ...others }: Written, why: string, notes: Notes): Written {
  notes.dropped('reasoning', why)
  return others
}

function same(asked: ReasoningRequest, back: ReasoningRequest | undefined): boolean {
  return (['mode', 'effort', 'budgetTokens', 'summary'] as const).every((key) => asked[key] === back?.[key])
}

function chooseThinking({ reasoning = {}, profile, kept }: Asked): Written {
  const { mode, effort, budgetTokens } = reasoning
  const word = effort === undefined ? undefined : { effort: nearestEffort(effort, profile) }
  if (mode === undefined && effort !== undefined && asObject(kept.output_config)?.effort === effort) return word ?? {}
  if (isOff(reasoning)) return { thinking: { type: 'disabled' }, ...(effort !== 'none' && word) }
  if (profile.thinking === 'effort' || profile.thinking === 'level') return word ?? wordFor(budgetTokens, profile)
  if (profile.thinking === 'adaptive' || (profile.thinking === undefined && mode === 'adaptive')) {
    const inferred = word ?? (mode === 'adaptive' ? {} : wordFor(budgetTokens, profile))
    return { thinking: { type: 'adaptive', ...display(reasoning, mode !== 'adaptive') }, ...inferred }
  }
  const budget = Math.max(leastBudget, budgetTokens ?? budgets[effort ?? 'medium'])
  const besides = budgetTokens !== undefined && profile.thinking === undefined ? word : {}
  return { thinking: { type: 'enabled', budget_tokens: budget, ...display(reasoning, false) }, ...besides }
}

/** Newer models show no thinking unless asked to; a caller who named Anthropic's own mode gets what that mode says. */
function display({ summary }: ReasoningRequest, wanted: boolean): JsonObject {
  if (summary === undefined) return wanted ? { display: 'summarized' } : {}
  return { display: summary === 'omitted' ? 'omitted' : 'summarized' }
}

/** The weakest effort whose usual budget covers this one. */
function wordFor(budgetTokens: number | undefined, profile: ModelProfile): Written {
  if (budgetTokens === undefined) return {}
  const word = budgetTokens < 2048 ? 'low' : budgetTokens < 10_000 ? 'medium' : 'high'
  return { effort: nearestEffort(word, profile) }
}

const ladder: readonly Effort[] = ['low', 'medium', 'high', 'xhigh', 'max']

/** The effort, or the next stronger one that the model takes, or else its strongest; Anthropic has no `minimal`. */
function nearestEffort(effort: Effort, { efforts: taken }: ModelProfile): string {
  const wanted = effort === 'minimal' || effort === 'none' ? 'low' : effort
  if (!taken || taken.includes(wanted)) return wanted
  const stronger = ladder.slice(ladder.indexOf(wanted)).find((word) => taken.includes(word))
  return stronger ?? taken.at(-1) ?? wanted
}

/** What is asked when the caller names no bound, which Anthropic demands: enough for an answer, within what every Claude gives. */
const usualMaxTokens = 4096

interface Bounded extends Written {
  readonly maxTokens: number
}

/** `max_tokens` counts thinking too, so that a budget must lie below it. */
export function boundTokens(
  written: Written,
  { maxOutputTokens, profile, notes }: Pick<Asked, 'maxOutputTokens' | 'profile' | 'notes'>,
): Bounded {
  const limit = profile.maxOutputTokens ?? Number.POSITIVE_INFINITY
  const asked = Math.min(maxOutputTokens ?? Number.POSITIVE_INFINITY, limit)
  if (maxOutputTokens !== undefined && maxOutputTokens > limit)
    notes.adjusted('maxOutputTokens', `the model gives ${limit} tokens at most.`)
  const budget = asNumber(written.thinking?.budget_tokens)
  if (budget === undefined) return { ...written, maxTokens: Number.isFinite(asked) ? asked : usualMaxTokens }
  if (!Number.isFinite(asked)) return { ...written, maxTokens: budget + usualMaxTokens }
  if (budget < asked) return { ...written, maxTokens: asked }
  return raiseTokens(written, { budget, asked, limit }, notes)
}

function raiseTokens(
  written: Written,
  { budget, asked, limit }: { budget: number; asked: number; limit: number },
  notes: Notes,
): Bounded {
  const maxTokens = Math.min(budget + asked, limit)
  const fitting = budget < maxTokens ? budget : Math.max(leastBudget, Math.floor(maxTokens / 2))
  if (maxTokens !== asked)
    notes.adjusted('maxOutputTokens', `it is ${maxTokens} at Anthropic, where the thinking budget must lie below it.`)
  if (fitting !== budget) notes.adjusted('reasoning.budgetTokens', `it is ${fitting}, within what the model gives.`)
  return { ...written, thinking: { ...written.thinking, budget_tokens: fitting }, maxTokens }
}
