import { GatewayError } from '../kernel/faults.ts'
import { findProvider, providers } from './index.ts'
import type { Provider } from './provider.ts'
import { matchesGlob } from './row.ts'

/** A model's provider and its name there. */
export interface Resolved {
  readonly provider: Provider
  readonly model: string
}

/** Names that belong to one provider without its prefix, from the rows. */
const plainNames: readonly { readonly glob: string; readonly provider: Provider }[] = [...providers.values()].flatMap(
  (provider) => (provider.plain ?? []).map((glob) => ({ glob, provider })),
)

/**
 * Finds who serves a model: `prefix/model` (the model may hold slashes itself), else a name that one vendor is known for. With
 * `hints.provider` the name is that provider's, with or without the prefix. Throws `unknown-model`, saying how to write it.
 */
export function resolveModel(model: string, hints: { provider?: string } = {}): Resolved {
  if (hints.provider !== undefined) {
    const provider = findProvider(hints.provider)
    if (provider === undefined) throw unknownProvider(hints.provider, model)
    const prefix = `${provider.name}/`
    return { provider, model: model.startsWith(prefix) ? model.slice(prefix.length) : model }
  }
  const slash = model.indexOf('/')
  const prefixed = slash > 0 && slash < model.length - 1 ? findProvider(model.slice(0, slash)) : undefined
  if (prefixed !== undefined) return { provider: prefixed, model: model.slice(slash + 1) }
  const known = plainNames.find(({ glob }) => matchesGlob(model, glob))
  if (known !== undefined) return { provider: known.provider, model }
  throw unknownModel(model)
}

function unknownModel(model: string): GatewayError {
  const prefix = model.includes('/') ? model.slice(0, model.indexOf('/')) : undefined
  const near = prefix === undefined || findProvider(prefix) ? undefined : nearest(prefix)
  const suggestion = near === undefined ? '' : ` Did you mean \`${near}/${model.slice(model.indexOf('/') + 1)}\`?`
  return new GatewayError(
    'unknown-model',
    `LLM Provider NOT provided: \`${model.slice(0, 200)}\` does not say which provider serves it. Write \`provider/model\`, for example \`openai/gpt-4o\`, \`anthropic/claude-sonnet-4-5\` or \`groq/llama-3.3-70b-versatile\`.${suggestion}`,
    { model, param: 'model' },
  )
}

function unknownProvider(name: string, model: string): GatewayError {
  const near = nearest(name)
  return new GatewayError(
    'unknown-model',
    `There is no provider \`${name}\`${near === undefined ? '' : `; did you mean \`${near}\`?`}`,
    { model, param: 'custom_llm_provider' },
  )
}

/** The provider whose name is fewest letters away, when that is near enough to be a slip. */
function nearest(name: string): string | undefined {
  const wanted = name.toLowerCase()
  const limit = Math.min(3, Math.floor(wanted.length / 2))
  let best: { readonly name: string; readonly distance: number } | undefined
  for (const candidate of providers.keys()) {
    const distance = lettersApart(wanted, candidate)
    if (distance <= limit && distance < (best?.distance ?? Infinity)) best = { name: candidate, distance }
  }
  return best?.name
}

/** Levenshtein's distance, row by row; names longer than any prefix are not measured. */
function lettersApart(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 4 || a.length > 40) return Infinity
  let above = Array.from({ length: b.length + 1 }, (_, at) => at)
  for (let row = 1; row <= a.length; row++) {
    const line = [row]
    for (let at = 1; at <= b.length; at++) {
      const change = (above[at - 1] ?? 0) + (a[row - 1] === b[at - 1] ? 0 : 1)
      line.push(Math.min(change, (above[at] ?? 0) + 1, (line[at - 1] ?? 0) + 1))
    }
    above = line
  }
  return above[b.length] ?? Infinity
}
