import { GatewayError } from '../../../kernel/faults.ts'
import type { Frame } from '../../../kernel/framing.ts'
import type { JsonObject } from '../../../kernel/json.ts'
import { run, type Transducer } from '../../../kernel/transducer.ts'
import type { ChatEvent, ChatEventOf } from '../../../vocabulary/chat-event.ts'
import type { ChatRequest } from '../../../vocabulary/chat-request.ts'
import type { ChatResponse, Finish } from '../../../vocabulary/chat-response.ts'
import { unfold } from '../../../vocabulary/unfold.ts'
import type { Usage } from '../../../vocabulary/usage.ts'
import { failureCode } from '../error.ts'
import { own } from '../own.ts'
import { writeUsage } from '../usage.ts'
import { type Ending, echo, endingOf } from './envelope.ts'
import { makeStage } from './stage.ts'
import { writeBody } from './write-body.ts'

/** Events as frames: https://platform.openai.com/docs/api-reference/responses-streaming */
export function writeStream(request: ChatRequest): Transducer<ChatEvent, Frame> {
  const events = writeEvents(request)
  const frame = (event: JsonObject): Frame => ({ event: String(event.type), data: JSON.stringify(event) })
  return {
    push: (event) => events.push(event).map(frame),
    end: () => events.end().map(frame),
  }
}

/** A whole answer is the last event's response. */
export function writeResponse(response: ChatResponse, request: ChatRequest): JsonObject {
  const last = run(writeEvents(request), unfold(response)).at(-1)
  return last?.response as JsonObject
}

interface EventWriter extends Transducer<ChatEvent, JsonObject> {
  push(event: ChatEvent): JsonObject[]
  end(): JsonObject[]
}

export function writeEvents(request: ChatRequest): EventWriter {
  const envelope = makeEnvelope(request)
  const stage = makeStage(envelope.stem)
  const body = writeBody(stage)
  let over = false
  let usage: Usage | undefined
  let finish: Finish | undefined

  function begin(start?: ChatEventOf<'response-start'>): void {
    if (!envelope.begin(start)) return
    stage.emit('response.created', { response: envelope.response('in_progress', []) })
    stage.emit('response.in_progress', { response: envelope.response('in_progress', []) })
  }

  function fail(error: GatewayError): void {
    over = true
    begin()
    const response = { ...envelope.response('failed', stage.output()), ...failure(error, usage) }
    stage.emit('response.failed', { response })
  }

  function closeBody(): Ending {
    const ending = endingOf(finish ?? { reason: 'stop' }, body.kinds())
    body.close(ending.status === 'incomplete' ? 'incomplete' : 'completed')
    return ending
  }

  function complete(end: ChatEventOf<'response-end'>): void {
    begin()
    const ending = closeBody()
    over = true
    const response = envelope.response(ending.status, stage.output(), ending)
    stage.emit(`response.${ending.status}`, { response: { ...response, ...closing(end) } })
  }

  function take(event: ChatEvent): void {
    if (event.type === 'ping') return
    if (event.type === 'usage') usage = event.usage
    else if (event.type === 'error') fail(event.error)
    else if (event.type === 'response-end') complete(event)
    else {
      begin(event.type === 'response-start' ? event : undefined)
      if (event.type === 'response-start' || event.choice !== 0) return
      if (event.type === 'choice-end') {
        finish = event.finish
        closeBody()
      } else body.take(event)
    }
  }

  return {
    push(event) {
      if (!over) take(event)
      return stage.take()
    },
    end() {
      if (!over) fail(new GatewayError('provider-garbled', 'The stream ended before the answer was complete.'))
      return stage.take()
    },
  }
}

function failure(error: GatewayError, usage: Usage | undefined): JsonObject {
  const told = { code: failureCode(error), message: error.message }
  return { error: told, ...(usage && { usage: writeUsage(usage) }) }
}

/** What is known only at the end. */
function closing({ usage, serviceTier, native }: ChatEventOf<'response-end'>): JsonObject {
  return {
    usage: writeUsage(usage),
    ...(serviceTier !== undefined && { service_tier: serviceTier }),
    ...(native?.format === own && native.fields),
  }
}

interface Envelope {
  /** true the first time */
  begin(start: ChatEventOf<'response-start'> | undefined): boolean
  response(status: string, output: readonly JsonObject[], ending?: Ending): JsonObject
  /** what the ids of this response's items have in common */
  stem(): string
}

function makeEnvelope(request: ChatRequest): Envelope {
  let head: JsonObject | undefined
  let repeated: JsonObject = {}
  let stem = ''
  return {
    begin(start) {
      if (head) return false
      const id = start?.id || `resp_${crypto.randomUUID().replaceAll('-', '')}`
      stem = id
        .replace(/^[a-z]+[_-]/i, '')
        .replace(/[^a-z0-9]/gi, '')
        .slice(-40)
      const { native, serviceTier } = start ?? {}
      head = { id, object: 'response', created_at: start?.createdAt ?? 0, model: start?.model || request.model }
      repeated = {
        ...echo(request),
        ...(serviceTier !== undefined && { service_tier: serviceTier }),
        ...(native?.format === own && native.fields),
      }
      return true
    },
    response: (status, output, ending) => ({
      ...head,
      status,
      error: status === 'failed' ? { code: 'server_error', message: 'The model stopped with an error.' } : null,
      incomplete_details: ending?.reason === undefined ? null : { reason: ending.reason },
      output,
      usage: null,
      ...repeated,
    }),
    stem: () => stem,
  }
}
