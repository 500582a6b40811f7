import { asNumber, asObject, asString, type JsonObject, parseObject } from '../../../kernel/json.ts'
import type { ChatEvent } from '../../../vocabulary/chat-event.ts'
import type { Opaque } from '../../../vocabulary/parts.ts'
import { readCallSeal } from '../parts/reasoning.ts'
import { readInput } from '../response.ts'
import { freshId } from '../wire.ts'

interface OpenCall {
  readonly index: number | undefined
  id: string
  name: string
  readonly kind: 'function' | 'custom'
  /** undefined until the name is known */
  part?: number
  input: string
  ended: boolean
  opaque?: Opaque
}

/** Where a choice's events go. */
export interface PartSink {
  readonly choice: number
  nextPart(): number
  emit(event: ChatEvent): void
  /** called before a call starts, to end what cannot be open beside it */
  beforeCall(): void
}

/**
 * Gathers the fragments of a choice's tool calls. They belong together by `index`, as OpenAI numbers them; by id where there is none;
 * and where a server gives every call the same index, a new id or a complete earlier call tells them apart.
 */
export class CallReader {
  readonly #sink: PartSink
  readonly #calls: OpenCall[] = []

  constructor(sink: PartSink) {
    this.#sink = sink
  }

  any(): boolean {
    return this.#calls.some((call) => call.part !== undefined)
  }

  read(fragment: JsonObject): void {
    const custom = asObject(fragment.custom)
    const made = custom ?? asObject(fragment.function) ?? fragment
    const id = asString(fragment.id) ?? ''
    const name = asString(made.name) ?? ''
    const call = this.#callOf(asNumber(fragment.index), { id, name, kind: custom ? 'custom' : 'function' })
    if (call.ended) return
    call.id ||= id
    call.name ||= name
    Object.assign(call, readCallSeal(fragment))
    this.#extend(call, custom ? (asString(custom.input) ?? '') : readInput(made.arguments))
  }

  /** Ends the calls that cannot go on. */
  settle(): void {
    for (const call of this.#calls) if (isComplete(call)) this.#finish(call)
  }

  end(): void {
    for (const call of this.#calls) {
      if (call.part === undefined && (call.id !== '' || call.input !== '')) this.#start(call)
      this.#finish(call)
    }
  }

  #callOf(index: number | undefined, said: Pick<OpenCall, 'id' | 'name' | 'kind'>): OpenCall {
    const known = this.#find(index, said)
    if (known) return known
    const call: OpenCall = { index, id: said.id, name: '', kind: said.kind, input: '', ended: false }
    this.#calls.push(call)
    return call
  }

  #find(index: number | undefined, { id, name }: Pick<OpenCall, 'id' | 'name'>): OpenCall | undefined {
    const byId = id === '' ? undefined : this.#calls.findLast((call) => call.id === id)
    if (index === undefined) return byId ?? (id === '' && name === '' ? this.#calls.at(-1) : undefined)
    const known = this.#calls.findLast((call) => call.index === index)
    if (!known || name === '' || byId === known) return known
    const another = id === '' || known.id === '' ? isComplete(known) : known.id !== id
    return another ? byId : known
  }

  #extend(call: OpenCall, input: string): void {
    call.input += input
    if (call.part === undefined) {
      if (call.name !== '') this.#start(call)
    } else if (input !== '') {
      this.#sink.emit({ type: 'tool-delta', choice: this.#sink.choice, part: call.part, input })
    }
  }

  #start(call: OpenCall): void {
    this.#sink.beforeCall()
    this.settle()
    call.id ||= freshId('call_')
    const place = { choice: this.#sink.choice, part: this.#sink.nextPart() }
    call.part = place.part
    const { id, name, kind, opaque, input } = call
    this.#sink.emit({ type: 'tool-start', ...place, id, name, kind, ...(opaque && { opaque }) })
    if (input !== '') this.#sink.emit({ type: 'tool-delta', ...place, input })
  }

  #finish(call: OpenCall): void {
    if (call.ended || call.part === undefined) return
    call.ended = true
    this.#sink.emit({ type: 'tool-end', choice: this.#sink.choice, part: call.part })
  }
}

/** Nothing can follow a complete object; free text may always go on, but no server interleaves it. */
function isComplete({ kind, input, part }: OpenCall): boolean {
  if (part === undefined) return false
  return kind === 'custom' ? input !== '' : input.trimEnd().endsWith('}') && parseObject(input) !== undefined
}
