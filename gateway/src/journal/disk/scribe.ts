import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import { backOffMs, type Parcel } from '../delivery.ts'
import type { Entry } from '../journal.ts'
import { openLine, rowLine } from './lines.ts'
import type { Segment, Segments } from './segments.ts'
import type { Spot } from './spill.ts'

/** An exchange that is running. */
export interface Note {
  readonly text: string
  running: boolean
  /** where it is noted; undefined: not on disk yet */
  segment: Segment | undefined
}

/** A closed row, and where it stands on disk. */
export interface DiskParcel<Row> extends Parcel<Row> {
  /** undefined: not on disk */
  segment: Segment | undefined
  /** which closed row of its segment it is; undefined: one that was written late */
  index: number | undefined
  stored: boolean
  queued: boolean
  note: Note | undefined
}

/** A line to be written. */
interface Sheet<Row> {
  readonly text: string
  readonly note?: Note
  readonly parcel?: DiskParcel<Row>
  readonly late?: boolean
}

export interface ScribePorts<Row> {
  readonly segments: Segments
  readonly tickMs: number
  readonly onError: (error: unknown) => void
  /** a row was handed to the operating system */
  readonly saved: (parcel: DiskParcel<Row>, spot: () => Spot) => void
  /** a row goes on without having been written: the disk does not take it */
  readonly unsaved: (parcel: DiskParcel<Row>) => void
  /** rows in memory that are not on disk: on their way to the store, and behind rows that wait on disk */
  readonly missing: () => { readonly queued: readonly DiskParcel<Row>[]; readonly behind: readonly DiskParcel<Row>[] }
  /** something was written */
  readonly landed: () => void
}

const chunk = 2000
const retryMs = 50

/** Gathers lines and writes them to disk, one write per tick. */
export class Scribe<Row extends Entry> {
  readonly #ports: ScribePorts<Row>
  readonly #notes = new Map<string, Note>()
  #sheets: Sheet<Row>[] = []
  #timer: ReturnType<typeof setTimeout> | undefined
  #rest: ReturnType<typeof setTimeout> | undefined
  #writing: Promise<void> | undefined
  #failures = 0
  #resting = false
  #behind = false

  constructor(ports: ScribePorts<Row>) {
    this.#ports = ports
  }

  /** Exchanges that are running. */
  get running(): number {
    return this.#notes.size
  }

  /** Is everything that was given on disk, or in the store? */
  get clean(): boolean {
    return this.#sheets.length === 0 && !this.#behind && this.#writing === undefined
  }

  open(id: string, stub: JsonObject): void {
    const note = { text: openLine(id, stub), running: true, segment: undefined }
    this.#notes.set(id, note)
    this.#push({ text: note.text, note })
  }

  close(row: Row): void {
    const text = rowLine(row)
    const note = this.#notes.get(row.id)
    if (note) {
      note.running = false
      this.#notes.delete(row.id)
    }
    const parcel = { row, size: text.length, segment: undefined, index: undefined, stored: false, queued: false, note }
    this.#push({ text, parcel })
  }

  /** Notes the exchanges of an old segment once more in the newest, so that the old one can go. */
  move(old: Segment): void {
    if (old.moved || this.#behind) return
    old.moved = true
    for (const note of this.#notes.values()) if (note.segment === old) this.#push({ text: note.text, note })
  }

  /** Writes what was gathered, one write at a time, whoever asks. */
  tick(): Promise<void> {
    this.#cancel()
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined
      this.#schedule()
    })
    return this.#writing
  }

  /** Writes until nothing is gathered any more. */
  async settle(): Promise<void> {
    do await this.tick()
    while (this.#sheets.length > 0)
  }

  /** Tries a failing disk once more, whenever the next try was due. */
  async retry(): Promise<void> {
    this.#resting = false
    while (this.#behind && !this.#resting) await this.tick()
  }

  stop(): void {
    this.#resting = true
    clearTimeout(this.#rest)
    this.#cancel()
  }

  async #write(): Promise<void> {
    let sheets = this.#sheets
    this.#sheets = []
    if (this.#behind) {
      this.#letGo(sheets)
      if (this.#resting) return
      sheets = this.#missing()
      if (sheets.length === 0) this.#behind = false
    }
    if (sheets.length === 0) return
    try {
      const bytes = Buffer.from(sheets.map(({ text }) => text).join(''))
      this.#land(await this.#ports.segments.append(bytes), sheets, bytes.length)
    } catch (error) {
      this.#fail(error, sheets)
    }
  }

  #land(segment: Segment, sheets: readonly Sheet<Row>[], bytes: number): void {
    const start = segment.bytes
    segment.bytes += bytes
    this.#failures = 0
    for (const [at, { note, parcel, late }] of sheets.entries()) {
      if (note?.running) moveNote(note, segment)
      if (!parcel) continue
      place(parcel, segment, late ?? false)
      const closed = segment.closed - 1
      this.#ports.saved(parcel, () => ({ segment: segment.number, offset: start + bytesOf(sheets, at), closed }))
    }
    if (this.#behind) this.#behind = this.#missing().length > 0
    this.#ports.landed()
  }

  #fail(error: unknown, sheets: readonly Sheet<Row>[]): void {
    const first = !this.#behind
    this.#behind = true
    this.#resting = true
    for (const segment of this.#ports.segments.list) segment.moved = false
    if (first) this.#letGo(sheets)
    clearTimeout(this.#rest)
    this.#rest = setTimeout(
      () => {
        this.#resting = false
        this.#schedule()
      },
      backOffMs(retryMs, ++this.#failures),
    )
    this.#rest.unref()
    this.#ports.onError(error)
  }

  #letGo(sheets: readonly Sheet<Row>[]): void {
    for (const { parcel } of sheets) if (parcel) this.#ports.unsaved(parcel)
  }

  #missing(): Sheet<Row>[] {
    const { queued, behind } = this.#ports.missing()
    const sheets: Sheet<Row>[] = []
    for (const note of this.#notes.values()) if (!note.segment) sheets.push({ text: note.text, note })
    for (const parcel of queued.filter(isMissing).slice(0, chunk))
      sheets.push({ text: rowLine(parcel.row, 'r'), parcel, late: true })
    // in order: what waits on disk is read back as it stands there
    if (sheets.length < chunk)
      for (const parcel of behind.filter(isMissing).slice(0, chunk)) sheets.push({ text: rowLine(parcel.row), parcel })
    return sheets
  }

  #push(sheet: Sheet<Row>): void {
    this.#sheets.push(sheet)
    if (this.#timer === undefined) this.#schedule()
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#writing !== undefined) return
    if (this.#sheets.length === 0 && (!this.#behind || this.#resting)) return
    this.#timer = setTimeout(() => {
      this.tick().catch(this.#ports.onError)
    }, this.#ports.tickMs)
  }

  #cancel(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }
}

function isMissing<Row>({ segment }: DiskParcel<Row>): boolean {
  return segment === undefined
}

function moveNote(note: Note, segment: Segment): void {
  if (note.segment) note.segment.open--
  note.segment = segment
  segment.open++
}

function place<Row>(parcel: DiskParcel<Row>, segment: Segment, late: boolean): void {
  if (!late) segment.closed++
  endNote(parcel)
  if (parcel.stored) return
  segment.rows++
  parcel.segment = segment
  parcel.index = late ? undefined : segment.closed
}

/** The exchange of a row is over: it keeps no segment any more. */
export function endNote<Row>(parcel: DiskParcel<Row>): void {
  if (parcel.note?.segment) parcel.note.segment.open--
  parcel.note = undefined
}

function bytesOf(sheets: readonly { readonly text: string }[], count: number): number {
  let bytes = 0
  for (let at = 0; at < count; at++) bytes += Buffer.byteLength(sheets[at]?.text ?? '')
  return bytes
}
