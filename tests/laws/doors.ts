import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import type { ModelEntry } from 'turnpike-core/internal/router/model-list/entry'
import type { FormatId } from 'turnpike-core/internal/vocabulary/format-id'

/** What a refusal says, whatever the format it is written in. */
export interface Refusal {
  readonly message: string
  /** `error.type`, or Gemini's `error.status` */
  readonly type: string
}

/** One surface of the gateway as a caller sees it. */
export interface Door {
  readonly format: FormatId
  /** prefix of a wildcard group whose provider speaks the same format, and of one that speaks another */
  readonly own: string
  readonly foreign: string
  path(model: string, stream: boolean): string
  body(model: string, text: string, stream: boolean): JsonObject
  /** reads an error body strictly: undefined for what this surface's clients would not understand */
  readRefusal(body: unknown): Refusal | undefined
  /** error events in a stream's text */
  errorEvents(text: string): number
  /** whether the text says that the answer is complete */
  complete(text: string): boolean
  /** the words that a stream's text carries */
  words(text: string): string
}

type Shown = Record<string, unknown>
const asShown = (value: unknown): Shown => (typeof value === 'object' && value !== null ? (value as Shown) : {})

function readOpenai(body: unknown): Refusal | undefined {
  const error = asShown(asShown(body).error)
  const shaped = typeof error.message === 'string' && 'type' in error && 'param' in error && 'code' in error
  return shaped ? { message: String(error.message), type: String(error.type) } : undefined
}

/** The JSON of every `data:` line. */
function dataOf(text: string): Shown[] {
  return text
    .split(/\r?\n/)
    .filter((line) => line.startsWith('data:') && !line.includes('[DONE]'))
    .map((line) => asShown(JSON.parse(line.slice(5))))
}

const count = (text: string, holds: (data: Shown) => boolean): number => dataOf(text).filter(holds).length
const list = (value: unknown): Shown[] => (Array.isArray(value) ? value.map(asShown) : [])

export const chat: Door = {
  format: 'openai-chat',
  own: 'chat',
  foreign: 'claude',
  path: () => '/v1/chat/completions',
  body: (model, text, stream) => ({ model, stream, max_tokens: 50, messages: [{ role: 'user', content: text }] }),
  readRefusal: readOpenai,
  errorEvents: (text) => count(text, (data) => 'error' in data),
  complete: (text) => text.includes('data: [DONE]'),
  words: (text) =>
    dataOf(text)
      .flatMap((data) => list(data.choices))
      .map((choice) => asShown(choice.delta).content ?? '')
      .join(''),
}

export const responses: Door = {
  format: 'openai-responses',
  own: 'resp',
  foreign: 'claude',
  path: () => '/v1/responses',
  body: (model, text, stream) => ({ model, stream, max_output_tokens: 50, input: text }),
  readRefusal: readOpenai,
  errorEvents: (text) => count(text, ({ type }) => type === 'error' || type === 'response.failed'),
  complete: (text) => text.includes('"response.completed"'),
  words: (text) =>
    dataOf(text)
      .map((data) => (data.type === 'response.output_text.delta' ? data.delta : ''))
      .join(''),
}

export const messages: Door = {
  format: 'anthropic-messages',
  own: 'claude',
  foreign: 'chat',
  path: () => '/v1/messages',
  body: (model, text, stream) => ({ model, stream, max_tokens: 50, messages: [{ role: 'user', content: text }] }),
  readRefusal(body) {
    const { type, error } = asShown(body)
    const inner = asShown(error)
    if (type !== 'error' || typeof inner.message !== 'string' || typeof inner.type !== 'string') return undefined
    return { message: inner.message, type: inner.type }
  },
  errorEvents: (text) => count(text, ({ type }) => type === 'error'),
  complete: (text) => text.includes('"message_stop"'),
  words: (text) =>
    dataOf(text)
      .map((data) => (data.type === 'content_block_delta' ? (asShown(data.delta).text ?? '') : ''))
      .join(''),
}

export const gemini: Door = {
  format: 'gemini',
  own: 'gem',
  foreign: 'chat',
  path: (model, stream) => `/v1beta/models/${model}:${stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
  body: (_model, text) => ({
    contents: [{ role: 'user', parts: [{ text }] }],
    generationConfig: { maxOutputTokens: 50 },
  }),
  readRefusal(body) {
    const error = asShown(asShown(body).error)
    if (typeof error.code !== 'number' || typeof error.message !== 'string' || typeof error.status !== 'string')
      return undefined
    return { message: error.message, type: error.status }
  },
  errorEvents: (text) => count(text, (data) => 'error' in data),
  complete: (text) => /"finishReason":\s*"/.test(text),
  words: (text) =>
    dataOf(text)
      .flatMap((data) => list(data.candidates))
      .flatMap((candidate) => list(asShown(candidate.content).parts))
      .map((part) => part.text ?? '')
      .join(''),
}

/** Every surface that answers model calls. */
export const doors: readonly Door[] = [chat, responses, messages, gemini]

/** A request for a door, ready to be sent. */
export function knock(door: Door, at: { readonly url: string; readonly key: string }, ask: Ask): Request {
  const { model, text = 'Hello there', stream = false, fields = {}, headers = {}, signal } = ask
  return new Request(at.url + door.path(model, stream), {
    method: 'POST',
    headers: { authorization: `Bearer ${at.key}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ ...door.body(model, text, stream), ...fields }),
    ...(signal && { signal }),
  })
}

export interface Ask {
  readonly model: string
  readonly text?: string
  readonly stream?: boolean
  readonly fields?: JsonObject
  readonly headers?: Record<string, string>
  readonly signal?: AbortSignal
}

/** A price for models that no book knows: dollars per token that make sums worth checking. */
export const price = { input_cost_per_token: 0.00000125, output_cost_per_token: 0.00001 }

/**
 * A wildcard group per wire format, so that a model's name can tell the fake provider how to behave (`chat/status-500`).
 * Wildcard deployments never cool down.
 */
export function wildcards(place: string, params: JsonObject = {}): ModelEntry[] {
  const entry = (group: string, provider: string, base: string | null): ModelEntry => ({
    model_name: `${group}/*`,
    litellm_params: { model: `${provider}/*`, api_base: base, ...params },
    model_info: price,
  })
  return [
    entry('chat', 'openai', `${place}/v1`),
    // OpenAI's own base, from the environment: Responses is spoken there
    entry('resp', 'openai', null),
    entry('claude', 'anthropic', place),
    entry('gem', 'gemini', place),
  ]
}

/** Waits until something holds; what came to pass instead is the failure's message. */
export async function until(holds: () => boolean, what: string, ms = 2000): Promise<void> {
  for (const end = performance.now() + ms; !holds(); ) {
    if (performance.now() > end) throw new Error(`it never came to pass: ${what}`)
    await Bun.sleep(5)
  }
}
