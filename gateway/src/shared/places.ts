import type { NanoUsd } from 'turnpike-core/internal/kernel/money'
import type { Claim, Hold, Level } from './shared.ts'

/** Where a claim is taken: a money account, a window or a set of places. */
export interface Place {
  /** takes the amount if there is room for it */
  take(amount: number, limit: number): boolean
  /** puts back what was taken a moment ago, as if it never was */
  undo(amount: number): void
  /** ends what was taken: money with what was spent, a window with what was used, as far as either is known */
  settle(amount: number, actual: number | undefined): void
  level(): Level
}

/** What all claims of a request got, or the first that had no room. */
export type Placed =
  | { readonly places: readonly Place[]; readonly levels: readonly Level[] }
  | { readonly at: number; readonly level: Level }

/** Takes all claims or none. One bucket may be claimed twice. */
export function takeAll(claims: readonly Claim[], placeOf: (claim: Claim) => Place): Placed {
  const places: Place[] = []
  for (let at = 0; at < claims.length; at++) {
    const claim = claims[at]!
    const place = placeOf(claim)
    if (!place.take(amountOf(claim), claim.limit ?? Number.POSITIVE_INFINITY)) {
      const level = place.level()
      for (let back = at - 1; back >= 0; back--) places[back]!.undo(amountOf(claims[back]!))
      return { at, level }
    }
    places.push(place)
  }
  return { places, levels: places.map((place) => place.level()) }
}

export function amountOf(claim: Claim): number {
  return claim.kind === 'slot' ? 1 : claim.amount
}

/** Requests and tokens need room for one at least: a request of unknown size is not free. */
export function roomFor(amount: number): number {
  return Math.max(1, amount)
}

/** What was taken in this process alone. */
export class PlacedHold implements Hold {
  readonly #claims: readonly Claim[]
  readonly #places: readonly Place[]
  readonly #book: (bucket: string, amount: NanoUsd) => void
  #open = true

  /** `book` hears of money that was spent in a bucket without a claim */
  constructor(claims: readonly Claim[], places: readonly Place[], book: (bucket: string, amount: NanoUsd) => void) {
    this.#claims = claims
    this.#places = places
    this.#book = book
  }

  settle(
    amounts: readonly (number | undefined)[],
    also: readonly (readonly [bucket: string, amount: NanoUsd])[] = [],
  ): void {
    if (!this.#open) return
    this.#open = false
    for (let at = 0; at < this.#places.length; at++) this.#places[at]!.settle(amountOf(this.#claims[at]!), amounts[at])
    for (const [bucket, amount] of also) this.#book(bucket, amount)
  }
}

/** Places by bucket, of which those that `isIdle` are forgotten when there are too many. */
export class Shelf<P> {
  readonly #places = new Map<string, P>()
  readonly #isIdle: (place: P) => boolean
  readonly #most: number
  #sweepAt: number

  constructor(isIdle: (place: P) => boolean, most: number) {
    this.#isIdle = isIdle
    this.#most = most
    this.#sweepAt = most
  }

  get(bucket: string): P | undefined {
    return this.#places.get(bucket)
  }

  set(bucket: string, place: P): P {
    if (this.#places.size >= this.#sweepAt && !this.#places.has(bucket)) this.#sweep()
    this.#places.set(bucket, place)
    return place
  }

  delete(bucket: string, place: P): void {
    if (this.#places.get(bucket) === place) this.#places.delete(bucket)
  }

  entries(): IterableIterator<[string, P]> {
    return this.#places.entries()
  }

  get size(): number {
    return this.#places.size
  }

  /** Drops a tenth, the oldest first; where all are in use the next try waits until a tenth more has come. */
  #sweep(): void {
    const tenth = Math.ceil(this.#most / 10)
    let left = tenth
    for (const [bucket, place] of this.#places) {
      if (!this.#isIdle(place)) continue
      this.#places.delete(bucket)
      if (--left === 0) break
    }
    this.#sweepAt = left === tenth ? this.#places.size + tenth : this.#most
  }
}
