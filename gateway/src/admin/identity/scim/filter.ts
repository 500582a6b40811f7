import { isArray, isObject, type Json, type JsonObject } from 'turnpike-core/internal/kernel/json'
import { scimFault } from './answers.ts'

/** A filter of RFC 7644, section 3.4.2.2, as a tree. */
export type Filter =
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Filter[] }
  | { readonly kind: 'not'; readonly part: Filter }
  /** some value of a multi-valued attribute for which the inner filter holds */
  | { readonly kind: 'some'; readonly path: string; readonly part: Filter }
  | { readonly kind: 'test'; readonly path: string; readonly operator: Operator; readonly value: Json }

export type Operator = keyof typeof operators | 'pr'

const operators = {
  eq: (a: Json, b: Json) => a === b,
  ne: (a: Json, b: Json) => a !== b,
  co: texts((a, b) => a.includes(b)),
  sw: texts((a, b) => a.startsWith(b)),
  ew: texts((a, b) => a.endsWith(b)),
  gt: texts((a, b) => a > b),
  ge: texts((a, b) => a >= b),
  lt: texts((a, b) => a < b),
  le: texts((a, b) => a <= b),
} as const

function texts(holds: (a: string, b: string) => boolean): (a: Json, b: Json) => boolean {
  return (a, b) => typeof a === 'string' && typeof b === 'string' && holds(a, b)
}

const longest = 4000
const deepest = 20
const token = /\s*([()[\]]|"(?:[^"\\]|\\.)*"|[^\s()[\]"]+)/y

/** Reads a filter. Throws `invalidFilter`. */
export function readFilter(text: string): Filter {
  const tokens = tokensOf(text)
  let at = 0

  function take(wanted?: string): string {
    const found = tokens[at++]
    if (found === undefined || (wanted !== undefined && found !== wanted)) throw unreadable()
    return found
  }

  function either(depth: number): Filter {
    if (depth > deepest) throw unreadable()
    return joined('or', () => joined('and', () => term(depth)))
  }

  function joined(word: 'and' | 'or', next: () => Filter): Filter {
    const parts = [next()]
    while (tokens[at]?.toLowerCase() === word) {
      at++
      parts.push(next())
    }
    return parts.length === 1 && parts[0] ? parts[0] : { kind: word, parts }
  }

  function grouped(depth: number, close: ')' | ']'): Filter {
    const inner = either(depth + 1)
    take(close)
    return inner
  }

  function term(depth: number): Filter {
    const first = take()
    if (first === '(') return grouped(depth, ')')
    if (first.toLowerCase() === 'not' && tokens[at] === '(') {
      at++
      return { kind: 'not', part: grouped(depth, ')') }
    }
    if (!/^[A-Za-z][\w.:$-]*$/.test(first)) throw unreadable()
    const path = withoutSchema(first)
    if (tokens[at] === '[') {
      at++
      return { kind: 'some', path, part: grouped(depth, ']') }
    }
    const operator = take().toLowerCase()
    if (operator === 'pr') return { kind: 'test', path, operator, value: null }
    if (!isOperator(operator)) throw unreadable()
    return { kind: 'test', path, operator, value: literal(take()) }
  }

  const filter = either(0)
  if (at < tokens.length) throw unreadable()
  return filter
}

function tokensOf(text: string): readonly string[] {
  if (text.length > longest) throw unreadable()
  const tokens: string[] = []
  const trimmed = text.trimEnd()
  token.lastIndex = 0
  for (let end = 0; end < trimmed.length; end = token.lastIndex) {
    const found = token.exec(trimmed)?.[1]
    if (found === undefined) throw unreadable()
    tokens.push(found)
  }
  return tokens
}

function isOperator(word: string): word is keyof typeof operators {
  return Object.hasOwn(operators, word)
}

function literal(text: string): Json {
  try {
    return JSON.parse(/^(?:true|false|null)$/i.test(text) ? text.toLowerCase() : text) as Json
  } catch {
    throw unreadable()
  }
}

function unreadable(): Error {
  return scimFault(
    'invalidFilter',
    'The filter cannot be read. A filter looks like userName eq "somebody@example.com".',
  )
}

/** The name of an attribute without the URN of its schema. */
export function withoutSchema(path: string): string {
  return path.toLowerCase().startsWith('urn:') ? path.slice(path.lastIndexOf(':') + 1) : path
}

/** Whether a resource is one that the filter looks for. */
export function matches(filter: Filter, resource: JsonObject): boolean {
  switch (filter.kind) {
    case 'and':
      return filter.parts.every((part) => matches(part, resource))
    case 'or':
      return filter.parts.some((part) => matches(part, resource))
    case 'not':
      return !matches(filter.part, resource)
    case 'some':
      return valuesAt(resource, filter.path).some((value) => isObject(value) && matches(filter.part, value))
    case 'test':
      return holds(filter, resource)
  }
}

function holds({ path, operator, value }: Filter & { readonly kind: 'test' }, resource: JsonObject): boolean {
  // of a complex attribute its `value` is meant
  const found = valuesAt(resource, path).map((one) => (isObject(one) ? (one.value ?? null) : one))
  if (operator === 'pr') return found.some((one) => one !== null && one !== '')
  if (operator === 'ne') return !found.some((one) => folded(one, path) === folded(value, path))
  return found.some((one) => operators[operator](folded(one, path), folded(value, path)))
}

/** Letters count alike but in identifiers (https://www.rfc-editor.org/rfc/rfc7643#section-7). */
function folded(value: Json, path: string): Json {
  return typeof value === 'string' && !/^(?:id|externalid)$/i.test(path) ? value.toLowerCase() : value
}

/** Every value of an attribute, with those of its members where it has several. */
export function valuesAt(resource: JsonObject, path: string): readonly Json[] {
  let values: readonly Json[] = [resource]
  for (const name of path.split('.'))
    values = values.flatMap((value) => {
      const found = isObject(value) ? value[keyIn(value, name) ?? ''] : undefined
      return found === undefined ? [] : isArray(found) ? found : [found]
    })
  return values
}

/** The name under which an object has an attribute, whatever its letters. */
export function keyIn(object: JsonObject, name: string): string | undefined {
  const wanted = name.toLowerCase()
  return Object.keys(object).find((key) => key.toLowerCase() === wanted)
}

/** The text that a filter asks an attribute to equal, where nothing else can match. */
export function mustEqual(filter: Filter, paths: readonly string[]): string | undefined {
  if (filter.kind === 'and')
    return filter.parts.map((part) => mustEqual(part, paths)).find((text) => text !== undefined)
  if (filter.kind !== 'test' || filter.operator !== 'eq' || typeof filter.value !== 'string') return undefined
  return paths.includes(filter.path.toLowerCase()) ? filter.value : undefined
}

/** Whether a filter looks at an attribute. */
export function mentions(filter: Filter, name: string): boolean {
  if ('parts' in filter) return filter.parts.some((part) => mentions(part, name))
  if (filter.kind === 'not') return mentions(filter.part, name)
  return filter.path.toLowerCase().split('.')[0] === name
}
