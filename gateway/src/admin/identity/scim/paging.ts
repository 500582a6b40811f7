import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import type { Aggregate, ListQuery, Stored } from '../../../store/aggregate.ts'
import { type Filter, matches } from './filter.ts'

export const mostResults = 200
const usualResults = 100
const scanned = 500

export interface Window {
  /** counted from 1 */
  readonly startIndex: number
  readonly count: number
}

/** https://www.rfc-editor.org/rfc/rfc7644#section-3.4.2.4: what is out of bounds is brought within. */
export function windowOf(query: URLSearchParams): Window {
  const whole = (name: string, usual: number) => {
    const text = query.get(name)
    return text !== null && /^-?\d{1,9}$/.test(text) ? Number(text) : usual
  }
  return {
    startIndex: Math.max(1, whole('startIndex', 1)),
    count: Math.min(mostResults, Math.max(0, whole('count', usualResults))),
  }
}

export interface Found<T> {
  readonly rows: readonly Stored<T>[]
  readonly total: number
}

/** Rows of a page. A filter that no column answers is tried on every row, a few hundred at a time. */
export async function findPage<T extends { readonly id: string }, C extends string>(
  rows: Pick<Aggregate<T, C>, 'list' | 'count'>,
  { startIndex, count }: Window,
  filtering?: {
    readonly filter: Filter
    /** the only rows that can match, where that is known */
    readonly candidates: readonly Stored<T>[] | undefined
    readonly show: (stored: Stored<T>) => Promise<JsonObject> | JsonObject
  },
): Promise<Found<T>> {
  if (!filtering) {
    const total = await rows.count({})
    return { total, rows: count === 0 ? [] : await rows.list({ limit: count, offset: startIndex - 1 }) }
  }
  const { filter, candidates, show } = filtering
  const found: Stored<T>[] = []
  let total = 0

  async function sift(some: readonly Stored<T>[]): Promise<void> {
    for (const stored of some) {
      if (!matches(filter, await show(stored))) continue
      total++
      if (total >= startIndex && found.length < count) found.push(stored)
    }
  }

  if (candidates) await sift(candidates)
  else
    for (let after: string | undefined; ; ) {
      const some = await rows.list({ limit: scanned, ...(after === undefined ? {} : { after }) })
      await sift(some)
      after = some.at(-1)?.value.id
      if (some.length < scanned) break
    }
  return { total, rows: found }
}

/** Every row that a query finds, a page at a time. */
export async function* everyRow<T, C extends string>(
  rows: Pick<Aggregate<T, C>, 'list'>,
  where: NonNullable<ListQuery<C>['where']>,
  idOf: (value: T) => string,
): AsyncGenerator<readonly Stored<T>[]> {
  for (let after: string | undefined; ; ) {
    const some = await rows.list({ where, limit: scanned, ...(after === undefined ? {} : { after }) })
    if (some.length > 0) yield some
    const last = some.at(-1)
    if (!last || some.length < scanned) return
    after = idOf(last.value)
  }
}
