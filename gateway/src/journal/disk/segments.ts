import { type FileHandle, open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'

/** One file of a journal, and who still needs it. */
export interface Segment {
  readonly number: number
  readonly path: string
  /** what of it is known to be written whole */
  bytes: number
  /** closed rows in it, counted for the checkpoint */
  closed: number
  /** rows in it that the store does not have */
  rows: number
  /** exchanges noted in it that are still running */
  open: number
  /** its open exchanges were told to move to a newer one */
  moved: boolean
}

const fileName = /^(\d{6,})\.ndjson$/

/** The segments of a folder, lowest number first. */
export async function segmentsIn(folder: string): Promise<{ readonly number: number; readonly path: string }[]> {
  const numbers = (await readdir(folder)).flatMap((entry) => fileName.exec(entry)?.[1] ?? [])
  return numbers
    .map((digits) => ({ number: Number(digits), path: join(folder, `${digits}.ndjson`) }))
    .sort((a, b) => a.number - b.number)
}

export interface SegmentsPorts {
  /** the folder, made when it is first needed */
  readonly folder: () => Promise<string>
  readonly rotateBytes: number
  /** hears when the disk would not keep a full segment */
  readonly onError: (error: unknown) => void
}

/** The files of one journal: the newest is appended to, and the oldest is deleted when nobody needs it. */
export class Segments {
  readonly #ports: SegmentsPorts
  readonly #list: Segment[] = []
  #last = 0
  #file: FileHandle | undefined
  #syncing: Promise<void> = Promise.resolve()
  #pruning = false

  constructor(ports: SegmentsPorts) {
    this.#ports = ports
  }

  get list(): readonly Segment[] {
    return this.#list
  }

  /** The first segment that is not below this number. */
  from(number: number): Segment | undefined {
    return this.#list.find((segment) => segment.number >= number)
  }

  /** Hands bytes to the operating system; the segment that has them, whose `bytes` the caller counts up. */
  async append(bytes: Uint8Array): Promise<Segment> {
    const newest = this.#list.at(-1)
    const fits = this.#file && newest && newest.bytes < this.#ports.rotateBytes
    const segment = fits ? newest : await this.#rotate()
    try {
      for (let done = 0; done < bytes.length; )
        done += (await this.#file?.write(bytes, done, bytes.length - done))?.bytesWritten ?? 0
      return segment
    } catch (error) {
      // half a line may stand in it now: what comes next starts a new one
      await this.#leave()
      throw error
    }
  }

  /** Asks the disk to keep what was written. */
  async sync(): Promise<void> {
    const file = this.#file
    if (!file) return
    const before = this.#syncing.catch(() => undefined)
    await (this.#syncing = before.then(() => file.datasync()))
  }

  /** Deletes the oldest while nobody needs them. In order: a line that ends an exchange must outlive the one that opened it. */
  async prune(): Promise<void> {
    if (this.#pruning) return
    this.#pruning = true
    try {
      for (let oldest = this.#list[0]; oldest && this.#isDone(oldest); oldest = this.#list[0]) {
        this.#list.shift()
        await rm(oldest.path, { force: true })
      }
    } finally {
      this.#pruning = false
    }
  }

  /** Syncs and closes the newest; what is appended next starts another. */
  async close(): Promise<void> {
    const synced = this.sync()
    await this.#leave(synced).then(() => synced)
  }

  #isDone(segment: Segment): boolean {
    const written = this.#file !== undefined && segment === this.#list.at(-1)
    return !written && segment.rows === 0 && segment.open === 0
  }

  async #rotate(): Promise<Segment> {
    const folder = await this.#ports.folder()
    // nobody waits for the full one: that may take long
    if (this.#file) this.close().catch(this.#ports.onError)
    const number = ++this.#last
    const path = join(folder, `${String(number).padStart(6, '0')}.ndjson`)
    this.#file = await open(path, 'ax', 0o600)
    const segment = { number, path, bytes: 0, closed: 0, rows: 0, open: 0, moved: false }
    this.#list.push(segment)
    return segment
  }

  async #leave(synced: Promise<void> = this.#syncing): Promise<void> {
    const file = this.#file
    this.#file = undefined
    await synced.catch(() => undefined)
    await file?.close().catch(() => undefined)
  }
}
