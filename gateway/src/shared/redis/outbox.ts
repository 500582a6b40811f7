/** Something sent to Redis whose arrival is not certain yet. */
interface Sending {
  readonly name: string
  readonly number: number
  /** what to do when it did not arrive */
  readonly lost: () => void
}

interface Name {
  readonly name: string
  /** whether Redis ever confirmed it */
  confirmed: boolean
}

/**
 * What Redis has to be told, exactly once. Sendings of a name act in their order, and Redis remembers the number of the last: so after
 * a cut it can be asked which of them arrived.
 */
export interface Outbox {
  /** spent while Redis could not be told */
  owe(bucket: string, amount: number): void
  /** corrected while Redis could not be told */
  fix(bucket: string, spent: number): void
  /** what is owed and fixed, which is now being sent */
  hand(): Owed
  /** the number of a sending, which stays uncertain until `arrived` */
  send(name: string, lost: () => void): number
  arrived(number: number): void
  /** the names that may have sent something */
  names(): readonly string[]
  named(name: string): void
  confirmed(name: string): void
  /**
   * Hears, for each of `names()`, the last number that acted there, or -1. Whether Redis still has what it had: otherwise amounts must
   * not be added to what is there, which may know them already by way of the store.
   */
  fenced(last: readonly number[]): boolean
}

export interface Owed {
  readonly amounts: ReadonlyMap<string, number>
  readonly fixes: ReadonlyMap<string, number>
}

export function createOutbox(): Outbox {
  const unsure = new Map<number, Sending>()
  let owed = new Map<string, number>()
  let fixes = new Map<string, number>()
  let names: Name[] = []
  let count = 0

  return {
    owe(bucket, amount) {
      if (amount !== 0) owed.set(bucket, (owed.get(bucket) ?? 0) + amount)
    },
    fix(bucket, spent) {
      owed.delete(bucket)
      fixes.set(bucket, spent)
    },
    hand() {
      const handed = { amounts: owed, fixes }
      owed = new Map()
      fixes = new Map()
      return handed
    },
    send(name, lost) {
      unsure.set(++count, { name, number: count, lost })
      return count
    },
    arrived: (number) => void unsure.delete(number),
    names: () => names.map(({ name }) => name),
    named: (name) => void names.push({ name, confirmed: false }),
    confirmed(name) {
      names = names.filter((one) => one.name === name)
      for (const one of names) one.confirmed = true
    },
    fenced(last) {
      const at = new Map(names.map(({ name }, index) => [name, last[index] ?? -1]))
      const remembered = names.some(({ confirmed }) => confirmed)
        ? names.every(({ name, confirmed }) => !confirmed || at.get(name) !== -1)
        : false
      for (const { name, number, lost } of unsure.values()) if (number > (at.get(name) ?? -1)) lost()
      unsure.clear()
      return remembered
    },
  }
}
