import type { Place } from '../../places.ts'
import type { Level } from '../../shared.ts'
import { type Standing, shareOf } from './standing.ts'

/** Places that this process holds in a bucket. `take` decides alone, for when Redis cannot be asked. */
export class KnownSlots implements Place {
  readonly #standing: Standing
  #mine = 0

  constructor(standing: Standing) {
    this.#standing = standing
  }

  get mine(): number {
    return this.#mine
  }

  granted(): void {
    this.#mine++
  }

  take(_one: number, limit: number): boolean {
    if (this.#mine + 1 > shareOf(limit, this.#standing)) return false
    this.#mine++
    return true
  }

  undo(): void {
    this.#mine--
  }

  settle(): void {
    this.#mine--
  }

  level(): Level {
    return { used: this.#mine, reserved: 0 }
  }
}
