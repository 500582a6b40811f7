import { GatewayError, isGatewayError } from 'turnpike-core/internal/kernel/faults'

export interface BodyLimits {
  /** bytes, after decompression */
  readonly maxBytes: number
  /** milliseconds until the whole body must have arrived */
  readonly timeoutMs: number
}

/** Reads a request's body within its limits. Throws `too-large`, `slow-request` or `invalid-request`. */
export async function readBody(request: Request, { maxBytes, timeoutMs }: BodyLimits): Promise<Uint8Array> {
  const declared = Number(request.headers.get('content-length') ?? Number.NaN)
  if (declared > maxBytes) throw tooLarge(maxBytes)
  const encoding = request.headers.get('content-encoding')
  if (encoding === null && declared <= maxBytes)
    return inTime(request.arrayBuffer(), timeoutMs).then((buffer) => new Uint8Array(buffer))
  if (!request.body) return new Uint8Array()
  return inTime(collect(decoded(request.body, encoding), maxBytes), timeoutMs)
}

function inTime<T>(work: Promise<T>, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new GatewayError('slow-request', `The request body did not arrive within ${ms / 1000} s.`)),
      ms,
    )
    const fail = (thrown: unknown): void => {
      clearTimeout(timer)
      reject(
        isGatewayError(thrown)
          ? thrown
          : new GatewayError('invalid-request', 'The request body could not be read.', { cause: thrown }),
      )
    }
    work.then((value) => {
      clearTimeout(timer)
      resolve(value)
    }, fail)
  })
}

function decoded(body: ReadableStream<Uint8Array>, encoding: string | null): ReadableStream<Uint8Array> {
  if (encoding === null || encoding === 'identity') return body
  if (encoding !== 'gzip' && encoding !== 'deflate')
    throw new GatewayError(
      'invalid-request',
      `The content-encoding \`${encoding.slice(0, 40)}\` is not accepted; send identity, gzip or deflate.`,
      { status: 415 },
    )
  return body.pipeThrough(new DecompressionStream(encoding) as unknown as ReadableWritablePair<Uint8Array, Uint8Array>)
}

async function collect(body: ReadableStream<Uint8Array>, maxBytes: number): Promise<Uint8Array> {
  const reader = body.getReader()
  const blocks: Uint8Array[] = []
  let size = 0
  for (;;) {
    const { value, done } = await reader.read()
    if (done) break
    size += value.length
    if (size > maxBytes) {
      reader.cancel().catch(() => {})
      throw tooLarge(maxBytes)
    }
    blocks.push(value)
  }
  const out = new Uint8Array(size)
  let at = 0
  for (const block of blocks) {
    out.set(block, at)
    at += block.length
  }
  return out
}

function tooLarge(maxBytes: number): GatewayError {
  return new GatewayError(
    'too-large',
    `The request body is larger than the limit of ${Math.floor(maxBytes / 2 ** 20)} MB.`,
  )
}
