import { stat } from 'node:fs/promises'
import { GatewayError } from 'turnpike-core/internal/kernel/faults'
import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import type { Entry, Found } from '../journal.ts'
import { type Checkpoint, readCheckpoint } from './checkpoint.ts'
import type { Folder } from './folder.ts'
import { readLine, readStretch } from './lines.ts'
import { segmentsIn } from './segments.ts'

/** What folders hold, and which of them could not be read. */
export interface Legacy<Row extends Entry> {
  readonly found: Found<Row>
  readonly unread: ReadonlySet<Folder>
}

interface Gathered<Row> {
  readonly closed: Map<string, Row>
  readonly open: Map<string, JsonObject>
  /** every exchange that ended, in the store or not */
  readonly ended: Set<string>
  garbled: number
}

/** Reads the folders of the dead. What was copied from one to another by a process that died over it is found once. */
export async function readLegacy<Row extends Entry>(
  folders: readonly Folder[],
  onError: (error: unknown) => void,
): Promise<Legacy<Row>> {
  const gathered: Gathered<Row> = { closed: new Map(), open: new Map(), ended: new Set(), garbled: 0 }
  const unread = new Set<Folder>()
  for (const folder of folders) {
    gathered.garbled = 0
    try {
      const checkpoint = await readCheckpoint(folder.path)
      for (const segment of await segmentsIn(folder.path)) await readSegment(segment, checkpoint, gathered)
    } catch (error) {
      unread.add(folder)
      onError(error)
    }
    if (gathered.garbled > 0) onError(garbledLines(gathered.garbled, folder.path))
  }
  for (const id of gathered.ended) gathered.open.delete(id)
  const open = [...gathered.open].map(([id, stub]) => ({ ...stub, id }))
  return { found: { closed: [...gathered.closed.values()], open }, unread }
}

async function readSegment<Row extends Entry>(
  segment: { readonly number: number; readonly path: string },
  { segment: storedSegment, rows: storedRows }: Checkpoint,
  gathered: Gathered<Row>,
): Promise<void> {
  const to = (await stat(segment.path)).size
  const stored = segment.number < storedSegment ? Number.POSITIVE_INFINITY : storedRows
  const known = segment.number > storedSegment ? 0 : stored
  let index = 0
  for (let from = 0; from < to; ) {
    const lines = await readStretch(segment.path, { from, to, last: true })
    for (const { text, end } of lines) {
      from = end
      const line = readLine<Row>(text)
      // one that cannot be read may have been a closed row: counted, so that no other is taken for stored
      if (line.kind === 'c' || line.kind === 'garbled') index++
      note(line, line.kind === 'c' && index <= known, gathered)
    }
    if (lines.length === 0) return
  }
}

function note<Row extends Entry>(line: ReturnType<typeof readLine<Row>>, stored: boolean, into: Gathered<Row>): void {
  if (line.kind === 'garbled') into.garbled++
  else if (line.kind === 'o') into.open.set(line.id, line.stub)
  else {
    into.ended.add(line.row.id)
    if (!stored) into.closed.set(line.row.id, line.row)
  }
}

function garbledLines(count: number, folder: string): GatewayError {
  return new GatewayError(
    'internal',
    `${count} lines of the journal in ${folder} were skipped: they are not whole, as after a crash in the middle of a write.`,
  )
}
