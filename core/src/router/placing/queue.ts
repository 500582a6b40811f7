/** Who waits, lower priorities first, and within one priority in the order in which they came. */
export interface Queue<T> {
  readonly size: number
  /** returns how to leave the queue; harmless afterwards */
  push(priority: number, item: T): () => void
  /** takes out the first that fits */
  shift(fits: (item: T) => boolean): T | undefined
}

interface Place<T> {
  readonly priority: number
  readonly item: T
}

export function createQueue<T>(): Queue<T> {
  const places: Place<T>[] = []
  return {
    get size() {
      return places.length
    },
    push(priority, item) {
      const place = { priority, item }
      places.splice(behind(places, priority), 0, place)
      return () => {
        const at = places.indexOf(place)
        if (at >= 0) places.splice(at, 1)
      }
    },
    shift(fits) {
      const at = places.findIndex(({ item }) => fits(item))
      return at < 0 ? undefined : places.splice(at, 1)[0]?.item
    },
  }
}

/** Index behind everybody of this priority or a lower one. */
function behind(places: readonly { readonly priority: number }[], priority: number): number {
  let low = 0
  let high = places.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((places[middle]?.priority ?? 0) <= priority) low = middle + 1
    else high = middle
  }
  return low
}
