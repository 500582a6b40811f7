import type { JsonObject } from '../../../kernel/json.ts'
import type { ModelProfile } from '../../../models/profile.ts'
import type { Effort, ReasoningRequest } from '../../../vocabulary/chat-request.ts'
import type { Notes } from '../own.ts'

/** How much to think, in this format's one currency: https://platform.openai.com/docs/guides/reasoning */
export function writeReasoning(
  wish: ReasoningRequest | undefined,
  profile: ModelProfile,
  notes: Notes,
): JsonObject | undefined {
  if (!wish) return undefined
  if (profile.thinking === 'none') {
    notes.note('dropped', 'reasoning', `the model \`${profile.model}\` does not think`)
    return undefined
  }
  const { summary } = wish
  const effort = fit(effortOf(wish, profile, notes), profile, notes)
  const written = {
    ...(effort !== undefined && { effort }),
    ...(summary !== undefined && summary !== 'omitted' && { summary }),
  }
  return Object.keys(written).length > 0 ? written : undefined
}

/** The wish as one word; undefined leaves it to the model. */
function effortOf(
  { mode, effort, budgetTokens }: ReasoningRequest,
  profile: ModelProfile,
  notes: Notes,
): Effort | undefined {
  if (mode === undefined && budgetTokens === undefined) return effort
  notes.note('adjusted', 'reasoning', 'the Responses format asks for thinking by effort alone')
  // a model of which nothing is known may not take the field at all
  if (mode === 'disabled') return profile.thinking === undefined ? undefined : 'none'
  return effort ?? (budgetTokens === undefined ? undefined : effortFor(budgetTokens))
}

function effortFor(budget: number): Effort {
  if (budget < 2048) return 'low'
  return budget < 8192 ? 'medium' : 'high'
}

const ladder: readonly string[] = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max']

/** The nearest effort that the model takes; between two as near, the weaker, but never none for some. */
function fit(effort: Effort | undefined, { efforts, model }: ModelProfile, notes: Notes): string | undefined {
  if (effort === undefined || !efforts || efforts.length === 0 || efforts.includes(effort)) return effort
  const distance = (other: string) => Math.abs(ladder.indexOf(other) - ladder.indexOf(effort))
  const some = efforts.filter((other) => other !== 'none')
  const nearest = (some.length > 0 ? some : efforts).reduce((best, other) =>
    distance(other) < distance(best) ? other : best,
  )
  notes.note('adjusted', 'reasoning.effort', `the model \`${model}\` takes ${efforts.join(', ')}`)
  return nearest
}
