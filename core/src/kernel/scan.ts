import { GatewayError } from './faults.ts'

/** Where a top-level member lies in the bytes: its value is `[start, end)`, its name opens at `name`. */
export interface Span {
  readonly name: number
  readonly start: number
  readonly end: number
}

/** The envelope of a JSON object: its top-level members by name, found without building the value. */
export interface Envelope {
  readonly bytes: Uint8Array
  /** the same as text, when every byte is one character */
  readonly text: string | undefined
  readonly members: ReadonlyMap<string, Span>
  /** just behind the opening brace */
  readonly open: number
}

/** Deeper nesting is refused: no client needs it and recursive readers downstream would overflow. */
export const maxDepth = 128

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

const QUOTE = 0x22
const BACKSLASH = 0x5c

function invalid(what: string, at: number): GatewayError {
  return new GatewayError('invalid-json', `The request body is not valid JSON: ${what} at byte ${at}.`)
}

/** Index just behind the string that opens at `at`. Jumps from quote to quote, so long base64 costs next to nothing. */
function skipString(bytes: Uint8Array, at: number): number {
  for (let from = at + 1; ; ) {
    const quote = bytes.indexOf(QUOTE, from)
    if (quote < 0) throw invalid('a string is not closed', at)
    let slashes = 0
    while (bytes[quote - 1 - slashes] === BACKSLASH) slashes++
    if (slashes % 2 === 0 || quote - 1 - slashes < at) return quote + 1
    from = quote + 1
  }
}

function skipSpace(bytes: Uint8Array, at: number): number {
  let i = at
  while (i < bytes.length) {
    const byte = bytes[i]
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break
    i++
  }
  return i
}

const literal = /^(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)$/

/** Index just behind the number or word that starts at `at`. */
function skipLiteral(bytes: Uint8Array, at: number): number {
  let i = at
  while (i < bytes.length) {
    const byte = bytes[i]!
    if (byte === 0x2c || byte === 0x7d || byte === 0x5d || byte <= 0x20) break
    i++
  }
  if (i - at > 400 || !literal.test(decoder.decode(bytes.subarray(at, i)))) throw invalid('an unexpected word', at)
  return i
}

/** Index just behind the value that starts at `at`; checks brackets, commas, colons and depth on the way. */
function skipValue(bytes: Uint8Array, at: number): number {
  const closers: number[] = []
  let i = skipSpace(bytes, at)
  for (;;) {
    const byte = bytes[i]
    if (byte === undefined) throw invalid('it ends too early', bytes.length)
    if (byte === QUOTE) i = skipString(bytes, i)
    else if (byte === 0x7b || byte === 0x5b) {
      if (closers.length >= maxDepth)
        throw new GatewayError('invalid-json', `The request body is nested more than ${maxDepth} levels deep.`)
      const closer = byte + 2
      i = skipSpace(bytes, i + 1)
      if (bytes[i] !== closer) {
        closers.push(closer)
        if (closer === 0x7d) i = skipKey(bytes, i)
        continue
      }
      i++
    } else i = skipLiteral(bytes, i)
    i = closeAndComma(bytes, i, closers)
    if (closers.length === 0) return i
  }
}

/** After a value inside containers: closes what closes, or steps over the comma to the next value. */
function closeAndComma(bytes: Uint8Array, at: number, closers: number[]): number {
  let i = at
  while (closers.length > 0) {
    i = skipSpace(bytes, i)
    const byte = bytes[i]
    const closer = closers[closers.length - 1]
    if (byte === 0x2c) {
      i = skipSpace(bytes, i + 1)
      return closer === 0x7d ? skipKey(bytes, i) : i
    }
    if (byte !== closer) throw invalid(byte === undefined ? 'it ends too early' : 'a comma or bracket is missing', i)
    closers.pop()
    i++
  }
  return i
}

function skipKey(bytes: Uint8Array, at: number): number {
  if (bytes[at] !== QUOTE) throw invalid('a member name is missing', at)
  const colon = skipSpace(bytes, skipString(bytes, at))
  if (bytes[colon] !== 0x3a) throw invalid('a colon is missing', colon)
  return skipSpace(bytes, colon + 1)
}

/**
 * Finds the top-level members of a JSON object. Throws `invalid-json` for what is not well-formed (brackets, commas, names,
 * numbers, words, UTF-8, depth); escapes inside strings are left to whoever parses the value. A name that stands there twice is
 * refused: two readers could take two different values for it.
 */
export function scanEnvelope(bytes: Uint8Array): Envelope {
  const decoded = decodeUtf8(bytes)
  const text = decoded.length === bytes.length ? decoded : undefined
  const start = skipSpace(bytes, bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0)
  if (start === bytes.length)
    throw new GatewayError('invalid-json', 'The request body is empty; a JSON object is expected.')
  if (bytes[start] !== 0x7b) throw new GatewayError('invalid-json', 'The request body must be a JSON object.')
  const members = new Map<string, Span>()
  let i = skipSpace(bytes, start + 1)
  if (bytes[i] === 0x7d) i++
  else
    for (;;) {
      const value = skipKey(bytes, i)
      const name = memberName({ bytes, text }, i)
      const end = skipValue(bytes, value)
      if (members.has(name))
        throw new GatewayError('invalid-json', `The request body names \`${name.slice(0, 80)}\` twice.`, {
          param: name.slice(0, 80),
        })
      members.set(name, { name: i, start: value, end })
      i = skipSpace(bytes, end)
      if (bytes[i] === 0x7d) {
        i++
        break
      }
      if (bytes[i] !== 0x2c) throw invalid(i < bytes.length ? 'a comma or bracket is missing' : 'it ends too early', i)
      i = skipSpace(bytes, i + 1)
    }
  if (skipSpace(bytes, i) !== bytes.length) throw invalid('something follows the object', i)
  return { bytes, text, members, open: start + 1 }
}

type Source = Pick<Envelope, 'bytes' | 'text'>

function textOf({ bytes, text }: Source, start: number, end: number): string {
  return text === undefined ? decoder.decode(bytes.subarray(start, end)) : text.slice(start, end)
}

function memberName(source: Source, at: number): string {
  const end = skipString(source.bytes, at)
  const name = textOf(source, at + 1, end - 1)
  return name.includes('\\') ? (parseValue(`"${name}"`, at) as string) : name
}

function parseValue(text: string, at: number): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw invalid('a value cannot be read', at)
  }
}

/** The bytes as text; a byte order mark is kept, so that places in the text are places in the bytes. */
function decodeUtf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch {
    throw new GatewayError('invalid-json', 'The request body is not valid UTF-8.')
  }
}

/** The parsed value of one top-level member; undefined when it is absent. */
export function memberOf(envelope: Envelope, name: string): unknown {
  const span = envelope.members.get(name)
  return span && parseValue(textOf(envelope, span.start, span.end), span.start)
}

const encoder = new TextEncoder()

/**
 * The bytes with some top-level members set to other values, everything else untouched to the byte.
 * A member that is absent is put in front of the others; one that is set to undefined is taken out.
 */
export function spliceMembers(envelope: Envelope, changes: Readonly<Record<string, unknown>>): Uint8Array {
  const cuts: Cut[] = []
  const dropped = new Set<string>()
  const added: string[] = []
  for (const [name, value] of Object.entries(changes)) {
    const span = envelope.members.get(name)
    if (value === undefined) dropped.add(name)
    else if (span) cuts.push({ start: span.start, end: span.end, text: encoder.encode(JSON.stringify(value)) })
    else added.push(`${JSON.stringify(name)}:${JSON.stringify(value)}`)
  }
  const removals = removalsOf(envelope, dropped)
  cuts.push(...removals.cuts)
  if (added.length > 0) {
    const text = added.join(',') + (removals.left > 0 ? ',' : '')
    cuts.push({ start: envelope.open, end: envelope.open, text: encoder.encode(text) })
  }
  return cuts.length === 0 ? envelope.bytes : applyCuts(envelope.bytes, cuts)
}

interface Cut {
  readonly start: number
  readonly end: number
  readonly text: Uint8Array
}

const empty = new Uint8Array(0)

/** The cuts that take members out with one comma each, and how many members are left. */
function removalsOf(envelope: Envelope, dropped: ReadonlySet<string>): { cuts: Cut[]; left: number } {
  if (dropped.size === 0) return { cuts: [], left: envelope.members.size }
  const spans = [...envelope.members]
  const lastKept = spans.findLastIndex(([name]) => !dropped.has(name))
  const cuts: Cut[] = []
  for (const [at, [name, span]] of spans.entries()) {
    const next = spans[at + 1]
    if (at < lastKept && dropped.has(name) && next) cuts.push({ start: span.name, end: next[1].name, text: empty })
  }
  const tail = spans[spans.length - 1]
  if (tail && lastKept < spans.length - 1)
    cuts.push({ start: spans[lastKept]?.[1].end ?? envelope.open, end: tail[1].end, text: empty })
  return { cuts, left: spans.filter(([name]) => !dropped.has(name)).length }
}

function applyCuts(bytes: Uint8Array, cuts: Cut[]): Uint8Array {
  cuts.sort((a, b) => a.start - b.start || a.end - b.end)
  const size = cuts.reduce((sum, cut) => sum + cut.text.length - (cut.end - cut.start), bytes.length)
  const out = new Uint8Array(size)
  let from = 0
  let to = 0
  for (const cut of cuts) {
    out.set(bytes.subarray(from, cut.start), to)
    to += cut.start - from
    out.set(cut.text, to)
    to += cut.text.length
    from = cut.end
  }
  out.set(bytes.subarray(from), to)
  return out
}
