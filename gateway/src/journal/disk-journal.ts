import { GatewayError } from 'turnpike-core/internal/kernel/faults'
import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import { Delivery, leftBehind } from './delivery.ts'
import { type Checkpoint, writeCheckpoint } from './disk/checkpoint.ts'
import { claimFolder, type Folder, removeFolder } from './disk/folder.ts'
import { type DiskParcel, endNote, Scribe } from './disk/scribe.ts'
import { Segments } from './disk/segments.ts'
import { Spill, type Spot } from './disk/spill.ts'
import type { Entry, Journal } from './journal.ts'

export interface DiskJournalPorts<Row> {
  /** the folder of all journals of this machine */
  readonly root: string
  readonly write: (rows: readonly Row[]) => Promise<void>
  readonly onError: (error: unknown, waiting: number) => void
  readonly flushMs: number
  readonly batchRows: number
  readonly tickMs: number
  readonly shutMs: number
  readonly memoryRows: number
  readonly memoryBytes: number
  readonly rotateBytes: number
}

const upkeepMs = 1000

/** The journal of one process: lines to disk, rows to the store, and what does not fit in memory read back. */
export class DiskJournal<Row extends Entry> implements Journal<Row> {
  readonly #ports: DiskJournalPorts<Row>
  readonly #delivery: Delivery<Row, DiskParcel<Row>>
  readonly #segments: Segments
  readonly #scribe: Scribe<Row>
  readonly #spill: Spill<Row>
  #folder: Folder | undefined
  /** rows that the disk does not take, behind rows that wait on disk */
  #tail: DiskParcel<Row>[] = []
  #checkpoint: Checkpoint | undefined
  #timer: ReturnType<typeof setTimeout> | undefined
  #tending: Promise<void> = Promise.resolve()
  #shut = false

  constructor(ports: DiskJournalPorts<Row>) {
    this.#ports = ports
    const { write, onError, flushMs, batchRows, tickMs, shutMs, rotateBytes } = ports
    const complain = (error: unknown) => onError(error, this.waiting())
    this.#delivery = new Delivery<Row, DiskParcel<Row>>({
      write,
      onError,
      flushMs,
      batchRows,
      shutMs,
      pull: () => this.#pull(),
      more: () => this.#spill.count > 0,
      taken: (parcels) => this.#taken(parcels),
    })
    this.#segments = new Segments({ folder: () => this.claim(), rotateBytes, onError: complain })
    this.#spill = new Spill(this.#segments)
    this.#scribe = new Scribe<Row>({
      segments: this.#segments,
      tickMs,
      onError: (error) => complain(diskFails(ports.root, error)),
      saved: (parcel, spot) => this.#saved(parcel, spot),
      unsaved: (parcel) => this.#unsaved(parcel),
      missing: () => ({ queued: this.#delivery.queue, behind: this.#tail }),
      landed: () => {
        if (this.#tail.length > 0) this.#tail = this.#tail.filter(({ segment }) => !segment)
        this.#tidy()
      },
    })
  }

  /** Makes the folder of this process, once. */
  async claim(): Promise<string> {
    this.#folder ??= await claimFolder(this.#ports.root)
    return this.#folder.path
  }

  open(id: string, stub: JsonObject): void {
    this.#scribe.open(id, stub)
  }

  close(row: Row): void {
    if (this.#shut) this.#ports.onError(leftBehind(1, undefined), this.waiting())
    else {
      this.#scribe.close(row)
      this.#delivery.expect()
    }
  }

  waiting(): number {
    return this.#delivery.waiting
  }

  flush(): Promise<void> {
    return this.#delivery.flush()
  }

  /** Resolves when everything given so far is kept by the disk or in the store. */
  async secure(): Promise<void> {
    await this.#scribe.settle()
    await this.#scribe.retry()
    if (!this.#scribe.clean && this.waiting() > 0)
      throw new GatewayError(
        'internal',
        `The journal in ${this.#ports.root} cannot be written: its disk does not take it.`,
      )
    await this.#segments.sync()
  }

  async shut(): Promise<void> {
    const left = await this.#delivery.end()
    await this.#scribe.settle()
    if (left) await this.#scribe.retry()
    this.#scribe.stop()
    this.#shut = true
    clearTimeout(this.#timer)
    await this.#leave()
    if (!left) return
    const unsafe = this.#delivery.queue.filter(({ segment }) => !segment).length + this.#tail.length
    if (unsafe > 0) throw leftBehind(unsafe, left.cause)
    this.#ports.onError(keptOnDisk(this.waiting(), left.cause), this.waiting())
  }

  /** Closes the files; the folder stays while somebody must still read it. */
  async #leave(): Promise<void> {
    const folder = this.#folder
    try {
      await this.#upkeep()
      await this.#segments.close()
      if (folder && this.waiting() === 0 && this.#scribe.running === 0) await removeFolder(folder)
    } catch (error) {
      this.#ports.onError(error, this.waiting())
    } finally {
      folder?.lock.release()
    }
  }

  #saved(parcel: DiskParcel<Row>, spot: () => Spot): void {
    if (parcel.queued) return
    if (this.#spill.count === 0 && this.#hasRoom()) this.#queue(parcel)
    else this.#spill.add(spot)
  }

  #unsaved(parcel: DiskParcel<Row>): void {
    if (this.#spill.count === 0) this.#queue(parcel)
    else this.#tail.push(parcel)
  }

  #queue(parcel: DiskParcel<Row>): void {
    parcel.queued = true
    this.#delivery.add(parcel)
  }

  #hasRoom(): boolean {
    const { memoryRows, memoryBytes } = this.#ports
    return this.#delivery.queue.length < memoryRows && this.#delivery.bytes < memoryBytes
  }

  async #pull(): Promise<void> {
    if (this.#delivery.queue.length === 0 && this.#spill.count === 0) await this.#scribe.tick()
    if (this.#delivery.queue.length < this.#ports.batchRows && this.#spill.count > 0) await this.#readBack()
  }

  async #readBack(): Promise<void> {
    const { memoryRows, memoryBytes, onError } = this.#ports
    const { queue, bytes } = this.#delivery
    const rows = await this.#spill.read({ rows: Math.max(1, memoryRows - queue.length), bytes: memoryBytes - bytes })
    for (const read of rows) this.#queue({ ...read, stored: false, queued: true, note: undefined })
    this.#spill.took(rows.length)
    if (rows.length === 0) {
      const lost = this.#spill.giveUp()
      this.#delivery.miss(lost)
      this.#recount()
      onError(unreadable(this.#ports.root, lost), this.waiting())
    }
    if (this.#spill.count > 0) return
    for (const parcel of this.#tail) this.#queue(parcel)
    this.#tail = []
  }

  /** Rows that could not be read back keep no segment. */
  #recount(): void {
    for (const segment of this.#segments.list) segment.rows = 0
    for (const { segment } of this.#delivery.queue) if (segment) segment.rows++
  }

  #taken(parcels: readonly DiskParcel<Row>[]): void {
    for (const parcel of parcels) {
      const { segment, index } = parcel
      parcel.stored = true
      endNote(parcel)
      if (!segment) continue
      segment.rows--
      if (index !== undefined) this.#checkpoint = { segment: segment.number, rows: index }
    }
    this.#tidy()
  }

  /** Lets old segments go, and sees to the disk within a second. */
  #tidy(): void {
    const [oldest, ...newer] = this.#segments.list
    if (oldest?.rows === 0 && newer.length > 0) {
      if (oldest.open === 0)
        this.#segments.prune().catch((error: unknown) => this.#ports.onError(error, this.waiting()))
      else if (newer.length > 1) this.#scribe.move(oldest)
    }
    if (this.#timer !== undefined || this.#shut) return
    this.#timer = setTimeout(() => {
      this.#upkeep()
        .catch((error: unknown) => this.#ports.onError(error, this.waiting()))
        .finally(() => {
          this.#timer = undefined
        })
    }, upkeepMs)
    this.#timer.unref()
  }

  /** One at a time. */
  #upkeep(): Promise<void> {
    const before = this.#tending.catch(() => undefined)
    return (this.#tending = before.then(() => this.#keep()))
  }

  async #keep(): Promise<void> {
    const checkpoint = this.#checkpoint
    this.#checkpoint = undefined
    await this.#segments.sync()
    if (checkpoint && this.#folder) await writeCheckpoint(this.#folder.path, checkpoint)
  }
}

function diskFails(root: string, cause: unknown): GatewayError {
  return new GatewayError(
    'internal',
    `The journal in ${root} cannot be written (${String(cause)}): rows go to the store from memory alone. Its disk must have room and take writes.`,
    { cause },
  )
}

function unreadable(root: string, count: number): GatewayError {
  return new GatewayError(
    'internal',
    `${count} rows of the journal in ${root} could not be read back: its files were changed or deleted by somebody else.`,
  )
}

function keptOnDisk(count: number, cause: unknown): GatewayError {
  return new GatewayError(
    'store-down',
    `${count} ledger rows are on local disk and not yet in the store; the next start brings them there.`,
    { cause },
  )
}
