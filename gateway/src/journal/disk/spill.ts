import type { Entry } from '../journal.ts'
import { readLine, readStretch } from './lines.ts'
import type { Segment, Segments } from './segments.ts'

/** Where a line starts, and how many closed rows of its segment stand before it. */
export interface Spot {
  readonly segment: number
  readonly offset: number
  readonly closed: number
}

/** A row as it was read back, and where it stands. */
export interface ReadBack<Row> {
  readonly row: Row
  readonly size: number
  readonly segment: Segment
  readonly index: number
}

export interface Room {
  readonly rows: number
  readonly bytes: number
}

/** Rows that wait on disk only, because memory is full: everything that was closed from one spot on. */
export class Spill<Row extends Entry> {
  readonly #segments: Segments
  #spot: Spot = { segment: 0, offset: 0, closed: 0 }
  #count = 0

  constructor(segments: Segments) {
    this.#segments = segments
  }

  get count(): number {
    return this.#count
  }

  /** One more row; the first one says where it stands. */
  add(spot: () => Spot): void {
    if (this.#count === 0) this.#spot = spot()
    this.#count++
  }

  /** The next rows, oldest first; none when nothing is left that could be read, however many were counted. */
  async read(room: Room): Promise<ReadBack<Row>[]> {
    for (;;) {
      const segment = this.#segments.from(this.#spot.segment)
      if (!segment) return []
      if (segment.number > this.#spot.segment) this.#spot = { segment: segment.number, offset: 0, closed: 0 }
      const rows = await this.#readSegment(segment, room)
      if (rows.length > 0) return rows
      this.#spot = { segment: segment.number + 1, offset: 0, closed: 0 }
    }
  }

  /** Rows that were read are in memory now: as long as they are not, what is closed later waits behind them. */
  took(count: number): void {
    this.#count -= count
  }

  /** Forgets what could not be read; how many rows that were. */
  giveUp(): number {
    const lost = this.#count
    this.#count = 0
    return lost
  }

  async #readSegment(segment: Segment, room: Room): Promise<ReadBack<Row>[]> {
    const rows: ReadBack<Row>[] = []
    let { offset, closed } = this.#spot
    for (let bytes = 0; rows.length === 0; ) {
      const to = segment.bytes
      const lines = await stretchOf(segment.path, offset, to)
      if (lines.length === 0 && segment.bytes === to) return rows
      for (const { text, end } of lines) {
        if (rows.length >= room.rows || (rows.length > 0 && bytes >= room.bytes)) break
        const line = readLine<Row>(text)
        offset = end
        bytes += text.length
        if (line.kind === 'c' || line.kind === 'garbled') closed++
        if (line.kind === 'c') rows.push({ row: line.row, size: text.length, segment, index: closed })
      }
      this.#spot = { segment: segment.number, offset, closed }
    }
    return rows
  }
}

/** Nothing when somebody has deleted the file: then its rows are counted as lost at the end. */
async function stretchOf(path: string, from: number, to: number) {
  try {
    return await readStretch(path, { from, to })
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}
