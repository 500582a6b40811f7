import type { FaultCode } from '../../kernel/faults.ts'
import type { RouterSettings } from '../deployment.ts'
import { wildcardPattern } from '../model-list/wildcard.ts'

type FallbackMap = Readonly<Record<string, readonly string[]>>

export interface Falling {
  readonly model: string
  readonly group: string
  readonly code: FaultCode
  readonly settings: RouterSettings
  /** the caller's own list, instead of the settings' */
  readonly asked?: readonly string[] | undefined
}

/** The groups to try after this one failed so: the caller's list, else the list for the kind of failure, else the general one. */
export function fallbacksFor(falling: Falling): readonly string[] {
  const { model, group, settings, asked } = falling
  return asked ?? specialFallbacks(falling) ?? lookUp(settings.fallbacks, model, group) ?? settings.defaultFallbacks
}

/** The list for this kind of failure, where there is one: others of the same group would fail in the same way. */
export function specialFallbacks({ model, group, code, settings }: Falling): readonly string[] | undefined {
  if (code === 'context-overflow') return lookUp(settings.contextWindowFallbacks, model, group)
  if (code === 'content-policy') return lookUp(settings.contentPolicyFallbacks, model, group)
  return undefined
}

/** Exact name first, then the name with or without its provider prefix, then the longest pattern with stars. */
function lookUp(map: FallbackMap, model: string, group: string): readonly string[] | undefined {
  const keys = Object.keys(map)
  if (keys.length === 0) return undefined
  const bare = model.slice(model.indexOf('/') + 1)
  const sibling = keys.find((key) => key.slice(key.indexOf('/') + 1) === bare)
  const exact = [group, model, bare, sibling].find((name) => name !== undefined && Object.hasOwn(map, name))
  const key = exact ?? patternFor(keys, model, group)
  return key === undefined ? undefined : map[key]
}

function patternFor(keys: readonly string[], model: string, group: string): string | undefined {
  const patterns = keys.filter((key) => key.includes('*')).sort((a, b) => b.length - a.length)
  return patterns.find((key) => {
    const { match } = wildcardPattern(key)
    return match(model) !== undefined || match(group) !== undefined
  })
}

/** The names of every group that a call to this one may end in by the settings, however it fails. */
export function reachableFrom(group: string, settings: RouterSettings): readonly string[] {
  const reached = new Set<string>([group])
  // a set yields what is added to it while it is walked
  for (const name of reached) {
    for (const map of [settings.fallbacks, settings.contextWindowFallbacks, settings.contentPolicyFallbacks])
      for (const next of lookUp(map, name, name) ?? []) reached.add(next)
    for (const next of settings.defaultFallbacks) reached.add(next)
  }
  reached.delete(group)
  return [...reached]
}
