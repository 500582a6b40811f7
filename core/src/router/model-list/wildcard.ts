import { resolveModel } from '../../providers/resolve.ts'
import type { Deployment } from '../deployment.ts'

/** Makes the deployment for one model of a wildcard deployment; undefined when the model has no provider. */
export type Expand = (deployment: Deployment, model: string) => Deployment | undefined

/** A model name with stars, ready to match and to fill deployments with what the stars stood for. */
export interface WildcardPattern {
  readonly name: string
  /** the more specific is tried first */
  readonly weight: number
  /** what each star stands for; undefined when the model does not match */
  match(model: string): readonly string[] | undefined
}

export function wildcardPattern(name: string): WildcardPattern {
  const pattern = new RegExp(`^${name.split('*').map(quoted).join('(.*)')}$`, 's')
  return {
    name,
    weight: name.length * 1000 - name.split('*').length,
    match(model) {
      const direct = pattern.exec(model)
      if (direct) return direct.slice(1)
      const inferred = withProvider(model)
      return inferred === undefined ? undefined : pattern.exec(inferred)?.slice(1)
    },
  }
}

function quoted(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}

/** `gpt-4o` as `openai/gpt-4o`, so that it matches `openai/*`. */
function withProvider(model: string): string | undefined {
  try {
    const { provider, model: bare } = resolveModel(model)
    return `${provider.name}/${bare}`
  } catch {
    return undefined
  }
}

/** Puts what the stars of the group's name stood for where the deployment's own stars are, left to right. */
export function fillStars(template: string, model: string, captured: readonly string[]): string {
  const pieces = template.split('*')
  if (captured.length > pieces.length - 1) return model
  return pieces.reduce((text, piece, at) => text + (captured[at - 1] ?? '') + piece)
}
