import type { Claim } from '../shared.ts'

/** Where things are in Redis: all under one hash tag, so that a step may touch them together on a cluster. */
export interface Keys {
  readonly members: string
  readonly news: string
  sequence(name: string): string
  money(bucket: string): string
  window(bucket: string): string
  slots(bucket: string): string
}

export function keysUnder(namespace: string): Keys {
  const root = `${namespace === '' ? '' : `${namespace}:`}{turnpike}`
  return {
    members: `${root}:members`,
    news: `${root}:news`,
    sequence: (name) => `${root}:sequence:${name}`,
    money: (bucket) => `${root}:money:${bucket}`,
    window: (bucket) => `${root}:window:${bucket}`,
    slots: (bucket) => `${root}:slots:${bucket}`,
  }
}

const day = 86_400_000

/** How long Redis keeps what nobody touches. */
export const keep = { moneyMs: 40 * day, slotsMs: day / 24, sequenceMs: day } as const

/** One change of what Redis holds; the names are those of the script. */
export interface Change {
  readonly what: 'give' | 'free' | 'window' | 'spend' | 'raise' | 'correct' | 'reserve' | 'places' | 'since'
  readonly key: string
  readonly first: number
  readonly second?: number
}

/** What Redis says to a take. */
export type Reply =
  | { readonly kind: 'granted'; readonly now: number; readonly levels: readonly RedisLevel[] }
  | { readonly kind: 'refused'; readonly now: number; readonly at: number; readonly level: RedisLevel }
  /** the balances of these claims are needed */
  | { readonly kind: 'unknown'; readonly needed: readonly number[] }
  /** the name that asked is not alive there */
  | { readonly kind: 'outside' }

export interface RedisLevel {
  readonly used: number
  readonly reserved: number
  readonly ends: number
}

export function readReply(raw: unknown): Reply {
  const [kind, ...rest] = numbersOf(raw)
  if (kind === 3) return { kind: 'outside' }
  if (kind === 2) return { kind: 'unknown', needed: rest }
  const [now = 0, ...levels] = rest
  if (kind === 1) return { kind: 'refused', now, at: levels[0] ?? 0, level: levelAt(levels, 1) }
  const count = Math.floor(levels.length / 3)
  return { kind: 'granted', now, levels: Array.from({ length: count }, (_, at) => levelAt(levels, at * 3)) }
}

function levelAt(numbers: readonly number[], at: number): RedisLevel {
  return { used: numbers[at] ?? 0, reserved: numbers[at + 1] ?? 0, ends: numbers[at + 2] ?? 0 }
}

export function numbersOf(raw: unknown): readonly number[] {
  if (!Array.isArray(raw)) throw new Error('Redis answered something else than a list')
  return raw.map(Number)
}

export function keyOf(claim: Claim, keys: Keys): string {
  if (claim.kind === 'money') return keys.money(claim.bucket)
  return claim.kind === 'window' ? keys.window(claim.bucket) : keys.slots(claim.bucket)
}

/** The four words of a claim; `seed` is the balance that an unknown bucket begins with, '?' where nobody can tell. */
export function wordsOf(claim: Claim, seed: string): readonly (string | number)[] {
  if (claim.kind === 'money') return ['m', claim.amount, claim.limit ?? -1, seed]
  if (claim.kind === 'window') return ['w', Math.round(claim.amount), claim.limit, claim.windowMs]
  return ['s', 1, claim.limit, '']
}

export function wordsOfChange({ what, first, second = 0 }: Change): readonly (string | number)[] {
  return [what, Math.round(first), Math.round(second)]
}
