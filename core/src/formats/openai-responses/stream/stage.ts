import type { JsonObject } from '../../../kernel/json.ts'
import { makeId } from '../own.ts'

/** Where the events of one response are put, numbered in order, and where its items get their places. */
export interface Stage {
  emit(type: string, fields: JsonObject): void
  /** Gives an item its place and, unless it has one that is still free, its id; tells that it was added. */
  open(item: JsonObject, id: IdWish): Place
  /** Tells that the item is done; it is part of the answer from now on. */
  close(place: Place, item: JsonObject): void
  /** the items that are done, in their order */
  output(): JsonObject[]
  take(): JsonObject[]
}

/** An item's place in the output. */
export interface Place {
  readonly output_index: number
  readonly item_id: string
}

/** The id an item brings along, or how to make one. */
export interface IdWish {
  readonly id?: string | undefined
  readonly prefix: string
  readonly plain?: boolean
}

export function makeStage(stem: () => string): Stage {
  const items: (JsonObject | undefined)[] = []
  const ids = new Set<string>()
  let events: JsonObject[] = []
  let sequence = 0

  function emit(type: string, fields: JsonObject): void {
    events.push({ type, sequence_number: sequence++, ...fields })
  }

  return {
    emit,
    open(item, { id, prefix, plain }) {
      const output_index = items.length
      const made = () => makeId(prefix, stem(), output_index, plain ? 'plain' : 'own')
      const item_id = id === undefined || id === '' || ids.has(id) ? made() : id
      ids.add(item_id)
      items.push(undefined)
      emit('response.output_item.added', { output_index, item: { ...item, id: item_id } })
      return { output_index, item_id }
    },
    close({ output_index, item_id }, item) {
      const done = { ...item, id: item_id }
      items[output_index] = done
      emit('response.output_item.done', { output_index, item: done })
    },
    output: () => items.filter((item) => item !== undefined),
    take() {
      const out = events
      events = []
      return out
    },
  }
}
