import { GatewayError } from '../kernel/faults.ts'
import { isArray, isObject, type Json, type JsonObject, type MutableJsonObject } from '../kernel/json.ts'
import type { Warning } from '../vocabulary/warnings.ts'
import type { Quirk } from './provider.ts'

type Kind = Quirk['kind']
type QuirkOf<K extends Kind> = Quirk & { readonly kind: K }

/** How a deployment wants departures handled. */
export interface QuirkOptions {
  /** leaves out what the provider cannot do, with a warning, where the call would fail (LiteLLM's `drop_params`) */
  readonly dropUnsupported?: boolean
}

interface Work {
  readonly body: MutableJsonObject
  readonly warnings: Warning[]
  readonly options: QuirkOptions
}

/**
 * Fits a request body to a provider. Works on a copy; throws `unsupported` naming the field when the provider cannot do what is
 * asked and leaving it out would change the answer's meaning.
 */
export function applyQuirks(
  body: JsonObject,
  quirks: readonly Quirk[],
  options: QuirkOptions = {},
): { body: MutableJsonObject; warnings: Warning[] } {
  let work: Work = { body: { ...body }, warnings: [], options }
  for (const quirk of quirks) {
    const apply = appliers[quirk.kind] as (work: Work, quirk: Quirk) => MutableJsonObject
    work = { ...work, body: apply(work, quirk) }
  }
  return { body: work.body, warnings: work.warnings }
}

const appliers: { readonly [K in Kind]: (work: Work, quirk: QuirkOf<K>) => MutableJsonObject } = {
  drop: ({ body, warnings }, { fields, why }) => {
    for (const field of fields)
      dropPath(body, field, (idle) => !idle && warnings.push({ kind: 'dropped', path: field, why }))
    return body
  },
  refuse: ({ body, warnings, options }, { fields, why }) => {
    for (const field of fields) {
      const value = body[field]
      if (value === undefined) continue
      const idle = isIdle(field, value)
      if (!idle && !options.dropUnsupported)
        throw new GatewayError(
          'unsupported',
          `The provider does not support \`${field}\`: ${why}. Leave it out, or set drop_params to have it left out.`,
          { param: field },
        )
      delete body[field]
      if (!idle) warnings.push({ kind: 'dropped', path: field, why })
    }
    return body
  },
  rename: ({ body, warnings }, { from, to, why }) => {
    const value = body[from]
    if (value === undefined) return body
    delete body[from]
    if (body[to] === undefined || body[to] === null) body[to] = value
    else if (value !== null && body[to] !== value)
      warnings.push({ kind: 'dropped', path: from, why: `${to} is given as well; ${why}` })
    return body
  },
  default: ({ body }, { field, value }) => {
    if (body[field] === undefined) body[field] = value
    return body
  },
  clamp: ({ body, warnings }, { field, min = -Infinity, max = Infinity, why }) => {
    const value = body[field]
    if (typeof value !== 'number' || (value >= min && value <= max)) return body
    body[field] = Math.min(max, Math.max(min, value))
    warnings.push({ kind: 'adjusted', path: field, why })
    return body
  },
  rewrite: ({ body, warnings }, quirk) => {
    const out = quirk.body(body)
    if (out !== body) warnings.push(...changes(body, out, quirk))
    return out
  },
}

/** What a rewrite did to the fields it looks at and to those that were there. */
function changes(before: JsonObject, after: JsonObject, { touches, why, effect }: QuirkOf<'rewrite'>): Warning[] {
  if (effect === 'same') return []
  return [...new Set([...touches, ...Object.keys(before)])]
    .filter((field) => before[field] !== after[field])
    .map((path) => ({ kind: effect ?? (after[path] === undefined ? 'dropped' : 'adjusted'), path, why }))
}

const zero = (value: Json): boolean => value === 0
const empty = (value: Json): boolean => isArray(value) && value.length === 0

/** Values that ask for nothing beyond what a provider without the field does anyway: they go without a word. */
const idle: Readonly<Record<string, (value: Json) => boolean>> = {
  n: (value) => value === 1,
  logprobs: (value) => value === false,
  top_logprobs: zero,
  frequency_penalty: zero,
  presence_penalty: zero,
  logit_bias: (value) => isObject(value) && Object.keys(value).length === 0,
  tools: empty,
  functions: empty,
  tool_choice: (value) => value === 'auto' || value === 'none',
  function_call: (value) => value === 'auto' || value === 'none',
  response_format: (value) => isObject(value) && value.type === 'text',
  modalities: (value) => isArray(value) && value.length === 1 && value[0] === 'text',
  service_tier: (value) => value === 'auto' || value === 'default',
  store: (value) => value === false,
  // how usage is told is the gateway's business, and no part of the question
  stream_options: () => true,
}

function isIdle(field: string, value: Json): boolean {
  return value === null || (idle[field]?.(value) ?? false)
}

/** Removes what lies at `a.b[*].c`, copying the way there; `dropped` hears of every removal and whether it meant nothing. */
function dropPath(body: MutableJsonObject, path: string, dropped: (idle: boolean) => void): void {
  const [head = '', ...rest] = path.split(/\.|(?=\[)/)
  const value = body[head]
  if (value === undefined) return
  if (rest.length > 0) {
    body[head] = without(value, rest, dropped)
    return
  }
  delete body[head]
  dropped(isIdle(head, value))
}

function without(value: Json, [head = '', ...rest]: readonly string[], dropped: (idle: boolean) => void): Json {
  if (isArray(value)) {
    const index = /^\[(\*|\d+)\]$/.exec(head)?.[1]
    if (index === undefined) return value
    const here = (at: number): boolean => index === '*' || Number(index) === at
    if (rest.length > 0) return value.map((item, at) => (here(at) ? without(item, rest, dropped) : item))
    const kept = value.filter((_item, at) => !here(at))
    if (kept.length < value.length) dropped(false)
    return kept
  }
  if (!isObject(value) || value[head] === undefined) return value
  const out: MutableJsonObject = { ...value }
  if (rest.length > 0) out[head] = without(value[head], rest, dropped)
  else {
    delete out[head]
    dropped(false)
  }
  return out
}

const touched: { readonly [K in Kind]: (quirk: QuirkOf<K>, has: (field: string) => boolean) => boolean } = {
  drop: ({ fields }, has) => fields.some((field) => has(field.split(/[.[]/, 1)[0] ?? '')),
  refuse: ({ fields }, has) => fields.some(has),
  rename: ({ from }, has) => has(from),
  default: ({ field }, has) => !has(field),
  clamp: ({ field }, has) => has(field),
  rewrite: ({ touches }, has) => touches.some(has),
}

/** Whether any quirk may change a body with these top-level members; when not, its bytes can stay as they are. */
export function quirksTouch(
  quirks: readonly Quirk[],
  members: Iterable<string> | ReadonlyMap<string, unknown>,
): boolean {
  if (quirks.length === 0) return false
  const names: ReadonlySet<string> | ReadonlyMap<string, unknown> =
    members instanceof Map ? members : new Set(members as Iterable<string>)
  const has = (field: string): boolean => names.has(field)
  return quirks.some((quirk) =>
    (touched[quirk.kind] as (quirk: Quirk, has: (field: string) => boolean) => boolean)(quirk, has),
  )
}
