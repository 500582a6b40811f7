/** A bounded memory of things that end by the clock; the oldest make room. */
export interface Shelf<T> {
  get(name: string): T | undefined
  put(name: string, value: T, until: number): void
  clear(): void
  /** how often it was cleared */
  age(): number
}

export function createShelf<T>(most: number, now: () => number): Shelf<T> {
  const kept = new Map<string, { readonly value: T; readonly until: number }>()
  let cleared = 0
  return {
    get(name) {
      const found = kept.get(name)
      if (found && found.until > now()) return found.value
      kept.delete(name)
      return undefined
    },
    put(name, value, until) {
      if (until <= now()) return
      kept.delete(name)
      kept.set(name, { value, until })
      if (kept.size <= most) return
      for (const oldest of kept.keys()) {
        kept.delete(oldest)
        break
      }
    },
    clear() {
      kept.clear()
      cleared++
    },
    age: () => cleared,
  }
}
