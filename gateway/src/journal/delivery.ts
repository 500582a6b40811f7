import { GatewayError } from 'turnpike-core/internal/kernel/faults'

/** A row on its way to the store, and about how many bytes of memory it holds. */
export interface Parcel<Row> {
  readonly row: Row
  readonly size: number
}

export interface DeliveryPorts<Row, P extends Parcel<Row>> {
  /** puts a batch into the store, all or nothing, idempotent by id; called one batch at a time, in order */
  readonly write: (rows: readonly Row[]) => Promise<void>
  /** hears of every failed try of our own, with how much is waiting; no more often than the back-off allows */
  readonly onError: (error: unknown, waiting: number) => void
  readonly flushMs: number
  readonly batchRows: number
  /** how long one of the last tries may take */
  readonly shutMs?: number
  /** brings waiting rows from elsewhere into the queue, before a batch is taken from it */
  readonly pull?: () => Promise<void>
  /** is there something to be brought? */
  readonly more?: () => boolean
  /** hears which parcels the store has taken */
  readonly taken?: (parcels: readonly P[]) => void
}

const slowestMs = 30_000
const lastTries = 5

/** The wait before try number `failures + 1`. */
export function backOffMs(flushMs: number, failures: number): number {
  return Math.min(slowestMs, Math.max(1, flushMs) * 2 ** Math.min(failures, 20))
}

/** A queue that the store is fed from in batches, in order, and that drops nothing. */
export class Delivery<Row, P extends Parcel<Row>> {
  readonly #ports: DeliveryPorts<Row, P>
  #queue: P[] = []
  #bytes = 0
  #expected = 0
  #done = 0
  #failures = 0
  #ended = false
  #stopped = false
  #timer: ReturnType<typeof setTimeout> | undefined
  #running: Promise<void> | undefined

  constructor(ports: DeliveryPorts<Row, P>) {
    this.#ports = ports
  }

  /** A row that will come to the queue: from now on it is waited for. */
  expect(): void {
    this.#expected++
  }

  /** Rows that were expected and will never come. */
  miss(count: number): void {
    this.#done += count
  }

  add(parcel: P): void {
    this.#queue.push(parcel)
    this.#bytes += parcel.size
    if (this.#queue.length === this.#ports.batchRows && this.#failures === 0) this.#cancel()
    this.#schedule()
  }

  /** Rows that the store does not have, wherever they are. */
  get waiting(): number {
    return this.#expected - this.#done
  }

  /** What is in the queue, oldest first; a batch stays in it until the store has taken it. */
  get queue(): readonly P[] {
    return this.#queue
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Resolves when everything expected so far is in the store; rejects when a try fails. */
  async flush(): Promise<void> {
    const target = this.#expected
    while (this.#done < target && !this.#stopped) await this.#attempt()
  }

  /** Flushes with a few tries and stops; the cause when rows are still waiting. */
  async end(): Promise<{ readonly cause: unknown } | undefined> {
    this.#ended = true
    this.#cancel()
    for (let tries = 1; ; tries++) {
      try {
        await within(this.flush(), this.#ports.shutMs ?? 10_000)
        return undefined
      } catch (cause) {
        if (tries === lastTries || cause instanceof TooSlow) {
          this.#stopped = true
          return { cause }
        }
        await new Promise((resolve) => setTimeout(resolve, backOffMs(this.#ports.flushMs, tries)))
      }
    }
  }

  /** One batch at a time, whoever asks. */
  #attempt(): Promise<void> {
    this.#running ??= this.#deliver().finally(() => {
      this.#running = undefined
      this.#schedule()
    })
    return this.#running
  }

  async #deliver(): Promise<void> {
    try {
      await this.#ports.pull?.()
      const batch = this.#queue.slice(0, this.#ports.batchRows)
      if (batch.length === 0) return
      await this.#ports.write(batch.map(({ row }) => row))
      this.#queue = this.#queue.slice(batch.length)
      for (const { size } of batch) this.#bytes -= size
      this.#done += batch.length
      this.#failures = 0
      this.#ports.taken?.(batch)
    } catch (thrown) {
      this.#failures++
      throw thrown
    }
  }

  #schedule(): void {
    if (this.#ended || this.#timer !== undefined || this.#running !== undefined || !this.#hasMore()) return
    const { flushMs, batchRows, onError } = this.#ports
    const full = this.#queue.length >= batchRows || this.#queue.length === 0
    const waitMs = this.#failures > 0 ? backOffMs(flushMs, this.#failures) : full ? 0 : flushMs
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#attempt().catch((error: unknown) => onError(error, this.waiting))
    }, waitMs)
  }

  #hasMore(): boolean {
    return this.#queue.length > 0 || (this.#ports.more?.() ?? false)
  }

  #cancel(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }
}

class TooSlow extends Error {}

/** The promise, or a complaint when it takes longer. */
function within(promise: Promise<void>, ms: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new TooSlow(`The store did not answer within ${ms} ms.`)), ms)
    promise.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

/** Says that rows are lost with this process. */
export function leftBehind(count: number, cause: unknown): GatewayError {
  return new GatewayError(
    'store-down',
    `${count} ledger rows could not be written to the store before the gateway closed, and are not on local disk.`,
    { cause },
  )
}
