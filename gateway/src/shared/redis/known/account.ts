import type { Place } from '../../places.ts'
import type { Level } from '../../shared.ts'
import { type Standing, shareOf } from './standing.ts'

/** Money of one bucket as this process knows it. `take` decides alone, for when Redis cannot be asked. */
export class KnownAccount implements Place {
  /** what is spent: as Redis or the store last said, and what this process settled since */
  spent: number | undefined
  /** settled here and not yet in the store */
  pending = 0
  /** set aside by this process */
  reserved = 0
  /** all that this process ever settled here, to tell what an answer of Redis cannot know yet */
  settled = 0
  /** the balance that the store last told */
  stored: number | undefined
  readonly #standing: Standing
  #users = 0
  #since = 0
  #cut = 0

  constructor(standing: Standing) {
    this.#standing = standing
  }

  get idle(): boolean {
    return this.#users === 0 && this.pending === 0
  }

  /** keeps it from being forgotten while a question about it is on its way */
  pin(): void {
    this.#users++
  }

  unpin(): void {
    this.#users--
  }

  /** what the store says, where nobody said anything yet */
  seed(balance: number): void {
    this.stored ??= balance
    this.spent ??= balance + this.pending
  }

  /** what Redis begins with where it knows nothing: never less than this process knows */
  seedFor(balance: number): number {
    return Math.max(balance, this.stored ?? 0) + this.pending
  }

  /** Redis set an amount aside; `settledThen` is what was settled here when it was asked */
  granted(amount: number, spent: number | undefined, settledThen: number): void {
    this.heard(spent, settledThen)
    this.reserved += amount
    this.#users++
  }

  heard(spent: number | undefined, settledThen: number): void {
    if (spent !== undefined) this.spent = spent + this.settled - settledThen
  }

  take(amount: number, limit: number): boolean {
    const { joined, cuts } = this.#standing
    const since = !joined && this.#cut === cuts ? this.#since : 0
    const left = limit - ((this.spent ?? 0) - since)
    // a limit of money does not let one through everywhere: it is never passed
    if (amount > 0 && since + this.reserved + amount > Math.min(left, shareOf(left, this.#standing))) return false
    this.reserved += amount
    this.#users++
    return true
  }

  undo(amount: number): void {
    this.reserved -= amount
    this.#users--
  }

  settle(amount: number, actual = 0): void {
    this.undo(amount)
    this.book(actual)
  }

  /** money that was spent here, with a claim or without */
  book(actual: number): void {
    this.pending += actual
    this.settled += actual
    if (this.spent !== undefined) this.spent += actual
    if (this.#standing.joined) return
    this.#since = actual + (this.#cut === this.#standing.cuts ? this.#since : 0)
    this.#cut = this.#standing.cuts
  }

  level(): Level {
    return { used: this.spent ?? 0, reserved: this.reserved }
  }
}
