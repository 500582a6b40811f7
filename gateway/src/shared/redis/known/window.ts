import { type Place, roomFor } from '../../places.ts'
import type { Level } from '../../shared.ts'
import { type Standing, shareOf } from './standing.ts'

/** A window as this process knows it. `take` decides alone, for when Redis cannot be asked. The next window is another object. */
export class KnownWindow implements Place {
  /** by Redis' clock; it tells the window from the next */
  ends: number
  readonly #standing: Standing
  /** as Redis last said, and what this process counted since it was cut off */
  #used = 0
  #since = 0
  #cut = 0
  #claims = 0

  constructor(ends: number, standing: Standing) {
    this.ends = ends
    this.#standing = standing
  }

  /** nobody's claim is in it: it has not begun */
  get idle(): boolean {
    return this.#claims === 0
  }

  heard(used: number): void {
    this.#used = used
    this.#claims++
  }

  take(amount: number, limit: number): boolean {
    const since = this.#counted()
    if (since + roomFor(amount) > shareOf(limit - (this.#used - since), this.#standing)) return false
    this.#claims++
    this.#count(amount)
    return true
  }

  undo(amount: number): void {
    this.#claims--
    this.#count(-amount)
  }

  /** what is unknown stays as estimated */
  settle(amount: number, actual = amount): void {
    if (actual !== amount) this.#count(actual - amount)
  }

  /** what Redis has not heard of, which it is told once */
  hand(): number {
    const since = this.#counted()
    this.#since = 0
    return since
  }

  /** it was not heard after all */
  handBack(amount: number): void {
    this.#since = this.#counted() + amount
    this.#cut = this.#standing.cuts
  }

  level(): Level {
    return { used: this.#used, reserved: 0, resetAt: this.ends - this.#standing.ahead }
  }

  #count(amount: number): void {
    this.#used += amount
    if (!this.#standing.joined) this.handBack(amount)
  }

  #counted(): number {
    return this.#cut === this.#standing.cuts ? this.#since : 0
  }
}
