import { type Place, roomFor } from '../places.ts'
import type { Level } from '../shared.ts'

/** Requests or tokens of one fixed window. The next window is another object: what is settled late finds nobody to mislead. */
export class Window implements Place {
  readonly endsAt: number
  #used = 0
  #claims = 0

  constructor(endsAt: number) {
    this.endsAt = endsAt
  }

  /** nobody's claim is in it: it has not begun */
  get idle(): boolean {
    return this.#claims === 0
  }

  take(amount: number, limit: number): boolean {
    if (this.#used + roomFor(amount) > limit) return false
    this.#used += amount
    this.#claims++
    return true
  }

  undo(amount: number): void {
    this.#used -= amount
    this.#claims--
  }

  /** what is unknown stays as estimated */
  settle(amount: number, actual = amount): void {
    this.#used += actual - amount
  }

  level(): Level {
    return { used: this.#used, reserved: 0, resetAt: this.endsAt }
  }
}
