import type { Behaviour } from './behaviour.ts'
import type { Plan } from './plan.ts'
import type { Chunk, Wire } from './wire.ts'

/** What a response is made for. */
export interface Delivery {
  readonly wire: Wire
  readonly plan: Plan
  readonly behaviour: Behaviour
  /** how a stream is framed; undefined for a whole body */
  readonly framing: 'sse' | 'json-array' | undefined
  readonly signal: AbortSignal
  /** called when the reader goes away before the end */
  onCancel(): void
  /** called when all has been handed over, so that what happens later is no abort */
  onEnd(): void
}

const encoder = new TextEncoder()

/** Waits, or rejects as soon as the caller is gone. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const gone = () => {
      clearTimeout(timer)
      reject(signal.reason)
    }
    const on = () => {
      signal.removeEventListener('abort', gone)
      resolve()
    }
    const timer = ms === Number.POSITIVE_INFINITY ? undefined : setTimeout(on, ms)
    signal.addEventListener('abort', gone, { once: true })
  })
}

const piecesOf = ({ count }: Behaviour, { text }: Plan): string[] =>
  count === undefined
    ? (text.match(/\s*\S+\s*$|\s*\S+|\s+/g) ?? [])
    : Array.from({ length: count }, (_, at) => `w${at} `)

/** The answer as a response, with whatever was ordered to go wrong. */
export async function deliver(delivery: Delivery): Promise<Response> {
  const { behaviour, wire, plan, signal } = delivery
  if (behaviour.hang) await pause(Number.POSITIVE_INFINITY, signal)
  if (behaviour.slowFirstByteMs !== undefined) await pause(behaviour.slowFirstByteMs, signal)
  if (behaviour.status !== undefined) return failing(delivery, behaviour.status)
  if (behaviour.emptyBody) return new Response('', { headers: headersOf(delivery) })
  if (behaviour.htmlBody)
    return new Response('<html><body><h1>502 Bad Gateway</h1></body></html>', {
      headers: { 'content-type': 'text/html' },
    })
  if (behaviour.nullBody) return new Response('null', { headers: headersOf(delivery) })
  if (behaviour.bytes !== undefined)
    return new Response(encoder.encode(behaviour.bytes), { headers: headersOf(delivery) })
  if (delivery.framing === undefined) {
    const body = behaviour.errorFirstEvent
      ? wire.error(500, 'The fake provider fails.')
      : wire.whole(plan, !behaviour.noUsage)
    return streaming(delivery, wholeBlocks(JSON.stringify(body), behaviour))
  }
  return streaming(delivery, framedBlocks(chunksOf(delivery), delivery))
}

function failing({ wire, plan }: Delivery, status: number): Response {
  const headers = new Headers({ 'content-type': 'application/json', 'x-request-id': `req_fake${plan.serial}` })
  if (status === 429 || status === 503) headers.set('retry-after', '1')
  return new Response(JSON.stringify(wire.error(status, `The fake provider answers ${status}.`)), { status, headers })
}

function headersOf({ framing, behaviour, plan }: Delivery): Headers {
  const headers = new Headers({
    'content-type': framing === 'sse' ? 'text/event-stream; charset=utf-8' : 'application/json',
    'x-request-id': `req_fake${plan.serial}`,
  })
  if (behaviour.gzip) headers.set('content-encoding', 'gzip')
  return headers
}

function chunksOf({ wire, plan, behaviour }: Delivery): Chunk[] {
  const options = { pieces: piecesOf(behaviour, plan), usage: !behaviour.noUsage, done: !behaviour.noDone }
  if (behaviour.errorFirstEvent) return [wire.errorChunk('The fake provider is overloaded.')]
  return wire.stream(plan, options)
}

/** A block of bytes, or where the connection breaks. */
type Block = Uint8Array | 'break'

function wholeBlocks(text: string, behaviour: Behaviour): Block[] {
  if (!behaviour.dieBeforeContent && behaviour.dieAfterContent === undefined) return [encoder.encode(text)]
  return [encoder.encode(text.slice(0, text.length >> 1)), 'break']
}

function framedBlocks(chunks: readonly Chunk[], { behaviour, wire, framing }: Delivery): Block[] {
  const out: Block[] = []
  const limit = behaviour.dieBeforeContent ? 0 : behaviour.dieAfterContent
  let bearing = 0
  for (const [at, chunk] of chunks.entries()) {
    if (limit !== undefined && bearing === limit && (chunk.bears || limit > 0)) return [...out, 'break']
    if (chunk.bears) bearing++
    const text = framing === 'sse' ? sseText(chunk, wire.newline) : `${at === 0 ? '[' : ',\r\n'}${chunk.data}\n`
    out.push(encoder.encode(text))
  }
  if (limit !== undefined) return [...out, 'break']
  return framing === 'sse' ? out : [...out, encoder.encode(']')]
}

const sseText = ({ event, data }: Chunk, newline: string): string =>
  `${event === undefined ? '' : `event: ${event}${newline}`}data: ${data}${newline}${newline}`

function streaming(delivery: Delivery, blocks: readonly Block[]): Response {
  const { behaviour, signal } = delivery
  let next = 0
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      async pull(controller) {
        if (behaviour.slowChunksMs !== undefined && next > 0) await pause(behaviour.slowChunksMs, signal)
        const block = blocks[next++]
        if (block === undefined) {
          delivery.onEnd()
          controller.close()
        } else if (block === 'break') controller.error(new Error('The fake provider broke the connection.'))
        else controller.enqueue(new Uint8Array(block))
      },
      cancel: () => delivery.onCancel(),
    },
    { highWaterMark: 0 },
  )
  const packed = behaviour.gzip ? body.pipeThrough(new CompressionStream('gzip')) : body
  return new Response(packed, { headers: headersOf(delivery) })
}
