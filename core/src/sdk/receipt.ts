import type { Usage } from '../vocabulary/usage.ts'
import type { Warning } from '../vocabulary/warnings.ts'

/** What an answer cost and how it came about. */
export interface Receipt {
  /** dollars, exact to the nano-dollar; undefined when the price is unknown; for streams set when the stream has ended */
  readonly cost: number | undefined
  readonly usage: Usage | undefined
  readonly provider: string
  readonly model: string
  readonly retries: number
  readonly fallbacks: number
  /** what the translation could not carry */
  readonly warnings: readonly Warning[]
}

const receipts = new WeakMap<object, Receipt>()

export function keepReceipt(answer: object, receipt: Receipt): void {
  receipts.set(answer, receipt)
}

/** The receipt of an answer, or of a stream once it has ended; undefined for anything else. */
export function receiptOf(answer: object): Receipt | undefined {
  return receipts.get(answer)
}

/** What an answer cost in dollars; undefined while unknown. */
export function costOf(answer: object): number | undefined {
  return receipts.get(answer)?.cost
}
