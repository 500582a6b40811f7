import { join } from 'node:path'
import { readLegacy } from './disk/adopt.ts'
import { type Folder, removeFolder, sweep, takeOrphans } from './disk/folder.ts'
import { DiskJournal } from './disk-journal.ts'
import type { Entry, Found, Journal } from './journal.ts'

export interface JournalPorts<Row> {
  /** where this gateway keeps its files; the journals stand in `journal/` */
  readonly home: string
  readonly now: () => number
  /** puts a batch into the store, all or nothing, idempotent by id; called one batch at a time, in order, again when it has failed */
  readonly write: (rows: readonly Row[]) => Promise<void>
  /** hears of every failed try to write to the store or the disk, with how much is waiting; no more often than the back-off allows */
  readonly onError: (error: unknown, waiting: number) => void
  readonly flushMs?: number
  readonly batchRows?: number
  /** how long lines are gathered before they are written to disk: what a kill can cost */
  readonly tickMs?: number
  /** how many rows may wait in memory, and how many bytes of them; the rest waits on disk */
  readonly memoryRows?: number
  readonly memoryBytes?: number
  /** how long one try of `shut` waits for the store */
  readonly shutMs?: number
  /** how large a file grows */
  readonly rotateBytes?: number
}

export interface OpenedJournal<Row extends Entry> {
  readonly journal: Journal<Row>
  /** what dead processes left in the same home */
  readonly found: Found<Row>
  /** says that what was found has been closed in the journal, or needs nothing: once that is on disk, the old files go */
  adopted(): Promise<void>
}

const megabyte = 1024 * 1024

/** Opens the journal of this process, and takes over those of dead ones. A disk that fails is told to `onError`, and no reason to stop. */
export async function openJournal<Row extends Entry>(ports: JournalPorts<Row>): Promise<OpenedJournal<Row>> {
  const root = join(ports.home, 'journal')
  const journal = new DiskJournal<Row>({
    root,
    write: ports.write,
    onError: ports.onError,
    flushMs: ports.flushMs ?? 20,
    batchRows: ports.batchRows ?? 64,
    tickMs: ports.tickMs ?? 8,
    memoryRows: ports.memoryRows ?? 20_000,
    memoryBytes: ports.memoryBytes ?? 64 * megabyte,
    shutMs: ports.shutMs ?? 10_000,
    rotateBytes: ports.rotateBytes ?? 16 * megabyte,
  })
  const complain = (error: unknown) => ports.onError(error, journal.waiting())
  const orphans = await takeOrphans(root).catch((error: unknown): Folder[] => {
    complain(error)
    return []
  })
  const { found, unread } = await readLegacy<Row>(orphans, complain)
  await journal.claim().catch(complain)
  await sweep(root, ports.now).catch(complain)
  return {
    journal,
    found,
    async adopted() {
      await journal.secure()
      for (const folder of orphans.splice(0))
        if (unread.has(folder)) folder.lock.release()
        else await removeFolder(folder).catch(complain)
    },
  }
}
