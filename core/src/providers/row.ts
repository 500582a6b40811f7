import { type Environment, isBoundTo, ownHosts } from '../credentials/index.ts'
import type { FormatId } from '../vocabulary/format-id.ts'
import { isForeign } from './place.ts'
import type { Provider, Quirk } from './provider.ts'

/**
 * The formats in which one model can be asked at one place, preferred first. At a foreign `apiBase` those that the vendor serves
 * under a root of their own are left out: only the vendor's own host has that other root.
 */
export function chatFormats(provider: Provider, at: { model: string; apiBase?: string }): readonly FormatId[] {
  const formats =
    provider.only?.find(({ models }) => models.some((glob) => matchesGlob(at.model, glob)))?.chat ?? provider.chat
  return isForeign(provider, at.apiBase) ? formats.filter((format) => provider.bases?.[format] === undefined) : formats
}

/** The row's quirks for bodies of one format: they describe its first chat format only. */
export function quirksFor(provider: Provider, format: FormatId): readonly Quirk[] {
  return format === provider.chat[0] ? (provider.quirks ?? []) : []
}

/**
 * The row's headers for a call to `url`, lower-cased. `$NAME|default` takes the environment's value, which is sent to the vendor's
 * own hosts only; without value and default the header is left out.
 */
export function headersFor(
  provider: Provider,
  call: { format: FormatId; url: URL; env: Environment },
): Record<string, string> {
  const home = isBoundTo(call.url.host, ownHosts(provider, call.env))
  const out: Record<string, string> = {}
  for (const [name, text] of Object.entries({ ...provider.headers, ...provider.formatHeaders?.[call.format] })) {
    const [, variable, otherwise = ''] = /^\$(\w+)\|?(.*)$/.exec(text) ?? []
    const value = variable === undefined ? text : (home && call.env[variable]?.trim()) || otherwise
    if (value !== '') out[name.toLowerCase()] = value
  }
  return out
}

/** The model's name on the wire. A name that already lies in the prefix's first folder (`accounts/…`) is whole. */
export function wireModel(provider: Provider, model: string): string {
  const prefix = provider.modelPrefix
  if (prefix === undefined || model.startsWith(prefix.slice(0, prefix.indexOf('/') + 1) || prefix)) return model
  return prefix + model
}

/** Whether a name fits a pattern in which `*` stands for any text; case does not count. */
export function matchesGlob(name: string, glob: string): boolean {
  const parts = glob.toLowerCase().split('*')
  const text = name.toLowerCase()
  const [first = '', last = ''] = [parts[0], parts.at(-1)]
  if (parts.length === 1) return text === first
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length) return false
  let at = first.length
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at)
    if (found < 0 || found + part.length > text.length - last.length) return false
    at = found + part.length
  }
  return true
}
