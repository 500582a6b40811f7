import { isArray, isObject, type Json } from '../kernel/json.ts'

/** Whole numbers in [0, below), the same sequence for the same seed (mulberry32). */
export type Roll = (below: number) => number

export function rolls(seed: number): Roll {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

const tokens = [
  '"',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '\\',
  'null',
  '0',
  '-1',
  '1e999',
  '""',
  '{}',
  '[]',
  '\n\n',
  'data: ',
  '\u0000',
  'é',
]
const encoder = new TextEncoder()

/** The bytes with one to three places cut, doubled, flipped or written over. */
export function mutateBytes(bytes: Uint8Array, roll: Roll): Uint8Array {
  let out = bytes
  for (let times = 1 + roll(3); times > 0; times--) out = mutateOnce(out, roll)
  return out
}

function mutateOnce(bytes: Uint8Array, roll: Roll): Uint8Array {
  const at = roll(bytes.length + 1)
  const end = Math.min(bytes.length, at + roll(24))
  const ways: readonly (() => Uint8Array[])[] = [
    () => [bytes.subarray(0, at), bytes.subarray(end)],
    () => [bytes.subarray(0, end), bytes.subarray(at)],
    () => [bytes.subarray(0, at), Uint8Array.of(roll(256)), bytes.subarray(at + 1)],
    () => [bytes.subarray(0, at), encoder.encode(tokens[roll(tokens.length)]), bytes.subarray(at)],
    () => [bytes.subarray(0, at)],
  ]
  return join(ways[roll(10) === 0 ? 4 : roll(4)]?.() ?? [bytes])
}

function join(pieces: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0))
  let at = 0
  for (const piece of pieces) {
    out.set(piece, at)
    at += piece.length
  }
  return out
}

const odd: readonly Json[] = [
  null,
  true,
  0,
  -1,
  1.5,
  9e15,
  '',
  'odd',
  '{"a":',
  'data:image/png;base64,AA==',
  [],
  [null],
  ['odd'],
  [[]],
  {},
  { type: null },
  { type: 'odd' },
  { text: 5 },
  { type: 'text' },
  { length: 3 },
]

/** The value with one of its members, somewhere within, made into something it should not be, or taken out. */
export function mutateJson(value: Json, roll: Roll): Json {
  const members = isArray(value) ? value.length : isObject(value) ? Object.keys(value).length : 0
  if (members === 0 || roll(6) === 0) return odd[roll(odd.length)] ?? null
  const at = roll(members)
  if (isArray(value)) {
    if (roll(12) === 0) return value.filter((_, index) => index !== at)
    return value.map((member, index) => (index === at ? mutateJson(member, roll) : member))
  }
  const entries = Object.entries(value as Readonly<Record<string, Json>>)
  if (roll(12) === 0) return Object.fromEntries(entries.filter((_, index) => index !== at))
  return Object.fromEntries(
    entries.map(([key, member], index) => [key, index === at ? mutateJson(member, roll) : member]),
  )
}
