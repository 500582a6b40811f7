import type { JsonObject } from 'turnpike-core/internal/kernel/json'

/** Something that is journalled: only its id matters here. */
export interface Entry {
  readonly id: string
}

/** What a process left behind when it died. */
export interface Found<Row extends Entry> {
  /** settled, and perhaps not yet in the store */
  readonly closed: readonly Row[]
  /** sent upstream, and never settled: what was noted when they were opened */
  readonly open: readonly JsonObject[]
}

/**
 * The way of money to the store: to local disk first, then to the store in idempotent batches, tried again until it takes them.
 * What is not yet on disk is lost with the process: at most a few milliseconds.
 */
export interface Journal<Row extends Entry> {
  /** an exchange goes upstream */
  open(id: string, stub: JsonObject): void
  /** it has ended */
  close(row: Row): void
  /** rows that the store does not have yet, in memory and on disk */
  waiting(): number
  /** resolves when everything closed so far is in the store; rejects when a try fails, and keeps it */
  flush(): Promise<void>
  /** flushes with a few tries, and leaves on disk what the store did not take */
  shut(): Promise<void>
}
