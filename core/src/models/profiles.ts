import { contextTokensOf } from './book.ts'
import type { ModelProfile } from './profile.ts'
import { completionTokenProviders, profileRules } from './profile-rules.ts'

const known = new Map<string, ModelProfile>()
// names come from callers: without a bound, somebody who invents them fills the memory
const mostKnown = 4096

/**
 * What is known of a model under a provider prefix: the context window from the book, the rest from the rules of its family.
 * A model nobody wrote a rule for has hardly a field set, and then nothing is refused to it.
 */
export function profileOf(provider: string, model: string, overrides?: Partial<ModelProfile>): ModelProfile {
  const key = `${provider}/${model}`
  let profile = known.get(key)
  if (!profile) {
    profile = gather(provider, model)
    if (known.size >= mostKnown) known.clear()
    known.set(key, profile)
  }
  return overrides ? { ...profile, ...overrides } : profile
}

function gather(provider: string, model: string): ModelProfile {
  const contextTokens = contextTokensOf(provider, model)
  let profile: ModelProfile = {
    model,
    ...(contextTokens !== undefined && { contextTokens }),
    outputLimitField: completionTokenProviders.has(provider) ? 'max_completion_tokens' : 'max_tokens',
  }
  const name = ownName(model)
  for (const rule of profileRules) {
    if (!rule.match.test(name)) continue
    profile = { ...profile, ...rule.profile }
    if (rule.native?.providers.includes(provider)) profile = { ...profile, ...rule.native.profile }
  }
  return profile
}

/** The model's name without who serves it and where: `us.anthropic.claude-opus-4-6-v1` and `anthropic/claude-opus-4.6` alike. */
function ownName(model: string): string {
  const last = model.slice(model.lastIndexOf('/') + 1).toLowerCase()
  const bare = last.replace(/^([a-z-]+\.)+(?=[a-z])/, '').replace(/^ft:/, '')
  return bare.startsWith('claude') ? bare.replaceAll(/(\d)\.(\d)/g, '$1-$2') : bare
}
