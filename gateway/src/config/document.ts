import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { type Document, isMap, isNode, isPair, isScalar, LineCounter, parseDocument } from 'yaml'

/** One thing wrong with a configuration file, and where. */
export interface Complaint {
  readonly file: string
  readonly line: number
  readonly column: number
  readonly message: string
}

/** `file:line:column: message`, as editors understand it. */
export function complaintText({ file, line, column, message }: Complaint): string {
  return `${file}:${line}:${column}: ${message}`
}

/** Where in the file the value at this path stands; for a member its name. */
export type Locate = (path: readonly (string | number)[]) => {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** What one file says. */
export interface Layer {
  readonly value: Record<string, unknown>
  readonly locate: Locate
}

export interface ReadDocument extends Layer {
  readonly complaints: readonly Complaint[]
  /** the files that it was read from, by their full paths */
  readonly files: readonly string[]
  /** what each of them says, the one that wins first */
  readonly layers: readonly Layer[]
}

/** Reads a YAML file and what it includes. Lists are joined, sections merged, and the including file wins. */
export function readDocument(file: string, seen: ReadonlySet<string> = new Set()): ReadDocument {
  const path = resolve(file)
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (thrown) {
    const why = (thrown as { code?: string }).code === 'ENOENT' ? 'there is no such file' : 'the file cannot be read'
    return {
      value: {},
      locate: () => ({ file, line: 1, column: 1 }),
      complaints: [{ file, line: 1, column: 1, message: why }],
      files: [path],
      layers: [],
    }
  }
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, merge: true, uniqueKeys: true, prettyErrors: false })
  const complaints = document.errors.map(({ message, pos }) => ({
    file,
    line: lines.linePos(pos[0]).line,
    column: lines.linePos(pos[0]).col,
    message,
  }))
  const root: unknown = complaints.length > 0 ? {} : document.toJS({ maxAliasCount: 100 })
  if (root !== null && root !== undefined && (typeof root !== 'object' || Array.isArray(root)))
    complaints.push({
      file,
      line: 1,
      column: 1,
      message: 'a mapping is expected at the top level: model_list, general_settings, …',
    })
  const value =
    typeof root === 'object' && root !== null && !Array.isArray(root) ? (root as Record<string, unknown>) : {}
  const locate: Locate = (at) => ({ file, ...positionOf(document, lines, at) })
  const read = { value, locate, complaints, files: [path], layers: [{ value, locate }] }
  return include(read, path, new Set([...seen, path]))
}

/** The name's place for a member of a mapping, else the value's, else the nearest thing around it. */
function positionOf(
  document: Document,
  lines: LineCounter,
  path: readonly (string | number)[],
): { line: number; column: number } {
  for (let depth = path.length; depth > 0; depth--) {
    const parent = depth === 1 ? document.contents : document.getIn(path.slice(0, depth - 1), true)
    const key = path[depth - 1]
    if (isMap(parent)) {
      const pair = parent.items.find(
        (item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(key),
      )
      if (pair && isNode(pair.key) && pair.key.range) return place(lines, pair.key.range[0])
    }
    const node = document.getIn(path.slice(0, depth), true)
    if (isNode(node) && node.range) return place(lines, node.range[0])
  }
  return { line: 1, column: 1 }
}

function place(lines: LineCounter, offset: number): { line: number; column: number } {
  const { line, col } = lines.linePos(offset)
  return { line, column: col }
}

function include(read: ReadDocument, path: string, seen: ReadonlySet<string>): ReadDocument {
  const names = read.value.include
  if (!Array.isArray(names)) return read
  let out = read
  for (const name of names) {
    if (typeof name !== 'string') continue
    const target = resolve(dirname(path), name)
    if (seen.has(target)) {
      out = {
        ...out,
        complaints: [...out.complaints, { ...out.locate(['include']), message: `\`${name}\` is included in a circle` }],
      }
      continue
    }
    out = merge(out, readDocument(target, seen))
  }
  return out
}

/** `upper` wins; lists of both are kept, `upper`'s first. A place is looked for where its value came from. */
function merge(upper: ReadDocument, lower: ReadDocument): ReadDocument {
  const value: Record<string, unknown> = { ...lower.value, ...upper.value }
  for (const [key, theirs] of Object.entries(lower.value)) {
    const ours = upper.value[key]
    if (Array.isArray(ours) && Array.isArray(theirs)) value[key] = [...ours, ...theirs]
    else if (isSection(ours) && isSection(theirs)) value[key] = { ...theirs, ...ours }
  }
  const locate: Locate = (path) => {
    const [section, index, ...rest] = path
    const ours = section === undefined ? undefined : upper.value[section]
    if (Array.isArray(ours) && typeof index === 'number' && index >= ours.length && section !== undefined)
      return lower.locate([section, index - ours.length, ...rest])
    const isOurs =
      section === undefined || (section in upper.value && (index === undefined || !isSection(ours) || index in ours))
    return isOurs ? upper.locate(path) : lower.locate(path)
  }
  return {
    value,
    locate,
    complaints: [...upper.complaints, ...lower.complaints],
    files: [...upper.files, ...lower.files],
    layers: [...upper.layers, ...lower.layers],
  }
}

function isSection(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
