import { GatewayError } from 'turnpike-core/internal/kernel/faults'

export interface WriterPorts<T> {
  /** writes a batch, all or nothing; called again with the same things after it has failed */
  readonly write: (batch: readonly T[]) => Promise<void>
  /** hears of every failed try of our own, with how much is waiting; no more often than the back-off allows */
  readonly onError: (error: unknown, waiting: number) => void
  readonly flushMs: number
  readonly flushRows: number
}

const slowestMs = 30_000
const lastTries = 5

/** A queue that is written in batches, in order, and never drops anything: it grows while the store is down. */
export class BatchWriter<T> {
  readonly #ports: WriterPorts<T>
  #queue: T[] = []
  #added = 0
  #written = 0
  #failures = 0
  #closed = false
  #timer: ReturnType<typeof setTimeout> | undefined
  #running: Promise<void> | undefined

  constructor(ports: WriterPorts<T>) {
    this.#ports = ports
  }

  add(item: T): void {
    this.#queue.push(item)
    this.#added++
    if (this.#queue.length === this.#ports.flushRows && this.#failures === 0) this.#cancel()
    this.#schedule()
  }

  /** Resolves when everything added so far is written; rejects when a try fails, and keeps it. */
  async flush(): Promise<void> {
    const target = this.#added
    while (this.#written < target) await this.#attempt()
  }

  /** Flushes with a few tries; rejects saying how much was left. */
  async close(): Promise<void> {
    this.#closed = true
    this.#cancel()
    for (let tries = 1; ; tries++) {
      try {
        await this.flush()
        return
      } catch (cause) {
        if (tries === lastTries) throw leftBehind(this.#queue.length, cause)
        await new Promise((resolve) => setTimeout(resolve, this.#backOff(tries)))
      }
    }
  }

  /** One batch at a time, whoever asks. */
  #attempt(): Promise<void> {
    this.#running ??= this.#writeBatch().finally(() => {
      this.#running = undefined
      this.#schedule()
    })
    return this.#running
  }

  async #writeBatch(): Promise<void> {
    const batch = this.#queue.slice(0, this.#ports.flushRows)
    if (batch.length === 0) return
    try {
      await this.#ports.write(batch)
    } catch (thrown) {
      this.#failures++
      throw thrown
    }
    this.#queue = this.#queue.slice(batch.length)
    this.#written += batch.length
    this.#failures = 0
  }

  #schedule(): void {
    if (this.#closed || this.#timer !== undefined || this.#running || this.#queue.length === 0) return
    const { flushMs, flushRows, onError } = this.#ports
    const full = this.#queue.length >= flushRows
    const waitMs = this.#failures > 0 ? this.#backOff(this.#failures) : full ? 0 : flushMs
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#attempt().catch((error: unknown) => onError(error, this.#queue.length))
    }, waitMs)
  }

  #cancel(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #backOff(failures: number): number {
    return Math.min(slowestMs, Math.max(1, this.#ports.flushMs) * 2 ** Math.min(failures, 20))
  }
}

function leftBehind(count: number, cause: unknown): GatewayError {
  return new GatewayError(
    'store-down',
    `${count} ledger rows could not be written to the store before the gateway closed.`,
    { cause },
  )
}
