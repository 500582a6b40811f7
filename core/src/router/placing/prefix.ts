import type { Call } from '../../client/call.ts'
import type { Span } from '../../kernel/scan.ts'

/** Members that stand before the conversation, and those that hold it, over all formats. */
const before = ['system', 'instructions', 'systemInstruction', 'system_instruction', 'tools'] as const
const turns = ['messages', 'input', 'contents'] as const

/** Bytes of each part that are looked at; its length counts too. */
const looked = 4096

/**
 * A name for the beginning of a conversation, the same at every turn: instructions, tools, and everything up to the first word of the
 * user. Works on the bytes, because the body is not parsed for it.
 */
export function prefixOf({ envelope: { bytes, members } }: Call): string | undefined {
  const mix = mixer()
  for (const name of before) {
    const span = members.get(name)
    if (span) mix.part(bytes, span.start, span.end)
  }
  const span = turns.map((name) => members.get(name)).find((found) => found !== undefined)
  if (!span) return undefined
  mix.part(bytes, span.start, endOfFirstTurn(bytes, span))
  return mix.name()
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const userTurn = /"role"\s*:\s*"user"/
const decoder = new TextDecoder()

/** Just behind the user's first message; the end of the value where it is text, or where nobody is named as the user. */
function endOfFirstTurn(bytes: Uint8Array, { start, end }: Span): number {
  if (bytes[start] !== 0x5b) return end
  let depth = 0
  let element = start + 1
  for (let at = start; at < end; at++) {
    const byte = bytes[at]
    if (byte === QUOTE) at = endOfString(bytes, at)
    else if (byte === 0x7b || byte === 0x5b) depth++
    else if (byte === 0x7d || byte === 0x5d) {
      depth--
      if (depth === 1 && isUsers(bytes, element, at)) return at + 1
    } else if (byte === 0x2c && depth === 1) element = at + 1
  }
  return end
}

/** Index of the quote that closes the string; the body has been found to be well-formed. */
function endOfString(bytes: Uint8Array, at: number): number {
  for (let from = at + 1; ; ) {
    const quote = bytes.indexOf(QUOTE, from)
    if (quote < 0) return bytes.length
    let slashes = 0
    while (bytes[quote - 1 - slashes] === BACKSLASH) slashes++
    if (slashes % 2 === 0) return quote
    from = quote + 1
  }
}

/** Whether a message is the user's: the role stands at its beginning or its end. */
function isUsers(bytes: Uint8Array, start: number, end: number): boolean {
  const text = (from: number, to: number) => decoder.decode(bytes.subarray(from, to))
  if (end - start <= 1024) return userTurn.test(text(start, end))
  return userTurn.test(text(start, start + 512)) || userTurn.test(text(end - 512, end))
}

interface Mixer {
  part(bytes: Uint8Array, start: number, end: number): void
  name(): string
}

/** Two multiplicative hashes of 32 bits side by side: a name, not a secret. Parts of one tenant only are ever compared. */
function mixer(): Mixer {
  let one = 0x811c9dc5
  let two = 0x9e3779b9
  const add = (value: number): void => {
    one = Math.imul(one ^ value, 0x01000193)
    two = Math.imul(two ^ value, 0x85ebca6b)
    two ^= two >>> 13
  }
  return {
    part(bytes, start, end) {
      add(end - start)
      const last = Math.min(end, start + looked)
      for (let at = start; at < last; at++) add(bytes[at] ?? 0)
    },
    name: () => `${(one >>> 0).toString(36)}.${(two >>> 0).toString(36)}`,
  }
}
