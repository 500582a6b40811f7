import type { Complaint, Locate } from './document.ts'

/** Reads members of one section with their types; what does not fit becomes a complaint at its place. */
export interface Section {
  text(key: string): string | undefined
  number(key: string, least?: number): number | undefined
  flag(key: string): boolean | undefined
  raw(key: string): unknown
  complain(key: string, message: string): void
}

export function sectionOf(value: unknown, path: readonly string[], locate: Locate, complaints: Complaint[]): Section {
  const members =
    typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {}

  function complain(key: string, message: string): undefined {
    complaints.push({ ...locate([...path, key]), message: `\`${key}\` ${message}` })
  }

  return {
    complain,
    raw: (key) => members[key] ?? undefined,
    text(key) {
      const given = members[key] ?? undefined
      return given === undefined || typeof given === 'string' ? given : complain(key, 'must be text')
    },
    number(key, least = 0) {
      const given = members[key] ?? undefined
      if (given === undefined) return undefined
      const number = typeof given === 'string' && given.trim() !== '' ? Number(given) : given
      if (typeof number !== 'number' || !Number.isFinite(number)) return complain(key, 'must be a number')
      return number >= least ? number : complain(key, `must be at least ${least}`)
    },
    flag(key) {
      const given = members[key] ?? undefined
      if (given === undefined || typeof given === 'boolean') return given
      if (given === 'true' || given === 'True') return true
      return given === 'false' || given === 'False' ? false : complain(key, 'must be true or false')
    },
  }
}
