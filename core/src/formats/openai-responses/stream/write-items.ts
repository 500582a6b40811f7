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
  const summary: { readonly key: number; text: string; closed: boolean }[] = []
  let raw: string | undefined
  let place: Place | undefined

  function open(plain: boolean): Place {
    place ??= stage.open({ type: 'reasoning', summary: [] }, { prefix: 'rs', id, plain })
    return place
  }
  const part = (text: string) => ({ type: 'summary_text', text })

  function closeSummary(at: Place): void {
    const last = summary.at(-1)
    if (!last || last.closed) return
    last.closed = true
    const where = { ...at, summary_index: summary.length - 1 }
    stage.emit('response.reasoning_summary_text.done', { ...where, text: last.text })
    stage.emit('response.reasoning_summary_part.done', { ...where, part: part(last.text) })
  }

  function summarize(at: Place, text: string, key: number): void {
    let last = summary.at(-1)
    if (last?.key !== key) {
      closeSummary(at)
      last = { key, text: '', closed: false }
      summary.push(last)
      stage.emit('response.reasoning_summary_part.added', { ...at, summary_index: summary.length - 1, part: part('') })
    }
    last.text += text
    if (text === '') return
    stage.emit('response.reasoning_summary_text.delta', { ...at, summary_index: summary.length - 1, delta: text })
  }

  function think(at: Place, text: string): void {
    const where = { ...at, content_index: 0 }
    if (raw === undefined)
      stage.emit('response.content_part.added', { ...where, part: { type: 'reasoning_text', text: '' } })
    raw = (raw ?? '') + text
    stage.emit('response.reasoning_text.delta', { ...where, delta: text })
  }

  return {
    open: (plain) => void open(plain),
    delta(text, paragraph) {
      if (text === '' && paragraph === undefined) return
      const at = open(paragraph === undefined)
      if (paragraph === undefined && id !== undefined) think(at, text)
      else summarize(at, text, paragraph ?? -1)
    },
    close(opaque) {
      const at = open(false)
      closeSummary(at)
      if (raw !== undefined) {
        const where = { ...at, content_index: 0 }
        stage.emit('response.reasoning_text.done', { ...where, text: raw })
        stage.emit('response.content_part.done', { ...where, part: { type: 'reasoning_text', text: raw } })
      }
      stage.close(at, {
        type: 'reasoning',
        summary: summary.map(({ text }) => part(text)),
        ...(raw !== undefined && { content: [{ type: 'reasoning_text', text: raw }] }),
        ...(opaque && { encrypted_content: writeSeal(opaque, 'thought') }),
      })
    },
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
