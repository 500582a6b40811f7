import { asString, type JsonObject } from '../../../kernel/json.ts'
import type { ChatEventOf } from '../../../vocabulary/chat-event.ts'
import type { Opaque } from '../../../vocabulary/parts.ts'
import { foreignId, nativeFields, writeSeal } from '../own.ts'
import type { Place, Stage } from './stage.ts'
import type { ItemStatus } from './write-message.ts'

/** An item of reasoning while it is being written. */
export interface ReasoningWriter {
  /** gives the item its place; the first text does it too */
  open(plain: boolean): void
  delta(text: string, paragraph: number | undefined): void
  close(opaque: Opaque | undefined): void
}

/**
 * Summary paragraphs become summary parts. Text without paragraphs is raw thought (`reasoning_text`) of a provider that names its
 * items; from elsewhere it is shown as a summary, which is what callers display, and the item's id says so.
 */
export function writeReasoning(stage: Stage, givenId: string | undefined): ReasoningWriter {
  const id = foreignId(givenId)
  const summary = writeSummary(stage)
  const raw = writeRaw(stage)
  let place: Place | undefined

  function open(plain: boolean): Place {
    place ??= stage.open({ type: 'reasoning', summary: [] }, { prefix: 'rs', id, plain })
    return place
  }

  return {
    open: (plain) => void open(plain),
    delta(text, paragraph) {
      if (text === '' && paragraph === undefined) return
      const at = open(paragraph === undefined)
      if (paragraph === undefined && id !== undefined) raw.delta(at, text)
      else summary.delta(at, text, paragraph ?? -1)
    },
    close(opaque) {
      const at = open(false)
      summary.close(at)
      raw.close(at)
      const content = raw.content()
      stage.close(at, {
        type: 'reasoning',
        summary: summary.parts(),
        ...(content.length > 0 && { content }),
        ...(opaque && { encrypted_content: writeSeal(opaque, 'thought') }),
      })
    },
  }
}

interface SummaryWriter {
  /** a new key begins a new paragraph */
  delta(at: Place, text: string, key: number): void
  close(at: Place): void
  parts(): JsonObject[]
}

function writeSummary(stage: Stage): SummaryWriter {
  const paragraphs: { readonly key: number; text: string; closed: boolean }[] = []
  const part = (text: string) => ({ type: 'summary_text', text })
  const where = (at: Place) => ({ ...at, summary_index: paragraphs.length - 1 })

  function close(at: Place): void {
    const last = paragraphs.at(-1)
    if (!last || last.closed) return
    last.closed = true
    stage.emit('response.reasoning_summary_text.done', { ...where(at), text: last.text })
    stage.emit('response.reasoning_summary_part.done', { ...where(at), part: part(last.text) })
  }

  return {
    close,
    delta(at, text, key) {
      let last = paragraphs.at(-1)
      if (last?.key !== key) {
        close(at)
        last = { key, text: '', closed: false }
        paragraphs.push(last)
        stage.emit('response.reasoning_summary_part.added', { ...where(at), part: part('') })
      }
      last.text += text
      if (text !== '') stage.emit('response.reasoning_summary_text.delta', { ...where(at), delta: text })
    },
    parts: () => paragraphs.map(({ text }) => part(text)),
  }
}

interface RawWriter {
  delta(at: Place, text: string): void
  close(at: Place): void
  content(): JsonObject[]
}

function writeRaw(stage: Stage): RawWriter {
  let said: string | undefined
  const part = (text: string) => ({ type: 'reasoning_text', text })
  return {
    delta(at, text) {
      const where = { ...at, content_index: 0 }
      if (said === undefined) stage.emit('response.content_part.added', { ...where, part: part('') })
      said = (said ?? '') + text
      stage.emit('response.reasoning_text.delta', { ...where, delta: text })
    },
    close(at) {
      if (said === undefined) return
      const where = { ...at, content_index: 0 }
      stage.emit('response.reasoning_text.done', { ...where, text: said })
      stage.emit('response.content_part.done', { ...where, part: part(said) })
    },
    content: () => (said === undefined ? [] : [part(said)]),
  }
}

/** A call while it is being written. */
export interface CallWriter {
  delta(input: string): void
  /** `whole` when the call came to its end: then a function without arguments has empty ones */
  close(status: ItemStatus, whole: boolean): void
}

export function writeCall(stage: Stage, start: ChatEventOf<'tool-start'>): CallWriter {
  const custom = start.kind === 'custom'
  if (start.opaque) writeCallSeal(stage, start.opaque)
  const head = {
    type: custom ? 'custom_tool_call' : 'function_call',
    call_id: start.id,
    name: start.name,
    ...(start.namespace !== undefined && { namespace: start.namespace }),
    ...nativeFields(start.native),
  }
  const field = custom ? 'input' : 'arguments'
  const event = custom ? 'response.custom_tool_call_input' : 'response.function_call_arguments'
  const wish = { prefix: custom ? 'ctc' : 'fc', id: start.itemId }
  const place = stage.open({ ...head, status: 'in_progress', [field]: '' }, wish)
  let input = ''

  function delta(text: string): void {
    if (text === '') return
    input += text
    stage.emit(`${event}.delta`, { ...place, delta: text })
  }
  return {
    delta,
    close(status, whole) {
      if (whole && !custom && input === '') delta('{}')
      stage.emit(`${event}.done`, { ...place, [field]: input, ...(!custom && { name: start.name }) })
      stage.close(place, { ...head, status, [field]: input })
    },
  }
}

/** A call has no field for a seal, so it rides in an item of reasoning in front, which callers send back as it is. */
function writeCallSeal(stage: Stage, opaque: Opaque): void {
  const item: JsonObject = { type: 'reasoning', summary: [], encrypted_content: writeSeal(opaque, 'call') }
  stage.close(stage.open(item, { prefix: 'rs' }), item)
}

/** An item of a hosted tool, as it stood. */
export function writeNative(stage: Stage, value: JsonObject): void {
  if (typeof value.type !== 'string') return
  const prefix = value.type.replace(/[^a-z]+/gi, '')
  stage.close(stage.open(value, { prefix, id: asString(value.id) }), value)
}

/** An image in the form in which OpenAI's own tool hands images over. */
export function writeImage(stage: Stage, { mediaType, data }: { mediaType: string; data: string }): void {
  const item = {
    type: 'image_generation_call',
    status: 'completed',
    output_format: mediaType.replace('image/', ''),
    result: data,
  }
  stage.close(stage.open(item, { prefix: 'ig' }), item)
}
