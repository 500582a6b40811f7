import type { JsonObject } from 'turnpike-core/internal/kernel/json'

/** A thing with what is set down about its row. */
export interface Stored<T> {
  readonly value: T
  /** documented fields that are kept and shown again but do not act */
  readonly extra: JsonObject
  readonly createdAt: number
  readonly createdBy: string
  readonly updatedAt: number
  readonly updatedBy: string
}

/** Which rows to list, in which order, and which page of them. Memory does not grow with the table. */
export interface ListQuery<Column extends string> {
  /** exact matches; a list means any of them */
  readonly where?: { readonly [C in Column | 'id']?: string | number | readonly string[] }
  /** part of the text, without regard to the case of ASCII letters */
  readonly contains?: { readonly [C in Column | 'id']?: string }
  /** `spend` sorts by what the row's own bucket has spent; by id where nothing is said, and where two rows are alike */
  readonly orderBy?: Column | 'id' | 'spend' | 'createdAt' | 'updatedAt'
  readonly descending?: boolean
  readonly limit: number
  readonly offset?: number
  /** id after which to go on, in the order of ids (so without another `orderBy`): pages that cost the same however deep */
  readonly after?: string
}

/** One kind of thing that the store keeps: documents with a few columns to find them by. */
export interface Aggregate<T, Column extends string = never> {
  find(id: string): Promise<Stored<T> | undefined>
  /** those that exist, in the order of the ids */
  findMany(ids: readonly string[]): Promise<readonly Stored<T>[]>
  /** the first one, by id, whose column has this value */
  findBy(column: Column, value: string): Promise<Stored<T> | undefined>
  /** `taken` names the column (or `id`) whose value must be unique and is not */
  insert(stored: Stored<T>): Promise<{ readonly taken?: Column | 'id' }>
  /** Puts in many at once and leaves those whose id or unique value is taken; returns the ids that were new. */
  insertMany(stored: readonly Stored<T>[]): Promise<ReadonlySet<string>>
  /** Reads, edits and writes one with nothing in between; undefined when there is none. `edit` may be asked more than once. */
  change(
    id: string,
    edit: (stored: Stored<T>) => Stored<T>,
  ): Promise<Stored<T> | { readonly taken: Column } | undefined>
  /** Removes those that exist and returns them, in the order of the ids. */
  remove(ids: readonly string[]): Promise<readonly Stored<T>[]>
  list(query: ListQuery<Column>): Promise<readonly Stored<T>[]>
  count(query: Pick<ListQuery<Column>, 'where' | 'contains'>): Promise<number>
}
