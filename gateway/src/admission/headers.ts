import type { Level } from '../shared/shared.ts'
import type { Placed } from './claims.ts'

const none: Readonly<Record<string, string>> = {}

/** LiteLLM's `x-ratelimit-{descriptor}-{limit|remaining}-{kind}` for every limit, and those of a key's models under their own names. */
export function limitHeaders(placed: readonly Placed[], levels: readonly Level[]): Readonly<Record<string, string>> {
  let headers: Record<string, string> | undefined
  for (let at = 0; at < placed.length; at++) {
    const { item } = placed[at] as Placed
    const level = levels[at]
    if (item.kind === 'budget' || !level) continue
    headers ??= {}
    const left = String(Math.max(0, item.limit - level.used))
    headers[`x-ratelimit-${item.descriptor}-limit-${item.kind}`] = String(item.limit)
    headers[`x-ratelimit-${item.descriptor}-remaining-${item.kind}`] = left
    if (item.descriptor === 'model_per_key' && item.model !== undefined)
      headers[`x-litellm-key-remaining-${item.kind}-${item.model.replace(/[^\w.-]/g, '-')}`] = left
  }
  return headers ?? none
}
