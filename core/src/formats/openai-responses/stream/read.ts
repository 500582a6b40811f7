import { GatewayError } from '../../../kernel/faults.ts'
import type { Frame } from '../../../kernel/framing.ts'
import { asArray, asNumber, asObject, asString, isObject, type JsonObject, parseObject } from '../../../kernel/json.ts'
import { run, type Transducer } from '../../../kernel/transducer.ts'
import type { ChatEvent } from '../../../vocabulary/chat-event.ts'
import type { ChatResponse } from '../../../vocabulary/chat-response.ts'
import { fold } from '../../../vocabulary/fold.ts'
import { noUsage } from '../../../vocabulary/usage.ts'
import { readOpenaiErrorObject } from '../../openai-error.ts'
import { own } from '../own.ts'
import { countCalls, readUsage } from '../usage.ts'
import { readFinish, responseExtras } from './envelope.ts'
import { type ItemEvents, readItemEvents } from './read-items.ts'

/** Reads a provider's stream: https://platform.openai.com/docs/api-reference/responses-streaming */
export function readStream(): Transducer<Frame, ChatEvent> {
  const events = readEvents()
  return {
    push(frame) {
      const value = frame.data === '[DONE]' ? undefined : parseObject(frame.data)
      if (!value) return []
      return events.push(value.type === undefined && frame.event ? { type: frame.event, ...value } : value)
    },
    end: events.end,
  }
}

/** Reads a whole answer as the stream of one event that it could have been. */
export function readResponse(body: JsonObject): ChatResponse {
  if (!Array.isArray(body.output) && !body.error)
    throw new GatewayError('provider-garbled', 'The provider answered with something that is not a response object.')
  const events = run(readEvents(), [{ type: terminalOf(body), response: body }])
  for (const event of events) if (event.type === 'error') throw event.error
  return fold(events)
}

function terminalOf({ status, error, output }: JsonObject): string {
  if (status === 'failed' || (error && !output)) return 'response.failed'
  return status === 'incomplete' ? 'response.incomplete' : 'response.completed'
}

interface State {
  readonly items: ItemEvents
  readonly out: ChatEvent[]
  started: boolean
  over: boolean
}

export function readEvents(): Transducer<JsonObject, ChatEvent> {
  const out: ChatEvent[] = []
  const state: State = { items: readItemEvents((event) => void out.push(event)), out, started: false, over: false }
  return {
    push(event) {
      if (!state.over) take(state, event)
      return out.splice(0)
    },
    end() {
      if (!state.over)
        fail(state, new GatewayError('provider-garbled', 'The stream ended before the answer was complete.'))
      return out.splice(0)
    },
  }
}

type Take = (state: State, event: JsonObject) => void

const takers: Readonly<Record<string, Take>> = {
  'response.created': start,
  'response.queued': start,
  'response.in_progress': start,
  'response.completed': finish,
  'response.incomplete': finish,
  // the word of an older revision that some servers still send
  'response.done': finish,
  'response.failed': (state, event) => fail(state, readOpenaiErrorObject(errorOf(asObject(event.response) ?? event))),
  'response.cancelled': (state) =>
    fail(state, new GatewayError('provider-failed', 'The provider cancelled the answer.')),
  error: (state, event) => fail(state, readOpenaiErrorObject(errorOf(event))),
  keepalive: (state) => void state.out.push({ type: 'ping' }),
  ping: (state) => void state.out.push({ type: 'ping' }),
}

function take(state: State, event: JsonObject): void {
  const type = asString(event.type) ?? ''
  const taker = Object.hasOwn(takers, type) ? takers[type] : undefined
  if (taker) taker(state, event)
  else if (type.startsWith('response.')) {
    if (state.items.knows(type)) start(state, {})
    state.items.take(type, event)
  } else if (isObject(event.error)) fail(state, readOpenaiErrorObject(event.error))
}

const errorOf = (value: JsonObject): JsonObject => asObject(value.error) ?? value

function fail(state: State, error: GatewayError): void {
  state.over = true
  state.out.push({ type: 'error', error })
}

function start(state: State, event: JsonObject): void {
  if (state.started) return
  state.started = true
  const response = asObject(event.response) ?? {}
  const tier = asString(response.service_tier)
  const native = responseExtras(response)
  state.out.push({
    type: 'response-start',
    id: asString(response.id) ?? '',
    model: asString(response.model) ?? '',
    createdAt: asNumber(response.created_at) ?? 0,
    // `auto` is the wish; which tier it was is told at the end
    ...(tier !== undefined && tier !== 'auto' && { serviceTier: tier }),
    ...(native && { native: { format: own, fields: native } }),
  })
}

function finish(state: State, event: JsonObject): void {
  start(state, event)
  const response = asObject(event.response) ?? {}
  if (response.status === 'failed') {
    fail(state, readOpenaiErrorObject(errorOf(response)))
    return
  }
  const items = asArray(response.output).filter(isObject)
  if (!state.items.any()) for (const item of items) state.items.whole(item)
  state.items.close()
  const told = asObject(response.usage)
  const tier = asString(response.service_tier)
  const calls = countCalls(items.length > 0 ? items : state.items.natives())
  const native = responseExtras(response)
  const status = response.status ?? (event.type === 'response.incomplete' ? 'incomplete' : 'completed')
  state.over = true
  state.out.push(
    { type: 'choice-end', choice: 0, finish: readFinish({ ...response, status }, state.items.called()) },
    {
      type: 'response-end',
      ...(tier !== undefined && { serviceTier: tier }),
      usage: told ? readUsage(told, calls) : { ...noUsage, calls },
      ...(native && { native: { format: own, fields: native } }),
    },
  )
}
