import type { Transducer } from '../kernel/transducer.ts'
import type { ChatEvent } from '../vocabulary/chat-event.ts'
import type { Tool } from '../vocabulary/chat-request.ts'
import type { ChatResponse } from '../vocabulary/chat-response.ts'

/** A tool as its caller knows it. */
export interface ToolIdentity {
  readonly name: string
  readonly namespace?: string
}

/** The way between tools as the caller declared them and the flat, legal names that go on a wire. */
export interface ToolNames {
  /** the same tool always has the same name on the wire, and no other tool has it */
  wire(name: string, namespace?: string): string
  original(wireName: string): ToolIdentity
}

/** What a format takes as a tool's name. */
export interface NameRule {
  readonly maxLength?: number
  readonly pattern?: RegExp
}

/** Names for the tools of one request: as they are where they are legal, unique and without namespace, else a legal name that stands for them. */
export function toolNames(tools: readonly Tool[] | undefined, rule: NameRule = {}): ToolNames {
  const { maxLength = 64, pattern = /^[a-zA-Z0-9_-]+$/ } = rule
  const legal = (name: string) => name.length <= maxLength && pattern.test(name)
  const wires = new Map<string, string>()
  const originals = new Map<string, ToolIdentity>()

  function take(wireName: string, name: string, namespace: string | undefined): string {
    wires.set(keyOf(name, namespace), wireName)
    originals.set(wireName, namespace === undefined ? { name } : { name, namespace })
    return wireName
  }

  function wire(name: string, namespace?: string): string {
    const known = wires.get(keyOf(name, namespace))
    if (known !== undefined) return known
    const plain = flatten(name, namespace)
    if (legal(plain) && !originals.has(plain)) return take(plain, name, namespace)
    const stem = sanitize(plain, pattern)
    for (let salt = 0; ; salt++) {
      const hashed = `${stem.slice(0, maxLength - 9)}_${hash(`${keyOf(name, namespace)}${salt || ''}`)}`
      if (!originals.has(hashed)) return take(hashed, name, namespace)
    }
  }

  const named = (tools ?? []).flatMap(identify)
  // names that can stay come first, so that no made-up name takes one of them
  for (const { name, namespace } of named) if (namespace === undefined && legal(name)) wire(name)
  for (const { name, namespace } of named) wire(name, namespace)
  return { wire, original: (wireName) => originals.get(wireName) ?? { name: wireName } }
}

function identify(tool: Tool): ToolIdentity[] {
  if (tool.type === 'native') return typeof tool.value.name === 'string' ? [{ name: tool.value.name }] : []
  return [{ name: tool.name, ...(tool.namespace !== undefined && { namespace: tool.namespace }) }]
}

const keyOf = (name: string, namespace: string | undefined) =>
  namespace === undefined ? name : `${namespace}\u0000${name}`

function flatten(name: string, namespace: string | undefined): string {
  if (namespace === undefined) return name
  return namespace.endsWith('__') ? namespace + name : `${namespace}__${name}`
}

/** Each character that may not stand in a name becomes an underscore. */
function sanitize(name: string, pattern: RegExp): string {
  const letters = Array.from(name, (letter) => (pattern.test(`a${letter}`) ? letter : '_')).join('')
  return pattern.test(letters) ? letters : `_${letters}`
}

/** FNV-1a, 32 bits, as 8 hex digits (http://www.isthe.com/chongo/tech/comp/fnv/). */
function hash(text: string): string {
  let sum = 0x811c9dc5
  for (const byte of new TextEncoder().encode(text)) sum = Math.imul(sum ^ byte, 0x01000193)
  return (sum >>> 0).toString(16).padStart(8, '0')
}

/** Gives the tool calls of a stream the names that their caller knows. */
export function restoreToolNames(names: ToolNames): Transducer<ChatEvent, ChatEvent> {
  return { push: (event) => [event.type === 'tool-start' ? restored(event, names) : event], end: () => [] }
}

/** Gives the tool calls of an answer the names that their caller knows. */
export function restoreResponse(names: ToolNames, response: ChatResponse): ChatResponse {
  const choices = response.choices.map((choice) => ({
    ...choice,
    content: choice.content.map((part) => (part.type === 'tool-call' ? restored(part, names) : part)),
  }))
  return { ...response, choices }
}

/** A call that names its namespace already is in its caller's own words. */
function restored<T extends ToolIdentity>(call: T, names: ToolNames): T {
  return call.namespace === undefined ? { ...call, ...names.original(call.name) } : call
}
