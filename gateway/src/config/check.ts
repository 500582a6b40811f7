import type { Complaint, ReadDocument } from './document.ts'
import { type SectionKeys, sectionKeys } from './keys.ts'
import { nearest } from './nearest.ts'

/** What a look at the names alone finds. */
export interface Checked {
  readonly complaints: readonly Complaint[]
  readonly warnings: readonly Complaint[]
}

/**
 * Looks at every key by name. A key that looks like a typing error of a known one is a fault; one that resembles nothing is
 * named and left alone, as LiteLLM does; one that is known and does not act is named, or refused where ignoring it would be unsafe.
 */
export function checkKeys({ value, locate }: ReadDocument): Checked {
  const complaints: Complaint[] = []
  const warnings: Complaint[] = []
  const sections: [readonly string[], unknown, SectionKeys][] = [[[], value, sectionKeys.top]]
  for (const name of ['litellm_settings', 'router_settings', 'general_settings'] as const)
    sections.push([[name], value[name], sectionKeys[name]])

  for (const [path, section, keys] of sections) {
    if (section === undefined || section === null) continue
    const named = path.length === 0 ? 'the file' : `\`${path.join('.')}\``
    if (typeof section !== 'object' || Array.isArray(section)) {
      complaints.push({ ...locate(path), message: `${named} must be a mapping` })
      continue
    }
    for (const [key, given] of Object.entries(section)) {
      const at = locate([...path, key])
      if (keys.acts.has(key)) continue
      if (keys.refused.has(key)) {
        if (!isOff(given))
          complaints.push({
            ...at,
            message: `\`${key}\` does not act in this version, and leaving it out silently would be unsafe: remove it to start without it`,
          })
      } else if (keys.inert.has(key)) {
        if (!isOff(given)) warnings.push({ ...at, message: `\`${key}\` has no effect in this version` })
      } else unknown(key, at, keys)
    }
  }
  return { complaints, warnings }

  function unknown(key: string, at: Omit<Complaint, 'message'>, keys: SectionKeys): void {
    const meant = nearest(key, [...keys.acts, ...keys.refused, ...keys.inert])
    if (meant === undefined) warnings.push({ ...at, message: `\`${key}\` is not a known key and has no effect` })
    else complaints.push({ ...at, message: `\`${key}\` is not a known key; did you mean \`${meant}\`?` })
  }
}

/** Values that ask for nothing. */
function isOff(value: unknown): boolean {
  if (value === null || value === undefined || value === false || value === '') return true
  if (Array.isArray(value)) return value.length === 0
  return typeof value === 'object' && Object.keys(value).length === 0
}
