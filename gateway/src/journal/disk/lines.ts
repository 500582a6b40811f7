import { type FileHandle, open } from 'node:fs/promises'
import { isObject, type JsonObject, parseObject } from 'turnpike-core/internal/kernel/json'
import type { Entry } from '../journal.ts'

/**
 * What a line says: `o`, an exchange was opened; `c`, it was closed, in the order of closing; `r`, a closed row that is on its way to
 * the store already and was written late; `garbled`, nobody can tell.
 */
export type Line<Row extends Entry> =
  | { readonly kind: 'o'; readonly id: string; readonly stub: JsonObject }
  | { readonly kind: 'c' | 'r'; readonly row: Row }
  | { readonly kind: 'garbled' }

export function openLine(id: string, stub: JsonObject): string {
  return `{"o":${JSON.stringify(id)},"s":${JSON.stringify(stub)}}\n`
}

export function rowLine(row: Entry, kind: 'c' | 'r' = 'c'): string {
  return `{"${kind}":${JSON.stringify(row)}}\n`
}

export function readLine<Row extends Entry>(text: string): Line<Row> {
  const line = parseObject(text)
  if (typeof line?.o === 'string' && isObject(line.s)) return { kind: 'o', id: line.o, stub: line.s }
  const kind = line?.c === undefined ? 'r' : 'c'
  const row = line?.[kind]
  // rows are read as they were written: only their id is looked at here
  if (isObject(row) && typeof row.id === 'string') return { kind, row: row as JsonObject & Row }
  return { kind: 'garbled' }
}

/** Some whole lines of a file, each with the offset behind it. */
export type Stretch = readonly { readonly text: string; readonly end: number }[]

export interface Span {
  readonly from: number
  readonly to: number
  /** take what stands behind the last newline as a line, too */
  readonly last?: boolean
  readonly chunkBytes?: number
}

const newline = 10

/** Reads whole lines from `from`, about a chunk of them, never past `to`; none when there are no more. */
export async function readStretch(
  path: string,
  { from, to, last = false, chunkBytes = 256 * 1024 }: Span,
): Promise<Stretch> {
  const file = await open(path, 'r')
  try {
    for (let size = chunkBytes; ; size *= 4) {
      const bytes = await readBytes(file, from, Math.min(size, to - from))
      const lines = linesOf(bytes, from)
      if (lines.length > 0) return lines
      if (bytes.length < size) return last && bytes.length > 0 ? [{ text: bytes.toString(), end: to }] : []
    }
  } finally {
    await file.close()
  }
}

async function readBytes(file: FileHandle, from: number, size: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(Math.max(0, size))
  let length = 0
  while (length < bytes.length) {
    const { bytesRead } = await file.read(bytes, length, bytes.length - length, from + length)
    if (bytesRead === 0) break
    length += bytesRead
  }
  return bytes.subarray(0, length)
}

function linesOf(bytes: Buffer, from: number): Stretch {
  const lines: { text: string; end: number }[] = []
  let start = 0
  for (let at = bytes.indexOf(newline); at >= 0; at = bytes.indexOf(newline, start)) {
    lines.push({ text: bytes.toString('utf8', start, at), end: from + at + 1 })
    start = at + 1
  }
  return lines
}
