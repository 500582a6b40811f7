import type { Aggregate, Stored } from '../store/aggregate.ts'
import type { Move } from './move.ts'
import type { Tally } from './report.ts'
import { bookSpend, type Spent } from './spend.ts'

/** Something that goes over, and what its owner has spent. */
export interface Thing<T> {
  readonly stored: Stored<T>
  readonly spend?: Spent | undefined
}

/** Where things of a kind go. */
export interface Goal<T, Column extends string> {
  readonly kind: string
  readonly rows: Aggregate<T, Column>
  readonly id: (value: T) => string
  /** the thing without a value that another one has already; undefined when it cannot do without */
  readonly without?: (value: T, column: Column) => T | undefined
}

/** Puts things in that are not there yet, and books what their owners spent. What is there is left as it is. */
export async function bring<T, Column extends string>(
  move: Move,
  goal: Goal<T, Column>,
  things: readonly Thing<T>[],
): Promise<void> {
  const tally = move.tally(goal.kind)
  const idOf = ({ stored }: Thing<T>) => goal.id(stored.value)
  const fresh = move.apply ? await goal.rows.insertMany(things.map(({ stored }) => stored)) : new Set<string>()
  const rest = things.filter((thing) => !fresh.has(idOf(thing)))
  const known = new Set((await goal.rows.findMany(rest.map(idOf))).map(({ value }) => goal.id(value)))
  const others = rest.filter((thing) => !known.has(idOf(thing)))
  tally.add({ imported: fresh.size, there: known.size })
  if (!move.apply) tally.add({ imported: others.length })
  const refused = new Set<string>()
  for (const { stored } of move.apply ? others : [])
    if (await alone(goal, stored, tally)) tally.add({ imported: 1 })
    else refused.add(goal.id(stored.value))
  await bookSpend(
    move,
    things.flatMap((thing) => (thing.spend && !refused.has(idOf(thing)) ? [thing.spend] : [])),
  )
}

/** Puts in one whose name another thing has: it goes without that name. */
async function alone<T, Column extends string>(
  goal: Goal<T, Column>,
  stored: Stored<T>,
  tally: Tally,
): Promise<boolean> {
  const id = goal.id(stored.value)
  let value = stored.value
  for (;;) {
    const { taken } = await goal.rows.insert({ ...stored, value })
    if (taken === undefined) return true
    const less = taken === 'id' ? undefined : goal.without?.(value, taken)
    if (less === undefined) {
      tally.skip(`its ${taken} belongs to another`, id)
      return false
    }
    tally.adjust(`its ${taken} belongs to another here and is left out`, id)
    value = less
  }
}
