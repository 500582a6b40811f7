import type { Place } from '../places.ts'
import type { Level } from '../shared.ts'

/** Money of one bucket. What is spent is `stored + pending`. */
export class Account implements Place {
  /** what the store has; undefined until it said so */
  stored: number | undefined
  /** settled here and not yet in the store */
  pending = 0
  /** set aside for requests that are running */
  reserved = 0
  /** requests that will settle here: until then it must not be forgotten */
  #holds = 0

  constructor(stored: number | undefined) {
    this.stored = stored
  }

  get spent(): number {
    return (this.stored ?? 0) + this.pending
  }

  get idle(): boolean {
    return this.#holds === 0 && this.pending === 0
  }

  take(amount: number, limit: number): boolean {
    // what is free stays free when the budget is gone; whoever cannot tell what a call costs must not say 0
    if (amount > 0 && this.spent + this.reserved + amount > limit) return false
    this.reserved += amount
    this.#holds++
    return true
  }

  undo(amount: number): void {
    this.reserved -= amount
    this.#holds--
  }

  settle(amount: number, actual = 0): void {
    this.undo(amount)
    this.pending += actual
  }

  level(): Level {
    return { used: this.spent, reserved: this.reserved }
  }
}
