import type { Frame } from '../../kernel/framing.ts'
import { asArray, isObject, type JsonObject } from '../../kernel/json.ts'
import { type Findings, findings, objectOf } from './findings.ts'

interface Item {
  readonly id: unknown
  readonly index: number
  readonly type: unknown
  /** open and closed content and summary parts by their place */
  readonly parts: Map<string, { closed: boolean; text: string }>
  /** deltas of arguments or custom input */
  input: string
  inputDone: boolean
  done?: JsonObject
}

interface State {
  next: number
  id?: unknown
  readonly items: Item[]
  ended: 'no' | 'error' | 'yes'
}

interface Context {
  readonly found: Findings
  readonly state: State
}

type Check = (event: JsonObject, at: number, context: Context) => void

function itemOf(event: JsonObject, at: number, { found, state }: Context): Item | undefined {
  const item = typeof event.output_index === 'number' ? state.items[event.output_index] : undefined
  if (!found.expect(item !== undefined, at, `${String(event.type)} of an item that was not added`)) return undefined
  found.expect(item?.done === undefined, at, `${String(event.type)} after its item is done`)
  if (event.item_id !== undefined) found.expect(event.item_id === item?.id, at, 'item_id is not the id that was added')
  return item
}

const placeOf = (event: JsonObject): string =>
  event.summary_index === undefined
    ? `content ${String(event.content_index)}`
    : `summary ${String(event.summary_index)}`

/** Events of text in a part: the deltas joined must be the text that is done. */
function textDelta(event: JsonObject, at: number, context: Context): void {
  const part = itemOf(event, at, context)?.parts.get(placeOf(event))
  context.found.expect(part !== undefined && !part.closed, at, `${String(event.type)} outside of an open part`)
  if (context.found.expect(typeof event.delta === 'string', at, 'delta is not text') && part)
    part.text += String(event.delta)
}

function textDone(event: JsonObject, at: number, context: Context): void {
  const part = itemOf(event, at, context)?.parts.get(placeOf(event))
  context.found.expect(part !== undefined && !part.closed, at, `${String(event.type)} outside of an open part`)
  const whole = event.text ?? event.refusal
  context.found.expect(part?.text === whole, at, `${String(event.type)} differs from its deltas`)
}

function partAdded(event: JsonObject, at: number, context: Context): void {
  const item = itemOf(event, at, context)
  if (!item) return
  const place = placeOf(event)
  const kind = place.split(' ')[0] ?? ''
  const count = [...item.parts.keys()].filter((key) => key.startsWith(kind)).length
  context.found.expect(place === `${kind} ${count}`, at, `part ${place} is not the next`)
  context.found.expect(isObject(event.part), at, 'the part is missing')
  item.parts.set(place, { closed: false, text: '' })
}

function partDone(event: JsonObject, at: number, context: Context): void {
  const part = itemOf(event, at, context)?.parts.get(placeOf(event))
  if (!context.found.expect(part !== undefined && !part.closed, at, 'a part is done that is not open') || !part) return
  part.closed = true
  const whole = isObject(event.part) ? (event.part.text ?? event.part.refusal) : undefined
  context.found.expect(whole === undefined || whole === part.text, at, 'the part that is done differs from its deltas')
}

function inputDelta(event: JsonObject, at: number, context: Context): void {
  const item = itemOf(event, at, context)
  context.found.expect(item?.inputDone === false, at, `${String(event.type)} after its end`)
  if (item) item.input += String(event.delta)
}

function inputDone(event: JsonObject, at: number, context: Context): void {
  const item = itemOf(event, at, context)
  context.found.expect(item?.inputDone === false, at, `${String(event.type)} comes twice`)
  context.found.expect(
    item?.input === (event.arguments ?? event.input),
    at,
    `${String(event.type)} differs from its deltas`,
  )
  if (item) item.inputDone = true
}

function itemAdded(event: JsonObject, at: number, { found, state }: Context): void {
  const added = isObject(event.item) ? event.item : {}
  found.expect(
    event.output_index === state.items.length,
    at,
    `output_index ${String(event.output_index)} is not the next`,
  )
  found.expect(typeof added.type === 'string', at, 'the item has no type')
  found.expect(typeof added.id === 'string' && added.id !== '', at, 'the item has no id')
  found.expect(!state.items.some((item) => item.id === added.id), at, 'the id of an item comes twice')
  state.items.push({
    id: added.id,
    index: state.items.length,
    type: added.type,
    parts: new Map(),
    input: '',
    inputDone: false,
  })
}

function itemDone(event: JsonObject, at: number, context: Context): void {
  const item = itemOf(event, at, context)
  if (!item) return
  const done = isObject(event.item) ? event.item : {}
  const { found } = context
  found.expect(
    done.id === item.id && done.type === item.type,
    at,
    'the item that is done is not the one that was added',
  )
  for (const [place, part] of item.parts) found.expect(part.closed, at, `the item is done while part ${place} is open`)
  if (item.input !== '' || item.inputDone) {
    found.expect(item.inputDone, at, 'the item is done before its input')
    found.expect((done.arguments ?? done.input) === item.input, at, 'the input of the item differs from its deltas')
  }
  if (item.type === 'function_call') found.expect(item.inputDone, at, 'a function_call without arguments.done')
  item.done = done
}

function started(event: JsonObject, at: number, { found, state }: Context): void {
  const response = isObject(event.response) ? event.response : {}
  found.expect(typeof response.id === 'string' && response.id !== '', at, 'the response has no id')
  state.id ??= response.id
  found.expect(state.id === response.id, at, 'the id of the response changed')
}

function ended(event: JsonObject, at: number, context: Context): void {
  started(event, at, context)
  const { found, state } = context
  const response = isObject(event.response) ? event.response : {}
  state.ended = 'yes'
  found.expect(`response.${String(response.status)}` === event.type, at, 'the status is not that of the event')
  if (event.type === 'response.failed') return
  found.expect(isObject(response.usage), at, 'the response has no usage')
  for (const item of state.items) found.expect(item.done !== undefined, at, `item ${item.index} is never done`)
  const same = JSON.stringify(asArray(response.output)) === JSON.stringify(state.items.map((item) => item.done))
  found.expect(same, at, 'the output is not the items that were done')
}

const checks: Readonly<Record<string, Check>> = {
  'response.created': started,
  'response.in_progress': started,
  'response.output_item.added': itemAdded,
  'response.output_item.done': itemDone,
  'response.content_part.added': partAdded,
  'response.content_part.done': partDone,
  'response.output_text.delta': textDelta,
  'response.output_text.done': textDone,
  'response.output_text.annotation.added': (event, at, context) => void itemOf(event, at, context),
  'response.refusal.delta': textDelta,
  'response.refusal.done': textDone,
  'response.reasoning_summary_part.added': partAdded,
  'response.reasoning_summary_part.done': partDone,
  'response.reasoning_summary_text.delta': textDelta,
  'response.reasoning_summary_text.done': textDone,
  'response.reasoning_text.delta': textDelta,
  'response.reasoning_text.done': textDone,
  'response.function_call_arguments.delta': inputDelta,
  'response.function_call_arguments.done': inputDone,
  'response.custom_tool_call_input.delta': inputDelta,
  'response.custom_tool_call_input.done': inputDone,
  'response.completed': ended,
  'response.incomplete': ended,
  'response.failed': ended,
  error: (event, at, { found, state }) => {
    found.expect(typeof event.message === 'string', at, 'the error has no message')
    state.ended = 'error'
  },
}

/** Events of hosted tools' items (`response.web_search_call.searching`, …). */
const hosted = /^response\.[a-z_]+_call[a-z_]*\.[a-z_]+(\.[a-z_]+)?$/

/**
 * What is wrong with a stream of the Responses API; empty when it is legal
 * (https://platform.openai.com/docs/api-reference/responses-streaming).
 */
export function checkOpenaiResponsesStream(frames: readonly Frame[]): string[] {
  const found = findings()
  const state: State = { next: 0, items: [], ended: 'no' }
  for (const [at, frame] of frames.entries()) {
    const event = objectOf(frame, at, found)
    if (!event) continue
    const { type } = event
    const over = state.ended === 'yes' || (state.ended === 'error' && type !== 'response.failed')
    if (!found.expect(!over, at, 'something follows the end')) break
    found.expect(frame.event === type, at, `event name ${frame.event} is not the type ${String(type)}`)
    found.expect(
      event.sequence_number === state.next,
      at,
      `sequence_number ${String(event.sequence_number)} is not ${state.next}`,
    )
    state.next++
    checkOrder(event, at, found)
    const check = typeof type === 'string' ? checks[type] : undefined
    if (check) check(event, at, { found, state })
    else if (found.expect(hosted.test(String(type)), at, `unknown event ${String(type)}`))
      itemOf(event, at, { found, state })
  }
  found.expect(state.ended !== 'no', frames.length, 'the stream has no end')
  return found.list
}

/** The first two events are fixed unless the stream fails before. */
function checkOrder({ type }: JsonObject, at: number, found: Findings): void {
  const opening = ['response.created', 'response.in_progress'].indexOf(String(type))
  if (opening >= 0) found.expect(at === opening, at, `${String(type)} is out of place`)
  const fails = type === 'error' || type === 'response.failed'
  if (at === 0) found.expect(opening === 0 || fails, at, 'the stream does not begin with response.created')
  if (at === 1) found.expect(opening === 1 || fails, at, 'response.in_progress is not second')
}
