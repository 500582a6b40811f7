import type { MutableJsonObject } from '../../../kernel/json.ts'
import type { ModelProfile } from '../../../models/profile.ts'
import type { ChatRequest } from '../../../vocabulary/chat-request.ts'
import { type Notes, unsupported } from './fields.ts'

interface About {
  readonly profile: ModelProfile
  readonly notes: Notes
  readonly thinks: boolean
}

/** Fields that Anthropic has nothing like. */
const strangers = [
  'frequencyPenalty',
  'presencePenalty',
  'seed',
  'logitBias',
  'logprobs',
  'audio',
  'verbosity',
  'metadata',
  'store',
  'promptCache',
] as const

/** Sampling, stop sequences and service tier; what has no like at Anthropic is in the notes. */
export function writeSampling(request: ChatRequest, about: About): MutableJsonObject {
  const { notes } = about
  for (const key of strangers) if (request[key] !== undefined) notes.dropped(key, 'Anthropic has no such setting.')
  checkModalities(request, notes)
  const stop = writeStop(request.stop, notes)
  const tier = writeTier(request.serviceTier, notes)
  return {
    ...(stop && { stop_sequences: stop }),
    ...writeRandomness(request, about),
    ...(tier !== undefined && { service_tier: tier }),
  }
}

function checkModalities({ modalities }: ChatRequest, notes: Notes): void {
  if (!modalities || (modalities.length === 1 && modalities[0] === 'text')) return
  if (!modalities.includes('text')) throw unsupported('modalities', 'Anthropic answers in text alone.')
  notes.dropped('modalities', 'Anthropic answers in text alone.')
}

/** Anthropic refuses stop sequences of white space alone. */
function writeStop(stop: readonly string[] | undefined, notes: Notes): string[] | undefined {
  const kept = stop?.filter((text) => text.trim() !== '')
  if (kept && kept.length !== stop?.length)
    notes.dropped('stop', 'Anthropic takes no stop sequence of white space alone.')
  return kept && (kept.length > 0 || stop?.length === 0) ? kept : undefined
}

/** https://platform.claude.com/docs/en/api/service-tiers */
function writeTier(tier: string | undefined, notes: Notes): string | undefined {
  if (tier === undefined || tier === 'auto' || tier === 'standard_only') return tier
  if (tier === 'default') {
    notes.adjusted('serviceTier', 'the standard tier is called standard_only at Anthropic.')
    return 'standard_only'
  }
  notes.dropped('serviceTier', `Anthropic has no tier ${tier}.`)
  return undefined
}

/** Newer models refuse sampling, all refuse it beside thinking, and most take only one of temperature and top_p. */
function writeRandomness(
  { temperature, topP, topK }: ChatRequest,
  { profile, notes, thinks }: About,
): MutableJsonObject {
  const given = { temperature, topP, topK }
  const bar = (key: keyof typeof given, why: string): void => {
    if (given[key] === undefined) return
    given[key] = undefined
    notes.dropped(key, why)
  }
  if (profile.sampling === false)
    for (const key of ['temperature', 'topP', 'topK'] as const) bar(key, 'the model refuses settings of sampling.')
  if (thinks) {
    const why = 'Anthropic does not take it together with thinking.'
    if (given.temperature !== 1) bar('temperature', why)
    if (given.topP !== undefined && given.topP < 0.95) bar('topP', why)
    bar('topK', why)
  }
  if (given.temperature !== undefined) bar('topP', 'Claude takes either temperature or top_p.')
  return {
    ...(given.temperature !== undefined && { temperature: clamp(given.temperature, notes) }),
    ...(given.topP !== undefined && { top_p: given.topP }),
    ...(given.topK !== undefined && { top_k: given.topK }),
  }
}

function clamp(temperature: number, notes: Notes): number {
  const within = Math.min(1, Math.max(0, temperature))
  if (within !== temperature) notes.adjusted('temperature', `Anthropic takes 0 to 1: it is ${within}.`)
  return within
}
