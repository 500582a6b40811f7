import { knownModels } from 'turnpike-core/internal/models/book'
import { providersInEnvironment } from 'turnpike-core/internal/providers/environment'
import type { ModelEntry } from 'turnpike-core/internal/router/model-list/entry'
import type { Variables } from '../environment.ts'

/** The built-in model, so that the first call works offline. */
export const echoEntry: ModelEntry = {
  model_name: 'turnpike/echo',
  litellm_params: { model: 'turnpike/echo' },
  model_info: { input_cost_per_token: 0, output_cost_per_token: 0 },
}

/** Providers whose models are also offered under their plain names. */
const plainNames = /^(?:gpt-|chatgpt-|o[134](?:-|$)|codex-|claude-|gemini-)/

/** What can be offered without a file: every provider whose key is in the environment, as `provider/*`, and plain known names. */
export function modelsInEnvironment(variables: Variables): ModelEntry[] {
  const found = providersInEnvironment(variables)
  const entries: ModelEntry[] = []
  const named = new Set<string>()
  for (const { name } of found) {
    entries.push({ model_name: `${name}/*`, litellm_params: { model: `${name}/*` } })
    for (const model of knownModels(name)) {
      if (!plainNames.test(model) || named.has(model)) continue
      named.add(model)
      entries.push({ model_name: model, litellm_params: { model: `${name}/${model}` } })
    }
  }
  return [...entries, echoEntry]
}
