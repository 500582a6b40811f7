import { formatOf } from '../formats/index.ts'
import { GatewayError } from '../kernel/faults.ts'
import type { Frame } from '../kernel/framing.ts'
import { isObject, type JsonObject } from '../kernel/json.ts'
import { bearsContent, type ChatEvent } from '../vocabulary/chat-event.ts'
import type { FormatId } from '../vocabulary/format-id.ts'
import type { Usage } from '../vocabulary/usage.ts'
import type { Compiled } from './compile.ts'
import { type Conceal, concealing } from './sending/conceal.ts'
import { type Lifeline, lifeline } from './sending/deadline.ts'
import type { Seat } from './sending/seat.ts'
import type { Deadlines } from './target.ts'

/** The fetch that calls go through; the runtime's own unless a test gives another. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>

/** A whole answer. */
export interface WholeReply {
  readonly kind: 'whole'
  readonly format: FormatId
  readonly status: number
  readonly headers: Headers
  readonly bytes: Uint8Array
  readonly value: JsonObject
  /** where several callers share it */
  readonly seat?: Seat
}

/** An answer that is still coming; it has already borne content. */
export interface StreamReply {
  readonly kind: 'stream'
  readonly format: FormatId
  readonly status: number
  readonly headers: Headers
  /** the blocks up to the first content */
  readonly head: readonly Uint8Array[]
  /** the next block; undefined at the end; throws what cut the line */
  next(): Promise<Uint8Array | undefined>
  /** closes the upstream connection and its timers; harmless afterwards */
  close(): void
  /** where several callers share it */
  readonly seat?: Seat
}

export type Reply = WholeReply | StreamReply

export interface Sending {
  readonly fetch: Fetch
  /** the caller's own: when it fires, the upstream call is closed */
  readonly signal?: AbortSignal | undefined
  /** whether the call goes on when the caller leaves: its deadlines end it, or whoever holds the reply */
  readonly outlivesCaller?: boolean
  readonly deadlines?: Deadlines
  /** hears what the provider says that the call used, up to the first content of a stream */
  readonly heard?: ((usage: Usage) => void) | undefined
}

/**
 * Sends a compiled call. The reply counts as an answer only when it has borne content; everything before that, a 200 with
 * an error in it included, throws.
 */
export async function send(compiled: Compiled, sending: Sending): Promise<Reply> {
  const { fetch, deadlines = {} } = sending
  const line = lifeline(sending.outlivesCaller ? undefined : sending.signal)
  line.arm(deadlines.totalMs, 'complete answer')
  const connected = line.arm(deadlines.connectMs, 'head of an answer')
  const first = compiled.stream ? line.arm(deadlines.firstByteMs, 'content') : () => {}
  try {
    const response = await fetch(compiled.url, {
      method: 'POST',
      headers: compiled.headers as Record<string, string>,
      body: compiled.body as Uint8Array<ArrayBuffer>,
      signal: line.signal,
      redirect: 'manual',
      // Bun ends a quiet call after 360 s of its own accord unless told not to; other runtimes ignore the word
      timeout: false,
    } as RequestInit)
    connected()
    if (!response.ok) throw await readFailure(response, compiled, line)
    const streamed = compiled.stream && !(response.headers.get('content-type') ?? '').startsWith('application/json')
    const reply = streamed
      ? await holdBack(response, compiled, line, sending)
      : await readWhole(response, compiled, line)
    first()
    return reply
  } catch (thrown) {
    line.done()
    line.cancel()
    throw line.reason(thrown)
  }
}

const maxErrorBytes = 1 << 20

async function readFailure(response: Response, compiled: Compiled, line: Lifeline): Promise<GatewayError> {
  if (response.status >= 300 && response.status < 400) {
    await response.body?.cancel()
    return new GatewayError(
      'provider-garbled',
      `The provider answered with a redirect (${response.status}); check the deployment's api_base.`,
    )
  }
  const stop = line.arm(30_000, 'complete error')
  const body = await readBounded(response, maxErrorBytes)
  stop()
  const conceal = concealing(compiled)
  return formatOf(compiled.format).client.readError(
    response.status,
    conceal.headers(response.headers),
    conceal.bytes(body),
  )
}

async function readBounded(response: Response, limit: number): Promise<Uint8Array> {
  if (!response.body) return new Uint8Array()
  const reader = response.body.getReader()
  const blocks: Uint8Array[] = []
  let size = 0
  for (;;) {
    const { value, done } = await reader.read()
    if (done) break
    blocks.push(value)
    size += value.length
    if (size >= limit) {
      await reader.cancel()
      break
    }
  }
  return joinBytes(blocks)
}

async function readWhole(response: Response, compiled: Compiled, line: Lifeline): Promise<WholeReply> {
  const { format } = compiled
  const bytes = new Uint8Array(await response.arrayBuffer())
  line.done()
  const value = parseAnswer(bytes)
  if (value.error !== undefined && value.error !== null)
    throw embedded(
      formatOf(format).client.readError(embeddedStatus(value), response.headers, bytes),
      concealing(compiled),
    )
  return { kind: 'whole', format, status: response.status, headers: response.headers, bytes, value }
}

function parseAnswer(bytes: Uint8Array): JsonObject {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    throw new GatewayError(
      'provider-garbled',
      bytes.length === 0
        ? 'The provider answered 200 with an empty body.'
        : 'The provider answered 200 with a body that is not JSON.',
    )
  }
  if (!isObject(value))
    throw new GatewayError('provider-garbled', 'The provider answered 200 with a body that is not a JSON object.')
  return value
}

/** The status that an error inside a 200 stands for. */
function embeddedStatus(value: JsonObject): number {
  const error = value.error
  const code = isObject(error) ? Number(error.status_code ?? error.status ?? error.code) : Number.NaN
  return code >= 400 && code <= 599 ? code : 502
}

/** An error that came under a 200 is never passed on verbatim: its status would lie. */
function embedded(error: GatewayError, conceal: Conceal): GatewayError {
  const { upstream: _upstream, ...detail } = error.detail
  return new GatewayError(error.code, conceal.text(error.message), detail)
}

/** Reads a stream up to its first content-bearing event. A failure before that is the attempt's failure. */
async function holdBack(
  response: Response,
  compiled: Compiled,
  line: Lifeline,
  { deadlines = {}, heard }: Sending,
): Promise<StreamReply> {
  if (!response.body) throw new GatewayError('provider-garbled', 'The provider answered 200 with an empty body.')
  const { format } = compiled
  const reader = response.body.getReader()
  const { framing, client } = formatOf(format)
  const frames = framing.read()
  const events = client.readStream()
  const head: Uint8Array[] = []

  // stops at the first content: what follows in the same block is the flow's to read, if anybody's
  const borneBy = (told: Iterable<ChatEvent>): boolean => {
    for (const event of told) {
      if (event.type === 'error') throw embedded(event.error, concealing(compiled))
      if (event.type === 'usage') heard?.(event.usage)
      if (bearsContent(event)) return true
    }
    return false
  }
  const borneIn = (read: Iterable<Frame>): boolean => {
    for (const frame of read) if (borneBy(events.push(frame))) return true
    return false
  }

  for (;;) {
    const { value, done } = await reader.read()
    if (value) head.push(value)
    if (borneIn(done ? frames.end() : frames.push(value))) break
    if (!done) continue
    if (borneBy(events.end())) break
    throw new GatewayError('provider-garbled', 'The provider closed the stream before any content.')
  }

  return {
    kind: 'stream',
    format,
    status: response.status,
    headers: response.headers,
    head,
    async next() {
      const stop = line.arm(deadlines.idleMs, 'further data')
      try {
        const { value, done } = await reader.read()
        if (!done) return value
        line.done()
        return undefined
      } catch (thrown) {
        line.done()
        throw line.reason(thrown)
      } finally {
        stop()
      }
    },
    close() {
      line.done()
      reader.cancel().catch(() => {})
      line.cancel()
    },
  }
}

/** Several blocks as one. */
export function joinBytes(blocks: readonly Uint8Array[]): Uint8Array {
  const [only] = blocks
  if (blocks.length === 1 && only) return only
  const out = new Uint8Array(blocks.reduce((sum, block) => sum + block.length, 0))
  let at = 0
  for (const block of blocks) {
    out.set(block, at)
    at += block.length
  }
  return out
}
