import { isArray, isObject, type Json, type JsonObject } from 'turnpike-core/internal/kernel/json'

/** The claim of that name, or the one that the dots of the name lead to; names of claims may hold dots themselves. */
export function claimAt(claims: JsonObject, path: string | undefined): Json | undefined {
  if (path === undefined || path === '') return undefined
  if (Object.hasOwn(claims, path)) return claims[path] ?? undefined
  for (let dot = path.indexOf('.'); dot >= 0; dot = path.indexOf('.', dot + 1)) {
    const outer = path.slice(0, dot)
    const inner = Object.hasOwn(claims, outer) ? claims[outer] : undefined
    const found = isObject(inner) ? claimAt(inner, path.slice(dot + 1)) : undefined
    if (found !== undefined) return found
  }
  return undefined
}

/** A claim that names one thing. */
export function textAt(claims: JsonObject, path: string | undefined): string | undefined {
  const value = claimAt(claims, path)
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' && value !== '' && value.length <= 512 ? value : undefined
}

/** A claim that names several things: a list, or a text that is the only one. */
export function listAt(claims: JsonObject, path: string | undefined): readonly string[] {
  const value = claimAt(claims, path)
  if (isArray(value)) return value.filter((entry): entry is string => typeof entry === 'string' && entry !== '')
  return typeof value === 'string' && value !== '' ? [value] : []
}

/** The scopes of a token: `scope` as in RFC 8693, section 4.2, or `scp`, as a text with spaces or a list. */
export function scopesOf(claims: JsonObject): readonly string[] {
  return ['scope', 'scp'].flatMap((name) => listAt(claims, name)).flatMap((entry) => entry.split(' ').filter(Boolean))
}
