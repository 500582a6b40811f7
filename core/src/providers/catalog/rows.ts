import type { Provider, Quirk } from '../provider.ts'

type Given = Partial<Provider> & Pick<Provider, 'name' | 'title' | 'docs' | 'keyEnv'>

/**
 * A row for a vendor that mimics OpenAI's chat API: `POST {base}/chat/completions` with a bearer key. Instructions go as `system`
 * and the output limit as `max_tokens`, which all of them take.
 */
export function lookalike(row: Given): Provider {
  return {
    credential: { kind: 'bearer' },
    chat: ['openai-chat'],
    profile: { systemRole: 'system', outputLimitField: 'max_tokens' },
    ...row,
  }
}

/** The profile of a row that passes requests on to vendors of every kind: the model decides which limit field it takes. */
export const passesOn = { systemRole: 'system' } as const

/** Fields that say what is asked, not how: a request cannot lose them and still be answered. */
const meaning: ReadonlySet<string> = new Set([
  'n',
  'tools',
  'functions',
  'response_format',
  'modalities',
  'audio',
  'web_search_options',
])

/** Quirks for the OpenAI fields that a vendor's API does not take: hints are left out with a warning, the rest is refused. */
export function lacks(...fields: readonly string[]): Quirk[] {
  const refused = fields.filter((field) => meaning.has(field))
  const dropped = fields.filter((field) => !meaning.has(field))
  const quirks: Quirk[] = []
  if (refused.length > 0) quirks.push({ kind: 'refuse', fields: refused, why: 'its API has no such parameter' })
  if (dropped.length > 0) quirks.push({ kind: 'drop', fields: dropped, why: 'its API has no such parameter' })
  return quirks
}

/** Fields that few besides OpenAI take. */
export const openaiOnly = [
  'modalities',
  'prediction',
  'functions',
  'function_call',
  'audio',
  'web_search_options',
  'service_tier',
  'safety_identifier',
] as const

/** Token probabilities and the means to bend them. */
export const tokenOdds = ['logit_bias', 'logprobs', 'top_logprobs'] as const

export const penalties = ['frequency_penalty', 'presence_penalty'] as const

/** The output limit has OpenAI's older name. */
export const oldLimit: Quirk = {
  kind: 'rename',
  from: 'max_completion_tokens',
  to: 'max_tokens',
  why: 'names the output limit max_tokens',
}
