import { type JsonObject, parseObject } from '../kernel/json.ts'
import { anthropicMessagesWire } from './fake/anthropic-messages.ts'
import { type Behaviour, readBehaviour } from './fake/behaviour.ts'
import { deliver } from './fake/delivery.ts'
import { geminiWire } from './fake/gemini.ts'
import { openaiChatWire } from './fake/openai-chat.ts'
import { openaiResponsesWire } from './fake/openai-responses.ts'
import { type Asked, planAnswer } from './fake/plan.ts'
import type { Wire } from './fake/wire.ts'

/** A request as the fake provider received it. */
export interface RecordedRequest {
  readonly method: string
  readonly url: string
  /** names in lower case */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** set when the caller went away before the end; milliseconds since 1970 */
  aborted: boolean
  abortedAt?: number
}

/** What answers the next request instead of the default: a behaviour by name (`status-429`), or a response. */
export type Scripted = string | Response | ((request: RecordedRequest) => Response | Promise<Response>)

export interface FakeProvider {
  handle(request: Request): Promise<Response>
  /** all requests, oldest first */
  readonly requests: RecordedRequest[]
  /** queues an answer; each request takes one from the queue before the model's name is looked at */
  script(next: Scripted): void
}

export interface FakeProviderOptions {
  /** behaviour of every request, unless the script or the model's name says otherwise */
  readonly behaviour?: string
}

/** A matched path: which wire, and what the path says. */
interface Route {
  readonly wire: Wire
  readonly model?: string
  readonly stream?: boolean
  readonly framing?: 'json-array'
  readonly counts?: boolean
}

const suffixes: readonly (readonly [string, Route])[] = [
  ['/chat/completions', { wire: openaiChatWire }],
  ['/responses', { wire: openaiResponsesWire }],
  ['/messages/count_tokens', { wire: anthropicMessagesWire, counts: true }],
  ['/messages', { wire: anthropicMessagesWire }],
]

/** Finds the wire by the path's end, so that any prefix may stand before it. */
function routeOf(url: URL): Route | undefined {
  const path = decodeURIComponent(url.pathname)
  const google = /\/models\/(.+):(generateContent|streamGenerateContent|countTokens)$/.exec(path)
  if (google) {
    const stream = google[2] === 'streamGenerateContent'
    return {
      wire: geminiWire,
      model: google[1] ?? '',
      stream,
      counts: google[2] === 'countTokens',
      ...(stream && url.searchParams.get('alt') !== 'sse' && { framing: 'json-array' as const }),
    }
  }
  const found = suffixes.find(([suffix]) => path.endsWith(suffix))
  const deployment = /\/deployments\/([^/]+)\//.exec(path)
  return found && { ...found[1], ...(deployment?.[1] !== undefined && { model: deployment[1] }) }
}

const json = (body: JsonObject, status = 200): Response =>
  new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } })

function countOf(route: Route, asked: Asked): Response {
  const tokens = Math.ceil(asked.chars / 4)
  if (route.wire !== geminiWire) return json({ input_tokens: tokens })
  return json({ totalTokens: tokens, promptTokensDetails: [{ modality: 'TEXT', tokenCount: tokens }] })
}

async function record(request: Request, ended: WeakSet<RecordedRequest>): Promise<RecordedRequest> {
  const { signal } = request
  const seen: RecordedRequest = {
    method: request.method,
    url: request.url,
    headers: Object.fromEntries(request.headers),
    body: await request.text(),
    aborted: false,
  }
  if (signal.aborted) markAborted(seen)
  signal.addEventListener('abort', () => !ended.has(seen) && markAborted(seen), { once: true })
  return seen
}

function markAborted(seen: RecordedRequest): void {
  if (seen.aborted) return
  seen.aborted = true
  seen.abortedAt = Date.now()
}

/**
 * A provider in memory that speaks every wire format, as a web-standard fetch handler. It echoes the last words of the user,
 * calls a tool on `call <tool name>`, thinks on `think`, fills a schema, and misbehaves when the model is named for it
 * (`status-500`, `die-after-content:3`, `slow-chunks:20+no-usage`, …) or when told by the script.
 */
export function fakeProvider(options: FakeProviderOptions = {}): FakeProvider {
  const requests: RecordedRequest[] = []
  const queue: Scripted[] = []
  const ended = new WeakSet<RecordedRequest>()

  async function answer(request: Request, seen: RecordedRequest, ordered: string | undefined): Promise<Response> {
    const route = routeOf(new URL(request.url))
    if (!route || request.method !== 'POST') return json(openaiChatWire.error(404, 'Unknown request URL'), 404)
    const body = parseObject(seen.body)
    if (!body) return json(route.wire.error(400, 'We could not parse the JSON body of your request.'), 400)
    const model = typeof body.model === 'string' ? body.model : (route.model ?? '')
    const asked: Asked = { ...route.wire.ask(body), model, stream: route.stream ?? body.stream === true }
    if (route.counts) return countOf(route, asked)
    const behaviour: Behaviour = readBehaviour(
      ordered ?? `${options.behaviour ?? ''}+${model.slice(model.lastIndexOf('/') + 1)}`,
    )
    const counted = behaviour.count === undefined ? undefined : wordsOf(behaviour.count)
    return deliver({
      wire: route.wire,
      plan: planAnswer(asked, requests.length, counted),
      behaviour,
      framing: asked.stream ? (route.framing ?? 'sse') : undefined,
      signal: request.signal,
      onCancel: () => markAborted(seen),
      onEnd: () => void ended.add(seen),
    })
  }

  return {
    requests,
    script: (next) => void queue.push(next),
    async handle(request) {
      const seen = await record(request, ended)
      requests.push(seen)
      const next = queue.shift()
      if (next instanceof Response) return next
      if (typeof next === 'function') return next(seen)
      return answer(request, seen, next)
    },
  }
}

const wordsOf = (count: number): string => Array.from({ length: count }, (_, at) => `w${at} `).join('')
