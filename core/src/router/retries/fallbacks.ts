import type { FaultCode } from '../../kernel/faults.ts'
import type { RouterSettings } from '../deployment.ts'

export interface Falling {
  readonly model: string
  readonly group: string
  readonly code: FaultCode
  readonly settings: RouterSettings
  /** the caller's own list, instead of the settings' */
  readonly asked?: readonly string[]
}

/** The groups to try after this one failed so: the caller's list, else the list for the kind of failure, else the general one. */
export function fallbacksFor({ model, group, code, settings, asked }: Falling): readonly string[] {
  if (asked) return asked
  const special =
    code === 'context-overflow'
      ? settings.contextWindowFallbacks
      : code === 'content-policy'
        ? settings.contentPolicyFallbacks
        : {}
  return lookUp(special, model, group) ?? lookUp(settings.fallbacks, model, group) ?? settings.defaultFallbacks
}

/** Exact name first, then the name with or without its provider prefix, then `*`. */
function lookUp(
  map: Readonly<Record<string, readonly string[]>>,
  model: string,
  group: string,
): readonly string[] | undefined {
  const bare = model.slice(model.indexOf('/') + 1)
  const sibling = Object.keys(map).find((key) => key.slice(key.indexOf('/') + 1) === bare)
  const key = [group, model, bare, sibling, '*'].find((name) => name !== undefined && Object.hasOwn(map, name))
  return key === undefined ? undefined : map[key]
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
