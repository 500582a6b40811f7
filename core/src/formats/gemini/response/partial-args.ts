import { asArray, isArray, isObject, type Json, type JsonObject, type MutableJsonObject } from '../../../kernel/json.ts'
import { camel } from '../wire.ts'

/** Arguments that arrive piece by piece, as Vertex AI sends them on request. */
export interface PartialArgs {
  add(partialArgs: Json | undefined): void
  value(): JsonObject
}

/**
 * Puts `partialArgs` together: each names a place by JSON path and brings a value, or more of a string
 * (https://docs.cloud.google.com/vertex-ai/generative-ai/docs/multimodal/function-calling#streaming-function-call-arguments).
 */
export function partialArgs(start: JsonObject = {}): PartialArgs {
  const root: MutableJsonObject = { ...start }
  /** places whose string goes on */
  const growing = new Set<string>()

  function add(given: Json | undefined): void {
    for (const entry of asArray(given)) {
      if (!isObject(entry)) continue
      // a null is a value here: only this member may be one
      const isNull = 'nullValue' in entry || 'null_value' in entry
      const { jsonPath, stringValue, numberValue, boolValue, willContinue } = camel(entry)
      if (typeof jsonPath !== 'string') continue
      const value = isNull ? null : (stringValue ?? numberValue ?? boolValue)
      if (value !== undefined) put(root, stepsOf(jsonPath), growing.has(jsonPath) ? joined(value) : () => value)
      if (willContinue === true) growing.add(jsonPath)
      else growing.delete(jsonPath)
    }
  }

  return { add, value: () => root }
}

const joined =
  (more: Json) =>
  (before: Json | undefined): Json =>
    typeof before === 'string' && typeof more === 'string' ? before + more : more

/** The steps of `$.a['b c'][0]`. */
function stepsOf(path: string): (string | number)[] {
  const steps: (string | number)[] = []
  for (const [, name, single, double, index] of path.matchAll(/\.([^.[\]]+)|\['([^']*)'\]|\["([^"]*)"\]|\[(\d+)\]/g))
    steps.push(index === undefined ? (name ?? single ?? double ?? '') : Number(index))
  return steps
}

type Holder = { [key: string | number]: Json | undefined }

/** Sets the value at the end of the steps, making what is missing on the way. */
function put(
  root: MutableJsonObject,
  steps: readonly (string | number)[],
  change: (before: Json | undefined) => Json,
): void {
  let here = root as Holder
  for (const [at, step] of steps.entries()) {
    if (step === '__proto__') return
    const next = steps[at + 1]
    if (next === undefined) here[step] = change(here[step])
    else {
      const inner = here[step]
      if (!isObject(inner) && !isArray(inner)) here[step] = typeof next === 'number' ? [] : {}
      here = here[step] as Holder
    }
  }
}
