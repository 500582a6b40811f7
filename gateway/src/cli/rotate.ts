import { isGatewayError } from 'turnpike-core/internal/kernel/faults'
import type { Json, JsonObject } from 'turnpike-core/internal/kernel/json'
import { mapTexts } from '../registry/secrets.ts'
import type { Sealing } from '../sealing/sealing.ts'
import type { Stored } from '../store/aggregate.ts'
import type { Store } from '../store/store.ts'

export interface Rotation {
  readonly store: Pick<Store, 'models' | 'credentials'>
  /** opens what is sealed now */
  readonly from: Sealing
  /** seals it anew */
  readonly to: Sealing
}

/** Rows of one kind, by what became of them. */
export interface Rotated {
  readonly resealed: number
  /** nothing sealed in them, or sealed with the new key already */
  readonly untouched: number
  /** ids of those that neither key opens */
  readonly failed: readonly string[]
}

/**
 * Seals every stored secret with another key, a row at a time: it may be broken off and run again. Prints counts; the exit code is 1
 * when something could not be opened, and that row is left as it was.
 */
export async function rotateSealing(
  { store, from, to }: Rotation,
  print: (line: string) => void = console.log,
): Promise<number> {
  const kinds = {
    models: await rotateRows(store.models, from, to),
    credentials: await rotateRows(store.credentials, from, to),
  }
  for (const [kind, { resealed, untouched, failed }] of Object.entries(kinds)) {
    print(`${kind}: ${resealed} sealed anew, ${untouched} left as they were, ${failed.length} could not be opened`)
    for (const id of failed) print(`${kind}: ${id} is sealed with a key that is neither the old nor the new one`)
  }
  return kinds.models.failed.length + kinds.credentials.failed.length === 0 ? 0 : 1
}

const rowsAtOnce = 200

/** What is asked of one kind of row. */
interface Rows<T> {
  list(page: { readonly limit: number; readonly after?: string }): Promise<readonly Stored<T>[]>
  change(id: string, edit: (stored: Stored<T>) => Stored<T>): Promise<unknown>
}

async function rotateRows<T extends { readonly id: string }>(
  rows: Rows<T>,
  from: Sealing,
  to: Sealing,
): Promise<Rotated> {
  const counts = { resealed: 0, untouched: 0 }
  const failed: string[] = []
  let after: string | undefined
  for (;;) {
    const page = await rows.list({ limit: rowsAtOnce, ...(after !== undefined && { after }) })
    for (const { value } of page) {
      try {
        counts[(await rotateRow(rows, value, from, to)) ? 'resealed' : 'untouched']++
      } catch (thrown) {
        if (!isGatewayError(thrown) || thrown.code !== 'misconfigured') throw thrown
        failed.push(value.id)
      }
    }
    after = page.at(-1)?.value.id
    if (page.length < rowsAtOnce) return { ...counts, failed }
  }
}

/** Whether the row held something to seal anew. It is edited as it is in the store at that moment. */
async function rotateRow<T extends { readonly id: string }>(
  rows: Rows<T>,
  seen: T,
  from: Sealing,
  to: Sealing,
): Promise<boolean> {
  if (!resealed(seen, from, to).changed) return false
  await rows.change(seen.id, (stored) => ({ ...stored, value: resealed(stored.value, from, to).value }))
  return true
}

function resealed<T extends { readonly id: string }>(
  row: T,
  from: Sealing,
  to: Sealing,
): { value: T; changed: boolean } {
  let changed = false
  const value = mapTexts(row as unknown as JsonObject, (text): Json => {
    if (!to.isSealed(text) || opens(to, text)) return text
    changed = true
    return to.seal(from.open(text))
  })
  return { value: value as unknown as T, changed }
}

function opens(sealing: Sealing, text: string): boolean {
  try {
    sealing.open(text)
    return true
  } catch {
    return false
  }
}
