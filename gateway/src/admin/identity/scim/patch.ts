import {
  isArray,
  isObject,
  type Json,
  type JsonObject,
  type MutableJsonObject,
} from 'turnpike-core/internal/kernel/json'
import { scimFault } from './answers.ts'
import { type Filter, keyIn, matches, readFilter, withoutSchema } from './filter.ts'

type Verb = 'add' | 'replace' | 'remove'

interface Operation {
  readonly verb: Verb
  readonly path: Path | undefined
  readonly value: Json | undefined
}

/** `name.givenName`, `members[value eq "x"]`, `emails[type eq "work"].value` */
interface Path {
  readonly attribute: string
  readonly filter?: Filter
  readonly inner?: string
}

const mostOperations = 1000

/** Reads a PatchOp message (https://www.rfc-editor.org/rfc/rfc7644#section-3.5.2). Words are taken in any case, as identity providers write them. */
export function readPatch(body: JsonObject): readonly Operation[] {
  const list = body[keyIn(body, 'Operations') ?? '']
  if (!isArray(list) || list.length === 0)
    throw scimFault('invalidSyntax', 'Operations must be a list that is not empty.')
  if (list.length > mostOperations)
    throw scimFault('invalidSyntax', `There may be ${mostOperations} Operations at most.`)
  return list.map((one) => {
    const verb = isObject(one) && typeof one.op === 'string' ? one.op.toLowerCase() : undefined
    if (!isObject(one) || !isVerb(verb))
      throw scimFault('invalidSyntax', 'The op of an operation must be add, replace or remove.')
    const path = typeof one.path === 'string' && one.path !== '' ? readPath(one.path) : undefined
    if (path === undefined && verb === 'remove') throw scimFault('noTarget', 'An operation that removes needs a path.')
    if (verb !== 'remove' && one.value === undefined)
      throw scimFault('invalidValue', `An operation with op ${verb} needs a value.`)
    return { verb, path, value: one.value }
  })
}

function isVerb(word: string | undefined): word is Verb {
  return word === 'add' || word === 'replace' || word === 'remove'
}

function readPath(text: string): Path {
  const found = /^([^[\]]+)(?:\[(.+)\](?:\.([\w$-]+))?)?$/.exec(text.trim())
  const [, outer = '', filter, inner] = found ?? []
  const plain = /^[\w$-]+(?:\.[\w$-]+)?$/.exec(withoutSchema(outer))
  if (!plain) throw scimFault('invalidPath', 'The path of an operation cannot be read.')
  const [attribute = '', member] = plain[0].split('.')
  const last = inner ?? member
  return {
    attribute,
    ...(filter === undefined ? {} : { filter: readFilter(filter) }),
    ...(last === undefined ? {} : { inner: last }),
  }
}

/** The resource after the operations, one after the other. */
export function patched(resource: JsonObject, operations: readonly Operation[]): JsonObject {
  const draft: MutableJsonObject = { ...resource }
  for (const { verb, path, value } of operations) {
    if (path !== undefined) apply(draft, path, { verb, value })
    else if (isObject(value))
      for (const [name, one] of Object.entries(value)) apply(draft, readPath(name), { verb, value: one })
    else throw scimFault('invalidValue', 'An operation without a path needs an object as its value.')
  }
  return draft
}

interface Act {
  readonly verb: Verb
  readonly value: Json | undefined
}

function apply(draft: MutableJsonObject, { attribute, filter, inner }: Path, act: Act): void {
  const key = keyIn(draft, attribute) ?? attribute
  // what can neither be prototype nor attribute of ours
  if (key === '__proto__') return
  const before = draft[key]
  if (filter !== undefined) draft[key] = withSome(before, { filter, inner, act })
  else if (inner !== undefined) draft[key] = withInner(isObject(before) ? before : {}, inner, act)
  else draft[key] = withWhole(before, act)
}

function withWhole(before: Json | undefined, { verb, value }: Act): Json | undefined {
  if (verb === 'remove') {
    // some providers name what is to be removed in the value instead of the path
    if (!isArray(before) || value === undefined || value === null) return undefined
    const gone = new Set((isArray(value) ? value : [value]).map(identityOf))
    return before.filter((one) => !gone.has(identityOf(one)))
  }
  if (verb === 'replace' || before === undefined) return value
  if (isArray(before)) {
    const has = new Set(before.map(identityOf))
    const added = (isArray(value) ? value : [value ?? null]).filter((one) => !has.has(identityOf(one)))
    return [...before, ...added]
  }
  return isObject(before) && isObject(value) ? { ...before, ...value } : value
}

function withInner(before: JsonObject, inner: string, { verb, value }: Act): JsonObject {
  const key = keyIn(before, inner) ?? inner
  return { ...before, [key]: verb === 'remove' ? undefined : value }
}

function withSome(
  before: Json | undefined,
  { filter, inner, act }: { readonly filter: Filter; readonly inner: string | undefined; readonly act: Act },
): Json {
  const list = isArray(before) ? before : before === undefined ? [] : [before]
  const meant = (one: Json) => matches(filter, isObject(one) ? one : { value: one })
  if (act.verb === 'remove' && inner === undefined) return list.filter((one) => !meant(one))
  const change = (one: Json): Json => {
    if (!isObject(one)) return one
    if (inner !== undefined) return withInner(one, inner, act)
    return isObject(act.value) ? { ...one, ...act.value } : one
  }
  if (list.some(meant)) return list.map((one) => (meant(one) ? change(one) : one))
  if (act.verb === 'remove') return list
  // providers fill in the value of a kind that is not there yet
  if (filter.kind === 'test' && filter.operator === 'eq') return [...list, change({ [filter.path]: filter.value })]
  throw scimFault('noTarget', 'The path of an operation finds nothing.')
}

function identityOf(value: Json): string {
  return isObject(value) && typeof value.value === 'string' ? value.value : JSON.stringify(value)
}
