import type { Frame } from '../../kernel/framing.ts'
import { isObject, type JsonObject } from '../../kernel/json.ts'

/** Collects what a stream does wrong. */
export interface Findings {
  readonly list: string[]
  /** notes a violation at a frame unless the condition holds; returns the condition */
  expect(holds: boolean, at: number, what: string): boolean
}

export function findings(): Findings {
  const list: string[] = []
  return {
    list,
    expect(holds, at, what) {
      if (!holds) list.push(`frame ${at}: ${what}`)
      return holds
    },
  }
}

/** The frame's data as an object; anything else is a violation. */
export function objectOf(frame: Frame, at: number, found: Findings): JsonObject | undefined {
  let value: unknown
  try {
    value = JSON.parse(frame.data)
  } catch {
    found.expect(false, at, `data is not JSON: ${frame.data.slice(0, 40)}`)
    return undefined
  }
  found.expect(isObject(value), at, 'data is not an object')
  return isObject(value) ? value : undefined
}
