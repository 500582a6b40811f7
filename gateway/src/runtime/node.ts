import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import type { Listening, Serving } from './runtime.ts'

/** The same handler on Node 24. Kept alive by a smoke suite, so that the runtime can be changed. */
export async function serveOnNode({ hostname, port, handle, refuse }: Serving): Promise<Listening> {
  const server = createServer(
    { requestTimeout: 0, headersTimeout: 15_000, keepAliveTimeout: 75_000 },
    (message, response) => {
      answer(message, response, { handle, refuse }).catch(() => response.destroy())
    },
  )
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, hostname, resolve)
  })
  const bound = server.address()
  const boundPort = typeof bound === 'object' && bound ? bound.port : port
  return {
    port: boundPort,
    url: `http://${hostname === '0.0.0.0' || hostname === '::' ? 'localhost' : hostname}:${boundPort}`,
    stop: () =>
      new Promise((resolve) => {
        // Node keeps a connection that falls idle after this for its next request, which will never be served
        const sweep = setInterval(() => server.closeIdleConnections(), 50)
        server.close(() => {
          clearInterval(sweep)
          resolve()
        })
      }),
    cut: () => server.closeAllConnections(),
  }
}

async function answer(
  message: IncomingMessage,
  response: ServerResponse,
  { handle, refuse }: Pick<Serving, 'handle' | 'refuse'>,
): Promise<void> {
  const controller = new AbortController()
  response.once('close', () => {
    if (!response.writableFinished) controller.abort()
  })
  let reply: Response
  try {
    reply = await handle(requestOf(message, controller.signal), {
      address: message.socket.remoteAddress?.replace(/^::ffff:(?=\d+\.)/, ''),
    })
  } catch (thrown) {
    reply = refuse(thrown)
  }
  response.writeHead(reply.status, Object.fromEntries(reply.headers))
  if (!reply.body) {
    response.end()
    return
  }
  const reader = reply.body.getReader()
  response.once('close', () => void reader.cancel().catch(() => {}))
  for (;;) {
    const { value, done } = await reader.read()
    if (done) break
    if (!response.write(value)) await new Promise((resolve) => response.once('drain', resolve).once('close', resolve))
  }
  response.end()
}

/** The raw request target is kept behind a host of our own, so that no Host header takes part in what is routed. */
function requestOf(message: IncomingMessage, signal: AbortSignal): Request {
  const headers = new Headers()
  for (let at = 0; at < message.rawHeaders.length; at += 2)
    headers.append(message.rawHeaders[at] ?? '', message.rawHeaders[at + 1] ?? '')
  const bodyless = message.method === 'GET' || message.method === 'HEAD'
  const target = message.url?.startsWith('/') ? message.url : '/'
  return new Request(`http://gateway.invalid${target}`, {
    method: message.method ?? 'GET',
    headers,
    signal,
    ...(!bodyless && { body: Readable.toWeb(message) as unknown as ReadableStream<Uint8Array>, duplex: 'half' }),
  } as RequestInit)
}
