import type { Place } from '../places.ts'
import type { Level } from '../shared.ts'

/** Places of one bucket. */
export class Slots implements Place {
  #taken = 0

  get idle(): boolean {
    return this.#taken === 0
  }

  take(_one: number, limit: number): boolean {
    if (this.#taken + 1 > limit) return false
    this.#taken++
    return true
  }

  undo(): void {
    this.#taken--
  }

  settle(): void {
    this.#taken--
  }

  level(): Level {
    return { used: this.#taken, reserved: 0 }
  }
}
