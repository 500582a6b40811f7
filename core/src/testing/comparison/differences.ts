import type { Warning } from '../../vocabulary/warnings.ts'

const isPlain = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Paths at which two values differ, written as in warnings: `messages.2.content.0`. Absent and undefined are the same. */
export function differences(a: unknown, b: unknown, path: readonly string[] = []): string[] {
  if (Array.isArray(a) && Array.isArray(b)) return ofMembers(a, b, path)
  if (isPlain(a) && isPlain(b)) return ofMembers(a, b, path)
  return Object.is(a, b) ? [] : [path.join('.')]
}

function ofMembers(a: object, b: object, path: readonly string[]): string[] {
  const left = a as Readonly<Record<string, unknown>>
  const right = b as Readonly<Record<string, unknown>>
  const keys = new Set([...Object.keys(left), ...Object.keys(right)])
  return [...keys].flatMap((key) => differences(left[key], right[key], [...path, key]))
}

/**
 * Whether a warning accounts for a difference: its path leads there or lies within, or it names an earlier member of the same
 * list, whose loss moved the later ones.
 */
export function covers(warning: Warning, difference: string): boolean {
  const named = warning.path.split('.')
  const differing = difference.split('.')
  for (const [at, step] of named.entries()) {
    const other = differing[at]
    if (other === undefined) return true
    if (other === step) continue
    return /^\d+$/.test(step) && /^\d+$/.test(other) && Number(other) > Number(step)
  }
  return true
}

/** Differences that no warning accounts for. */
export function unexplained(differing: readonly string[], warnings: readonly Warning[]): string[] {
  return differing.filter((path) => !warnings.some((warning) => covers(warning, path)))
}
