import { Delivery, leftBehind, type Parcel } from './delivery.ts'
import type { Entry, Journal } from './journal.ts'

export interface MemoryJournalPorts<Row> {
  readonly write: (rows: readonly Row[]) => Promise<void>
  readonly onError: (error: unknown, waiting: number) => void
  readonly flushMs?: number
  readonly batchRows?: number
}

/** A journal without disk, for stores that live in memory: what waits is lost with the process. */
export function createMemoryJournal<Row extends Entry>(ports: MemoryJournalPorts<Row>): Journal<Row> {
  const { write, onError, flushMs = 20, batchRows = 64 } = ports
  const delivery = new Delivery<Row, Parcel<Row>>({ write, onError, flushMs, batchRows })
  return {
    open() {},
    close(row) {
      delivery.expect()
      delivery.add({ row, size: 0 })
    },
    waiting: () => delivery.waiting,
    flush: () => delivery.flush(),
    async shut() {
      const left = await delivery.end()
      if (left) throw leftBehind(delivery.waiting, left.cause)
    },
  }
}
