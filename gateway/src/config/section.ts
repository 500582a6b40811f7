import { type NanoUsd, nanoUsd } from 'turnpike-core/internal/kernel/money'
import { readDuration } from '../vocabulary/duration.ts'
import type { Complaint, Locate } from './document.ts'
import { nearest } from './nearest.ts'

/** Reads members of one section with their types; what does not fit becomes a complaint at its place, and is left out. */
export interface Section {
  readonly keys: readonly string[]
  raw(key: string): unknown
  text(key: string): string | undefined
  number(key: string, least?: number): number | undefined
  /** a number without a fraction */
  whole(key: string, least?: number): number | undefined
  flag(key: string): boolean | undefined
  /** dollars */
  money(key: string): NanoUsd | undefined
  /** a length of time as it is written, such as `30d` */
  duration(key: string): string | undefined
  choice<T extends string>(key: string, known: readonly T[]): T | undefined
  /** a list of texts */
  names(key: string): readonly string[] | undefined
  /** an http(s) URL */
  url(key: string): string | undefined
  /** a mapping */
  inner(key: string): Section | undefined
  /** a list of mappings */
  items(key: string): readonly Section[]
  /** complains of members with other names */
  only(known: readonly string[]): void
  complain(key: string, message: string): undefined
}

type Path = readonly (string | number)[]

/** The largest amount that is kept exactly: above nine million dollars a number of nano-dollars is no longer whole. */
const mostUsd = 9_000_000

export function sectionOf(value: unknown, path: Path, locate: Locate, complaints: Complaint[]): Section {
  const members = isMapping(value) ? value : {}

  function complain(key: string, message: string): undefined {
    complaints.push({ ...locate([...path, key]), message: `\`${key}\` ${message}` })
  }

  function number(key: string, least = 0): number | undefined {
    const given = members[key] ?? undefined
    if (given === undefined) return undefined
    const number = typeof given === 'string' && given.trim() !== '' ? Number(given) : given
    if (typeof number !== 'number' || !Number.isFinite(number)) return complain(key, 'must be a number')
    return number >= least ? number : complain(key, `must be at least ${least}`)
  }

  function text(key: string): string | undefined {
    const given = members[key] ?? undefined
    return given === undefined || typeof given === 'string' ? given : complain(key, 'must be text')
  }

  const part = (given: unknown, ...at: Path) => sectionOf(given, [...path, ...at], locate, complaints)

  return {
    keys: Object.keys(members),
    complain,
    raw: (key) => members[key] ?? undefined,
    text,
    number,
    whole(key, least) {
      const given = number(key, least)
      return given === undefined || Number.isSafeInteger(given) ? given : complain(key, 'must be a whole number')
    },
    flag(key) {
      const given = members[key] ?? undefined
      if (given === undefined || typeof given === 'boolean') return given
      if (given === 'true' || given === 'True') return true
      return given === 'false' || given === 'False' ? false : complain(key, 'must be true or false')
    },
    money(key) {
      const dollars = number(key)
      if (dollars === undefined) return undefined
      if (dollars > mostUsd) return complain(key, `must be at most ${mostUsd} dollars`)
      // what is not nothing must not be rounded to it: a budget of 0 can mean that there is none
      const amount = nanoUsd(dollars)
      return amount === 0 && dollars > 0 ? complain(key, 'must be at least 0.000000001 dollars') : amount
    },
    duration(key) {
      const given = text(key)
      if (given === undefined || readDuration(given)) return given
      return complain(key, 'must be a length of time such as 30s, 12h, 7d or 1mo')
    },
    choice<T extends string>(key: string, known: readonly T[]) {
      const given = text(key)
      return given === undefined
        ? undefined
        : (known.find((one) => one === given) ?? complain(key, `must be one of ${known.join(', ')}`))
    },
    names(key) {
      const given = members[key] ?? undefined
      return given === undefined || isTexts(given) ? given : complain(key, 'must be a list of texts')
    },
    url(key) {
      const given = text(key)
      if (given === undefined || (URL.canParse(given) && /^https?:/.test(given))) return given
      return complain(key, 'must be a URL that begins with https:// or http://')
    },
    inner(key) {
      const given = members[key] ?? undefined
      if (given === undefined) return undefined
      return isMapping(given) ? part(given, key) : complain(key, 'must be a mapping')
    },
    items(key) {
      const given = members[key] ?? undefined
      if (given === undefined) return []
      if (Array.isArray(given) && given.every(isMapping)) return given.map((item, at) => part(item, key, at))
      complain(key, 'must be a list of mappings')
      return []
    },
    only(known) {
      for (const key of Object.keys(members)) {
        if (known.includes(key)) continue
        const meant = nearest(key, known)
        complain(key, `is not a known key; ${meant ? `did you mean \`${meant}\`?` : `there are ${known.join(', ')}`}`)
      }
    },
  }
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}
